"""`csp invite show|send|renew`: the invitation of one customer's administrator."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

import schemas
from clients.errors import ClientError
from clients.mail import WRITTEN, Message, compose
from clients.session import Session
from clients.wire import clock
from csp import access
from csp.engine import moving
from csp.engine import start as engines
from csp.errors import CommandError
from csp.known import no_customer
from csp.options import CustomerKey, Stack
from csp.project import Project
from csp.say import say, say_block, say_document, say_json
from csp.views.readiness import pasted
from onboarding.core.contract import Known
from onboarding.core.follow_up import began, follow_up
from onboarding.people import mails
from onboarding.readiness.states import states_from_export
from onboarding.resources import tenant_identity
from onboarding.resources.inputs import inputs_of
from onboarding.resources.memory import TenantMemory
from onboarding.resources.tenant_identity import invitation, inviting
from schemas.command import command
from schemas.write.confirming import CannotConfirmError, note_day

app = typer.Typer(help="The invitation that a customer's administrator accepts.", no_args_is_help=True)


def register(above: typer.Typer) -> None:
    above.add_typer(app, name="invite")


@dataclass(frozen=True, slots=True)
class Case:
    """One customer's invitation as the last run left it, and the mail as it would go out now."""

    customer: schemas.Customer
    stands: invitation.Invitation
    letter: mails.Letter
    message: Message
    link: str
    by_mail: bool
    sender: str
    copy_to: str
    days: tuple[int, ...]
    told: str


@app.command()
def show(
    customer: CustomerKey,
    stack: Stack,
    format_: Annotated[
        Literal["text", "html", "eml", "json"], typer.Option("--format", help="eml: a draft for your mail program.")
    ] = "text",
) -> None:
    """Show where an invitation stands and how its mail reads. Sends nothing."""
    case = _case(Project.find(), stack, customer)
    if format_ == "html":
        say_document(case.letter.html.replace("##", "&#35;#"))  # no runner's command (`##[...]`), the same page
    elif format_ == "eml":
        mail = compose(case.message, case.sender, case.copy_to)
        say_document(mail.as_string(policy=WRITTEN.clone(linesep="\n")))
    elif format_ == "json":
        say_json(_facts(case))
    else:
        for name, value in _facts(case).items():
            say(f"{name.replace('_', ' '):12} {_follow_up(case) if name == 'follow_up' else value}".rstrip())
        say()
        say_block(case.letter.text)


@app.command()
def send(
    customer: CustomerKey,
    stack: Stack,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="You sent it yourself: note today's date in the customer file.")
    ] = False,
) -> None:
    """Send a prepared invitation now: an `up` of this customer alone. It is never sent twice."""
    project = Project.find()
    case = _case(project, stack, customer)
    if by_hand and case.stands.state == "accepted":
        raise CommandError(f"{customer}: {case.told}; there is nothing to note")
    if by_hand:
        _note_sent(project, stack, case)
        return
    if case.stands.state != "prepared":
        renew = pasted("invite", "renew", customer, stack=stack)
        again = "" if case.stands.state == "accepted" else f"; {renew} sends a new one"
        say(f"{customer}: {case.told}. Nothing to send{again}.")
        return
    _need_server(case, stack)
    _run(project, stack, customer, "")


@app.command()
def renew(customer: CustomerKey, stack: Stack) -> None:
    """Make a new invitation and send it: after it expired, was lost, or the relationship ended."""
    project = Project.find()
    case = _case(project, stack, customer)
    if case.stands.state == "accepted":
        raise CommandError(f"{customer}: {case.told}; there is nothing to renew")
    if case.stands.state == "declined":
        raise CommandError(f"{customer}: {case.told}; if they changed their mind, remove identity.declined_on first")
    if case.stands.state == "prepared":
        raise CommandError(f"{customer}: {case.told}: {command('invite', 'send', customer, stack=stack)}")
    _need_server(case, stack)
    _run(project, stack, customer, customer)


def _case(project: Project, stack: str, key: str) -> Case:
    estate = project.estate(stack)
    try:
        declared = estate.customer(key)
    except KeyError:
        raise no_customer(stack, key, estate) from None
    if not isinstance(declared.identity, schemas.InviteIdentity):
        raise CommandError(f"{key} has identity.method: {declared.identity.method}; only invite has an invitation", 2)
    known = _known(project, stack, estate, key)
    with access.opened(declared.connection) as session:
        return _made(declared, declared.identity, known, session)


def _known(project: Project, stack: str, estate: schemas.Estate, key: str) -> Known:
    """What the last run left; nothing before the first."""
    engine = engines.choose(project, stack, estate)
    export = engine.export_if_there()
    if export is None:
        return Known()
    state = states_from_export(export, estate.renamed).get(key, {}).get("TenantIdentity")
    return Known(state.outputs) if state is not None else Known()


def _made(declared: schemas.Customer, identity: schemas.InviteIdentity, known: Known, session: Session) -> Case:
    desired = tenant_identity.Inputs.model_validate(inputs_of(declared)["TenantIdentity"])
    stands = invitation.stand(identity, TenantMemory.of(known), session.connection, accepted=None)
    letter = invitation.letter(desired, known, session, stands.number)
    mail = session.connection.mail
    return Case(
        customer=declared,
        stands=stands,
        letter=letter,
        message=mails.message(letter, declared.key, session),
        link=invitation.link_for(known, session),
        by_mail=session.mail is not None,
        sender=session.mail.sender if session.mail is not None else "",
        copy_to=str(mail.copy_to or "") if mail is not None else "",
        days=session.connection.follow_up_days,
        told=inviting.reason(stands, session),
    )


def _facts(case: Case) -> dict[str, Any]:
    now = case.stands
    return {
        "customer": case.customer.key,
        "state": now.state,
        "told": case.told,
        "follow_up": follow_up(_since(case), case.days, _today()).as_dict(),
        "to": case.letter.to,
        "cc": ", ".join(filter(None, (case.letter.copy, case.copy_to))),
        "subject": case.letter.subject,
        "link": case.link,
        "template": case.letter.template,
        "number": now.number,
        "message_id": case.message.message_id,
    }


def _since(case: Case) -> str:
    return began("", "", case.stands.kept)


def _follow_up(case: Case) -> str:
    return str(follow_up(_since(case), case.days, _today())) or "none"


def _today() -> dt.date:
    return clock.now().date()


def _need_server(case: Case, stack: str) -> None:
    if not case.by_mail:
        key = case.customer.key
        raise CommandError(
            f"the connection {case.customer.connection} has no mail server: "
            f"{command('invite', 'show', key, stack=stack, format='eml')} makes a draft for your mail program; after "
            f"you sent it, {command('invite', 'send', key, stack=stack, by_hand=True)}"
        )


def _note_sent(project: Project, stack: str, case: Case) -> None:
    key = case.customer.key
    file = project.root / project.estate(stack).sources[key]
    try:
        changed = note_day(file, key, "identity", "sent_on", _today())
    except CannotConfirmError as error:
        raise CommandError(str(error), 2) from None
    shown = file.relative_to(project.root)
    say(f"{shown}: identity.sent_on: {_today()}" if changed else f"{shown}: nothing to change")


def _run(project: Project, stack: str, key: str, renewed: str) -> None:
    """An `up` of one customer, then what became of its invitation."""
    estate = project.estate(stack)
    engine = engines.choose(project, stack, estate)
    engine.environment["CSP_RENEW_INVITATION"] = renewed
    say(engine.why, err=True)
    if code := moving.one(engine, estate, key):
        raise typer.Exit(code)
    try:
        case = _case(project, stack, key)
    except ClientError as error:
        raise CommandError(str(error)) from None
    say(f"{key}: {case.told}")
    if case.stands.state == "prepared":
        raise typer.Exit(1)

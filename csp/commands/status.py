"""`csp status|todo`: who can order, who has to do what. Nothing here changes anything."""

from typing import Annotated, Literal

import typer

import schemas
from clients.wire import clock
from csp import kept
from csp.engine import start as engines
from csp.errors import CommandError
from csp.known import no_customer
from csp.options import Stack, TextOrJson
from csp.project import Project
from csp.say import count, say, say_block, say_document, say_json
from csp.views import readiness as shown
from onboarding.core.contract import OWNERS, Owner
from onboarding.readiness import blind, confirmed, counts, credentials
from onboarding.readiness.states import States, states_from_export
from onboarding.readiness.verdicts import Readiness, all_readiness
from onboarding.steps import text
from onboarding.steps.text import Reader
from schemas.distributor import DISTRIBUTOR

FailOn = Literal["blocked", "waiting", "unobserved"]
Format = Literal["table", "json", "markdown", "html"]
Live = Annotated[bool, typer.Option("--live", help="The account as it is now: no customer files, no state, no write.")]
Connections = Annotated[
    list[str] | None, typer.Option("--connection", "-c", help="With --live: a connection; may be repeated.")
]
Account = Annotated[
    str, typer.Option("--account", help="With --live: an ION account id alone, with CSP_LIVE_ION_REFRESH_TOKEN.")
]


def register(app: typer.Typer) -> None:
    app.command()(status)
    app.command()(todo)


def status(
    stack: Stack = "",
    customer: Annotated[str, typer.Option("--customer", "-k", help="Explain one customer, gate by gate.")] = "",
    format_: Annotated[Format, typer.Option("--format")] = "table",
    fail_on: Annotated[
        FailOn | None,
        typer.Option(
            help="Exit 1 when a customer is blocked, or waiting (or blocked). With any of them, and with unobserved "
            "alone, exit 10 when one could not be looked at."
        ),
    ] = None,
    ticket_: Annotated[
        bool, typer.Option("--ticket", help=f"With --customer: the text for {DISTRIBUTOR.name}.")
    ] = False,
    live_: Live = False,
    connection: Connections = None,
    account: Account = "",
) -> None:
    """Show who can order, who cannot, and the one next step of each. Reads the state of the last run.

    With --live of every customer of an ION account as it is now, from a token alone.
    """
    if live_:
        if customer or ticket_:
            raise CommandError("--live shows whole accounts: --customer and --ticket need a stack", 2)
        from csp.commands import live

        live.live_status(_accounts(stack, connection, account), account=account, format_=format_, fail_on=fail_on or "")
        return
    project = Project.find()
    estate, states = estate_and_states(project, _named(stack, connection, account))
    now = clock.now()
    verdicts = everyone = all_readiness(states, estate, now, customer)
    if customer:
        verdicts = [v for v in everyone if v.key == customer]
        if not verdicts:
            raise no_customer(stack, customer, estate)
    if ticket_ and not customer:
        raise CommandError("--ticket is about one customer: name it with --customer", 2)
    told = [shown.told_on_stack(verdict, stack) for verdict in verdicts]
    unseen = blind.in_state(verdicts, estate, project.home)
    if format_ == "json":
        shown.print_unseen(unseen, stack, err=True)
        whole = counts.report(everyone) | {"customers": [one.as_dict(Reader(stack)) for one in told]}
        say_json({"not_looked_at": [shown.unseen_on_stack(one, stack) for one in unseen]} | whole)
    elif ticket_:
        shown.print_unseen(unseen, stack, err=True)  # the text is for the distributor
        declared = estate.customer(customer)
        from onboarding.readiness import ticket

        say_block(ticket.text(declared, verdicts[0], estate.connections[declared.connection]))
    elif format_ in ("markdown", "html"):
        from csp.views import report

        say_document(report.render(format_, stack, report.LAST_RUN, verdicts, now, stack=stack, unseen=unseen))
    elif customer:
        shown.print_unseen(unseen, stack)
        shown.explain(told[0], stack)
    else:
        shown.print_table(told, stack, unseen)
    _fail_on(fail_on, verdicts)


def _fail_on(what: FailOn | None, verdicts: list[Readiness]) -> None:
    """End with 1 for customers whom `what` names, else with 10 for any that could not be looked at."""
    if not what:
        return
    staying = [v for v in verdicts if not v.ending]
    if what != "unobserved":
        seen = [v for v in staying if not v.never_seen]
        held = [v.key for v in seen if v.stopped or (what == "waiting" and not v.can_order)]
        if held:
            raise CommandError(f"{len(held)} of {count(len(staying), 'customer')} {what}: {', '.join(held)}")
    if blind_ones := [v.key for v in verdicts if v.unobserved]:
        raise CommandError(
            f"{len(blind_ones)} of {count(len(verdicts), 'customer')} not looked at: {', '.join(blind_ones)}",
            blind.UNOBSERVED,
        )


def todo(
    stack: Stack = "",
    owner: Annotated[Owner | None, typer.Option(help="Only the steps of this one.")] = None,
    format_: TextOrJson = "text",
    live_: Live = False,
    connection: Connections = None,
    account: Account = "",
) -> None:
    """List every next step, the oldest wait first, with the menu path and every value to enter."""
    if live_:
        from csp.commands import live

        live.live_todo(_accounts(stack, connection, account), account=account, owner=owner or "", format_=format_)
        return
    project, stack = Project.find(), _named(stack, connection, account)
    estate, states = estate_and_states(project, stack)
    verdicts = all_readiness(states, estate, clock.now())
    tasks = _tasks(project, estate, states, verdicts, owner or "")
    unseen = blind.in_state(verdicts, estate, project.home)
    shown.print_unseen(unseen, stack, err=format_ == "json")
    if format_ == "json":
        say_json([task.as_dict(Reader(stack)) for task in (*shown.as_tasks(unseen, owner or ""), *tasks)])
        return
    for task in tasks:
        again = f"; {task.follow_up}" if task.follow_up and str(task.follow_up) else ""
        say()
        say(f"{task.customer}  (waits for {OWNERS[task.step.owner]} since {task.since[:10]}{again})")
        shown.print_step(task.step, stack)
    if tasks or not unseen:
        say()
        say(count(len(tasks), "next step") if tasks else "Nothing to do: nobody waits for anybody.")


def tasks(project: Project, stack: str, owner: str = "") -> list[counts.Task]:
    """The next steps of the customers of a stack, as `csp todo` lists them."""
    estate, states = estate_and_states(project, stack)
    return _tasks(project, estate, states, all_readiness(states, estate, clock.now()), owner)


def _tasks(
    project: Project, estate: schemas.Estate, states: States, verdicts: list[Readiness], owner: str
) -> list[counts.Task]:
    found = counts.todo(verdicts, owner)
    if owner in ("", "us"):
        told = {(task.customer, text.action(task.step)) for task in found}
        more = credentials.todo(estate, states, kept.entries_of(project, estate))
        found += [task for task in more if (task.customer, text.action(task.step)) not in told]
    return found


def print_status(project: Project, stack: str) -> None:
    """The readiness table of a stack."""
    estate, states = estate_and_states(project, stack)
    verdicts = all_readiness(states, estate, clock.now())
    unseen = blind.in_state(verdicts, estate, project.home)
    shown.print_table([shown.told_on_stack(verdict, stack) for verdict in verdicts], stack, unseen)


def unseen(project: Project, stack: str) -> list[blind.Unseen]:
    """What the last run of a stack could not look at."""
    estate, states = estate_and_states(project, stack)
    return blind.in_state(all_readiness(states, estate, clock.now()), estate, project.home)


def estate_and_states(project: Project, stack: str) -> tuple[schemas.Estate, States]:
    """What a stack declares, and its resources as the engine exports them."""
    estate = project.estate(stack)
    states = states_from_export(engines.choose(project, stack, estate).export(), estate.renamed)
    return estate, confirmed.counted(credentials.closed(states, kept.entries_of(project, estate)), estate)


def _named(stack: str, connections: list[str] | None, account: str) -> str:
    """The stack of a command without --live."""
    if connections or account:
        raise CommandError("--connection and --account go with --live", 2)
    if not stack:
        raise CommandError("name a stack with -s STACK, or look at an account with --live", 2)
    return stack


def _accounts(stack: str, connections: list[str] | None, account: str) -> list[str]:
    """The connections of a command with --live: those named, else those of the stack; [] for the only one there is."""
    if connections or account or not stack:
        return connections or []
    return [name for name, one in sorted(Project.find().estate(stack).connections.items()) if one.ion or one.sandbox]

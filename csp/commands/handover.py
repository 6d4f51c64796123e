"""`csp handover list|deliver|put|record|lost`: one-time credentials of new tenants, each delivered once.

The value is shown by `deliver` alone, to the terminal or into a file of its own; no other command can print it.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

import schemas
from clients.errors import ClientError, OurBug
from clients.handover import UNDELIVERED, Entry, HandoverStore, newest
from clients.handover.opening import open_handover
from clients.output import in_clear
from clients.partner_center.models import OneTimeCredentials
from csp import secret_input
from csp.errors import CommandError
from csp.kept import entries_of
from csp.known import no_customer
from csp.options import CustomerKey, Stack, TextOrJson, whoami
from csp.project import Project
from csp.say import say, say_json
from csp.views.readiness import pasted
from onboarding.people import client_package
from onboarding.readiness import credentials
from onboarding.steps import text
from onboarding.steps.model import About
from onboarding.steps.registry import instructions
from schemas.command import command

app = typer.Typer(help="One-time credentials of new tenants: encrypted at birth, delivered once.", no_args_is_help=True)


def register(above: typer.Typer) -> None:
    above.add_typer(app, name="handover")


By = Annotated[str, typer.Option(help="Who does it. Default: your e-mail in Git.")]
User = Annotated[str, typer.Option(help="Sign-in name. Default: admin@<prefix>.onmicrosoft.com.")]
STATES = {
    "waiting": "waits for its delivery",
    "interrupted": "delivery interrupted",
    "delivered": "delivered",
    "elsewhere": "kept elsewhere",
    "lost": "lost: reset it",
    "replaced": "replaced",
}


@app.command("list")
def list_(
    stack: Stack,
    customer: Annotated[str, typer.Option("--customer", "-k", help="Only this customer.")] = "",
    format_: TextOrJson = "text",
) -> None:
    """Show what waits, what was delivered to whom and when. Never a value."""
    project = Project.find()
    estate = project.estate(stack)
    found = entries_of(project, estate)
    wanted = estate.renamed.get(customer, customer)
    shown = [entry for key in sorted(found) if wanted in ("", key) for entry in found[key]]
    if format_ == "json":
        say_json([_as_json(entry, estate.renamed) for entry in shown])
        return
    for entry in shown:
        key = estate.renamed.get(entry.customer, entry.customer)
        say(f"{key:16} {STATES[entry.state]:23} {entry.created[:10]}  {entry.user_name}{_fate(entry)}")
        say(f"{'':16} {entry.reference}")
    waiting = sum(e.state == "waiting" for e in shown)
    say(f"{waiting} of {len(shown)} {'waits for its' if waiting == 1 else 'wait for their'} delivery")


@app.command()
def deliver(
    customer: Annotated[str, typer.Argument(help="Customer key, or the reference of an entry.")],
    stack: Stack,
    to: Annotated[str, typer.Option(help="Who gets it. Default: identity.credentials_recipient.")] = "",
    by: By = "",
    identity: Annotated[Path | None, typer.Option(help="File with the private key of a recipient.")] = None,
    out: Annotated[Path | None, typer.Option(help="A new file for the client, outside the project.")] = None,
    stdout: Annotated[bool, typer.Option("--stdout", help="Print it although this is no terminal.")] = False,
    language: Annotated[client_package.Language | None, typer.Option(help="Default: the tenant's.")] = None,
    nothing_arrived: Annotated[
        bool, typer.Option("--nothing-arrived", help="You state that nobody saw the interrupted delivery.")
    ] = False,
    arrived: Annotated[
        bool, typer.Option("--arrived", help="You state that the interrupted delivery did arrive; nothing is shown.")
    ] = False,
) -> None:
    """Give the client the sign-in of its new tenant, once: address, user, password, what to do first."""
    declared, store, entry = _entry(stack, customer)
    by = by or whoami()
    if arrived:
        with _told(declared.key, stack):
            store.arrived(entry.reference, by=by)
        say(f"{declared.key}: delivered to {entry.delivered_to}, as {by} states; the value is removed")
        return
    to = to or getattr(declared.identity, "credentials_recipient", None) or entry.delivered_to
    if not to:
        raise CommandError("name who gets it with --to, or identity.credentials_recipient in the customer file", 2)
    language = language or client_package.language_of(declared)
    if out is None and not (stdout or sys.stdout.isatty()):
        raise CommandError("this is no terminal, and the password would stay in a log: name --out FILE or --stdout", 2)
    with _told(declared.key, stack, delivering=True), _sink(out) as write:
        store.tidy(*_keys(declared))
        with store.delivery(
            entry.reference, to=to, by=by, identity_file=identity, nothing_arrived=nothing_arrived
        ) as value:
            user, password = value.user_name, value.password
            write(client_package.render(declared, to=to, user=user, password=password, language=language))
    where = f"in {out}" if out else "shown above"
    say(f"{declared.key}: delivered to {to}, {where}. It cannot be delivered again.", err=True)


@app.command()
def put(
    customer: CustomerKey,
    stack: Stack,
    user: User = "",
    by: By = "",
    replace: Annotated[bool, typer.Option("--replace", help="In place of an entry that still waits.")] = False,
    stdin: Annotated[bool, typer.Option("--stdin", help="The password is the first line of standard input.")] = False,
    from_env: Annotated[str, typer.Option("--from-env", help="The password is in this variable.")] = "",
) -> None:
    """Store the password that the console shows once. Open this before you press the button; nothing is echoed."""
    declared, store = _new_tenant(stack, customer)
    customer, *formerly = _keys(declared)
    with _told(customer, stack):
        store.check()
        store.tidy(customer, *formerly)
        waiting = [e for e in store.list(customer, *formerly) if e.state in UNDELIVERED]
    if waiting and not replace:
        raise CommandError(f"{waiting[0].reference} was not delivered yet: deliver it, or give --replace")
    user = client_package.user_name(user, declared)
    source = secret_input.Source(stdin, from_env)
    secret_input.check(source)
    say(f"{customer}: the entry is open for {user}. Now press the button in the console, and copy.", err=True)
    try:
        password = secret_input.read("Password", source, "password")
    except CommandError as error:
        lost = command("handover", "lost", customer, stack=stack, why="the screen was closed")
        way = f"if the screen is closed: {lost}"
        raise CommandError(f"{error}; {way}", error.exit_code) from None
    with _told(customer, stack):
        value = OneTimeCredentials(user, password)
        reference = store.put(customer, value, by=by or whoami(), again=replace, formerly=formerly)
    say(f"{customer}: stored as {reference}. Next: {pasted('handover', 'deliver', customer, stack=stack)}")


@app.command()
def record(
    customer: CustomerKey,
    stack: Stack,
    where: Annotated[
        str, typer.Option(help="Where it is kept, or who has it. Never the password itself. Asked for on a terminal.")
    ] = "",
    user: User = "",
    by: By = "",
) -> None:
    """Write down where the credentials are when they are not kept here. Closes the next step of lost ones as well."""
    declared, store = _new_tenant(stack, customer)
    customer, *formerly = _keys(declared)
    if not where.strip() and sys.stdin.isatty():
        where = str(typer.prompt("Where is it kept, or who has it (never the password itself)"))
    if not where.strip():
        raise CommandError("--where is empty: name the vault entry, or the person who has it", 2)
    user, by = client_package.user_name(user, declared), by or whoami()
    with _told(customer, stack):
        reference = store.record(customer, user, where, by, formerly)
    say(f"{customer}: recorded as {reference}, kept in {where}")


@app.command()
def lost(
    customer: CustomerKey,
    stack: Stack,
    why: Annotated[str, typer.Option(help='What happened: "the screen was closed", "sent to the wrong person".')],
    by: By = "",
) -> None:
    """State that nobody has the password any more (or the wrong person). The next step becomes the reset route."""
    declared, store = _new_tenant(stack, customer)
    customer, *formerly = _keys(declared)
    if not why.strip():
        raise CommandError("--why is empty: say what happened", 2)
    user, by = client_package.user_name("", declared), by or whoami()
    with _told(customer, stack):
        store.lose(customer, user, by=by, why=why, formerly=formerly)
        left = credentials.next_step(declared, None, store.list(customer, *formerly))
    say(f"{customer}: noted as lost; whatever was kept here is removed.")
    if left is not None:
        step = instructions(left, About.of(declared))
        say(f"Next step: {text.where(step)}")
        say(f"  {text.action(step, text.Reader(stack))}")


def _keys(customer: schemas.Customer) -> tuple[str, ...]:
    """Its key and the ones that it had before: entries are filed under the key of their day."""
    return customer.key, *customer.previously


def _customer(stack: str, key: str) -> tuple[schemas.Customer, HandoverStore]:
    """By its key, or one that it had before."""
    project = Project.find()
    estate = project.estate(stack)
    try:
        declared = estate.customer(estate.renamed.get(key, key))
    except KeyError:
        raise no_customer(stack, key, estate) from None
    return declared, open_handover(estate.connections[declared.connection], project.home)


def _new_tenant(stack: str, key: str) -> tuple[schemas.Customer, HandoverStore]:
    declared, store = _customer(stack, key)
    if not isinstance(declared.identity, schemas.NewIdentity):
        raise CommandError(f"{key} brings its own tenant: there are no one-time credentials to keep", 2)
    return declared, store


def _entry(stack: str, name: str) -> tuple[schemas.Customer, HandoverStore, Entry]:
    """The entry that `name` means: a reference, or the newest of a customer. Raises CommandError."""
    project = Project.find()
    estate = project.estate(stack)
    name = estate.renamed.get(name, name)
    for key, entries in entries_of(project, estate).items():
        chosen = newest(entries) if key == name else next((e for e in entries if e.reference == name), None)
        if chosen is not None and key not in {customer.key for customer in estate.customers}:
            raise CommandError(f"{key} is not declared any more: put its file back to deliver {chosen.reference}")
        if chosen is not None:
            declared, store = _customer(stack, key)
            return declared, store, chosen
    known = {customer.key for customer in estate.customers}
    if name not in known:
        raise no_customer(stack, name, estate, "customer and no entry")
    _new_tenant(stack, name)
    raise CommandError(
        f"{name}: nothing is kept here. A tenant made in the console: {command('handover', 'put', name, stack=stack)}. "
        "One made by the API: look in the CSP_HOME of the runner that made it"
    )


@contextmanager
def _told(key: str, stack: str, *, delivering: bool = False) -> Iterator[None]:
    """A refusal in one line, with the way on. delivering: a password may have been shown."""
    arrived = command("handover", "deliver", key, stack=stack, arrived=True)
    nothing = command("handover", "deliver", key, stack=stack, nothing_arrived=True)
    other = command("handover", "lost", key, stack=stack, why="somebody else may have seen it")
    unusable = command("handover", "lost", key, stack=stack, why="nobody can use it")
    ways = {
        "interrupted": f"; ask them. It arrived: {arrived}. Nobody saw it: {nothing}. Somebody else may have: {other}",
        "delivered": f"; if nobody can use it: {unusable}",
        "lost": f"; after the reset: {command('handover', 'put', key, stack=stack)}",
    }
    try:
        yield
    except OurBug as refused:
        raise CommandError(f"{key}: {refused.problem.message}{ways.get(refused.problem.code, '')}") from None
    except ClientError as error:
        raise CommandError(f"{key}: {error}") from None
    except OSError as error:
        way = f"; if nobody saw the password: {nothing}" if delivering else ""
        raise CommandError(f"{key}: could not write: {error.strerror}{way}") from None


class _Sink:
    """Where the package goes; opened before a delivery begins, so that a wrong path costs nothing."""

    def __init__(self, out: Path | None) -> None:
        self._descriptor = -1
        if out is not None:
            _refuse_inside(out)
            try:
                self._descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except OSError as error:
                raise CommandError(f"{out}: {error.strerror}; name a new file", 2) from None
        self._out = out
        self._written = False

    def write(self, text: str) -> None:
        self._written = True
        if self._descriptor < 0:
            with in_clear():
                sys.stdout.write(text)
                sys.stdout.flush()
            return
        left = text.encode()
        while left:
            left = left[os.write(self._descriptor, left) :]
        os.fsync(self._descriptor)

    def close(self) -> None:
        if self._descriptor >= 0 and self._out is not None:
            os.close(self._descriptor)
            if not self._written:
                self._out.unlink()


@contextmanager
def _sink(out: Path | None) -> Iterator[Callable[[str], None]]:
    sink = _Sink(out)
    try:
        yield sink.write
    finally:
        sink.close()


def _refuse_inside(out: Path) -> None:
    """A password file in the project would be committed sooner or later."""
    root = Project.find().root
    if out.resolve().is_relative_to(root):
        raise CommandError(f"{out} is inside the project, where it could be committed: name a file outside", 2)


def _fate(entry: Entry) -> str:
    """What became of an entry, with who and when."""
    if entry.state in ("delivered", "interrupted"):
        return f"  to {entry.delivered_to} on {(entry.delivered or entry.opened)[:16]}Z by {entry.delivered_by}"
    if entry.state == "elsewhere":
        return f"  {entry.elsewhere} (by {entry.created_by})"
    return f"  {entry.why} (by {entry.lost_by}, {entry.lost[:10]})" if entry.state == "lost" else ""


def _as_json(entry: Entry, renamed: Mapping[str, str]) -> dict[str, str]:
    """The entry under the key that its customer has now."""
    kept = {name: getattr(entry, name) for name in Entry.__slots__}
    kept["customer"] = renamed.get(entry.customer, entry.customer)
    return {"state": entry.state, **{name: text for name, text in kept.items() if text}}

"""`csp adopt`: an account that grew by hand becomes customer files and state. Nothing is written to a remote system."""

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import filelock
import typer

import schemas
from clients.session import Session
from clients.wire import clock
from csp import other_stacks
from csp.access import told
from csp.commands import adopt_import
from csp.engine import start as engines
from csp.errors import CommandError
from csp.options import Stack
from csp.project import Project
from csp.say import count, say
from csp.views.progress import progress
from csp.views.readiness import pasted, print_unseen
from onboarding.adoption import match as adoption
from onboarding.adoption.read import Candidate
from onboarding.core import contract
from onboarding.look.snapshot import EstateLook
from onboarding.readiness import blind
from onboarding.readiness.blind import Unseen
from onboarding.readiness.states import ResourceState, states_from_export
from schemas.command import shown
from schemas.write.whole_file import private_folder

TENANTS_SHOWN = 20


def register(app: typer.Typer) -> None:
    app.command()(adopt)


def adopt(
    stack: Stack,
    connection: Annotated[
        str, typer.Option("--connection", "-c", help="The account. Default: the stack's, when it has one.")
    ] = "",
    into: Annotated[
        Path | None, typer.Option(help="Folder of new customer files. Default: the first that the stack includes.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Customers whose company, e-mail or ION id is like this, such as 'a*'; may be repeated."),
    ] = None,
    update: Annotated[
        bool, typer.Option(help="Also bring files of declared customers up to what ION and Partner Center show.")
    ] = False,
    write_only: Annotated[bool, typer.Option(help="Write the files; leave the import to you.")] = False,
) -> None:
    """Write a customer file for every customer of an account, and put them into state without touching anything.

    The next preview is empty. What no system shows is named under `unknown` in the file, with what to fill in. Exit
    code 10 when a customer could not be looked at.
    """
    project = Project.find()
    project.stack_file(stack)
    with _alone(project, stack):
        seen = _adopt(project, stack, connection, into, tuple(only or ()), update=update, write_only=write_only)
    raise typer.Exit(0 if seen else blind.UNOBSERVED)


def _adopt(
    project: Project,
    stack: str,
    connection: str,
    into: Path | None,
    only: tuple[str, ...],
    *,
    update: bool,
    write_only: bool,
) -> bool:
    """Whether every customer could be looked at."""
    file = project.stack_file(stack)
    declared = schemas.load_stack(file, project.root)
    estate = project.estate_so_far(stack)
    name = _connection(connection, declared.defaults, estate)
    folder = _folder(project, file, declared.include, into)
    settings = schemas.load_connection(name, project.root)
    estate = replace(estate, connections={**estate.connections, name: settings})
    engine = engines.choose(project, stack, estate)
    say(engine.why, err=True)
    with told(name), closing(Session.open(name, project_dir=project.root)) as session:
        if session.ion is None:
            raise CommandError(f"connection {name} names no ION account: there is no list of customers to adopt", 2)
        elsewhere = _elsewhere(project, stack, name, session)
        exported = engine.export_if_there()
        states = states_from_export(exported, estate.renamed) if exported else {}
        look = EstateLook(session)
        with progress("reading") as tell:
            candidates = adoption.read_account(look, tell)
        today = clock.now().date()
        plan = adoption.plan(
            session, candidates, look, estate, _ion_ids(states), today, update=update, elsewhere=elsewhere, only=only
        )
        if only and not (plan.new or plan.known or plan.ambiguous):
            raise CommandError(f"--only {', '.join(only)}: no customer that this stack could adopt is like that", 2)
        unseen = _unseen(name, candidates, only)
        print_unseen(unseen, stack)
        written = _write(project, plan, folder, estate, declared.defaults)
        _tell_plan(plan, written, folder.relative_to(project.root), pasted("drift", stack=stack))
        keys = [key for key in (*(one.key for one in plan.new), *plan.known) if key not in states]
        estate = project.estate(stack)
        as_written = {one.key for one in plan.new} | plan.as_seen
        ready, open_ = adopt_import.as_state([estate.customer(key) for key in keys], look, as_written)
        for key, why in open_.items():
            say(shown(f"not put into state: {key}: {why}; the next up deals with it", stack=stack, connection=name))
        if not ready:
            say("Everything that can be adopted is in state.")
            return not unseen
        path = adopt_import.save(project, stack, ready)
        if write_only:
            say(
                f"{count(len(ready), 'customer is', 'customers are')} ready to import: {_shown(path, project)} "
                f"({pasted('adopt', stack=stack, connection=name)} imports them)"
            )
            return not unseen
        adopt_import.run_import(engine, project, path, ready)
    say(f"{count(len(ready), 'customer is', 'customers are')} in state. Nothing was written to ION or Partner Center.")
    return not unseen


def _unseen(connection: str, candidates: Sequence[Candidate], only: Sequence[str]) -> list[Unseen]:
    """What of the account (of those who were asked for) could not be looked at."""
    asked_for = [one for one in candidates if not only or adoption.chosen(one.customer, only)]
    troubles = {one.customer.email or one.customer.id: one.trouble for one in asked_for if one.trouble}
    return blind.just_now(connection, len(asked_for), troubles, contract.now())


@contextmanager
def _alone(project: Project, stack: str) -> Iterator[None]:
    """One adoption of a stack at a time on this machine; freed by the operating system when its holder dies."""
    path = project.home / "adopt" / f"{stack}.lock"
    private_folder(path.parent)
    try:
        with filelock.FileLock(path, timeout=0, mode=0o600):
            yield
    except filelock.Timeout:
        raise CommandError(f"another adoption of {stack} is running on this machine: wait for its end") from None


def _elsewhere(project: Project, stack: str, name: str, session: Session) -> Mapping[str, Sequence[schemas.Customer]]:
    """Stack -> its customers on this account. A stack that cannot be read stops everything: its customers would be
    written a second time."""
    found, unread = other_stacks.elsewhere(project, stack, {name: session})
    for other, why in unread.items():
        raise CommandError(f"stack {other} may declare customers of this account: {why}", 2)
    return found.get(name, {})


def _connection(wish: str, defaults: Any, estate: schemas.Estate) -> str:
    found = wish or str(defaults.get("connection") or "")
    if not found and len(estate.connections) == 1:
        found = next(iter(estate.connections))
    if not found:
        known = ", ".join(sorted(estate.connections)) or "stacks/connections/"
        raise CommandError(f"name the account with -c; connections: {known}", 2)
    return found


def _folder(project: Project, file: Path, include: tuple[str, ...], into: Path | None) -> Path:
    """Where new files go. Raises CommandError unless the stack includes what is written there."""
    base = file.parent.resolve()
    folder = (Path.cwd() / into).resolve() if into else (base / include[0]).parent.resolve() if include else None
    if folder is None:
        raise CommandError(f"{file.name} includes no customer files: add include: [customers/*.yaml] to csp:estate", 2)
    if not folder.is_relative_to(base) or "*" in str(folder):
        raise CommandError(f"{folder} is no folder below {base.relative_to(project.root)}: name one with --into", 2)
    probe = (folder / "customer.yaml").relative_to(base).as_posix()
    if not any(fnmatch.fnmatchcase(probe, pattern) for pattern in include):
        pattern = (folder / "*.yaml").relative_to(base).as_posix()
        raise CommandError(f"{file.name} does not include these files: add {pattern} to include of csp:estate", 2)
    return folder


def _ion_ids(states: dict[str, dict[str, ResourceState]]) -> dict[str, str]:
    return {
        str(kinds["Customer"].outputs["ion_customer_id"]): key
        for key, kinds in states.items()
        if "Customer" in kinds and kinds["Customer"].outputs.get("ion_customer_id")
    }


def _write(project: Project, plan: adoption.Plan, folder: Path, estate: schemas.Estate, defaults: Any) -> list[str]:
    """Write the files; the keys of those that changed."""
    targets = [(one, folder / f"{one.key}.yaml") for one in plan.new]
    targets += [(one, project.root / estate.sources[one.key]) for one in plan.filled]
    changed = []
    with progress("writing") as tell:
        for number, (one, path) in enumerate(targets, 1):
            if path.name.startswith("Pulumi."):
                say(f"{one.key} is declared inside {path.name}: not rewritten")
            elif path.exists() and one in plan.new:
                raise CommandError(f"{path.relative_to(project.root)} exists and declares no customer of this stack", 2)
            else:
                try:
                    if schemas.write_customer(one, path, adoption.MARKS, defaults):
                        changed.append(one.key)
                except schemas.CannotWriteError as error:
                    raise CommandError(str(error)) from None
            tell(number, len(targets))
    return changed


def _tell_plan(plan: adoption.Plan, written: list[str], folder: Path, drift: str) -> None:
    new = len(plan.new)
    say(
        f"{count(new, 'customer')} written to {folder.as_posix()}/, {len(plan.known)} already declared "
        f"({sum(one.key in written for one in plan.filled)} of their files changed), {plan.inactive} inactive in ION"
    )
    if plan.not_chosen:
        say(f"not asked for (--only): {count(plan.not_chosen, 'customer')}")
    for stack, number in plan.elsewhere.items():
        say(f"declared by stack {stack}: {count(number, 'customer')} more")
    unknown = [name for one in plan.new for name in one.unknown]
    for name in sorted(set(unknown)):
        say(f"fill in {name} of {count(unknown.count(name), 'customer')}: {adoption.MARKS[name]}")
    for who, why in plan.ambiguous.items():
        say(shown(f"not adopted, more than one meaning: {who}: {why}"))
    for who, why in plan.left_out.items():
        say(shown(f"not adopted: {who}: {why}"))
    if plan.not_chosen:
        return
    for tenant in plan.tenants[:TENANTS_SHOWN]:
        say(f"no ION customer shows this Partner Center customer: {tenant}")
    if (more := len(plan.tenants) - TENANTS_SHOWN) > 0:
        noun = "Partner Center customer"
        say(f"and {more} more {noun if more == 1 else f'{noun}s'} without an ION customer ({drift} lists them)")


def _shown(path: Path, project: Project) -> str:
    return path.relative_to(project.root).as_posix() if path.is_relative_to(project.root) else str(path)

"""`csp adopt`: an account that grew by hand becomes customer files and state. Nothing is written to a remote system."""

import datetime as dt
import fnmatch
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import schemas
from clients.connection import Session
from clients.errors import ClientError
from csp import engines
from csp.access import told
from csp.errors import CommandError
from csp.options import Stack
from csp.project import Project
from onboarding import adoption, readiness
from onboarding.adoption_state import Adopted, adopted, guard_urn, import_document, provider_urn
from onboarding.inputs import PREPARING
from onboarding.look import EstateLook
from schemas.stack import CONFIG_KEY, StackEstate

NO_FILE_YET = "CSP-EST-001"
"""The rule of an include pattern that matches no file: normal before the first adoption."""
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
    update: Annotated[
        bool, typer.Option(help="Also bring files of declared customers up to what ION and Partner Center show.")
    ] = False,
    write_only: Annotated[bool, typer.Option(help="Write the files; leave the import to you.")] = False,
) -> None:
    """Write a customer file for every customer of an account, and put them into state without touching anything.

    The next preview is empty. What no system shows is named under `unknown` in the file, with what to fill in.
    """
    project = Project.find()
    file = project.stack_file(stack)
    declared = schemas.load_stack(file, project.root)
    estate = _estate(project, stack, declared)
    name = _connection(connection, declared.defaults, estate)
    folder = _folder(project, file, declared.include, into)
    settings = schemas.load_connection(name, project.root)
    estate = replace(estate, connections={**estate.connections, name: settings})
    engine = engines.choose(project, stack, estate)
    typer.echo(engine.why, err=True)
    with told(), closing(Session.open(name, project_dir=project.root)) as session:
        if session.ion is None:
            raise CommandError(f"connection {name} names no ION account: there is no list of customers to adopt", 2)
        states = _states(engine, estate)
        look = EstateLook(session)
        with _bar("reading") as tell:
            sights = adoption.read_account(look, tell)
        today = dt.datetime.now(dt.UTC).date()
        plan = adoption.plan(session, sights, look, estate, _ion_ids(states), today, update=update)
        written = _write(project, plan, folder, estate, declared.defaults)
        _tell_plan(plan, written, folder.relative_to(project.root))
        estate = project.estate(stack)
        keys = [*(one.key for one in plan.new), *plan.known]
        ready, open_ = _as_state([estate.customer(key) for key in keys if key not in states], look, set(plan.known))
    for key, why in open_.items():
        typer.echo(f"not put into state: {key}: {why}; the next up deals with it")
    if not ready:
        typer.echo("Everything that can be adopted is in state.")
        return
    document = import_document(ready, stack, project.name)
    path = project.home / "adopt" / f"{stack}.json"
    _save(path, document)
    if write_only:
        typer.echo(
            f"{len(ready)} customers are ready to import: {_shown(path, project)} (csp adopt without --write-only)"
        )
        return
    _import(engine, project, path, {one.declared.connection for one in ready})
    typer.echo(f"{len(ready)} customers are in state. Nothing was written to ION or Partner Center.")


def _estate(project: Project, stack: str, declared: StackEstate) -> schemas.Estate:
    """The declared estate; before the first adoption an include pattern may match nothing."""
    try:
        return project.estate(stack)
    except schemas.DeclarationErrors as errors:
        if any(found.rule != NO_FILE_YET for found in errors.findings):
            raise
        empty = {found.path for found in errors.findings}
    include = [p for number, p in enumerate(declared.include) if f"{CONFIG_KEY}.include.{number}" not in empty]
    if not include and not declared.customers:
        return schemas.Estate(stack, project.root, (), {})
    return schemas.load_estate({**declared.model_dump(), "include": include}, project.root, name=stack)


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


def _states(engine: engines.Engine, estate: schemas.Estate) -> dict[str, dict[str, readiness.ResourceState]]:
    """Customer key -> kind -> what is in state; {} for a stack that is not there yet."""
    export = engine.export_if_there()
    return {} if export is None else readiness.states_from_export(export, estate.renamed)


def _ion_ids(states: dict[str, dict[str, readiness.ResourceState]]) -> dict[str, str]:
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
    with _bar("writing") as tell:
        for number, (one, path) in enumerate(targets, 1):
            if path.name.startswith("Pulumi."):
                typer.echo(f"{one.key} is declared inside {path.name}: not rewritten")
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


def _tell_plan(plan: adoption.Plan, written: list[str], folder: Path) -> None:
    new = len(plan.new)
    typer.echo(
        f"{new} customers written to {folder.as_posix()}/, {len(plan.known)} already declared "
        f"({sum(one.key in written for one in plan.filled)} of their files changed), {plan.inactive} inactive in ION"
    )
    unknown = [name for one in plan.new for name in one.unknown]
    for name in sorted(set(unknown)):
        typer.echo(f"fill in {name} of {unknown.count(name)} customers: {adoption.MARKS[name]}")
    for who, why in plan.ambiguous.items():
        typer.echo(f"not adopted, more than one meaning: {who}: {why}")
    for who, why in plan.left_out.items():
        typer.echo(f"not adopted: {who}: {why}")
    for tenant in plan.tenants[:TENANTS_SHOWN]:
        typer.echo(f"no ION customer shows this Partner Center customer: {tenant}")
    if (more := len(plan.tenants) - TENANTS_SHOWN) > 0:
        typer.echo(f"and {more} more Partner Center customers without an ION customer (csp drift lists them)")


def _as_state(
    customers: list[schemas.Customer], look: EstateLook, declared_before: set[str]
) -> tuple[list[Adopted], dict[str, str]]:
    """What goes into state; and key -> why a customer that was declared before does not."""
    ready: list[Adopted] = []
    open_: dict[str, str] = {}

    def one(customer: schemas.Customer) -> Adopted | str:
        try:
            return adopted(customer, look)
        except ClientError as error:
            return str(error)

    with _bar("comparing") as tell, ThreadPoolExecutor(look.session.connection.limits.concurrency) as pool:
        for number, (customer, found) in enumerate(zip(customers, pool.map(one, customers), strict=True), 1):
            why = found if isinstance(found, str) else found.open if customer.key in declared_before else ""
            if why:
                open_[customer.key] = why
            elif isinstance(found, Adopted):
                ready.append(found)
            tell(number, len(customers))
    return ready, open_


def _save(path: Path, document: dict[str, Any]) -> None:
    """The import file holds what customer files hold, so that only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(json.dumps(document))  # much faster than json.dump


def _import(engine: engines.Engine, project: Project, path: Path, connections: set[str]) -> None:
    """Providers and guard by a run that is aimed at them alone, then the import. Neither looks at a remote system."""
    if engines.estate_is_sandbox(project.estate(engine.stack)) and "PULUMI_BACKEND_URL" not in os.environ:
        engine.ensure_stack()
    urns = [provider_urn(engine.stack, project.name, name) for name in sorted(connections)]
    targets = [part for urn in [*urns, guard_urn(engine.stack, project.name)] for part in ("--target", urn)]
    unattended = ("--yes", "--skip-preview")
    common = ("--stack", engine.stack, *unattended)
    # The CLI would write the whole state once a resource; an import that is killed is simply run again.
    at_once = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
    with _bar("importing"):
        _done(
            _with(engine, {PREPARING: engine.stack}).capture("up", *common, "--refresh=false", *targets),
            "could not prepare the stack",
        )
        _done(
            _with(engine, at_once).capture(
                "import", *common, "--file", str(path), "--generate-code=false", "--protect=false"
            ),
            "the import failed",
        )


def _with(engine: engines.Engine, variables: dict[str, str]) -> engines.Engine:
    return replace(engine, environment=engine.environment | variables)


def _done(answer: Any, what: str) -> None:
    if answer.returncode:
        lines = [line.strip() for line in (answer.stdout + answer.stderr).splitlines()]
        first = next((number for number, line in enumerate(lines) if "error" in line.lower()), None)
        told = f"exit code {answer.returncode}" if first is None else lines[first]
        if told.endswith(":") and first is not None:  # a list of errors: the first stands for all
            told = " ".join(lines[first : first + 2])
        raise CommandError(f"{what}: {told}")


def _shown(path: Path, project: Project) -> str:
    return path.relative_to(project.root).as_posix() if path.is_relative_to(project.root) else str(path)


@contextmanager
def _bar(what: str) -> Iterator[adoption.Tell]:
    """A bar on a terminal, nothing in a pipeline."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)

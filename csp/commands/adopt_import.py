"""The second half of `csp adopt`: what was seen of the customers goes into the state of a stack. No remote write."""

import json
import os
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import schemas
from clients.errors import ClientError, contained
from csp.engine import start as engines
from csp.errors import CommandError
from csp.project import Project
from csp.say import say
from csp.views.progress import progress
from onboarding.adoption.state import Adopted, adopted, guard_urn, import_document, provider_urn
from onboarding.core.catalogue import RESOURCES
from onboarding.core.names import LEAVE_OUT
from onboarding.look.snapshot import EstateLook
from schemas.write.whole_file import write_whole


def as_state(
    customers: list[schemas.Customer], look: EstateLook, as_written: set[str]
) -> tuple[list[Adopted], dict[str, str]]:
    """What goes into state; and key -> why a customer does not. `as_written`: keys whose file says what is seen."""
    ready: list[Adopted] = []
    open_: dict[str, str] = {}

    def one(customer: schemas.Customer) -> Adopted | str:
        try:
            with contained():
                return adopted(customer, look)
        except ClientError as error:
            return str(error)

    with progress("comparing") as tell, ThreadPoolExecutor(look.session.connection.limits.concurrency) as pool:
        for number, (customer, found) in enumerate(zip(customers, pool.map(one, customers), strict=True), 1):
            why = found if isinstance(found, str) else "" if customer.key in as_written else found.open
            if why:
                open_[customer.key] = why
            elif isinstance(found, Adopted):
                ready.append(found)
            tell(number, len(customers))
    return ready, open_


def save(project: Project, stack: str, ready: list[Adopted]) -> Path:
    """Write the import file; its path. It holds what customer files hold, so that only its owner may read it."""
    path = project.home / "adopt" / f"{stack}.json"
    text = json.dumps(import_document(ready, stack, project.name))  # much faster than json.dump
    write_whole(path, text.encode(), mode=0o600)
    return path


def run_import(engine: engines.Engine, project: Project, path: Path, ready: list[Adopted]) -> None:
    """Providers and guard by a run that is aimed at them alone, then the import. Neither looks at a remote system.

    Raises CommandError with the engine's own words.
    """
    if engines.estate_is_sandbox(project.estate(engine.stack)) and "PULUMI_BACKEND_URL" not in os.environ:
        engine.ensure_stack()
    connections = sorted({one.declared.connection for one in ready})
    urns = [provider_urn(engine.stack, project.name, name) for name in connections]
    targets = [part for urn in [*urns, guard_urn(engine.stack, project.name)] for part in ("--target", urn)]
    common = ("--stack", engine.stack, "--yes", "--skip-preview")
    keys = path.with_suffix(".keys")
    write_whole(keys, "\n".join(one.declared.key for one in ready).encode(), mode=0o600)
    prepared = _with(engine, {LEAVE_OUT: str(keys)}).capture("up", *common, "--refresh=false", *targets)
    _done(prepared.returncode, (prepared.stdout + prepared.stderr).splitlines(), "could not prepare the stack")
    # The CLI would write the whole state once a resource; an import that is killed is simply run again.
    at_once = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
    last, imported = f"csp:{[*RESOURCES][-1]} ", 0
    with progress("importing") as tell:

        def heard(line: str) -> None:
            nonlocal imported
            imported += last in line and "importing" not in line
            tell(imported, len(ready))

        arguments = ("import", *common, "--file", str(path), "--generate-code=false", "--protect=false")
        code, told = _followed(_with(engine, at_once), arguments, heard)
    _done(code, told, "the import failed")
    if engine.name == "pulumi":
        _settle(_with(engine, at_once), common)


def _settle(engine: engines.Engine, common: tuple[str, ...]) -> None:
    """Record in one write what an import cannot say of a resource (dependencies, retain on delete): the CLI's next `up`
    would write the whole state for each. Only when an offline preview is empty, so that no provider is called."""
    say("settling the state: an offline preview, then an offline up", err=True)
    offline = ("--stack", engine.stack, "--refresh=false")
    if engine.capture("preview", *offline, "--expect-no-changes").returncode:
        say("the next preview is not empty; the first up writes the whole state once a customer's resource")
        return
    settled = engine.capture("up", *common, "--refresh=false")
    _done(settled.returncode, (settled.stdout + settled.stderr).splitlines(), "could not settle the state")


def _with(engine: engines.Engine, variables: dict[str, str]) -> engines.Engine:
    return replace(engine, environment=engine.environment | variables)


def _followed(engine: engines.Engine, arguments: Iterable[str], heard: Callable[[str], None]) -> tuple[int, list[str]]:
    """Run a verb and hear every line as it comes; exit code and lines."""
    told: list[str] = []
    with subprocess.Popen(
        [*engine.command, *arguments],
        cwd=engine.project.root,
        env=engine.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told.append(line)
            heard(line)
    return process.returncode, told


def _done(code: int, told: list[str], what: str) -> None:
    if not code:
        return
    lines = [line.strip() for line in told]
    first = next((number for number, line in enumerate(lines) if "error" in line.lower()), None)
    why = f"exit code {code}" if first is None else lines[first]
    if why.endswith(":") and first is not None:  # a list of errors: the first stands for all
        why = " ".join(lines[first : first + 2])
    raise CommandError(f"{what}: {why}")

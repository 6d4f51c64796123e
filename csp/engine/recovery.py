"""What a dead run leaves behind: plugin processes, a lock, notes of what it had begun.

Nothing is ended or removed that may belong to a living run: a plugin counts only if it is of this stack and folder and
no engine is above it; a lock is dead only if it was made on this machine by a process that is gone, or if a person
names it.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from csp.engine.start import Engine
from csp.errors import CommandError
from onboarding.look.run_notes import STACK

if TYPE_CHECKING:
    import psutil

_LOCKED = re.compile(r"locked by \d+ lock")
_LOCK = re.compile(r"(?:^|[\s/])([\w-]+)\.json: created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)")
"""A line of the Pulumi CLI about one lock."""
_NOBODY = "urn:pulumi:none::none::none:none:none::none"
"""A target that no stack has: a refresh of it takes the lock, looks at nothing and changes nothing."""


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock of a stack. `id` is the name of its file, `made` RFC 3339 as the engine wrote it."""

    id: str
    user: str
    host: str
    pid: int
    made: str

    def __str__(self) -> str:
        return f"{self.id} (made by {self.user} on {self.host}, process {self.pid}, {self.made})"

    def holder_lives(self) -> bool | None:
        """Whether the process that made it still runs; None when it was made on another machine."""
        if self.host != socket.gethostname():
            return None
        import psutil

        try:
            holder = psutil.Process(self.pid)
            if holder.status() == psutil.STATUS_ZOMBIE:  # dead, and nobody has asked how: usual in containers
                return False
            began = holder.create_time()
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True
        try:
            made = datetime.fromisoformat(self.made).timestamp()
        except ValueError:
            return True
        # The number may have been given to a later process. A second of room: the two clocks round differently.
        return bool(began <= made + 1.0)


def locks(engine: Engine) -> list[Lock]:
    """All locks of the stack. Reads a file backend; asks the CLI for any other. Raises CommandError."""
    backend = urlsplit(engine.environment.get("PULUMI_BACKEND_URL", ""))
    if backend.scheme == "file":
        folder = Path(unquote(backend.path)) / ".pulumi" / "locks"
        return [_of_file(path) for path in sorted(folder.glob(f"*/*/{engine.stack}/*.json"))]
    asked = engine.capture("refresh", "--stack", engine.stack, "--yes", "--skip-preview", "--target", _NOBODY)
    told = asked.stdout + asked.stderr
    found = [Lock(i, user, host, int(pid), made) for i, user, host, pid, made in _LOCK.findall(told)]
    if _LOCKED.search(told) and not found:
        raise CommandError(f"the stack {engine.stack} is locked, and its engine does not say by whom")
    return found


def _of_file(path: Path) -> Lock:
    try:
        data = json.loads(path.read_text("utf-8"))
        return Lock(path.stem, str(data["username"]), str(data["hostname"]), int(data["pid"]), str(data["timestamp"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Lock(path.stem, "somebody", "an unknown machine", 0, "at an unknown time")


def judge(found: Sequence[Lock], named: str, stack: str) -> None:
    """Every lock is dead, or this raises CommandError with the one line that a person needs. `named`: the lock that a
    person vouches for, "" for none."""
    if named and named not in {lock.id for lock in found}:
        raise CommandError(f"there is no lock {named}: {_names(found)}", 2)
    for lock in found:
        lives = lock.holder_lives()
        if lives:
            raise CommandError(f"a run of {stack} is under way, its lock is {lock}: nothing is done while it runs")
        if lives is None and lock.id != named:
            raise CommandError(
                f"the lock {lock} was made on another machine: when you know that its run is gone, "
                f"name it with --lock {lock.id}"
            )


def _names(found: Sequence[Lock]) -> str:
    return f"there is {', '.join(lock.id for lock in found)}" if found else "the stack has none"


def leftover_plugins(engine: Engine) -> list[psutil.Process]:
    """Plugin processes of this stack and folder above which no engine is left, oldest first."""
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if "pulumi.dynamic" not in process.cmdline():
                continue
            environment = process.environ()
            own = (
                environment.get(STACK) == engine.stack and environment.get("CSP_HOME") == engine.environment["CSP_HOME"]
            )
            if own and Path(process.cwd()) == engine.project.root.resolve() and not _under_an_engine(process):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def _under_an_engine(process: psutil.Process) -> bool:
    return any("dynamic_engine" in one.cmdline() or one.name() in ("pulumi", "pulumi.exe") for one in process.parents())


def end(processes: Sequence[psutil.Process], patience: float) -> tuple[int, int]:
    """Waits until the processes have ended by themselves, at most `patience` seconds in all, and ends the others; how
    many of each."""
    import psutil

    gone, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        process.terminate()
    killed = psutil.wait_procs(alive, timeout=10)[1]
    for process in killed:
        process.kill()
    psutil.wait_procs(killed, timeout=10)
    return len(gone), len(alive)


def begun(state: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """(operation, URN) of what the dead run had begun and not written down as done."""
    for operation in ((state or {}).get("deployment") or {}).get("pending_operations") or []:
        yield str(operation.get("type")), str((operation.get("resource") or {}).get("urn"))

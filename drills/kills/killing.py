"""SIGKILL of a real `csp` process at a chosen file operation, or by a server in the middle of a request.

Processes are forked from a server that has imported the command once, so that a run costs a tenth of a second and not
one and a half. A process counts its own file operations below the given folders and kills itself before the chosen one;
`torn` writes half of a file first, as a machine does that loses its power.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from clients.wire.clock import SystemClock

MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
MARK, FILES = "CSP_DRILL_MARK", "CSP_DRILL_FILES"
EVENTS = frozenset({"os.rename", "os.remove", "os.link", "os.mkdir", "os.truncate", "os.chmod"})
SPAWN = multiprocessing.get_context("forkserver")
SPAWN.set_forkserver_preload(["csp.main", "azure.keyvault.secrets", "drills.kills.handover"])


@dataclass(frozen=True, slots=True)
class Said:
    """How a process ended: its exit code (negative: the signal), what it printed, its file operations."""

    code: int
    out: str
    err: str
    operations: list[str]

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Kill:
    """Before the operation of this number (from 1); 0 never. `torn`: it flushes a file, and half of it is lost."""

    at: int = 0
    torn: bool = False


@dataclass(frozen=True, slots=True)
class VaultAt:
    """Where the fake vault is; pickled to the processes."""

    url: str
    certificate: str


@dataclass
class Desk:
    """A project in a folder of its own; `out` is for the client packages. `clock_ahead`: seconds, so that a lease of a
    dead process can end without anybody waiting. `on_start` hears of every process, `kept_elsewhere` names the
    passwords that a vault still holds."""

    root: Path
    out: Path
    vault: VaultAt | None = None
    clock_ahead: float = 0.0
    on_start: Callable[[int], None] = lambda _pid: None
    kept_elsewhere: Callable[[], list[str]] = list

    @property
    def home(self) -> Path:
        return self.root / ".csp"

    def csp(self, *arguments: str, given: str = "", kill: Kill | None = None) -> Said:
        """Run `csp` in a process of its own."""
        return self.run(_command, arguments, given=given, kill=kill)

    def run(
        self,
        work: Callable[[Sequence[str]], None],
        arguments: Sequence[str] = (),
        *,
        given: str = "",
        kill: Kill | None = None,
    ) -> Said:
        """Run a function of a module in a process of its own."""
        talk = self.root.parent / "talk"
        shutil.rmtree(talk, ignore_errors=True)
        talk.mkdir()
        (talk / "in").write_text(given, "utf-8")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("CSP_", "PULUMI_"))}
        environment |= {"CSP_HOME": str(self.home), "COLUMNS": "200"}
        child = SPAWN.Process(target=_main, args=(work, tuple(arguments), self, talk, environment, kill or Kill()))
        child.start()
        assert child.pid is not None
        self.on_start(child.pid)
        child.join(120)
        assert child.exitcode is not None, f"csp {' '.join(arguments)} did not end"
        told = talk / "operations"
        operations = told.read_text("utf-8").splitlines() if told.exists() else []
        return Said(child.exitcode, (talk / "out").read_text("utf-8"), (talk / "err").read_text("utf-8"), operations)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "on_start": None, "kept_elsewhere": None}


def _main(
    work: Callable[[Sequence[str]], None],
    arguments: tuple[str, ...],
    desk: Desk,
    talk: Path,
    environment: Mapping[str, str],
    kill: Kill,
) -> None:
    """The process: its streams are files, its vault is the fake."""
    for number, name in enumerate(("in", "out", "err")):
        os.dup2(os.open(talk / name, os.O_RDWR | os.O_CREAT, 0o600), number)
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115 - until the process ends
    sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8")  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(desk.root)
    if desk.vault is not None:
        _use(desk.vault, desk.clock_ahead)
    operations = Operations((desk.root, desk.out), kill)
    operations.watch()
    try:
        work(arguments)
    finally:
        operations.armed = False
        (talk / "operations").write_text("\n".join(operations.names), "utf-8")
        sys.stdout.flush()
        sys.stderr.flush()


def _command(arguments: Sequence[str]) -> None:
    from csp.main import app, run_guarded

    sys.argv = ["csp", *arguments]
    run_guarded(app)


class AheadClock(SystemClock):
    """The time as it will be; nobody waits."""

    ahead = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def sleep(self, seconds: float) -> None:
        """A lease waits for versions of the same second; there is no competitor here."""


def _use(vault: VaultAt, ahead: float) -> None:
    from azure.keyvault.secrets import SecretClient

    from clients import session as connection
    from clients.handover import opening
    from clients.tokens import key_vault
    from equipment.fake_vault import FixedCredential

    client = SecretClient(
        vault_url=vault.url,
        credential=FixedCredential(),
        connection_verify=vault.certificate,
        verify_challenge_resource=False,
        retry_total=0,
    )
    AheadClock.ahead = ahead
    key_vault.open_vault = lambda vault: client
    for module in (connection, opening):
        setattr(module, "SystemClock", AheadClock)  # noqa: B010 - the modules do not give it away


class Operations:
    """Counts what a process does to files below `folders`, and kills it at one of these moments."""

    def __init__(self, folders: Sequence[Path], kill: Kill, end: Callable[[], None] | None = None) -> None:
        """`end`: instead of the SIGKILL of this process alone."""
        self.names: list[str] = []
        self.armed = True
        self._folders = tuple(str(folder.resolve()) for folder in folders)
        self._kill = kill
        self._end = end or (lambda: os.kill(os.getpid(), signal.SIGKILL))

    def watch(self) -> None:
        """From now on. `fsync` and `write` of descriptors are no audit events, so they are wrapped."""
        real_fsync, real_write = os.fsync, os.write

        def fsync(handle: Any) -> None:
            path = self._path(handle)
            if path and self._below(path):
                if self._kill.torn and len(self.names) + 1 == self._kill.at:
                    self.armed = False
                    os.ftruncate(handle, os.fstat(handle).st_size // 2)
                    self.armed = True
                self._step(f"fsync {path}")
            real_fsync(handle)

        def write(handle: int, data: Any) -> int:
            path = self._path(handle)
            if path and self._below(path):
                self._step(f"write {path}")
            return real_write(handle, data)

        os.fsync, os.write = fsync, write  # type: ignore[assignment]
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, int) or not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return
        elif event in EVENTS:
            path = arguments[0]
            path = self._path(path) if isinstance(path, int) else path
        else:
            return
        text = str(Path(os.fsdecode(path)).absolute()) if path else ""
        if self._below(text):
            self._step(f"{event.removeprefix('os.')} {text}")

    def _step(self, name: str) -> None:
        if not self.armed:
            return
        self.names.append(name)
        if len(self.names) == self._kill.at:
            self.armed = False
            self._end()

    def _below(self, path: str) -> bool:
        return path.startswith(self._folders)

    def _path(self, handle: Any) -> str:
        try:
            return str(Path(f"/proc/self/fd/{handle if isinstance(handle, int) else handle.fileno()}").readlink())
        except OSError:
            return ""


def kill_all(mark: str) -> None:
    """SIGKILL for every process that carries the mark in its environment: command, engine, program, plugin."""
    needle, me = f"{MARK}={mark}".encode(), os.getpid()
    found = [me]
    while found:
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if needle in (folder / "environ").read_bytes().split(b"\0") and int(folder.name) != me:
                    found.append(int(folder.name))
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    if os.environ.get(MARK) == mark:
        os.kill(me, signal.SIGKILL)


def watch() -> None:
    """Called at the start of every Python process of a watched command: `<folder> <number> <file for the names>`."""
    folder, at, told = os.environ[FILES].split(" ")

    class Told(Operations):
        def _step(self, name: str) -> None:
            if self.armed:
                self.armed = False
                with Path(told).open("a", encoding="utf-8") as names:
                    names.write(f"{name}\n")
                self.armed = True
            super()._step(name)

    Told((Path(folder),), Kill(int(at)), lambda: kill_all(os.environ[MARK])).watch()

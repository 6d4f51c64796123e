"""`csp handover` and `csp confirm`, killed at every file operation and at every request to a key vault.

Part of `drills.kills.commands`. Each case is a command in a situation; it is played once undisturbed, to know its
boundaries, then once for each of them. The runs that follow are those of an operator who reads what is told. Then:

- a password that was stored is delivered, into one file, once; no encrypted copy is left afterwards;
- a second delivery after one that may have been seen needs a person's statement;
- a file of the project is whole, and the command can simply be repeated.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import schemas
from clients.handover import make_local_recipient
from clients.handover.opening import open_handover
from clients.partner_center.models import OneTimeCredentials
from drills.kills.killing import MEMORY, AheadClock, Desk, Kill, Said, VaultAt
from equipment.fake_vault import FakeVault, _Handler
from equipment.workspace import ROOT

KEY, STACK = "alpine", ("-s", "provider")
FIRST, SECOND = "first-canary-1", "second-canary-2"
LEASE_SECONDS = 200.0
"""Until the lease of a dead process has ended."""


@dataclass(frozen=True)
class Case:
    """A command in a situation, and what must hold after a kill and the runs that follow."""

    name: str
    before: Callable[[Desk], None]
    act: Callable[[Desk, Kill | None], Said]
    wrong: Callable[[Desk], list[str]]


# What people see.


def entries(desk: Desk) -> list[dict[str, str]]:
    """Newest last."""
    said = desk.csp("handover", "list", *STACK, "--format", "json")
    assert said.code == 0, said.err
    found: list[dict[str, str]] = json.loads(said.out)
    return found


def holding(desk: Desk, password: str) -> list[Path]:
    """The files of clients that hold a password."""
    return [path for path in sorted(desk.out.iterdir()) if password in path.read_text("utf-8")]


def deliver(desk: Desk, *more: str) -> Said:
    """Into a new file."""
    return desk.csp(
        "handover", "deliver", KEY, *STACK, "--out", str(desk.out / f"{len(list(desk.out.iterdir()))}"), *more
    )


def put(desk: Desk, password: str, *more: str, kill: Kill | None = None) -> Said:
    return desk.csp("handover", "put", KEY, *STACK, "--stdin", *more, given=f"{password}\n", kill=kill)


def kept(desk: Desk) -> list[str]:
    """Where an encrypted password still is, drafts of a killed process included; half a draft opens nothing."""
    files = [f for f in (desk.home / "handover").iterdir() if b"BEGIN AGE" in f.read_bytes()]
    return [file.name for file in files if not _torn(file)] + desk.kept_elsewhere()


def _torn(file: Path) -> bool:
    try:
        json.loads(file.read_text("utf-8"))
    except ValueError:
        return True
    return False


def ended(desk: Desk, password: str) -> list[str]:
    """Deliver what waits; after that nobody gets anything, and nothing is left."""
    told = []
    said = deliver(desk)
    if said.code or len(holding(desk, password)) != 1:
        told.append(f"not delivered: {said.err.strip()[-160:]}")
    again = deliver(desk)
    if again.code != 1 or len(holding(desk, password)) > 1:
        told.append("delivered a second time")
    return told + [f"still there: {name}" for name in kept(desk)]


def open_states(desk: Desk) -> list[str]:
    return [one["state"] for one in entries(desk) if one["state"] not in ("replaced", "delivered")]


# The cases.


def _nothing(_desk: Desk) -> None:
    """An empty store."""


def _stored(desk: Desk) -> None:
    done = put(desk, FIRST)
    assert done.code == 0, done


def _after_put(desk: Desk) -> list[str]:
    """The operator looks; what is listed is delivered, else the screen is still open and the command is repeated."""
    if not entries(desk):
        said = put(desk, FIRST)
        if said.code:
            return [f"cannot be repeated: {said.err.strip()[-160:]}"]
    elif put(desk, SECOND).code != 1:
        return ["what waits was replaced without --replace"]
    return ended(desk, FIRST)


def _after_replace(desk: Desk) -> list[str]:
    """Delivered as it is: the new one if it is stored, else the old one; then the new one if it was not."""
    new = len(entries(desk)) == 2
    told = ended(desk, SECOND if new else FIRST)
    if not new:
        told += [] if put(desk, SECOND).code == 0 else ["cannot be repeated"]
        told += ended(desk, SECOND)
    return told + (["both were delivered"] if new and holding(desk, FIRST) else [])


def _after_delivery(desk: Desk) -> list[str]:
    """A person is asked only when the file could have been seen; what the person says closes it."""
    seen, state = holding(desk, FIRST), entries(desk)[-1]["state"]
    said = deliver(desk)
    if state == "waiting":
        told = [] if not seen and said.code == 0 else ["given out, and told as waiting"]
    elif state == "delivered":
        told = [] if seen and said.code == 1 else ["told as delivered, and nobody has it"]
    else:
        told = [] if said.code == 1 and "may have been seen" in said.err else ["an interrupted delivery was repeated"]
        said = deliver(desk, "--arrived") if seen else deliver(desk, "--nothing-arrived")
        told += [] if said.code == 0 else [f"the statement was refused: {said.err.strip()[-160:]}"]
    if len(holding(desk, FIRST)) != 1:
        told.append(f"in {len(holding(desk, FIRST))} files")
    if deliver(desk).code != 1:
        told.append("delivered once more")
    return told + [f"still there: {name}" for name in kept(desk)]


def _record(desk: Desk, kill: Kill | None) -> Said:
    return desk.csp("handover", "record", KEY, *STACK, "--where", "vault item 17", kill=kill)


def _lose(desk: Desk, kill: Kill | None) -> Said:
    return desk.csp("handover", "lost", KEY, *STACK, "--why", "the screen was closed", kill=kill)


def _repeated(act: Callable[[Desk, Kill | None], Said], state: str) -> Callable[[Desk], list[str]]:
    def wrong(desk: Desk) -> list[str]:
        told = [] if act(desk, None).code == 0 else ["cannot be repeated"]
        if open_states(desk) != [state]:
            told.append(f"told as {open_states(desk)}")
        if deliver(desk).code != 1 or holding(desk, FIRST):
            told.append("delivered")
        return told + [f"still there: {name}" for name in kept(desk)]

    return wrong


def _birth(_arguments: Sequence[str]) -> None:
    """What a run does right after Microsoft's answer to the create."""
    estate = schemas.load_estate(Path("stacks/Pulumi.provider.yaml").resolve(), Path.cwd())
    store = open_handover(estate.connections["us"], Path(os.environ["CSP_HOME"]))
    store.put(KEY, OneTimeCredentials("admin", FIRST))


def _after_birth(desk: Desk) -> list[str]:
    """What is stored is told and delivered; a password that is told as lost is nowhere."""
    if entries(desk):
        return ended(desk, FIRST)
    return [f"told as lost, and in {name}" for name in kept(desk)]


def _confirm(desk: Desk, kill: Kill | None) -> Said:
    return desk.csp("confirm", KEY, "pricebook", *STACK, "--by", "ben", kill=kill)


def _after_confirm(desk: Desk) -> list[str]:
    """The file is as before or as after, comments included; the command can be repeated."""
    file = desk.root / "stacks" / "customers" / "provider" / f"{KEY}.yaml"
    before = (ROOT / file.relative_to(desk.root)).read_text("utf-8")
    text = file.read_text("utf-8")
    repeated = _confirm(desk, None)
    after = file.read_text("utf-8")
    told = [] if repeated.code == 0 and text in (before, after) else ["the file is not whole"]
    told += [f"a comment is gone: {line}" for line in before.splitlines() if "#" in line and line not in after]
    return told if after.count("by: ben") == 1 else [*told, "not confirmed once"]


HANDOVER = [
    Case("password of a new tenant stored by a run", _nothing, lambda d, k: d.run(_birth, kill=k), _after_birth),
    Case("put", _nothing, lambda d, k: put(d, FIRST, kill=k), _after_put),
    Case("put --replace", _stored, lambda d, k: put(d, SECOND, "--replace", kill=k), _after_replace),
    Case(
        "deliver",
        _stored,
        lambda d, k: d.csp("handover", "deliver", KEY, *STACK, "--out", str(d.out / "first"), kill=k),
        _after_delivery,
    ),
    Case("record", _stored, _record, _repeated(_record, "elsewhere")),
    Case("lost", _stored, _lose, _repeated(_lose, "lost")),
]
FOLDER = [*HANDOVER, Case("confirm", _nothing, _confirm, _after_confirm)]


# Where they are played.


@contextmanager
def _desk() -> Iterator[Desk]:
    with tempfile.TemporaryDirectory(prefix="csp-drill-", dir=MEMORY) as folder:
        root, out = Path(folder) / "project", Path(folder) / "out"
        root.mkdir()
        out.mkdir()
        shutil.copy(ROOT / "Pulumi.yaml", root / "Pulumi.yaml")
        shutil.copytree(ROOT / "stacks", root / "stacks")
        make_local_recipient(root / ".csp")
        yield Desk(root, out)


@contextmanager
def _situation(base: Desk) -> Iterator[Desk]:
    """The same once more."""
    with tempfile.TemporaryDirectory(prefix="again-", dir=base.root.parent) as folder:
        root, out = Path(folder) / "project", Path(folder) / "out"
        shutil.copytree(base.root, root)
        shutil.copytree(base.out, out)
        yield replace(base, root=root, out=out)


def _kills(whole: Said) -> list[Kill]:
    """Before each file operation, and half of each file that is flushed."""
    flushed = [at for at, name in enumerate(whole.operations, 1) if name.startswith("fsync") and Path(name).suffix]
    return [Kill(at) for at in range(1, len(whole.operations) + 1)] + [Kill(at, torn=True) for at in flushed]


def _told(report: Callable[[str], None], where: str, wrong: list[str]) -> int:
    if wrong:
        report(f"{where}:\n  " + "\n  ".join(wrong[:6]))
    return bool(wrong)


def files(every: int, report: Callable[[str], None], cases: Sequence[Case] = FOLDER) -> tuple[int, int, int]:
    """Boundaries, kills and failures with age and a folder."""
    boundaries = played = failed = 0
    for case in cases:
        with _desk() as base:
            case.before(base)
            with _situation(base) as desk:
                whole = case.act(desk, None)
            assert whole.code == 0, whole.err
            boundaries += len(whole.operations)
            for kill in _kills(whole)[::every]:
                with _situation(base) as desk:
                    killed = case.act(desk, kill)
                    wrong = case.wrong(desk) if killed.killed else [f"was not killed: {killed}"]
                where = f"{case.name}, {'torn' if kill.torn else 'before'} {whole.operations[kill.at - 1]}"
                failed += _told(report, where, wrong)
                played += 1
    return boundaries, played, failed


def requests(every: int, report: Callable[[str], None], cases: Sequence[Case] = HANDOVER) -> tuple[int, int, int]:
    """Requests, kills and failures with a key vault: before each request, and after each write before its answer."""
    asked = played = failed = 0
    with _desk() as empty:
        for case in cases:
            vault = KillingVault(empty.root.parent)
            with vault, _situation(empty) as base:
                file = base.root / "stacks" / "connections" / "us.yaml"
                text = re.sub(r"recipients: .*", "key_vault: https://drill.vault.azure.net", file.read_text("utf-8"))
                file.write_text(text, "utf-8")
                base = replace(base, vault=vault.at, kept_elsewhere=vault.kept, on_start=vault.client_is)
                case.before(base)
                secrets = copy.deepcopy(vault.secrets)
                vault.watch()
                with _situation(base) as desk:
                    whole = case.act(desk, None)
                assert whole.code == 0, whole.err
                names = vault.names
                asked += len(names)
                cells = [(at, moment) for at, name in enumerate(names, 1) for moment in _moments(name)]
                for at, moment in cells[::every]:
                    vault.secrets = copy.deepcopy(secrets)
                    vault.watch(at, moment)
                    with _situation(base) as desk:
                        killed = case.act(desk, None)
                        vault.watch()
                        vault.clock.ahead = desk.clock_ahead = desk.clock_ahead + LEASE_SECONDS
                        wrong = case.wrong(desk) if killed.killed else [f"was not killed: {killed}"]
                    failed += _told(report, f"key vault: {case.name}, {moment} {names[at - 1]}", wrong)
                    played += 1
    return asked, played, failed


def _moments(name: str) -> tuple[str, ...]:
    return ("before",) if name.startswith("GET") else ("before", "after")


class KillingVault(FakeVault):
    """A fake vault that kills its client at a chosen request."""

    clock: AheadClock

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.clock = AheadClock()
        self.RequestHandlerClass = _KillingHandler
        self.names: list[str] = []
        self._kill = (0, "")
        self._client = 0
        self._known = threading.Event()

    @property
    def at(self) -> VaultAt:
        return VaultAt(self.url, str(self.certificate))

    def client_is(self, pid: int) -> None:
        """The process that asks from now on."""
        self._client = pid
        self._known.set()

    def watch(self, at: int = 0, moment: str = "") -> None:
        """Count requests anew; kill at this one."""
        self.names = []
        self._known.clear()
        self._kill = (at, moment)

    def step(self, moment: str, name: str) -> None:
        if moment == "before":
            self.names.append(name)
        if self._kill == (len(self.names), moment):
            self._kill = (0, "")
            assert self._known.wait(10)
            os.kill(self._client, signal.SIGKILL)

    def kept(self) -> list[str]:
        """Secrets with a password in them that can still be read."""
        last = {name: versions[-1] for name, versions in self.secrets.items()}
        return [name for name, version in last.items() if version["enabled"] and "canary" in version["value"]]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A dead client hears no answer."""


class _KillingHandler(_Handler):
    server: KillingVault

    def _allowed(self) -> bool:
        self.server.step("before", f"{self.command} {self.path.partition('?')[0]}")
        return super()._allowed()

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self.server.step("after", "")
        super()._send(status, body, headers)

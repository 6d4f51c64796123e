"""SIGKILL of real processes at random moments, against a sandbox process over sockets (part of `drills.kills.runs`).

Every race onboards two new customers (agreement first, and tenant first) in a process that is killed; the run that
follows finds what is there, and so on as in the drill's enumerated part. State is saved after every resource, as an
engine's journal does.
"""

from __future__ import annotations

import os
import pickle
import random
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import schemas
from clients.handover import make_local_recipient
from clients.session import Session
from drills.harness import Address, Pipeline
from equipment.workspace import ROOT, Sandbox, start_sandbox
from providers import sessions


class Real(Pipeline):
    """A pipeline on real sessions, whose state is a file."""

    @property
    def file(self) -> Path:
        return self.home / "state.pickle"

    def load(self) -> None:
        self.state = pickle.loads(self.file.read_bytes()) if self.file.exists() else {}  # noqa: S301 - our own file

    @contextmanager
    def _process(self) -> Iterator[dict[str, str]]:
        opened = {name: Session(one, self.home, os.environ) for name, one in self.connections.items()}
        sessions._SESSIONS.update(opened)
        try:
            yield {name: name for name in opened}
        finally:
            for session in opened.values():
                session.close()

    def _step(self, address: Address, names: Any) -> str:
        verb = super()._step(address, names)
        part = self.file.with_suffix(".part")
        part.write_bytes(pickle.dumps(self.state))
        part.replace(self.file)
        return verb


def _in_child(work: Callable[[], int]) -> int:
    """Fork a process group of its own that does the work and ends with its result."""
    pid = os.fork()
    if pid:
        return pid
    code = 99
    with suppress(BaseException):
        os.setpgid(0, 0)
        try:
            code = work()
        except BaseException:
            traceback.print_exc()
    os._exit(code)


def _run(pipeline: Real) -> int:
    """One run in a process of its own; how many resources moved."""
    _, status = os.waitpid(_in_child(lambda: _up(pipeline)), 0)
    return os.waitstatus_to_exitcode(status)


def _up(pipeline: Real) -> int:
    pipeline.load()
    return len(pipeline.up())


def _customers(number: int, patterns: dict[str, schemas.Customer]) -> dict[str, schemas.Customer]:
    made = {}
    for name in ("alpine", "blueyonder"):
        key = f"race{number}{name[0]}"
        data = patterns[name].model_dump(mode="json", exclude_none=True, exclude_unset=True)
        data["key"] = key
        data["profile"] |= {"email": f"it@{key}.example", "organization": f"Company {key}"}
        data["identity"] |= {"domain_prefix": key, "confirm_new_tenant": key}
        made[key] = schemas.Customer.model_validate(data)
    return made


def _twice(sandbox: Sandbox, keys: list[str]) -> list[str]:
    state = sandbox.state()
    things = Counter([c["email"] for c in state["ion_customers"]] + [t["initial_domain"] for t in state["tenants"]])
    mails = sandbox.admin("GET", "mailbox")["mails"]
    things.update(f"mail {m['message_id']} to {m['to'][0]}" for m in mails)
    wrong = [f"{count} x {what}" for what, count in things.items() if count > 1]
    wrong += [f"no profile of {key}" for key in keys if f"it@{key}.example" not in things]
    if refused := sandbox.counters()["duplicate_creates"]:
        wrong.append(f"{refused} creates of what was there")
    return wrong


def _race(number: int, pipeline: Real, sandbox: Sandbox, moment: float) -> tuple[bool, list[str]]:
    """Whether the kill came in time, and what is wrong."""
    child = _in_child(lambda: _up(pipeline))
    time.sleep(moment)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    sandbox.admin("POST", "clock", {"advance": 120})
    _run(pipeline)
    before = sandbox.writes()
    wrong = [f"the third run moved {moved} resources"] if (moved := _run(pipeline)) else []
    if sandbox.writes() != before:
        wrong.append("the third run wrote")
    return os.WIFSIGNALED(status), wrong + _twice(sandbox, list(pipeline.declared))


def run(races: int = 40, seed: int = 1, report: Callable[[str], None] = print) -> tuple[int, int]:
    """Kills that hit a running process, and races that did not converge."""
    estate = schemas.load_estate(ROOT / "stacks" / "Pulumi.provider.yaml", ROOT)
    patterns = {c.key: c for c in estate.customers}
    us = estate.connections["us"]
    fast = us.model_copy(update={"limits": us.limits.model_copy(update={"requests_per_second": 1000.0})})
    randomness = random.Random(seed)
    hits = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        make_local_recipient(home)
        sandbox = start_sandbox(home, "provider")
        try:
            sandbox.admin("POST", "people", {"mode": "hand"})
            remote: Any = None
            first = Real(remote, _customers(0, patterns), {"us": fast}, home)
            _run(first)  # signs in once
            again = Real(remote, _customers(1, patterns), {"us": fast}, home)
            first.file.unlink()
            began = time.monotonic()
            _run(again)
            whole = time.monotonic() - began
            for number in range(2, races + 2):
                (home / "state.pickle").unlink(missing_ok=True)
                pipeline = Real(remote, _customers(number, patterns), {"us": fast}, home)
                hit, wrong = _race(number, pipeline, sandbox, randomness.uniform(0.0, whole))
                hits += hit
                if wrong:
                    failed += 1
                    report(f"race {number}:\n  " + "\n  ".join(wrong[:6]))
        finally:
            sandbox.stop()
    return hits, failed

"""Two pipelines on one estate: `python -m drills.races.two_pipelines [--every N] [--no-processes] [--postgresql]`, one
figure a line.

Each pipeline has a state of its own, as when a killed engine's plugin lives on beside the next run, or when two stacks
declare the same customers; they share the local folder with tokens and natural-key locks. The first is held at every
boundary of its calls while the second runs as far as it gets: to its end, or until it waits for a lock of the first. A
second series lets nobody wait: the second stops with a clear line. Then nothing exists twice, nothing was even asked
for twice, and after one more run of each both are quiet.

With `--postgresql` the two share no folder, as runners on two machines: each has a CSP_HOME of its own, they meet in a
real database (`coordination: postgresql`), and the token store alone is common, as a Key Vault is. A third series then
ends the database's connections while the first is held: it has lost its lock, and must notice before it writes.

At the end the same with real processes: two `csp up` on one stack, on two stacks, and an engine that was killed while
its plugin lives on.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from clients.shared.postgres import VARIABLE
from drills import database
from drills.harness import Pipeline
from drills.kills.runs import CHAPTERS, LATER, Chapter, calls_of
from drills.races.two_processes import APART, PROOFS

STILL = 0.3
"""Seconds without a call after which the second pipeline is taken to wait for the first."""
BUSY = re.compile(
    r"(the billing profile is not renamed yet: )?another run works on .* \(waited 0 s\); the next run goes on"
)
CLASHES = ("provider: first run", "provider: after", "provider: edited", "provider: drift", "reseller: first")
"""Chapters in which both pipelines have something to write."""


class Held:
    """A hook that holds its pipeline at one boundary until it is told to go on."""

    def __init__(self, at: int, moment: str) -> None:
        self.at, self.moment, self.calls = at, moment, 0
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self, moment: str, _name: str) -> None:
        self.calls += moment == "before"
        if self.calls == self.at and moment == self.moment and not self.reached.is_set():
            self.reached.set()
            assert self.go_on.wait(60), "nobody let the first pipeline go on"


class Worker(threading.Thread):
    """A pipeline in a thread; `failure` is what it raised."""

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__(daemon=True)
        self.pipeline = pipeline
        self.failure: BaseException | None = None
        self.calls = 0

    def run(self) -> None:
        try:
            self.pipeline.up()
        except BaseException as failure:
            self.failure = failure

    def watch(self, _moment: str, _name: str) -> None:
        self.calls += 1

    def until_done_or_still(self) -> None:
        seen, since = self.calls, time.monotonic()
        while self.is_alive() and time.monotonic() - since < STILL:
            self.join(0.02)
            if self.calls != seen:
                seen, since = self.calls, time.monotonic()


@dataclass(frozen=True)
class Meeting:
    """How the second meets the first. `wait`: for locks; `cut`: its database connections end while the first is
    held."""

    wait: bool = False
    cut: bool = False

    def __str__(self) -> str:
        return "first loses its locks" if self.cut else "second waits" if self.wait else "second does not wait"


def apart(pipeline: Pipeline, address: str) -> Pipeline:
    """The same pipeline as on a machine of its own: it shares the database and the token store, and no folder else."""
    other = pipeline.copy(pipeline.remote)
    tokens = other.home / "tokens"
    shutil.rmtree(tokens, ignore_errors=True)
    (pipeline.home / "tokens").mkdir(exist_ok=True)
    tokens.symlink_to(pipeline.home / "tokens", target_is_directory=True)
    for one in (pipeline, other):
        one.connections = {
            name: connection.model_copy(update={"coordination": "postgresql"})
            for name, connection in pipeline.connections.items()
        }
        one.environment = {**one.environment, VARIABLE: address}
    return other


def world(address: str) -> AbstractContextManager[str]:
    """A database of its own on the server for one world, "" without a server."""
    return database.of_world(address) if address else nullcontext("")


def play(start: Pipeline, at: int, moment: str, how: Meeting, address: str = "") -> list[str]:
    """Hold the first pipeline at a boundary, let the second run; what is wrong. `address`: of the database in which
    they meet, "" for one folder."""
    first = start.copy()
    second = apart(first, address) if address else first.copy(first.remote, first.home)
    second.lock_seconds = 300.0 if how.wait or how.cut else 0.0
    hook = Held(at, moment)
    first.hook = hook
    one, two = Worker(first), Worker(second)
    second.hook = two.watch
    one.start()
    while one.is_alive() and not hook.reached.wait(0.02):
        pass
    if how.cut:
        database.end_connections(address)
    two.start()
    two.until_done_or_still()
    hook.go_on.set()
    for worker in (one, two):
        worker.join(60)
    wrong = [f"{w.failure!r}" for w in (one, two) if w.failure is not None]
    busy = [kept.outputs["reason"] for kept in second.state.values() if "another run" in kept.outputs.get("reason", "")]
    wrong += [f"not a clear line: {line}" for line in busy if not BUSY.fullmatch(line)]
    wrong += first.remote.twice()
    for pipeline in (first, second):
        pipeline.remote.sleep(LATER)
        pipeline.up()
    before = first.remote.writes()
    for name, pipeline in (("first", first), ("second", second)):
        wrong += [f"{name} is not quiet: {line}" for line in pipeline.up()]
    if first.remote.writes() != before:
        wrong.append("the third runs wrote")
    wrong += first.remote.twice()
    first.remove()
    second.remove()
    return wrong


def run(every: int = 1, report: Callable[[str], None] = print, address: str = "") -> tuple[int, int]:
    """Interleavings and failures."""
    played = failed = 0
    for chapter in CHAPTERS:
        if not chapter.name.startswith(CLASHES):
            continue
        start = chapter.situation()
        for at, moment, how in boundaries(start, chapter, cut=bool(address))[::every]:
            with world(address) as own:
                wrong = play(start, at, moment, how, own)
            played += 1
            if wrong:
                failed += 1
                report(f"{chapter.name}, held {moment} {at}, {how}:\n  " + "\n  ".join(wrong[:6]))
        start.remove()
    return played, failed


def boundaries(start: Pipeline, chapter: Chapter, *, cut: bool = False) -> list[tuple[int, str, Meeting]]:
    """Every boundary at which the first may be held (after a call only where it wrote), and whether the second then
    waits for locks: both ways around a write, where a lock is held. `cut`: each look also with locks that are lost
    meanwhile. Not right before a write: between the question whether it is still held and the write no lock helps."""
    pipeline, names, writes = calls_of(start, chapter)
    pipeline.remove()
    found = []
    waits, passes, loses = Meeting(wait=True), Meeting(), Meeting(cut=True)
    for at, name in enumerate(names, 1):
        write = name in writes
        found += [(at, "before", how) for how in ((passes, waits) if write else (passes, loses) if cut else (passes,))]
        found += [(at, "after", how) for how in ((passes, waits) if write else ())]
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--no-processes", action="store_true")
    parser.add_argument("--postgresql", action="store_true")
    wanted = parser.parse_args()
    with database.server() if wanted.postgresql else nullcontext("") as address:
        return 1 if whole(wanted.every, address, processes=not wanted.no_processes) else 0


def whole(every: int, address: str, *, processes: bool) -> int:
    """The number of failures, each told; a line a series."""
    began = time.monotonic()
    where = "two pipelines that share a database alone" if address else "two pipelines"
    played, failed = run(every, address=address)
    print(f"{where}: {played} interleavings, {failed} with something twice ({time.monotonic() - began:.0f} s)")
    proofs: tuple[Callable[..., list[str]], ...] = APART if address else PROOFS
    for proof in proofs if processes else ():
        with tempfile.TemporaryDirectory() as folder, world(address) as own:
            try:
                wrong = proof(own, Path(folder)) if address else proof(Path(folder))
            except AssertionError as failure:
                wrong = [str(failure)]
        told = str(proof.__doc__).rstrip(".")
        print(f"{where}, {told}: {wrong or 'nothing twice, both quiet afterwards'}")
        failed += bool(wrong)
    return failed


if __name__ == "__main__":
    sys.exit(main())

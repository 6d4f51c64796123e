"""Two pipelines on one estate: `python -m drills.races.two_pipelines [--every N] [--no-processes]`, one figure a line.

Each pipeline has a state of its own, as when a killed engine's plugin lives on beside the next run, or when two stacks
declare the same customers; they share the local folder with tokens and natural-key locks. The first is held at every
boundary of its calls while the second runs as far as it gets: to its end, or until it waits for a lock of the first. A
second series lets nobody wait: the second stops with a clear line. Then nothing exists twice, nothing was even asked
for twice, and after one more run of each both are quiet.

At the end the same with real processes: two `csp up` on one stack, on two stacks, and an engine that was killed while
its plugin lives on.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from drills.harness import Pipeline
from drills.kills.runs import CHAPTERS, LATER, Chapter, calls_of
from drills.races.two_processes import PROOFS

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


def play(start: Pipeline, at: int, moment: str, *, wait: bool) -> list[str]:
    """Hold the first pipeline at a boundary, let the second run; what is wrong."""
    first = start.copy()
    second = first.copy(first.remote, first.home)
    second.lock_seconds = 300.0 if wait else 0.0
    hook = Held(at, moment)
    first.hook = hook
    one, two = Worker(first), Worker(second)
    second.hook = two.watch
    one.start()
    while one.is_alive() and not hook.reached.wait(0.02):
        pass
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
    return wrong


def run(every: int = 1, report: Callable[[str], None] = print) -> tuple[int, int]:
    """Interleavings and failures."""
    played = failed = 0
    for chapter in CHAPTERS:
        if not chapter.name.startswith(CLASHES):
            continue
        start = chapter.situation()
        for at, moment, wait in boundaries(start, chapter)[::every]:
            wrong = play(start, at, moment, wait=wait)
            played += 1
            if wrong:
                failed += 1
                how = "waits" if wait else "does not wait"
                report(f"{chapter.name}, held {moment} {at}, second {how}:\n  " + "\n  ".join(wrong[:6]))
        start.remove()
    return played, failed


def boundaries(start: Pipeline, chapter: Chapter) -> list[tuple[int, str, bool]]:
    """Every boundary at which the first may be held (after a call only where it wrote), and whether the second then
    waits for locks: both ways around a write, where a lock is held."""
    pipeline, names, writes = calls_of(start, chapter)
    pipeline.remove()
    found = []
    for at, name in enumerate(names, 1):
        write = name in writes
        found += [(at, "before", wait) for wait in ((False, True) if write else (False,))]
        found += [(at, "after", wait) for wait in ((False, True) if write else ())]
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--no-processes", action="store_true")
    wanted = parser.parse_args()
    began = time.monotonic()
    played, failed = run(wanted.every)
    print(f"two pipelines: {played} interleavings, {failed} with something twice ({time.monotonic() - began:.0f} s)")
    for proof in () if wanted.no_processes else PROOFS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                wrong = proof(Path(folder))
            except AssertionError as failure:
                wrong = [str(failure)]
        print(f"two pipelines, {str(proof.__doc__).rstrip('.')}: {wrong or 'nothing twice, both quiet afterwards'}")
        failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

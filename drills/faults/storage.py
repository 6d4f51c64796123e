"""A disk that fails at every file operation of a run: `python -m drills.faults.storage [--every N]`, one figure a line.

Beside the wire drill. A run of an example estate is played once to count the file operations below CSP_HOME (tokens,
hand-over, mail markers, locks) and in the second place for passwords. Then it is played
again: one operation fails, or everything from it on, with a full, read-only, forbidden, broken or vanished disk. The
disk is mended, an operator retries what was stopped, and then:

- no password is lost: it opens from one of its places, or its encrypted text is in state; or its tenant was not made;
- no chain is lost: the next run goes on with ION's token, or says that it does not know;
- nothing exists or was sent twice; a mail that is told as sent is in a mailbox;
- systems and state end as those of a run on a sound disk; a failing disk ends no run with anything but one line.
"""

from __future__ import annotations

import argparse
import base64
import errno
import itertools
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyrage

from clients.errors import ClientError
from clients.handover import HandoverStore
from clients.handover.store import spare_of
from clients.wire.clock import SystemClock
from drills.faults.failing_disk import FAILURES, FailingDisk
from drills.harness import Pipeline
from drills.kills.runs import CHAPTERS, LATER, Chapter, _comparable, _mails, differences
from providers.errors import OnboardingError

ALL = 10**6
PLAYED = ("provider: first run", "provider: after the customers have accepted", "provider: edited files")


@dataclass(frozen=True)
class Cell:
    """Operation number `at` fails, and `count` - 1 after it."""

    at: int
    count: int
    error: int
    name: str

    def __str__(self) -> str:
        much = "this one" if self.count == 1 else "everything from here on"
        return f"operation {self.at} ({self.name}), {much}: {errno.errorcode[self.error]}"


def cells(names: list[str], every: int) -> Iterator[Cell]:
    """Each operation once alone and once with all that follow, the errors in turn."""
    errors = itertools.cycle(FAILURES)
    found = [Cell(at, count, next(errors), name) for at, name in enumerate(names, 1) for count in (1, ALL)]
    yield from found[::every]


def folders(pipeline: Pipeline) -> list[Path]:
    """Everything local that a run writes."""
    names = ("tokens", "handover", "mail", "locks", "observed", "runs")
    return [*(pipeline.home / name for name in names), spare_of(pipeline.home)]


def operations(start: Pipeline, chapter: Chapter) -> list[str]:
    """What an undisturbed run does to the disk."""
    pipeline = start.copy()
    disk = FailingDisk(folders(pipeline))
    with disk.inserted():
        chapter.act(pipeline)
    pipeline.remove()
    return disk.seen


def play(
    start: Pipeline, chapter: Chapter, cell: Cell, wanted: tuple[dict[str, list[object]], dict[str, object]]
) -> list[str]:
    """One cell; what is wrong, empty when all is well."""
    pipeline = start.copy()
    wrong: list[str] = []
    try:
        with FailingDisk(folders(pipeline), cell.at, cell.count, cell.error).inserted():
            chapter.act(pipeline)
    except (OnboardingError, ClientError) as told:
        wrong += [f"more than one line: {told}"] if "\n" in str(told) else []
    except Exception as bug:
        wrong.append(f"raised {type(bug).__name__}: {bug}")
    pipeline.environment["CSP_RETRY"] = ",".join(pipeline.declared)
    for _ in range(2):
        pipeline.remote.sleep(LATER)
        try:
            pipeline.up()
        except Exception as bug:
            wrong.append(f"on the mended disk: {type(bug).__name__}: {bug}")
    wrong += pipeline.remote.twice() + passwords(pipeline) + _mails(pipeline)
    if not wrong:
        wrong += differences("systems", wanted[0], pipeline.remote.picture())
        wrong += differences("state", wanted[1], _comparable(pipeline))
    pipeline.remove()
    return wrong


def passwords(pipeline: Pipeline) -> list[str]:
    """Every password of a tenant that was made opens from somewhere."""
    key_file = pipeline.home / "handover" / "identity.txt"
    identity = pyrage.x25519.Identity.from_str(key_file.read_text("utf-8").strip())
    recipients = ("file:$CSP_HOME/handover/recipient.txt",)
    wrong = []
    for (key, kind), kept in pipeline.state.items():
        memory = kept.outputs.get("memory") or {}
        told = memory.get("credentials", "") if kind == "TenantIdentity" else ""
        if told == "lost":
            wrong.append(f"{key}: the only password is lost")
        elif told == "output":
            pyrage.decrypt(base64.b64decode(memory["credentials_text"]), [identity])
        elif told:
            scope = kept.connection.partition("#")[0]
            store = HandoverStore(pipeline.home, recipients, clock=SystemClock(), scope=scope)
            if [entry.reference for entry in store.list(key)] != [told]:
                wrong.append(f"{key}: state names {told}, the store has {[e.reference for e in store.list(key)]}")
            elif not store.deliver(told, to="drill", by="drill").password:
                wrong.append(f"{key}: {told} opens to nothing")
    return wrong


def run(every: int = 1, report: Callable[[str], None] = print, only: str = "") -> tuple[int, int]:
    """Cells and failures. `every` N plays each N-th cell."""
    played = failed = 0
    for chapter in CHAPTERS:
        if chapter.name not in PLAYED or only not in chapter.name:
            continue
        start = chapter.situation()
        sound = start.copy()
        chapter.act(sound)
        for _ in range(2):
            sound.remote.sleep(LATER)
            sound.up()
        wanted = (sound.remote.picture(), _comparable(sound))
        sound.remove()
        for cell in cells(operations(start, chapter), every):
            wrong = play(start, chapter, cell, wanted)
            played += 1
            if wrong:
                failed += 1
                report(f"{chapter.name}, {cell}:\n  " + "\n  ".join(wrong[:6]))
        start.remove()
    return played, failed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--only", default="", help="part of a chapter's name")
    wanted = parser.parse_args()
    began = time.monotonic()
    played, failed = run(wanted.every, only=wanted.only)
    print(f"storage: {played} cells, {failed} failed ({time.monotonic() - began:.0f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

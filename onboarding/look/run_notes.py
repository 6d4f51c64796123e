"""What one run of an engine could not look at, told by the processes that look to the one that speaks.

Refresh and update may be two plugin processes, an engine starts one a connection, and nothing of a preview is written
to state. So each process appends what it could not see to a file of its own, in a folder below CSP_HOME/runs that is
named by the run. A later look that succeeds takes a note back.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from schemas.read.json_text import json_of
from schemas.write.whole_file import private_folder

RUN = "CSP_RUN"
"""Variable with the name of the run, set by `csp`, which then ends with the exit code itself."""
STACK = "CSP_STACK"
"""Variable with the stack of a run, set by `csp`; `csp/engine/recovery.py` tells its plugins from others by it."""
WEEK = 7 * 86400.0
_LOCK = threading.Lock()


ALARM = "alarm"
"""The kind of a note that is no failed look: something that a person must hear of."""


@dataclass(frozen=True, slots=True)
class Note:
    """One resource (`kind` and customer `key`) that could not be looked at. `since`: RFC 3339, when that began. `why`
    and `do` are one line each; both "" take the note back."""

    connection: str
    kind: str
    key: str
    since: str = ""
    why: str = ""
    do: str = ""

    @property
    def about(self) -> tuple[str, str]:
        return self.kind, self.key


def folder(home: Path, run: str) -> Path:
    """Where the notes of a run are."""
    return home / "runs" / f"{run}.notes"


def append(where: Path, note: Note) -> None:
    """Write a note down. A folder that cannot be written loses it: looking goes on."""
    with _LOCK, contextlib.suppress(OSError):
        if not where.is_dir():
            private_folder(where)
            _prune(where)
        with (where / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": time.time_ns(), **asdict(note)}) + "\n")


def read(where: Path) -> list[Note]:
    """What the run could not look at, each resource once, by connection and key."""
    last: dict[tuple[str, str], Note] = {}
    for _, note in sorted(_lines(where.glob("*.jsonl")), key=lambda pair: pair[0]):
        last[note.about] = note
    return sorted((note for note in last.values() if note.why), key=lambda note: (note.connection, note.key, note.kind))


def latest(home: Path, connection: str) -> Note | None:
    """The newest failed look through a connection, of any run on this machine. `since`: when looks at that resource
    began to fail, as far back as the notes go."""
    found = sorted(_lines((home / "runs").glob("*.notes/*.jsonl")), key=lambda pair: pair[0])
    mine = [note for _, note in found if note.connection == connection and note.kind != ALARM]
    failed = [note for note in mine if note.why]
    if not failed:
        return None
    since = ""
    for note in mine:
        if note.about == failed[-1].about:
            since = (since or note.since) if note.why else ""
    return replace(failed[-1], since=since or failed[-1].since)


def _lines(files: Iterable[Path]) -> Iterator[tuple[int, Note]]:
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        for line in lines:
            with contextlib.suppress(ValueError, TypeError, KeyError):  # a killed process may leave half a line
                values = json_of(line)
                yield int(values.pop("at")), Note(**values)


def _prune(mine: Path) -> None:
    """Remove the notes of runs that are a week older than `mine`, a folder that was just made: by the clock of the file
    system, which may be another machine's."""
    now = mine.stat().st_mtime
    for old in mine.parent.glob("*.notes"):
        if old != mine and now - old.stat().st_mtime > WEEK:
            shutil.rmtree(old, ignore_errors=True)

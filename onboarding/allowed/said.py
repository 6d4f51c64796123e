"""What the processes of one run say about its plan, for the command that started the run: one JSON object a line.

Check and diff of a resource happen in the engine's plugin processes, and an engine's own output is for people. So each
process appends to a file of its own, in a folder below CSP_HOME/runs that is named by the run; both engines thus tell
the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from schemas.write.whole_file import private_folder

PLANNING = "CSP_PLANNING"
"""Variable of `csp plan`: LOOK, or FILES for a plan that looks at nothing."""
LOOK, FILES = "look", "files"
_LOCK = threading.Lock()
_DAY = 86400.0


def planning() -> str:
    """LOOK or FILES while a plan is being made, else ""."""
    told = os.environ.get(PLANNING, "")
    return told if told in (LOOK, FILES) else ""


def folder(home: Path, run: str) -> Path:
    """Where the processes of a run write."""
    return home / "runs" / f"{run}.plan"


def append(where: Path, what: str, **values: Any) -> None:
    """Say one thing. Raises OSError: a plan with a hole in it is none."""
    with _LOCK:
        if not where.is_dir():
            private_folder(where)
            _prune(where)
        with (where / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": time.time_ns(), "what": what, **values}) + "\n")


def read(where: Path) -> list[Mapping[str, Any]]:
    """Everything that was said, the oldest first."""
    return sorted(_lines(where), key=lambda one: int(one["at"]))


def remove(where: Path) -> None:
    """It was read: what is in it are people's names."""
    shutil.rmtree(where, ignore_errors=True)


def _lines(where: Path) -> Iterator[Mapping[str, Any]]:
    for file in where.glob("*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):  # a killed process may leave half a line
                yield json.loads(line)


def _prune(mine: Path) -> None:
    """Remove what was said a day before `mine`, a folder that was just made: by the clock of the file system, which may
    be another machine's."""
    now = mine.stat().st_mtime
    for old in mine.parent.glob("*.plan"):
        with contextlib.suppress(OSError):
            if old != mine and now - old.stat().st_mtime > _DAY:
                shutil.rmtree(old, ignore_errors=True)

"""Counts endings of relationships where they happen, because `destroy` and `--target` pass every guard of the program.

An engine starts one plugin process a connection, so that the processes of one run count together, in a file below
CSP_HOME/locks that is named by the run.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clients.home import home_of
from onboarding.look import engine_run
from providers.errors import OnboardingError, in_plugin
from schemas.plain import count as number_of
from schemas.read.json_text import json_of
from schemas.write.whole_file import private_folder, write_whole

VARIABLE = "CSP_ALLOW_REMOVALS"
_LOCK = threading.Lock()
_ENDED: set[str] = set()
_DAY = 86400.0


def allowed() -> int:
    """How many customers may lose their relationship in this run; 0 unless somebody says more."""
    text = os.environ.get(VARIABLE, "")
    return int(text) if text.isdigit() else 0


def count(kind: str, key: str, resource_id: str) -> None:
    """Count one removal. Raises OnboardingError when more customers would be ended than CSP_ALLOW_REMOVALS allows."""
    with _LOCK, _together():
        wanted = _ENDED | {resource_id}
        if len(wanted) > allowed():
            raise OnboardingError(
                f"{kind} {key}: ending relationships is limited to {number_of(allowed(), 'customer')} in this run; "
                f"to end {len(wanted)} set {VARIABLE}={len(wanted)}"
            ) from None
        _ENDED.add(resource_id)


@contextmanager
def _together() -> Iterator[None]:
    """What the other plugin processes of this run have counted is known inside, and they know of ours after it."""
    if not in_plugin():
        yield
        return
    import filelock  # who removes nobody needs none

    folder = private_folder(home_of(Path.cwd()) / "locks")
    with filelock.FileLock(str(folder / "endings.lock"), timeout=60, mode=0o600):
        file = folder / f"endings-{engine_run.name()}.json"
        for old in folder.glob("endings-*.json"):
            # Never our own: the clock of the file system may be another machine's.
            if old != file and time.time() - old.stat().st_mtime > _DAY:
                old.unlink(missing_ok=True)
        if file.exists():
            _ENDED.update(json_of(file.read_text(encoding="utf-8")))
        yield
        write_whole(file, json.dumps(sorted(_ENDED)).encode(), mode=0o600)  # a kill must not leave half a count

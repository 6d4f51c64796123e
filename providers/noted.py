"""What the run of this process could not look at: written down by whoever looks, read at the end by the program."""

from __future__ import annotations

import threading
from pathlib import Path

from clients.home import home_of
from clients.redact import redact
from onboarding.core import contract
from onboarding.look import engine_run, run_notes
from onboarding.look.run_notes import Note
from providers.errors import in_plugin

_LOCK = threading.Lock()
_DOUBTED: set[tuple[str, str]] | None = None
"""(kind, key) of what this run could not look at so far; None before the first look of this process."""


def could_not_look(connection: str, kind: str, key: str, why: str, do: str, since: str = "") -> None:
    """Note a look that failed. `since`: RFC 3339, when that began, "" for now."""
    note = Note(connection, kind, key, since or contract.now(), redact(why), redact(do))
    with _LOCK:
        _doubted().add(note.about)
    _write(note)


def looked(connection: str, kind: str, key: str) -> None:
    """A look succeeded: an earlier note of this run about it no longer holds."""
    note = Note(connection, kind, key)
    with _LOCK:
        if note.about not in _doubted():
            return
        _doubted().discard(note.about)
    _write(note)


def alarm(connection: str, key: str, what: str) -> None:
    """Note what a person must hear of, one line, although the run went on."""
    _write(Note(connection, run_notes.ALARM, key, contract.now(), what))


def of_this_run() -> list[Note]:
    """What no process of this run could look at."""
    return run_notes.read(_folder())


def _doubted() -> set[tuple[str, str]]:
    global _DOUBTED
    if _DOUBTED is None:
        _DOUBTED = {note.about for note in of_this_run()}
    return _DOUBTED


def _write(note: Note) -> None:
    if in_plugin():  # elsewhere (tests) there is no run that would read it
        run_notes.append(_folder(), note)


def _folder() -> Path:
    return run_notes.folder(home_of(Path.cwd()), engine_run.name())

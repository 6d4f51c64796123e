"""One session and one estate snapshot a connection and process; all worker threads of a plugin share them."""

from __future__ import annotations

import threading
from pathlib import Path

from clients.connection import Session
from onboarding.look import EstateLook

_LOCK = threading.Lock()
_SESSIONS: dict[str, Session] = {}
_LOOKS: dict[str, EstateLook] = {}
_FAILED: dict[str, str] = {}


class CannotOpen(Exception):  # noqa: N818 - says what happened, as the caller prints it
    """The connection file or its local parts cannot be read."""


def session(name: str) -> Session:
    """The session of connection `name`; opened once, without network. Raises CannotOpen or a ClientError."""
    with _LOCK:
        if name in _FAILED:
            raise CannotOpen(_FAILED[name])
        if name not in _SESSIONS:
            try:
                _SESSIONS[name] = Session.open(name, project_dir=Path.cwd())
            except (OSError, ValueError) as failure:
                _FAILED[name] = f"connection {name}: {failure}"
                raise CannotOpen(_FAILED[name]) from None
        return _SESSIONS[name]


def estate_look(name: str) -> EstateLook:
    """The estate snapshot of connection `name`."""
    opened = session(name)
    with _LOCK:
        return _LOOKS.setdefault(name, EstateLook(opened))


def wrote(name: str) -> None:
    """Something may have been written: reads of this process must look again."""
    with _LOCK:
        look = _LOOKS.pop(name, None)
    if look is not None:
        look.forget()

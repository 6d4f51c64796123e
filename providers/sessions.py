"""One session and one estate snapshot a connection and process; all worker threads of a plugin share them."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import schemas
from clients.home import home_of
from onboarding.look.run_notes import STACK

if TYPE_CHECKING:
    from clients.session import Session
    from onboarding.look.snapshot import EstateLook

_LOCK = threading.Lock()
_SESSIONS: dict[str, Session] = {}
_LOOKS: dict[str, EstateLook] = {}
_AHEAD: set[str] = set()
"""Connections whose reads were fetched ahead, once a process: after a write each read asks for itself."""
_FAILED: dict[str, CannotOpen] = {}


class CannotOpen(Exception):  # noqa: N818 - says what happened, as the caller prints it
    """The connection file or its local parts cannot be read."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"connection {name}: {why}")
        self.action = (f"mend stacks/connections/{name}.yaml",)


def session(name: str) -> Session:
    """The session of connection `name`; opened once, without network. Raises CannotOpen or a ClientError."""
    from clients.session import Session  # with all that sends: the program and a plan from the files alone send nothing

    with _LOCK:
        if name in _FAILED:
            raise _FAILED[name]
        if name not in _SESSIONS:
            try:
                _SESSIONS[name] = Session.open(name, project_dir=Path.cwd())
            except (schemas.DeclarationErrors, OSError, ValueError) as failure:
                _FAILED[name] = CannotOpen(name, _first(failure))
                raise _FAILED[name] from None
        return _SESSIONS[name]


def accounts(name: str) -> tuple[str, str]:
    """ION account and partner tenant of connection `name`, although no session can be opened. Raises
    DeclarationErrors, and PersonMustAct for a sandbox that never ran."""
    from clients.endpoints import accounts_of

    project = Path.cwd()
    return accounts_of(schemas.load_connection(name, project), home_of(project))


def estate_look(name: str) -> EstateLook:
    """The estate snapshot of connection `name`."""
    from onboarding.look import ahead
    from onboarding.look.snapshot import EstateLook

    opened = session(name)
    with _LOCK:
        look = _LOOKS.get(name)
        if look is None:
            look = _LOOKS[name] = EstateLook(opened)
            if (stack := os.environ.get(STACK)) and name not in _AHEAD:
                _AHEAD.add(name)
                ahead.begin(look, opened.home, stack, name)
        return look


def wrote(name: str) -> None:
    """Something may have been written: reads of this process must look again."""
    with _LOCK:
        look = _LOOKS.pop(name, None)
    if look is not None:
        look.forget()


def _first(failure: Exception) -> str:
    """One line, also of a file with several errors."""
    if not isinstance(failure, schemas.DeclarationErrors):
        return str(failure)
    first, *more = failure.findings
    return f"{first}{f' (and {len(more)} more)' if more else ''}"

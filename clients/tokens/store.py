"""Where a token chain is kept: one document a credential, replaced as a whole, renewed under a lease."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Protocol

import filelock
from pydantic import BeforeValidator, ConfigDict, TypeAdapter

from clients.errors import PersonMustAct, Problem, RetryLater
from clients.redact import SECRETS
from schemas.read.json_text import json_of
from schemas.write.whole_file import private_folder, sync_folder

LEASE_SECONDS = 120.0
ROOM = 32 * 1024
"""Bytes that are held free before a token is sent: a chain has some kilobytes."""
_LARGEST = 1024 * 1024
_LATEST = 4102444800  # 2100: no token lives that long
_BEGIN = len('{"access_token')


def _moment(value: object) -> float:
    """Seconds since 1970; long ago for what is no moment."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if 0 <= value < _LATEST else 0.0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


_Text = Annotated[str, BeforeValidator(_text)]
_Instant = Annotated[float, BeforeValidator(_moment)]
_Sent = Annotated[float | None, BeforeValidator(lambda value: None if value is None else _moment(value))]
_Refusal = Annotated[str, BeforeValidator(lambda value: _text(value) or ("refused" if value else ""))]
_Account = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else _text(value))]
"""Members of a stored chain. A refresh token is worth more than what stands beside it: an odd member counts as absent,
and an odd `sent_at` as sent."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One credential's tokens. Times are seconds since 1970, UTC.

    `seed` holds digests of the tokens that a person put in, so that a newer one replaces the chain and an old one does
    not.
    `sent_at` is set before the refresh token is sent and cleared with the final answer: set and nobody renewing, nobody
    knows whether the token was spent. `rejected` holds the answer after a definite refusal. `address` and `account` say
    what the chain was made for (binding.py); both are empty in one that an earlier release stored.
    """

    __pydantic_config__ = ConfigDict(hide_input_in_errors=True)
    refresh_token: _Text
    access_token: _Text = ""
    expires_at: _Instant = 0.0
    obtained_at: _Instant = 0.0
    seed: _Text = ""
    sent_at: _Sent = None
    rejected: _Refusal = ""
    address: _Text = ""
    account: _Account = ""

    def __repr__(self) -> str:
        return f"Chain(expires_at={self.expires_at}, sent_at={self.sent_at}, rejected={self.rejected!r})"

    def to_json(self) -> str:
        return json.dumps({"format": 1, **asdict(self)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Chain:
        """Raises ValueError for anything but a whole document."""
        data: Any = json_of(text)
        if not isinstance(data, dict) or data.get("format") != 1:
            raise ValueError("not a token document")
        chain = _adapter().validate_python(data)
        if not chain.refresh_token:
            raise ValueError("no refresh token")
        SECRETS.add(chain.refresh_token, chain.access_token)
        return chain


@cache
def _adapter() -> TypeAdapter[Chain]:
    return TypeAdapter(Chain)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest() if token else ""


class TokenStore(Protocol):
    """Keeps one chain."""

    @property
    def place(self) -> str:
        """For people: where it is."""

    def load(self) -> Chain | None: ...

    def reserve(self) -> None:
        """Room for the next `save`, which then needs none. Raises PersonMustAct."""

    def save(self, chain: Chain) -> None:
        """Returns only when the chain is durable. Raises PersonMustAct, RetryLater (nobody knows)."""

    def lease(self) -> contextlib.AbstractContextManager[None]:
        """At most one holder among all processes that use this store. Raises RetryLater when it stays taken."""

    def proven(self) -> None:
        """The newest chain works: older generations may go."""

    def spec(self) -> dict[str, str]:
        """What another process needs to open the same store."""


class FileTokenStore:
    """A file with mode 0600, replaced atomically. The generation before it stays beside it until the new one is proven,
    so that a torn disk never leaves us with nothing. A link is followed: what it leads to is the store, and two links
    to one store share its lease."""

    def __init__(self, path: Path, *, lease_seconds: float = LEASE_SECONDS) -> None:
        """Raises PersonMustAct for a link that leads to itself."""
        try:
            self._path = path.resolve()
        except (OSError, RuntimeError):
            raise _not_ours(path, "is a link that leads nowhere") from None
        self._previous = self._path.with_name(self._path.name + ".previous")
        # One writer at a time: whoever saves holds the lease.
        self._room = self._path.with_name(f".{self._path.name}.room")
        self._lease_seconds = lease_seconds

    @property
    def place(self) -> str:
        return str(self._path)

    def spec(self) -> dict[str, str]:
        return {"kind": "file", "path": str(self._path)}

    def load(self) -> Chain | None:
        """Raises PersonMustAct for a file that is no store."""
        kept = _first(self._path, self._previous)
        if kept is None or kept.sent_at is None:
            return kept
        # The token was sent, and a disk that failed may hold the answer in the draft, whole or not at all.
        answer = _first(self._room)
        return answer if answer is not None and answer.obtained_at >= kept.sent_at else kept

    def reserve(self) -> None:
        self._refuse_others()
        with self._as_ours("reserve"):
            private_folder(self._path.parent)
            handle = os.open(self._room, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as stream:
                os.fchmod(handle, 0o600)
                stream.write(b" " * ROOM)
                stream.flush()
                os.fsync(handle)

    def save(self, chain: Chain) -> None:
        """Raises PersonMustAct, and keeps the file, when it is something else than a store, or cannot be written."""
        self._refuse_others()
        with self._as_ours("save"):
            folder = private_folder(self._path.parent)
            # Reserved blocks are written in place; blanks at the end of a document mean nothing.
            handle = os.open(self._room, os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(handle, "wb") as stream:
                os.fchmod(handle, 0o600)  # the umask may take some of it
                stream.write(chain.to_json().encode().ljust(os.fstat(handle).st_size))
                stream.truncate()
                stream.flush()
                os.fsync(handle)
            self._keep_previous(folder)
            self._room.replace(self._path)
            sync_folder(folder)

    @contextlib.contextmanager
    def _as_ours(self, operation: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = error.strerror or type(error).__name__
            if operation == "lease":  # comes before the call that spends the token
                why += "; the token was not sent"
            problem = Problem("tokens", operation, None, "not-stored", f"{self.place} cannot be written: {why}")
            action = "make its folder writable, with free space"
            raise PersonMustAct(problem, owner="us", action=action) from None

    def _refuse_others(self) -> None:
        """A mistyped path must not cost somebody's file. What a torn disk leaves of a store still counts as one."""
        try:
            text = _content(self._path)
        except FileNotFoundError:
            return
        except ValueError:
            text = "?"
        begin = Chain("").to_json()[:_BEGIN]
        torn = not text.strip("\0 \n") or text.startswith(begin) or begin.startswith(text)
        if not (torn or _is_store(text) or self._previous.is_file()):
            raise _not_ours(self._path, "is no token store, so it is not replaced")

    def _keep_previous(self, folder: Path) -> None:
        if self._previous.exists() or not self._path.exists():
            return
        spare = folder / f".{self._previous.name}.{os.getpid()}"
        spare.unlink(missing_ok=True)
        spare.hardlink_to(self._path)
        spare.replace(self._previous)

    def proven(self) -> None:
        # A preview may hold a folder that it can only read; the old generation then goes at the next renewal.
        with contextlib.suppress(OSError):
            self._previous.unlink(missing_ok=True)

    @contextlib.contextmanager
    def lease(self) -> Iterator[None]:
        # A lock of its own for each use: the operating system frees it when its process dies.
        lock = filelock.FileLock(str(self._path) + ".lock", mode=0o600, thread_local=False)
        with self._as_ours("lease"):
            private_folder(self._path.parent)
            got = self._acquired(lock)
        if not got:
            message = f"another process has been renewing {self.place} for {self._lease_seconds:.0f} s"
            raise RetryLater(Problem("tokens", "lease", None, "lease-taken", message))
        try:
            yield
        finally:
            lock.release()

    def _acquired(self, lock: filelock.BaseFileLock) -> bool:
        try:
            lock.acquire(timeout=self._lease_seconds, poll_interval=0.02)
        except filelock.Timeout:
            return False
        return True

    def loose_permissions(self) -> str:
        """The mode when others may read the file, else ""."""
        try:
            mode = stat.S_IMODE(self._path.stat().st_mode)
        except FileNotFoundError:
            return ""
        return f"{mode:04o}" if mode & 0o077 else ""


def _first(*paths: Path) -> Chain | None:
    """The first that is a whole chain. One that was cut short by a full disk, or edited by hand, is passed over: the
    generation before it is the best there is."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
            return Chain.from_json(_content(path))
    return None


def _content(path: Path) -> str:
    """The text of a store, which is a plain file of some kilobytes. Raises FileNotFoundError, ValueError (not UTF-8),
    and PersonMustAct for what would hang or never end (a pipe, a device) or cannot be read."""
    try:
        mode = path.stat()
        if not stat.S_ISREG(mode.st_mode) or mode.st_size > _LARGEST:
            raise _not_ours(path, "is no token store")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise
    except OSError as error:
        problem = Problem("tokens", "open", None, "unreadable", f"{path} cannot be read: {error.strerror or error}")
        raise PersonMustAct(
            problem, owner="us", action="run as the user whose file it is, or mend its rights"
        ) from None


def _is_store(text: str) -> bool:
    try:
        Chain.from_json(text)
    except (ValueError, TypeError):
        return False
    return True


def _not_ours(path: Path, what: str) -> PersonMustAct:
    problem = Problem("tokens", "open", None, "no-store", f"{path} {what}")
    return PersonMustAct(problem, owner="us", action="name another file as token_store, or move this one away")

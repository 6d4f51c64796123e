"""One lock per natural key: look-up and write of the same thing never overlap, in threads or processes of a machine.

A killed engine leaves its plugin running for a while; the lock is held until that process has finished its write.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from clients.errors import Problem, RetryLater
from schemas.write.whole_file import private_folder

_WHAT = {
    "ion.customer": "the profile of",
    "ion.row": "the Cloud Provider row of ION customer",
    "pc.tenant": "the Microsoft tenant",
    "attestation": "the agreement of",
}


class Taken(RetryLater):
    """Another process keeps the lock. `str()` is the message alone: it is a line for people."""

    def __str__(self) -> str:
        return self.problem.message


def what_is(kind: str) -> str:
    """What a lock protects, for people."""
    return _WHAT.get(kind, kind)


class Locks(Protocol):
    """Locks of natural keys, in a folder or in a database."""

    def hold(self, kind: str, natural_key: str) -> AbstractContextManager[None]:
        """Raises Taken when another process keeps the lock for longer than the time-out. Not re-entrant."""

    def check(self) -> None:
        """Right before a write: every lock of this thread is still held. Raises RetryLater."""


class KeyLocks:
    """Locks below one folder. Freed by the operating system when the holder dies."""

    def __init__(self, folder: Path, scope: str, *, timeout_seconds: float = 300.0) -> None:
        self._folder = folder
        self._scope = scope
        self._timeout = timeout_seconds

    @contextlib.contextmanager
    def hold(self, kind: str, natural_key: str) -> Iterator[None]:
        """Raises Taken when another process keeps the lock for longer than the time-out. Not re-entrant."""
        private_folder(self._folder)
        key, what = natural_key.strip().casefold(), what_is(kind)
        # A file name is seen by more people than a file, and the key may be somebody's e-mail.
        unique = hashlib.sha256(f"{self._scope}\n{kind}\n{key}".encode()).hexdigest()[:24]
        name = f"{re.sub(r'[^a-z.]', '_', kind)}-{unique}.lock"
        import filelock  # who only reads locks nothing

        lock = filelock.FileLock(str(self._folder / name), mode=0o600, thread_local=False)
        try:
            lock.acquire(timeout=self._timeout, poll_interval=0.02)
        except filelock.Timeout:
            message = f"another run works on {what} {natural_key} (waited {self._timeout:.0f} s); the next run goes on"
            raise Taken(Problem("locks", kind, None, "locked", message)) from None
        try:
            yield
        finally:
            lock.release()

    def check(self) -> None:
        """A lock of the operating system cannot be lost while its process lives."""

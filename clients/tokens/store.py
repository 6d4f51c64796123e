"""Where a token chain is kept: one document a credential, replaced as a whole, renewed under a lease."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import filelock

from clients.errors import PersonMustAct, Problem, RetryLater
from clients.redact import SECRETS
from schemas.whole_file import sync_folder

LEASE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Chain:
    """One credential's tokens. Times are seconds since 1970, UTC.

    `seed` holds digests of the tokens that a person put in, so that a newer one replaces the chain and an old one does
    not.
    `sent_at` is set before the refresh token is sent and cleared with the final answer: set and nobody renewing, nobody
    knows whether the token was spent. `rejected` holds the answer after a definite refusal.
    """

    refresh_token: str
    access_token: str = ""
    expires_at: float = 0.0
    obtained_at: float = 0.0
    seed: str = ""
    sent_at: float | None = None
    rejected: str = ""

    def __repr__(self) -> str:
        return f"Chain(expires_at={self.expires_at}, sent_at={self.sent_at}, rejected={self.rejected!r})"

    def to_json(self) -> str:
        return json.dumps({"format": 1, **asdict(self)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Chain:
        """Raises ValueError for anything but a whole document."""
        data: Any = json.loads(text)
        if not isinstance(data, dict) or data.get("format") != 1 or not isinstance(data.get("refresh_token"), str):
            raise ValueError("not a token document")
        known = {field.name for field in fields(cls)}
        chain = cls(**{name: value for name, value in data.items() if name in known})
        SECRETS.add(chain.refresh_token, chain.access_token)
        return chain


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest() if token else ""


class TokenStore(Protocol):
    """Keeps one chain."""

    @property
    def place(self) -> str:
        """For people: where it is."""

    def load(self) -> Chain | None: ...

    def save(self, chain: Chain) -> None:
        """Returns only when the chain is durable."""

    def lease(self) -> contextlib.AbstractContextManager[None]:
        """At most one holder among all processes that use this store. Raises RetryLater when it stays taken."""

    def proven(self) -> None:
        """The newest chain works: older generations may go."""

    def spec(self) -> dict[str, str]:
        """What another process needs to open the same store."""


class FileTokenStore:
    """A file with mode 0600, replaced atomically. The generation before it stays beside it until the new one is proven,
    so that a torn disk never leaves us with nothing."""

    def __init__(self, path: Path, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._path = path
        self._previous = path.with_name(path.name + ".previous")
        self._lease_seconds = lease_seconds

    @property
    def place(self) -> str:
        return str(self._path)

    def spec(self) -> dict[str, str]:
        return {"kind": "file", "path": str(self._path)}

    def load(self) -> Chain | None:
        for path in (self._path, self._previous):
            try:
                return Chain.from_json(path.read_text(encoding="utf-8"))
            except FileNotFoundError:
                continue
            except (ValueError, TypeError):
                # Cut short by a full disk or edited by hand: the generation before it is the best there is.
                continue
        return None

    def save(self, chain: Chain) -> None:
        folder = self._path.parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=folder, prefix=f".{self._path.name}.")  # mkstemp makes it 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(chain.to_json())
                stream.flush()
                os.fsync(stream.fileno())
            self._keep_previous(folder)
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        sync_folder(folder)

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
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A lock of its own for each use: the operating system frees it when its process dies.
        lock = filelock.FileLock(str(self._path) + ".lock", mode=0o600, thread_local=False)
        try:
            lock.acquire(timeout=self._lease_seconds, poll_interval=0.02)
        except filelock.Timeout:
            message = f"another process has been renewing {self.place} for {self._lease_seconds:.0f} s"
            raise RetryLater(Problem("tokens", "lease", None, "lease-taken", message)) from None
        try:
            yield
        finally:
            lock.release()

    def loose_permissions(self) -> str:
        """The mode when others may read the file, else ""."""
        try:
            mode = stat.S_IMODE(self._path.stat().st_mode)
        except FileNotFoundError:
            return ""
        return f"{mode:04o}" if mode & 0o077 else ""


def open_store(spec: dict[str, str]) -> TokenStore:
    """The store that `spec()` of another process names. The Azure library is loaded only where a vault is used."""
    if spec["kind"] == "file":
        return FileTokenStore(Path(spec["path"]))
    if spec["kind"] == "key_vault":
        from clients.tokens.key_vault import KeyVaultTokenStore

        return KeyVaultTokenStore.open(spec["vault"], spec["name"])
    problem = Problem("tokens", "open", None, "unknown-store", f"no token store of kind {spec['kind']}")
    raise PersonMustAct(problem, owner="us", action="name a file or a key vault as token_store of the connection")

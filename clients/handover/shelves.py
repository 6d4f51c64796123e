"""Where entries and their encrypted values are kept: a folder (age), or Azure Key Vault, whose tags hold the entry.

The folder must be on storage that outlives a runner and that the operators reach, like the token store's; a vault is
shared by nature.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from clients.errors import PersonMustAct, Problem
from clients.handover.entry import Entry
from clients.handover.recipients import parse, resolve
from clients.locks import KeyLocks
from schemas.read.json_text import json_of
from schemas.write.whole_file import draft_of, private_folder, sync_folder, write_whole

ROOM = 16 * 1024
"""Bytes that a reservation holds free: an entry with a value for a dozen recipients."""


class Vault(Protocol):
    """A secret store that encrypts by itself (Azure Key Vault). `tags`: up to 15 texts of at most 256 characters."""

    def put(self, name: str, value: str, tags: Mapping[str, str]) -> None: ...

    def get(self, name: str) -> str: ...

    def tag(self, name: str, tags: Mapping[str, str], *, enabled: bool) -> None: ...

    def tagged(self, tag: str) -> list[Mapping[str, str]]: ...

    def lease(self, name: str) -> contextlib.AbstractContextManager[None]: ...


class Shelf(Protocol):
    """Every change of an entry is one step of its own: after a kill the entry is as before or as after.

    `put` keeps entry and value together, `save` keeps the value as long as the entry is not done. `hold` keeps two
    people apart, over processes and, in a vault, over machines.
    """

    kind: str

    def check(self) -> None: ...

    def reserve(self, entry: Entry) -> None: ...

    def release(self, entry: Entry) -> None: ...

    def put(self, entry: Entry, value: str) -> None: ...

    def save(self, entry: Entry) -> None: ...

    def entries(self) -> list[Entry]: ...

    def has(self, entry: Entry) -> bool: ...

    def open(self, entry: Entry, identity_file: Path | None) -> str: ...

    def hold(self, name: str) -> contextlib.AbstractContextManager[None]: ...


class FolderShelf:
    """`<home>/handover/<reference>.json`: the entry and, until it is done, `value`, encrypted to the recipients (age's
    text format)."""

    kind = "age"

    def __init__(self, home: Path, recipients: Sequence[str], scope: str, spare_of: Path | None = None) -> None:
        """`spare_of`: CSP_HOME, where `home` only stands in for it: a folder whose parent others can write to, so that
        it counts only if it is ours alone."""
        self._home = spare_of or home
        self._shared = home if spare_of else None
        self._folder = home / "handover"
        self._recipients = tuple(recipients)
        self._scope = scope
        self._locks = KeyLocks(home / "locks", scope, timeout_seconds=10.0)

    def check(self) -> None:
        parse(resolve(self._recipients, self._home))

    def reserve(self, entry: Entry) -> None:
        """Prove the folder by a real write: a draft of the entry that is on disk and has room for its value, so that a
        disk that fills up meanwhile does not matter. Raises PersonMustAct."""
        self.check()
        draft = draft_of(self._file(entry))
        try:
            private_folder(self._folder)
            self._refuse_strangers()
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as out:
                out.write(b" " * ROOM)
                out.flush()
                os.fsync(handle)
            sync_folder(self._folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            where = self._folder if self._shared else "the folder handover below CSP_HOME"
            message = f"nothing can be written to {where}: {error.strerror or type(error).__name__}"
            action = f"make {where} writable for this user, with free space"
            raise _no_key("reserve", message, action) from None

    def release(self, entry: Entry) -> None:
        """Give up a reservation that was not used. A draft that holds anything stays: it may be the only copy."""
        draft = draft_of(self._file(entry))
        with contextlib.suppress(OSError):
            if not draft.read_bytes().strip():
                draft.unlink()

    def put(self, entry: Entry, value: str) -> None:
        kept = ""
        if entry.kind == self.kind:
            import pyrage

            keys = parse(resolve(self._recipients, self._home))
            kept = pyrage.encrypt(value.encode(), keys, armored=True).decode()
        self._write(entry, kept)

    def save(self, entry: Entry) -> None:
        """The caller holds the entry."""
        self._write(entry, "" if entry.done else str(self._read(self._file(entry)).get("value", "")))

    def _refuse_strangers(self) -> None:
        """Raises PermissionError when somebody else made the folder, or can write to it."""
        if self._shared is not None:
            found = self._shared.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
                raise PermissionError(errno.EPERM, "it belongs to somebody else")

    def entries(self) -> list[Entry]:
        try:
            self._refuse_strangers()
        except OSError:
            return []
        self._take_over()
        found = []
        for path in self._folder.glob("*.json"):
            try:
                data = self._read(path)
                if data["scope"] == self._scope:
                    found.append(Entry.of(data))
            except (OSError, ValueError, TypeError, KeyError):
                message = f"{path.name} in the handover folder is not readable"
                raise _no_key("list", message, "restore the file from a backup, or move it away") from None
        return found

    def has(self, entry: Entry) -> bool:
        """Whether the entry is in this place."""
        return self._file(entry).exists()

    def open(self, entry: Entry, identity_file: Path | None) -> str:
        import pyrage

        path = identity_file or self._home / "handover" / "identity.txt"
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            keys = [line.strip() for line in lines if line.startswith("AGE-SECRET-KEY-")]
            identities: list[Any] = [pyrage.x25519.Identity.from_str(key) for key in keys]
            if not identities:
                identities = [pyrage.ssh.Identity.from_buffer(path.read_bytes())]
            plain: bytes = pyrage.decrypt(str(self._read(self._file(entry))["value"]).encode(), identities)
        except OSError as error:
            message = f"cannot read the key or the entry: {error.strerror}"
            raise _no_key("deliver", message, "name the private key file") from None
        except (pyrage.IdentityError, pyrage.DecryptError, ValueError, KeyError):
            message = "this key does not open the entry"
            raise _no_key("deliver", message, "use the private key of one of the recipients") from None
        return plain.decode()

    @contextlib.contextmanager
    def hold(self, name: str) -> Iterator[None]:
        with self._locks.hold("handover", name):
            yield

    def _take_over(self) -> None:
        """A new entry whose writer was killed when all of it was written, but not yet in its place: it counts, because
        nobody else has that password."""
        for draft in self._folder.glob(".*.json.new"):
            place = draft.with_name(draft.name[1 : -len(".new")])
            with contextlib.suppress(OSError, ValueError, TypeError):
                if not place.exists() and Entry.of(self._read(draft)):
                    draft.rename(place)

    def _write(self, entry: Entry, value: str) -> None:
        private_folder(self._folder)
        data = {**asdict(entry), "scope": self._scope, **({"value": value} if value else {})}
        file, content = self._file(entry), json.dumps(data).encode()
        try:
            if not _filled(draft_of(file), content):
                write_whole(file, content, mode=0o600)
        except FileNotFoundError:  # a reader has taken the whole draft over
            if not file.exists():
                raise

    def _file(self, entry: Entry) -> Path:
        return self._folder / f"{entry.reference}.json"

    @staticmethod
    def _read(path: Path) -> dict[str, Any]:
        """Raises OSError, ValueError."""
        data: Any = json_of(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise ValueError(path.name)
        return data


def _filled(draft: Path, content: bytes) -> bool:
    """Write into a reserved draft, in place, and let it take its file's place. False: nothing is reserved there.

    The rest of the reservation stays blank, which JSON allows: cutting it off would be one more step that can fail.
    """
    try:
        handle = os.open(draft, os.O_WRONLY)
    except FileNotFoundError:
        return False
    with os.fdopen(handle, "wb") as out:
        out.write(content.ljust(ROOM))
        out.truncate()  # a longer draft of a killed process
        out.flush()
        os.fsync(handle)
    draft.replace(draft.with_name(draft.name[1 : -len(".new")]))
    sync_folder(draft.parent)
    return True


class VaultShelf:
    """Azure Key Vault: one secret an entry, named by its reference; its tags are the entry."""

    kind = "key_vault"
    _TAG = "csp-handover"

    def __init__(self, vault: Vault, scope: str) -> None:
        self._vault = vault
        self._scope = scope

    def check(self) -> None:
        """Only a write shows the right to write: a secret of its own that holds nothing."""
        self._vault.put(f"{self._TAG}-check", "-", {})

    def reserve(self, entry: Entry) -> None:
        """A vault has room; what can be missing is the right to write. Raises PersonMustAct, RetryLater."""
        self.check()

    def release(self, entry: Entry) -> None:
        """Nothing is kept for a reservation."""

    def put(self, entry: Entry, value: str) -> None:
        self._vault.put(entry.reference, value, self._tags(entry))

    def save(self, entry: Entry) -> None:
        """A done one is disabled in the same call; its owner can enable it again until it is purged."""
        self._vault.tag(entry.reference, self._tags(entry), enabled=not entry.done)

    def entries(self) -> list[Entry]:
        found = [tags for tags in self._vault.tagged(self._TAG) if tags.get(self._TAG) == self._scope]
        return [Entry.of({"user_name": "", **tags}) for tags in found]

    def has(self, entry: Entry) -> bool:
        """The kind tells."""
        return entry.kind != FolderShelf.kind

    def open(self, entry: Entry, identity_file: Path | None) -> str:
        return self._vault.get(entry.reference)

    def hold(self, name: str) -> contextlib.AbstractContextManager[None]:
        return self._vault.lease(name)

    def _tags(self, entry: Entry) -> dict[str, str]:
        """Empty members are left out: a secret has room for 15 tags."""
        kept = {name: text[:256] for name, text in asdict(entry).items() if text}
        return {self._TAG: self._scope, **kept}


def _no_key(operation: str, message: str, action: str) -> PersonMustAct:
    return PersonMustAct(Problem("handover", operation, None, "no-key", message), owner="us", action=action)

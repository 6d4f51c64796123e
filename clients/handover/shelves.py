"""Where entries and their encrypted values are kept: a folder (age), or Azure Key Vault, whose tags hold the entry.

The folder must be on storage that outlives a runner and that the operators reach, like the token store's; a vault is
shared by nature.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import pyrage

from clients.errors import PersonMustAct, Problem
from clients.handover.entry import Entry
from clients.handover.recipients import parse, resolve
from clients.locks import KeyLocks
from schemas.whole_file import private_folder, write_whole


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

    def put(self, entry: Entry, value: str) -> None: ...

    def save(self, entry: Entry) -> None: ...

    def entries(self) -> list[Entry]: ...

    def open(self, entry: Entry, identity_file: Path | None) -> str: ...

    def hold(self, name: str) -> contextlib.AbstractContextManager[None]: ...


class FolderShelf:
    """`<home>/handover/<reference>.json`: the entry and, until it is done, `value`, encrypted to the recipients (age's
    text format)."""

    kind = "age"

    def __init__(self, home: Path, recipients: Sequence[str], scope: str) -> None:
        self._home = home
        self._folder = home / "handover"
        self._recipients = tuple(recipients)
        self._scope = scope
        self._locks = KeyLocks(home / "locks", scope, timeout_seconds=10.0)

    def check(self) -> None:
        parse(resolve(self._recipients, self._home))

    def put(self, entry: Entry, value: str) -> None:
        kept = ""
        if entry.kind == self.kind:
            keys = parse(resolve(self._recipients, self._home))
            kept = pyrage.encrypt(value.encode(), keys, armored=True).decode()
        self._write(entry, kept)

    def save(self, entry: Entry) -> None:
        """The caller holds the entry."""
        self._write(entry, "" if entry.done else str(self._read(self._file(entry)).get("value", "")))

    def entries(self) -> list[Entry]:
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

    def open(self, entry: Entry, identity_file: Path | None) -> str:
        path = identity_file or self._folder / "identity.txt"
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
        file = self._file(entry)
        try:
            write_whole(file, json.dumps(data).encode(), mode=0o600)
        except FileNotFoundError:  # a reader has taken the whole draft over
            if not file.exists():
                raise

    def _file(self, entry: Entry) -> Path:
        return self._folder / f"{entry.reference}.json"

    @staticmethod
    def _read(path: Path) -> dict[str, Any]:
        """Raises OSError, ValueError."""
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise ValueError(path.name)
        return data


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

    def put(self, entry: Entry, value: str) -> None:
        self._vault.put(entry.reference, value, self._tags(entry))

    def save(self, entry: Entry) -> None:
        """A done one is disabled in the same call; its owner can enable it again until it is purged."""
        self._vault.tag(entry.reference, self._tags(entry), enabled=not entry.done)

    def entries(self) -> list[Entry]:
        found = [tags for tags in self._vault.tagged(self._TAG) if tags.get(self._TAG) == self._scope]
        return [Entry.of({"user_name": "", **tags}) for tags in found]

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

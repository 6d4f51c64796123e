"""Keeps one-time credentials encrypted, and who got them when. The value is never stored or shown in the clear."""

from __future__ import annotations

import json
import os
import re
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pyrage

from clients.clock import Clock
from clients.errors import NotFound, OurBug, PersonMustAct, Problem
from clients.handover.recipients import parse, resolve
from clients.partner_center.models import OneTimeCredentials
from clients.redact import SECRETS


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a hand-over without its value. `delivered_to` is "" until it was delivered; `elsewhere` names
    the vault where an operator keeps it when we never held the value. Dates are ISO 8601, UTC."""

    reference: str
    customer: str
    user_name: str
    kind: str  # age | key_vault | elsewhere
    created: str
    delivered_to: str = ""
    delivered_by: str = ""
    delivered: str = ""
    elsewhere: str = ""


class Vault(Protocol):
    """A secret store that encrypts by itself (Azure Key Vault)."""

    def put(self, name: str, value: str) -> None: ...

    def get(self, name: str) -> str: ...

    def disable(self, name: str) -> None: ...


class HandoverStore:
    """Entries below one folder. `recipients` are those of the connection."""

    def __init__(
        self, home: Path, recipients: Sequence[str], *, clock: Clock, scope: str, vault: Vault | None = None
    ) -> None:
        self._home = home
        self._folder = home / "handover"
        self._recipients = tuple(recipients)
        self._clock = clock
        self._scope = scope
        self._vault = vault

    def check(self) -> None:
        """Raises PersonMustAct when nobody could open a credential: call it before anything irreversible."""
        if self._vault is None:
            parse(resolve(self._recipients, self._home))

    def put(self, customer_key: str, credentials: OneTimeCredentials, recipients: Sequence[str] | None = None) -> str:
        """Encrypts to `recipients` (default: the connection's) and returns the reference once it is durable."""
        SECRETS.add(credentials.password)
        reference = f"{re.sub(r'[^a-z0-9-]', '-', customer_key.lower())}-{uuid.uuid4().hex[:12]}"
        text = json.dumps({"user_name": credentials.user_name, "password": credentials.password})
        if self._vault is not None and recipients is None:
            self._vault.put(reference, text)
            kind = "key_vault"
        else:
            keys = parse(resolve(tuple(self._recipients if recipients is None else recipients), self._home))
            self._write(f"{reference}.age", pyrage.encrypt(text.encode(), keys))
            kind = "age"
        self._save(Entry(reference, customer_key, credentials.user_name, kind, self._today()))
        return reference

    def record(self, customer_key: str, user_name: str, where: str, by: str) -> str:
        """For a tenant made in the console: only where the operator put the credentials, never the value."""
        reference = f"{re.sub(r'[^a-z0-9-]', '-', customer_key.lower())}-{uuid.uuid4().hex[:12]}"
        self._save(
            Entry(reference, customer_key, user_name, "elsewhere", self._today(), delivered_by=by, elsewhere=where)
        )
        return reference

    def list(self, customer_key: str = "") -> list[Entry]:
        """Entries of this connection, oldest first."""
        entries = []
        for path in sorted(self._folder.glob("*.json")):
            data: Any = json.loads(path.read_text(encoding="utf-8"))
            if data.pop("scope", None) == self._scope:
                entries.append(Entry(**data))
        found = [entry for entry in entries if not customer_key or entry.customer == customer_key]
        return sorted(found, key=lambda entry: (entry.created, entry.reference))

    def deliver(self, reference: str, *, to: str, by: str, identity_file: Path | None = None) -> OneTimeCredentials:
        """Opens an entry once, for a named recipient, and keeps who and when. The delivery is noted before the value is
        returned, so that a value can never have been seen without a trace. Raises NotFound, OurBug (delivered before),
        PersonMustAct (no key that opens it)."""
        entry = next((entry for entry in self.list() if entry.reference == reference), None)
        if entry is None:
            raise NotFound(_problem("deliver", "absent", f"no hand-over {reference}"))
        if entry.delivered:
            raise OurBug(
                _problem("deliver", "delivered", f"delivered to {entry.delivered_to} on {entry.delivered[:10]}")
            )
        if entry.kind == "elsewhere":
            raise OurBug(_problem("deliver", "elsewhere", f"the value is kept in {entry.elsewhere}"))
        text = self._open(entry, identity_file)
        data: Any = json.loads(text)
        credentials = OneTimeCredentials(user_name=data["user_name"], password=data["password"])
        SECRETS.add(credentials.password)
        self._save(replace(entry, delivered_to=to, delivered_by=by, delivered=self._today()))
        if entry.kind == "key_vault" and self._vault is not None:
            self._vault.disable(reference)
        else:
            (self._folder / f"{reference}.age").unlink(missing_ok=True)
        return credentials

    def _open(self, entry: Entry, identity_file: Path | None) -> str:
        if entry.kind == "key_vault":
            if self._vault is None:
                raise _no_key("the connection names no key vault any more", "name the key vault in the connection")
            return self._vault.get(entry.reference)
        path = identity_file or self._folder / "identity.txt"
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            keys = [line.strip() for line in lines if line.startswith("AGE-SECRET-KEY-")]
            identities: list[Any] = [pyrage.x25519.Identity.from_str(key) for key in keys]
            if not identities:
                identities = [pyrage.ssh.Identity.from_buffer(path.read_bytes())]
            plain: bytes = pyrage.decrypt((self._folder / f"{entry.reference}.age").read_bytes(), identities)
        except OSError as error:
            raise _no_key(f"cannot read the key or the entry: {error.strerror}", "name the private key file") from None
        except (pyrage.IdentityError, pyrage.DecryptError, ValueError):
            raise _no_key("this key does not open the entry", "use the private key of one of the recipients") from None
        return plain.decode()

    def _save(self, entry: Entry) -> None:
        self._write(f"{entry.reference}.json", json.dumps({**asdict(entry), "scope": self._scope}).encode())

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".handover-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(self._folder / name)

    def _today(self) -> str:
        return self._clock.now().isoformat(timespec="seconds")


def _problem(operation: str, code: str, message: str) -> Problem:
    return Problem("handover", operation, None, code, message)


def _no_key(message: str, action: str) -> PersonMustAct:
    return PersonMustAct(_problem("deliver", "no-key", message), owner="us", action=action)

"""Keeps one-time credentials encrypted, delivers each once, and keeps who got it when. Never the value in the clear."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clients.errors import ClientError, NotFound, OurBug, Problem
from clients.handover.entry import KEPT, SETTLED, UNDELIVERED, Entry, newest
from clients.handover.recipients import parse, resolve
from clients.handover.shelves import FolderShelf, Shelf, Vault, VaultShelf
from clients.redact import SECRETS
from clients.wire.clock import Clock
from schemas.read.json_text import json_of

if TYPE_CHECKING:
    from clients.partner_center.models import OneTimeCredentials


@dataclass(frozen=True, slots=True)
class Reservation:
    """Places for a value that does not exist yet: each was written to, and the value is encrypted to `keys`."""

    entry: Entry
    second: Entry
    keys: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a value is. `reference`: its entry; "" when no place took it, and `text` is all there is: the value,
    encrypted to the recipients, as one line of base64 (age). `trouble`: why it is not in its first place, or ""."""

    reference: str
    trouble: str = ""
    text: str = ""


class HandoverStore:
    """The entries of one connection (`scope`). The second place is for values whose first place fails when they exist
    already: beside a key vault the folder below CSP_HOME, beside that folder one in the system's folder for temporary
    files."""

    def __init__(
        self,
        home: Path,
        recipients: Sequence[str],
        *,
        clock: Clock,
        scope: str,
        vault: Vault | None = None,
        spare: Path | None = None,
    ) -> None:
        self._clock = clock
        spare = spare or spare_of(home)
        first = FolderShelf(home, recipients, scope)
        self._shelf: Shelf = VaultShelf(vault, scope) if vault is not None else first
        # Also where an entry is from before a connection changed to a key vault.
        self._second = first if vault is not None else FolderShelf(spare, recipients, scope, spare_of=home)
        self._recipients, self._home = tuple(recipients), home

    def check(self) -> None:
        """For a person who brings a value: a real write to the first place, which leaves nothing. Raises PersonMustAct
        when nobody could open a value, or the place takes none from us; RetryLater when a vault does not answer."""
        entry = self._new("check", "", self._shelf.kind, "")
        self._shelf.reserve(entry)
        self._shelf.release(entry)

    def reserve(self, customer_key: str) -> Reservation:
        """Prove both places before a call that cannot be undone and whose answer holds a value. Raises as `check`, also
        for a vault without recipients: its second place could not be encrypted to anybody."""
        entry = self._new(customer_key, "", self._shelf.kind, "")
        second = replace(entry, kind=self._second.kind)
        keys = tuple(parse(resolve(self._recipients, self._home)))
        self._shelf.reserve(entry)
        try:
            self._second.reserve(second)
        except ClientError:
            self._shelf.release(entry)
            raise
        return Reservation(entry, second, keys)

    def release(self, reservation: Reservation) -> None:
        """The value never came to be."""
        self._shelf.release(reservation.entry)
        self._second.release(reservation.second)

    def keep(self, reservation: Reservation, credentials: OneTimeCredentials, *formerly: str) -> Kept:
        """Store the value in the first place that takes it. Raises nothing: whatever happens, the answer says where it
        is. `formerly`: keys that the customer had before it was renamed."""
        SECRETS.add(credentials.password)
        value = json.dumps({"user_name": credentials.user_name, "password": credentials.password})
        trouble = ""
        for shelf, entry in ((self._shelf, reservation.entry), (self._second, reservation.second)):
            try:
                shelf.put(replace(entry, user_name=credentials.user_name), value)
            except (ClientError, OSError, ValueError) as why:
                trouble = trouble or _one_line(why)
                continue
            if shelf is self._shelf:
                self._second.release(reservation.second)
            self._stored(entry.customer, *formerly)
            return Kept(entry.reference, trouble)
        import pyrage

        sealed: bytes = pyrage.encrypt(value.encode(), list(reservation.keys))
        return Kept("", trouble, base64.b64encode(sealed).decode("ascii"))

    def put(
        self,
        customer_key: str,
        credentials: OneTimeCredentials,
        *,
        by: str = "",
        again: bool = False,
        formerly: Sequence[str] = (),
    ) -> str:
        """Encrypts and returns the reference once it is durable.

        `by`: the person who puts it, "" for a run that has just made the tenant. A person is refused with OurBug when
        an earlier entry of the customer still waits for its delivery, unless `again`: then the new one replaces it.
        `formerly`: keys that the customer had before it was renamed; their entries are its own.
        """
        SECRETS.add(credentials.password)
        with self._shelf.hold(_plain(f"put-{customer_key}")) if by else contextlib.nullcontext():
            open_ones = [e for e in self.list(customer_key, *formerly) if e.state in UNDELIVERED] if by else []
            if open_ones and not again:
                told = f"{open_ones[0].reference} of {open_ones[0].created[:10]} was not delivered yet"
                raise OurBug(_problem("put", "exists", told))
            entry = self._new(customer_key, credentials.user_name, self._shelf.kind, by)
            self._shelf.put(entry, json.dumps({"user_name": credentials.user_name, "password": credentials.password}))
        self._stored(customer_key, *formerly)
        return entry.reference

    def record(self, customer_key: str, user_name: str, where: str, by: str, formerly: Sequence[str] = ()) -> str:
        """For a tenant made in the console: only where the operator put the credentials, never the value."""
        entry = replace(self._new(customer_key, user_name, "elsewhere", by), elsewhere=where)
        self._shelf.put(entry, "-")
        self._stored(customer_key, *formerly)
        return entry.reference

    def lose(self, customer_key: str, user_name: str, *, by: str, why: str, formerly: Sequence[str] = ()) -> str:
        """A person states that nobody has the value any more: the last entry is lost, or a new one says so."""
        last = newest(self.list(customer_key, *formerly))
        if last is None or last.lost:
            entry = self._new(customer_key, user_name, "none", by)
            self._shelf.put(replace(entry, lost=self._now(), lost_by=by, why=why), "-")
            self._stored(customer_key, *formerly)
            return entry.reference
        with self._hold(last):
            self._save(replace(self._entry(last.reference), lost=self._now(), lost_by=by, why=why))
        return last.reference

    def list(self, *customer_keys: str) -> list[Entry]:
        """Entries of these customers (none: of all) on this connection, oldest first."""
        first = self._shelf.entries()
        known = {entry.reference for entry in first}  # a first place that failed may have kept it all the same
        entries = first + [entry for entry in self._second.entries() if entry.reference not in known]
        found = [entry for entry in entries if not customer_keys or entry.customer in customer_keys]
        return sorted(found, key=lambda entry: (entry.created, entry.reference))

    def tidy(self, *customer_keys: str) -> None:
        """What the newest entry of a customer (under any of its keys) makes void: every older one that was not
        delivered. A killed run may not have got to it."""
        last = newest(self.list(*customer_keys))
        for entry in self.list(*customer_keys):
            if last is not None and entry.reference != last.reference and entry.state not in SETTLED:
                with self._hold(entry):
                    now = self._entry(entry.reference)
                    if now.state not in SETTLED:
                        self._save(replace(now, replaced=self._now()))

    @contextlib.contextmanager
    def delivery(
        self, reference: str, *, to: str, by: str, identity_file: Path | None = None, nothing_arrived: bool = False
    ) -> Iterator[OneTimeCredentials]:
        """Opens an entry once: the value is shown inside the `with` block, and is gone after it.

        The begin is noted before the value is given out, the end after the block. When the block raises, or the process
        dies in it, nobody can know here whether the value was seen: the entry stays `interrupted` and is refused, until
        a person states `nothing_arrived`. A key that does not open the entry begins nothing.

        Raises NotFound, OurBug (delivered, interrupted, kept elsewhere, lost), PersonMustAct (no key that opens it),
        RetryLater (another delivery of it is running; the vault does not answer).
        """
        from clients.partner_center.models import OneTimeCredentials

        entry = self._entry(reference)
        with self._hold(entry):
            entry = self._entry(reference)  # as it is now that nobody else works on it
            self._refuse(entry, nothing_arrived)
            data: Any = json_of(self._where(entry).open(entry, identity_file))
            credentials = OneTimeCredentials(user_name=data["user_name"], password=data["password"])
            SECRETS.add(credentials.password)
            begun = replace(entry, opened=self._now(), delivered_to=to, delivered_by=by)
            self._save(begun)
            yield credentials
            self._save(replace(begun, delivered=self._now()))

    def deliver(self, reference: str, *, to: str, by: str, identity_file: Path | None = None) -> OneTimeCredentials:
        """A delivery whose caller shows the value afterwards: for callers that cannot fail in between."""
        with self.delivery(reference, to=to, by=by, identity_file=identity_file) as credentials:
            return credentials

    def arrived(self, reference: str, *, by: str) -> None:
        """A person states that an interrupted delivery did arrive; the value goes. Raises NotFound, OurBug."""
        entry = self._entry(reference)
        with self._hold(entry):
            entry = self._entry(reference)
            if entry.state != "interrupted":
                raise OurBug(_problem("deliver", "not-interrupted", f"no delivery of {reference} was interrupted"))
            self._save(replace(entry, delivered=self._now(), why=f"stated by {by}"))

    # --- inside

    def _new(self, customer_key: str, user_name: str, kind: str, by: str) -> Entry:
        reference = f"{_plain(customer_key)}-{uuid.uuid4().hex[:12]}"
        return Entry(reference, customer_key, user_name, kind, self._now(), created_by=by)

    def _stored(self, *customer_keys: str) -> None:
        """The new value is safe: whatever happens from here on must not tell it as lost."""
        with contextlib.suppress(ClientError, OSError):
            self.tidy(*customer_keys)

    def _entry(self, reference: str) -> Entry:
        entry = next((entry for entry in self.list() if entry.reference == reference), None)
        if entry is None:
            raise NotFound(_problem("deliver", "absent", f"no hand-over {reference}"))
        return entry

    @staticmethod
    def _refuse(entry: Entry, nothing_arrived: bool) -> None:
        who = f"to {entry.delivered_to} on {(entry.delivered or entry.opened)[:16]}Z by {entry.delivered_by}"
        if entry.lost:
            told = f"stated as lost by {entry.lost_by} on {entry.lost[:10]}: {entry.why}"
            raise OurBug(_problem("deliver", "lost", told))
        if entry.replaced:
            raise OurBug(_problem("deliver", "replaced", f"a newer entry of {entry.customer} took its place"))
        if entry.delivered:
            raise OurBug(_problem("deliver", "delivered", f"delivered {who}; nobody gets it twice"))
        if entry.kind not in KEPT:
            raise OurBug(_problem("deliver", "elsewhere", f"the value is kept in {entry.elsewhere}"))
        if entry.opened and not nothing_arrived:
            told = f"a delivery {who} began and its end was not noted: the value may have been seen"
            raise OurBug(_problem("deliver", "interrupted", told))

    def _where(self, entry: Entry) -> Shelf:
        return self._second if self._second.has(entry) and not self._shelf.has(entry) else self._shelf

    def _hold(self, entry: Entry) -> contextlib.AbstractContextManager[None]:
        return self._where(entry).hold(entry.reference)

    def _save(self, entry: Entry) -> None:
        for shelf in (self._shelf, self._second):
            if shelf.has(entry):
                shelf.save(entry)

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="microseconds")  # the order of two entries


def spare_of(home: Path) -> Path:
    """Where values of the hand-over folder below `home` go when it takes none: on another file system, more often than
    not, and of this user alone."""
    of = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"csp-handover-{os.getuid()}-{of}"


def _one_line(error: Exception) -> str:
    told = error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
    return " ".join(told.split())


def _plain(name: str) -> str:
    """Names of files and of secrets in a vault: letters, digits, dashes."""
    return re.sub(r"[^a-z0-9-]", "-", name.lower())


def _problem(operation: str, code: str, message: str) -> Problem:
    return Problem("handover", operation, None, code, message)

"""Entities in memory, written through to SQLite.

Handlers work on plain objects and say :meth:`Table.put` after a change. The server calls :meth:`Store.commit` once a
request, *before* the answer is sent: what was acknowledged is on the disk. In memory only what requests look up is
indexed, so no read handler walks the whole estate.
"""

from __future__ import annotations

import bisect
import json
import sqlite3
from collections.abc import Callable, Hashable, Iterable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

from csp_sandbox.situation import model

E = TypeVar("E", bound=model.Entity)
Keys = Callable[[E], Iterable[Hashable]]


class Table(Generic[E]):
    """All entities of one kind, in order of creation, with indexes."""

    def __init__(self, store: Store, kind: str, entity: type[E], indexes: dict[str, Keys[E]]) -> None:
        self.kind = kind
        self.entity = entity
        self._store = store
        self._rows: dict[str, E] = {}
        self._functions = indexes
        # index name -> key -> [(seq, id)], sorted: pages can be sought by seq without walking from the start
        self._indexes: dict[str, dict[Hashable, list[tuple[int, str]]]] = {name: {} for name in indexes}
        self._keys: dict[str, list[tuple[str, Hashable]]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[E]:
        return iter(list(self._rows.values()))

    def __contains__(self, entity_id: str) -> bool:
        return entity_id in self._rows

    def get(self, entity_id: str) -> E | None:
        """The entity, or None."""
        return self._rows.get(entity_id)

    def find(self, index: str, key: Hashable) -> list[E]:
        """All entities under an index key, oldest first."""
        return [self._rows[entity_id] for _, entity_id in self._indexes[index].get(key, ())]

    def first(self, index: str, key: Hashable) -> E | None:
        """The oldest entity under an index key, or None."""
        hits = self._indexes[index].get(key)
        return self._rows[hits[0][1]] if hits else None

    def after(self, index: str, key: Hashable, seq: int) -> Iterator[E]:
        """Entities under an index key that were created after ``seq``, oldest first, lazily."""
        hits = self._indexes[index].get(key, [])
        for position in range(bisect.bisect_right(hits, (seq, "\U0010ffff")), len(hits)):
            yield self._rows[hits[position][1]]

    def put(self, entity: E) -> E:
        """Add or save an entity."""
        if not entity.seq:
            entity.seq = self._store.next_seq()
        self._rows[entity.id] = entity
        self._index(entity)
        self._store.dirty[(self.kind, entity.id)] = entity
        return entity

    def remove(self, entity_id: str) -> None:
        """Forget an entity; unknown ids are ignored."""
        entity = self._rows.pop(entity_id, None)
        if entity is not None:
            self._unindex(entity)
            self._store.dirty[(self.kind, entity_id)] = None

    def load(self, entity: E) -> None:
        """Take an entity from the database, without writing it back."""
        self._rows[entity.id] = entity
        self._index(entity)

    def drop(self, entity_id: str) -> None:
        """Undo of a put whose request failed."""
        entity = self._rows.pop(entity_id, None)
        if entity is not None:
            self._unindex(entity)

    def clear(self) -> None:
        """Empty the table in memory."""
        self._rows.clear()
        self._keys.clear()
        for index in self._indexes.values():
            index.clear()

    def _index(self, entity: E) -> None:
        keys = [(name, key) for name, function in self._functions.items() for key in function(entity)]
        old = self._keys.get(entity.id)
        if old == keys:
            return
        if old is not None:
            self._unindex(entity)
        for name, key in keys:
            bisect.insort(self._indexes[name].setdefault(key, []), (entity.seq, entity.id))
        self._keys[entity.id] = keys

    def _unindex(self, entity: E) -> None:
        place = (entity.seq, entity.id)
        for name, key in self._keys.pop(entity.id, ()):
            hits = self._indexes[name][key]
            del hits[bisect.bisect_left(hits, place)]
            if not hits:
                del self._indexes[name][key]


class Store:
    """Every table, one SQLite file. ``path`` None keeps everything in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self.dirty: dict[tuple[str, str], model.Entity | None] = {}
        self.meta: dict[str, Any] = {}
        self._dirty_meta: set[str] = set()
        self._seq = 0
        self._tables: dict[str, Table[Any]] = {}
        if path is not None:
            path.touch(mode=0o600)  # it holds the simulated accounts' credentials: treat them like real ones
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=0.5)
        # WAL with NORMAL: a commit is in the operating system's hands before the answer goes out, which survives the
        # death of this process; only a power cut could lose it, and a sandbox does not promise that.
        # EXCLUSIVE: two processes on one file would each serve half of the truth, so the second one fails at the start.
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS entity (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id))")
        self._db.execute("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT)")
        self.accounts = self._table(
            "account",
            model.Account,
            {
                "partner_tenant": lambda e: [e.partner_tenant.lower()],
                "client_id": lambda e: [e.client_id.lower()],
                "reseller_tenant": lambda e: [e.reseller_tenant.lower()],
                "key": lambda e: [e.key],
            },
        )
        self.customers = self._table(
            "customer",
            model.IonCustomer,
            {
                "account": lambda e: [e.account, (e.account, e.status)],
                "email": lambda e: [e.email.casefold()],
                "name": lambda e: [(e.account, e.name.casefold())],
                "tenant": lambda e: [row.tenant_id.lower() for row in e.rows if row.tenant_id],
            },
        )
        self.tenants = self._table(
            "tenant",
            model.Tenant,
            {
                "domain": lambda e: {d.casefold() for d in [e.initial_domain, *e.domains]},
                "email": lambda e: {a.email.casefold() for a in e.global_admins},
                "contact": lambda e: {address.casefold() for address in (e.email, e.contact.email) if address},
            },
        )
        self.relationships = self._table(
            "relationship",
            model.Relationship,
            {
                "tenant": lambda e: [e.tenant_id],
                "provider": lambda e: [e.provider_tenant.lower()],
                "pair": lambda e: [(e.tenant_id, e.provider_tenant.lower())],
                "reseller": lambda e: [(e.reseller_tenant or "").lower()],
            },
        )
        self.agreements = self._table("agreement", model.Agreement, {"tenant": lambda e: [e.tenant_id]})
        self.attestations = self._table(
            "attestation",
            model.Attestation,
            {"partner": lambda e: [e.partner_tenant.lower()], "email": lambda e: [e.signatory.email.casefold()]},
        )
        self.mails = self._table(
            "mail",
            model.Mail,
            {
                "all": lambda e: [""],
                "to": lambda e: {a.casefold() for a in [*e.to, *e.cc]},
                "message_id": lambda e: [e.message_id],
            },
        )
        self.audit = self._table("audit", model.AuditRecord, {"partner": lambda e: [e.partner_tenant.lower()]})
        self.refresh_tokens = self._table("refresh_token", model.RefreshToken, {"chain": lambda e: [e.chain]})
        self.access_tokens = self._table("access_token", model.AccessToken, {"chain": lambda e: [e.chain]})
        self.device_logins = self._table("device_login", model.DeviceLogin, {})
        self.auth_codes = self._table("auth_code", model.AuthCode, {})
        self.replays = self._table("replay", model.Replay, {})
        self.notes = self._table("note", model.Note, {})
        self._load()

    def _table(self, kind: str, entity: type[E], indexes: dict[str, Keys[E]]) -> Table[E]:
        table = Table(self, kind, entity, indexes)
        self._tables[kind] = table
        return table

    def next_seq(self) -> int:
        """The next number in the order of creation; it never repeats, also across a restart."""
        self._seq += 1
        self.set_meta("seq", self._seq)
        return self._seq

    def set_meta(self, key: str, value: Any) -> None:
        """Keep a JSON value beside the entities."""
        self.meta[key] = value
        self._dirty_meta.add(key)

    def commit(self) -> None:
        """Write all changes since the last commit in one transaction; cheap when there are none."""
        if not self.dirty and not self._dirty_meta:
            return
        saved = [(kind, key, e.model_dump_json()) for (kind, key), e in self.dirty.items() if e is not None]
        gone = [key for key, entity in self.dirty.items() if entity is None]
        meta = [(key, json.dumps(self.meta[key])) for key in sorted(self._dirty_meta)]
        self._db.execute("BEGIN")
        try:
            self._db.executemany(
                "INSERT INTO entity VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body", saved
            )
            self._db.executemany("DELETE FROM entity WHERE kind = ? AND id = ?", gone)
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        self.dirty.clear()
        self._dirty_meta.clear()

    def rollback(self) -> None:
        """Forget the changes of a request that failed half-way: memory is read again from the database."""
        for kind, entity_id in list(self.dirty):
            table = self._tables[kind]
            found = self._db.execute("SELECT body FROM entity WHERE kind = ? AND id = ?", (kind, entity_id)).fetchone()
            if found is None:
                table.drop(entity_id)
            else:
                table.load(table.entity.model_validate_json(found[0]))
        self.dirty.clear()
        for key in self._dirty_meta:
            found = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
            self.meta.pop(key, None)
            if found is not None:
                self.meta[key] = json.loads(found[0])
        self._dirty_meta.clear()

    def wipe(self) -> None:
        """Empty everything, on disk too."""
        for table in self._tables.values():
            table.clear()
        self.dirty.clear()
        self.meta.clear()
        self._dirty_meta.clear()
        self._db.execute("DELETE FROM entity")
        self._db.execute("DELETE FROM meta")
        self._seq = 0

    def close(self) -> None:
        """Commit and close the database."""
        self.commit()
        self._db.close()

    def _load(self) -> None:
        self.meta.update({key: json.loads(value) for key, value in self._db.execute("SELECT key, value FROM meta")})
        self._seq = int(self.meta.get("seq", 0))
        for kind, body in self._db.execute("SELECT kind, body FROM entity ORDER BY rowid"):
            table = self._tables[kind]
            entity = table.entity.model_validate_json(body)
            table.load(entity)

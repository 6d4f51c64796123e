"""A whole estate in one process, on virtual time: the sandbox's handlers called directly, and a small engine.

The providers are the real ones (`providers/*.py` down to the bytes on the wire); only the network, the clock and Pulumi
are replaced. `Pipeline.up` does what `pulumi up` with `refresh: always` does, one resource after the other: read all,
then check, diff, create or update, and it keeps every finished resource in `Pipeline.state` at once, as the engine's
journal does. `hook` is called before and after every call; raising `Killed` in it is a SIGKILL at that boundary.

A run of four customers takes a tenth of a second. Any drill may use this; `copy` makes any number of cells from one
situation.
"""

from __future__ import annotations

import copy
import itertools
import json
import os
import shutil
import smtplib
import sqlite3
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from csp_sandbox import seed
from csp_sandbox.mailbox import deliver
from csp_sandbox.people import move_in, work
from csp_sandbox.people.operator import Step
from csp_sandbox.ready import ready_line
from csp_sandbox.server import build_app
from csp_sandbox.smtp import parse
from csp_sandbox.systems import SYSTEMS
from csp_sandbox.world import World

import schemas
from clients.connection import Session
from clients.handover import make_local_recipient
from clients.locks import KeyLocks
from clients.mail import MailSender
from onboarding import contract, inputs
from providers import attestation, component, customer, provider_association, removals, sessions, tenant_identity
from providers.dynamic import Provider
from tests.workspace import ROOT

KINDS: dict[str, Callable[[], Provider]] = {
    "Customer": customer.provider,
    "ProviderAssociation": provider_association.provider,
    "TenantIdentity": tenant_identity.provider,
    "Attestation": attestation.provider,
}
FROM_OTHERS = {kind.name: kind.from_others for kind in inputs.KINDS}
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
BASE = "http://127.0.0.1:1"
MEMORY = Path("/dev/shm")
_RUNS = itertools.count()

Address = tuple[str, str]
"""Customer key and kind of a resource."""
Hook = Callable[[str, str], None]
"""Called with "before" or "after" and the name of the call ("POST /ion/api/v3/...", or "mail")."""


class Killed(BaseException):
    """The process is gone: nothing after this line of the code under test has run, but its `finally` clauses."""


class Remote:
    """The sandbox inside this process: systems, people (on hand) and mailbox, on a clock that stands still unless
    somebody sleeps."""

    def __init__(self, profile: str, *, planted: bool = True) -> None:
        self.profile = profile
        self.world = World(profile=profile, base=BASE)
        self._calls = threading.RLock()  # handlers are not made for two threads at once; the database for none but one
        database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.world.store._db.backup(database)
        self.world.store._db = database
        if planted:
            self.world.clock.set(START, frozen=True)
            seed.prepare(self.world, None)
            work.set_mode(self.world, "hand")
            self.world.store.commit()
        move_in(self.world)
        self._app = build_app(self.world, SYSTEMS)

    def copy(self) -> Remote:
        """The same situation once more; the recorder starts anew."""
        other = Remote(self.profile, planted=False)
        for kind, table in self.world.store._tables.items():
            for entity in table:
                other.world.store._tables[kind].put(entity.model_copy(deep=True))
        for name, value in self.world.store.meta.items():
            other.world.store.set_meta(name, copy.deepcopy(value))
        other.world.store._seq = self.world.store._seq
        other.world.store.commit()
        other.world.clock.set(self.world.clock.now(), frozen=True)
        return other

    # A clock for sessions.

    def now(self) -> datetime:
        return self.world.clock.now()

    def monotonic(self) -> float:
        return self.world.clock.timestamp()

    def sleep(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    # The wire.

    def serve(self, request: httpx.Request) -> httpx.Response:
        """Answer one request. Handlers never wait, so that their coroutine ends at the first step."""
        body, parts = request.read(), urlsplit(str(request.url))
        scope = {
            "type": "http",
            "method": request.method,
            "path": request.url.path,
            "root_path": "",
            "query_string": parts.query.encode(),
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
        }
        sent: list[Mapping[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            sent.append(message)

        running: Any = self._app(scope, receive, send)  # type: ignore[arg-type]
        with self._calls:
            try:
                running.send(None)
            except StopIteration:
                pass
            else:
                raise AssertionError("a handler waited")
        content = b"".join(message["body"] for message in sent[1:])
        return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=content, request=request)

    def admin(self, method: str, path: str, body: object = None) -> Any:
        answer = self.serve(httpx.Request(method, f"{BASE}/_sandbox/{path}", json=body))
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def mail(self, sender: str, recipients: list[str], content: bytes) -> None:
        with self._calls:
            deliver(self.world, parse(content, sender, recipients))
            self.world.store.commit()

    def act(self, steps: list[dict[str, Any]]) -> None:
        """The people do what the steps ask; five minutes pass."""
        with self._calls:
            work.act(self.world, [Step.model_validate(step) for step in steps])
            self.world.store.commit()

    # What happened.

    def writes(self) -> int:
        """Requests that may change something, and mails."""
        return sum(self.world.recorder.writes.values()) - self._signing_in() + len(self.world.store.mails)

    def _signing_in(self) -> int:
        return sum(
            1 for e in self.world.recorder.entries if e.write and (e.system == "entra" or "oauth" in e.operation)
        )

    def picture(self) -> dict[str, list[Any]]:
        """The situation without ids and times, to compare two ends."""
        store = self.world.store
        name = {tenant.id: tenant.initial_domain for tenant in store.tenants}
        rows = [
            {
                **c.model_dump(mode="json", include={"account", "organization", "name", "email", "title", "phone"}),
                **c.model_dump(mode="json", include={"language", "status", "address"}),
                "rows": [
                    {**r.model_dump(mode="json", exclude={"tenant_id"}), "tenant": name.get(r.tenant_id or "", "")}
                    for r in c.rows
                ],
            }
            for c in store.customers
        ]
        agreements = [
            {"tenant": name[a.tenant_id], "kind": a.kind, "by": a.contact.email if a.contact else ""}
            for a in store.agreements
        ]
        tenants = [
            t.model_dump(mode="json", include={"initial_domain", "company_name", "email"}) for t in store.tenants
        ]
        related = [
            {"tenant": name[r.tenant_id], "to": r.provider_tenant, "by": r.reseller_tenant} for r in store.relationships
        ]
        found = {"customers": rows, "tenants": tenants, "related": related, "agreements": agreements}
        return {kind: sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) for kind, items in found.items()}

    def twice(self) -> list[str]:
        """What exists, was asked for or was sent more than once; empty in health."""
        store = self.world.store
        things: Counter[str] = Counter()
        things.update(f"ION customer {c.email.lower()}" for c in store.customers)
        things.update(f"tenant {t.initial_domain.lower()}" for t in store.tenants)
        things.update(f"relationship {r.tenant_id} {r.provider_tenant}" for r in store.relationships)
        things.update(f"row 30 of {c.email}" for c in store.customers for r in c.rows if r.provider_id == "30")
        things.update(f"agreement of attestation {a.attestation_id}" for a in store.agreements if a.attestation_id)
        asked = [a for a in store.attestations if a.status in ("created", "accepted")]
        things.update(f"attestation {a.company} {a.signatory.email}" for a in asked)
        ours = [m for m in store.mails if m.sender == "onboarding@examplereseller.example"]
        things.update(f"mail {m.message_id} to {', '.join(m.to)}" for m in ours)
        refused = self.world.recorder.marks["duplicate_creates"]
        return [f"{count} x {what}" for what, count in things.items() if count > 1] + (
            [f"{refused} creates of what was there"] if refused else []
        )


class _Wire(httpx.BaseTransport):
    """The network of one process: every call has a moment before it is sent and one after it was carried out."""

    def __init__(self, remote: Remote, hook: Hook) -> None:
        self._remote = remote
        self._hook = hook

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        name = f"{request.method} {request.url.path}"
        # ION's token is renewed by a process of its own, which outlives a kill (token_races kills that one).
        watched = not name.endswith("/oauth/token")
        if watched:
            self._hook("before", name)
        answer = self._remote.serve(request)
        if watched:
            self._hook("after", name)
        return answer


class _Smtp:
    """What `smtplib.SMTP` offers to a sender; the mail is in the mailbox when `data` returns."""

    def __init__(self, remote: Remote, hook: Hook) -> None:
        self._remote, self._hook = remote, hook
        self._from, self._to = "", list[str]()

    def ehlo_or_helo_if_needed(self) -> None: ...
    def quit(self) -> None: ...
    def close(self) -> None: ...

    def mail(self, sender: str) -> tuple[int, bytes]:
        self._from = sender
        return 250, b""

    def rcpt(self, recipient: str) -> tuple[int, bytes]:
        self._to.append(recipient)
        return 250, b""

    def data(self, content: bytes) -> tuple[int, bytes]:
        self._hook("before", "mail")
        self._remote.mail(self._from, self._to, content)
        self._hook("after", "mail")
        return 250, b""


@dataclass
class Kept:
    """A resource in state."""

    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    connection: str


def _quiet(_moment: str, _name: str) -> None:
    """No hook."""


@dataclass
class Pipeline:
    """One stack: what is declared, what is in state, where its local files are (`home`), and the systems it meets."""

    remote: Remote
    declared: dict[str, schemas.Customer]
    connections: Mapping[str, schemas.Connection]
    home: Path
    state: dict[Address, Kept] = field(default_factory=dict)
    hook: Hook = _quiet
    lock_seconds: float = 300.0
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def example(cls, stack: str) -> Pipeline:
        """The example estate of this name, nothing done yet."""
        estate = schemas.load_estate(ROOT / "stacks" / f"Pulumi.{stack}.yaml", ROOT)
        remote, home = Remote(stack), new_home()
        fast = {
            name: one.model_copy(update={"limits": one.limits.model_copy(update={"requests_per_second": 1e6})})
            for name, one in estate.connections.items()
        }
        make_local_recipient(home)
        return cls(remote, {c.key: c for c in estate.customers}, fast, home)

    def copy(self, remote: Remote | None = None, home: Path | None = None) -> Pipeline:
        """The same situation once more, or a second pipeline in the given world (and with the given local files)."""
        if home is None:
            home = new_home()
            shutil.copytree(self.home, home, dirs_exist_ok=True)
        return Pipeline(
            remote or self.remote.copy(),
            dict(self.declared),
            self.connections,
            home,
            copy.deepcopy(self.state),
            lock_seconds=self.lock_seconds,
            environment=dict(self.environment),
        )

    def remove(self) -> None:
        """Delete the local files."""
        shutil.rmtree(self.home, ignore_errors=True)

    def declare(self, key: str, changes: Mapping[str, Any]) -> None:
        """Edit a customer file: dotted path -> value (None removes the line)."""
        data = self.declared[key].model_dump(mode="json", exclude_none=True, exclude_unset=True)
        for path, value in changes.items():
            place, (*parents, last) = data, path.split(".")
            for part in parents:
                place = place.setdefault(part, {})
            place.pop(last, None)
            if value is not None:
                place[last] = value
        self.declared[key] = schemas.Customer.model_validate(data)

    # What `pulumi` does.

    def up(self) -> list[str]:
        """Read everything, then move every resource that has something to do; what was moved. Nothing moved means that
        a preview at this moment would have been empty."""
        moved = []
        with self._process() as names:
            self._refresh(names)
            for address in self._gone():
                self._remove(address, names)
                moved.append(f"{address[0]} {address[1]}: remove")
            for address in self._addresses():
                verb = self._step(address, names)
                moved += [f"{address[0]} {address[1]}: {verb}"] if verb else []
        return moved

    def refresh(self) -> None:
        """Read everything, as `pulumi refresh` does."""
        with self._process() as names:
            self._refresh(names)

    def preview(self, *, refresh: bool = True) -> list[str]:
        """What an `up` would do now; state stays as it is."""
        other = Pipeline(
            self.remote, dict(self.declared), self.connections, self.home, copy.deepcopy(self.state), self.hook
        )
        with other._process() as names:
            if refresh:
                other._refresh(names)
            found = [f"{key} {kind}: remove" for key, kind in other._gone()]
            for address in other._addresses():
                _provider, _checked, verb = other._plan(address, names)
                found += [f"{address[0]} {address[1]}: {verb}"] if verb else []
            return found

    def summary(self) -> dict[str, Any]:
        """The state without ids, times and counters, to compare two ends."""
        name = {t.id.lower(): t.initial_domain for t in self.remote.world.store.tenants}
        name |= {c.id: c.email for c in self.remote.world.store.customers}
        kept = ("status", "waiting_on", "reason", "seen", "handled", "ion_customer_id", "tenant_id", "next_step")
        told = {
            f"{key} {kind}": {part: one.outputs.get(part) for part in kept} for (key, kind), one in self.state.items()
        }
        text = json.dumps(told, sort_keys=True)
        for number, known_as in name.items():
            text = text.replace(number, known_as)
        found: dict[str, Any] = json.loads(text)
        return found

    def steps(self) -> list[dict[str, Any]]:
        """The next steps in state, with whom they concern, as `csp todo` prints them."""
        found = []
        for (key, _kind), one in self.state.items():
            step = one.outputs.get("next_step")
            if step and one.outputs.get("waiting_on") != contract.NEXT_RUN:
                profile = self.declared[key].profile if key in self.declared else None
                who = {"Customer": profile.organization, "Customer e-mail": profile.email} if profile else {}
                found.append({**step, "customer": key, "values": who | step["values"]})
        return found

    def settle(self, rounds: int = 3) -> None:
        """People and runs in turn until all that can be done is done."""
        for _ in range(rounds):
            self.remote.act(self.steps())
            self.up()

    # Inside.

    @contextmanager
    def _process(self) -> Iterator[dict[str, str]]:
        """A process: sessions of its own for every connection, under names that no other process here uses."""
        run = next(_RUNS)
        names, opened = {}, []
        self._told_ready()
        before, contract.now = contract.now, lambda: self.remote.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        removals._ENDED.clear()
        outside = dict(os.environ)
        os.environ.update(self.environment)
        try:
            for name, connection in self.connections.items():
                session = Session(
                    connection,
                    self.home,
                    os.environ,
                    clock=self.remote,
                    detached=False,
                    carrier=_Wire(self.remote, self.hook),
                )
                session.locks = KeyLocks(
                    self.home / "locks",
                    f"{session.account}/{session.partner_tenant}",
                    timeout_seconds=self.lock_seconds,
                )
                if session.mail is not None:
                    session.mail = MailSender(session.mail._server, connect=self._smtp)
                names[name] = f"{name}#{run}"
                sessions._SESSIONS[names[name]] = session
                opened.append(session)
            yield names
        finally:
            contract.now = before
            os.environ.clear()
            os.environ.update(outside)
            for name in names.values():
                sessions._SESSIONS.pop(name, None)
                sessions._LOOKS.pop(name, None)
            for session in opened:
                session.close()

    def _smtp(self, *_where: object, **_more: object) -> smtplib.SMTP:
        fake: Any = _Smtp(self.remote, self.hook)
        return fake  # type: ignore[no-any-return]

    def _told_ready(self) -> None:
        file = self.home / "sandbox" / f"{self.remote.profile}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        line = ready_line(self.remote.world) | {"smtp": {"host": "127.0.0.1", "port": 1}}
        file.write_text(json.dumps(line), "utf-8")

    def _addresses(self) -> list[Address]:
        return [(key, kind) for key in sorted(self.declared) for kind in KINDS]

    def _gone(self) -> list[Address]:
        """In state and declared no more; the last resource of a customer first."""
        return [address for address in reversed(list(self.state)) if address[0] not in self.declared]

    def _provider(self, address: Address, names: Mapping[str, str], connection: str) -> Provider:
        provider = KINDS[address[1]]()
        provider._connection = names[connection]
        return provider

    def _refresh(self, names: Mapping[str, str]) -> None:
        for address, kept in list(self.state.items()):
            read = self._provider(address, names, kept.connection).read(kept.id, copy.deepcopy(kept.outputs))
            assert read.outs is not None
            self.state[address] = Kept(kept.id, dict(read.inputs or {}), dict(read.outs), kept.connection)

    def _plan(self, address: Address, names: Mapping[str, str]) -> tuple[Provider, dict[str, Any], str]:
        key, kind = address
        declared = self.declared[key]
        provider = self._provider(address, names, declared.connection)
        wanted = inputs.inputs_of(declared)[kind]
        for name, other in FROM_OTHERS.get(kind, {}).items():
            source = self.state.get((key, other))
            wanted = {**wanted, name: source.outputs.get(name, "") if source else ""}
        kept = self.state.get(address)
        checked = provider.check(copy.deepcopy(kept.inputs) if kept else {}, wanted)
        assert not checked.failures, [failure.reason for failure in checked.failures]
        if kept is None:
            return provider, checked.inputs, "create"
        changes = provider.diff(kept.id, copy.deepcopy(kept.outputs), checked.inputs).changes
        return provider, checked.inputs, "" if changes is False else "update"

    def _step(self, address: Address, names: Mapping[str, str]) -> str:
        provider, wanted, verb = self._plan(address, names)
        connection = self.declared[address[0]].connection
        kept = self.state.get(address)
        if kept is None:
            made = provider.create(copy.deepcopy(wanted))
            assert made.id is not None
            self.state[address] = Kept(made.id, wanted, dict(made.outs or {}), connection)
        elif verb:
            outs = provider.update(kept.id, copy.deepcopy(kept.outputs), copy.deepcopy(wanted)).outs
            self.state[address] = Kept(kept.id, wanted, dict(outs or {}), connection)
        return verb

    def _remove(self, address: Address, names: Mapping[str, str]) -> None:
        """Retained resources leave the state only; an ending that was declared runs."""
        kept = self.state[address]
        if address[1] == "TenantIdentity" and kept.inputs.get("on_remove") == component.DELETING:
            self._provider(address, names, kept.connection).delete(kept.id, copy.deepcopy(kept.outputs))
        del self.state[address]


def new_home() -> Path:
    """A folder for local files, in memory where the machine offers that: `fsync` is not what a drill measures."""
    return Path(tempfile.mkdtemp(prefix="csp-drill-", dir=MEMORY if MEMORY.is_dir() else None))


@dataclass
class Calls:
    """A hook that counts the calls and may kill at one: `at` is the number of the call, `moment` before or after it."""

    at: int = 0
    moment: str = "before"
    names: list[str] = field(default_factory=list)

    def __call__(self, moment: str, name: str) -> None:
        if moment == "before":
            self.names.append(name)
        if len(self.names) == self.at and moment == self.moment:
            raise Killed(f"{moment} call {self.at}: {name}")

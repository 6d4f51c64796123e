"""The sandbox inside this process, and the network and mail server through which a pipeline of `harness` meets it."""

from __future__ import annotations

import copy
import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from csp_sandbox.mailbox import deliver
from csp_sandbox.people import move_in, work
from csp_sandbox.people.operator import Step
from csp_sandbox.seeds import situation as seed
from csp_sandbox.serving.server import build_app
from csp_sandbox.serving.smtp import parse
from csp_sandbox.situation.world import World
from csp_sandbox.systems import SYSTEMS

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
BASE = "http://127.0.0.1:1"

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

        running: Any = self._app(scope, receive, send)
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
        headers = {"Authorization": f"Bearer {self.world.token}"}
        answer = self.serve(httpx.Request(method, f"{BASE}/_sandbox/{path}", json=body, headers=headers))
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


class Wire(httpx.BaseTransport):
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


class Smtp:
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

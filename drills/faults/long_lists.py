"""Lists of 10,000 customers: complete or an error, whatever happens between two pages.

`python -m drills.faults.long_lists [--customers 10000]`, ends with `N cells, F failed`. The sandbox's own lists of ION
and Partner Center, read by the real clients on virtual time; in the middle of the second pass something happens.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from csp_sandbox.ready import ready_line

from clients.errors import ClientError
from clients.session import Session
from drills.harness import new_home
from drills.remote import Remote
from equipment.running import connection

ACCOUNT = "10501"
PATIENT = {"concurrency": 8, "requests_per_second": 1000, "deadline_seconds": 14_400}
PAGE = 500
"""Customers of a page, in both systems."""


@dataclass
class Wire(httpx.BaseTransport):
    """Carries requests to the sandbox's handlers and lets an event happen before one list call."""

    remote: Remote
    path: str
    event: Callable[[Wire], httpx.Response | None]
    middle: int
    """Answered list calls before something happens: in the middle of the first pass."""
    lists: int = 0
    early: int = 0
    not_before: float = 0.0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith(self.path):
            return self.remote.serve(request)
        self.early += self.remote.monotonic() < self.not_before
        self.lists += 1
        answer = self.event(self) if self.lists > self.middle else None
        return answer or self.remote.serve(request)


def calm(wire: Wire) -> None:
    """Nothing happens."""


def once(act: Callable[[Wire], httpx.Response | None]) -> Callable[[Wire], httpx.Response | None]:
    return lambda wire: act(wire) if wire.lists == wire.middle + 1 else None


@once
def two_hours_pass(wire: Wire) -> None:
    """Access tokens of both systems end (7,200 s and 3,600 s); the client knows it by its own clock."""
    wire.remote.sleep(7300)


@once
def refused(wire: Wire) -> httpx.Response:
    return httpx.Response(401, json={"code": 401})


@once
def throttled(wire: Wire) -> httpx.Response:
    wire.not_before = wire.remote.monotonic() + 45
    return httpx.Response(429, headers={"Retry-After": "45"})


@once
def cut(wire: Wire) -> httpx.Response:
    raise httpx.ReadError("cut")


@once
def one_more(wire: Wire) -> None:
    wire.remote.admin("POST", "seed", seed(1, first=int(wire.remote.monotonic())))


def sick(wire: Wire) -> httpx.Response:
    """From the middle on nothing but errors."""
    return httpx.Response(503)


EVENTS: dict[str, tuple[Callable[[Wire], httpx.Response | None], bool]] = {
    "calm": (calm, True),
    "access token ends, known beforehand": (two_hours_pass, True),
    "401 in the middle": (refused, True),
    "429 with Retry-After in the middle": (throttled, True),
    "connection cut in the middle": (cut, True),
    "a customer is made in the middle": (one_more, True),
    "503 from the middle on": (sick, False),
}
"""What happens -> whether the list must come in spite of it; else it must be an error."""


def seed(customers: int, first: int = 0) -> dict[str, Any]:
    """Customers with a related tenant each, so that both systems list as many."""
    numbers = range(first, first + customers)
    names = [f"long{n}.onmicrosoft.com" for n in numbers]
    return {
        "tenants": [{"initial_domain": name, "company_name": f"Company {name}"} for name in names],
        "relationships": [{"tenant": name, "account": ACCOUNT} for name in names],
        "customers": [
            {"account": ACCOUNT, "email": f"it@long{n}.example", "organization": f"Company {n}"} for n in numbers
        ],
    }


@contextmanager
def opened(remote: Remote, wire: Wire) -> Iterator[Session]:
    home = new_home()
    file = home / "sandbox" / "provider.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(ready_line(remote.world) | {"smtp": {"host": "127.0.0.1", "port": 1}}), "utf-8")
    session = Session(connection("provider", limits=PATIENT), home, {}, clock=remote, detached=False, carrier=wire)
    try:
        yield session
    finally:
        session.close()


def read(remote: Remote, system: str, event: Callable[[Wire], httpx.Response | None], expected: set[str]) -> str:
    """ "" when the list came whole, "error" when it did not come, else what is wrong with it."""
    pages = -(-len(expected) // PAGE)
    assert pages > 2, "a list of one page has no middle"
    wire = Wire(remote, "/customers", event, pages // 2 - 1)
    with opened(remote, wire) as session:
        client = session.ion if system == "ion" else session.partner_center
        assert client is not None
        try:
            found = [one.id for one in client.customers()]
        except ClientError:
            return "error"
    if wire.early:
        return f"{wire.early} calls before Retry-After had passed"
    if len(found) != len(set(found)):
        return f"{len(found) - len(set(found))} customers came twice"
    return f"{len(expected - set(found))} customers are missing" if expected - set(found) else ""


def run(customers: int, report: Callable[[str], None] = print) -> tuple[int, int]:
    """Cells and failures."""
    remote = Remote("provider")
    remote.admin("POST", "seed", seed(customers))
    remote.sleep(300)  # a new relationship does not show at once
    store = remote.world.store
    partner = ready_line(remote.world)["pc_tenant"]
    expected = {
        "ion": {c.id for c in store.customers if c.account == ACCOUNT and c.status == "ACTIVE"},
        "partner center": {r.tenant_id.lower() for r in store.relationships if r.provider_tenant == partner},
    }
    played = failed = 0
    for system in expected:
        for name, (event, comes) in EVENTS.items():
            remote.sleep(60)
            outcome = read(remote, system, event, expected[system])
            played += 1
            if outcome != ("" if comes else "error"):
                failed += 1
                report(f"{system}, {name}: {outcome or 'a list came in spite of it'}")
    return played, failed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=10_000)
    wanted = parser.parse_args()
    began = time.monotonic()
    played, failed = run(wanted.customers)
    print(
        f"long estates of {wanted.customers} customers: {played} cells, {failed} failed "
        f"({time.monotonic() - began:.0f} s)"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

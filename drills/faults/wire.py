"""Every fault at every call of the wire, before and after the call was carried out, on virtual time.

`python -m drills.faults.wire [--every N]`, ends with `N cells, F failed`. The faults and what is expected of
each are data (tests/scenarios/faults/wire.json); the calls are below, each as what a caller does with it: look up,
write what is missing, and after an unknown outcome look up again. A cell passes when the first outcome is the expected
one, at most two further runs end converged, nothing exists twice, no wait was cut short and no secret came out.
"""

from __future__ import annotations

import argparse
import json
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from clients.entra.discovery import describe as describe_entra
from clients.errors import (
    ClientError,
    CredentialsLost,
    OurBug,
    PersonMustAct,
    RetryLater,
    UnknownOutcome,
)
from clients.ion.models import AssociationRow, IonCustomer, IonCustomerFields
from clients.partner_center.models import AttestationRequest, NewTenant
from clients.session import Session
from clients.tokens.entra import AppCredential, Authority, EntraTokens
from clients.tokens.opening import open_store
from clients.tokens.store import TokenStore
from clients.wire.request_id import request_id
from equipment.running import RunningSandbox, connection, start_sandbox, stop_sandbox
from equipment.samples import BILLING, PLACE
from equipment.virtual import VirtualClock
from equipment.workspace import ROOT

FAULTS = ROOT / "tests" / "scenarios" / "faults" / "wire.json"
_OUTCOMES: list[tuple[type[ClientError], str]] = [
    (UnknownOutcome, "unknown"),
    (RetryLater, "later"),
    (OurBug, "bug"),
    (PersonMustAct, "person"),
    (CredentialsLost, "lost"),
]


def raised(fault: dict[str, Any], request: httpx.Request) -> httpx.HTTPError:
    """The exception of a fault, with its cause where httpx names one (that of the ssl module)."""
    text = fault.get("text", fault["name"])
    error: httpx.HTTPError = getattr(httpx, fault["raise"])(text, request=request)
    if "cause" in fault:
        error.__cause__ = getattr(ssl, fault["cause"])(text)
    return error


@dataclass
class Faulty(httpx.BaseTransport):
    """Carries requests to the sandbox, and strikes once at the first one whose method and path fit."""

    clock: VirtualClock
    real: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)
    fault: dict[str, Any] | None = None
    moment: str = "before"
    fits: Callable[[httpx.Request], bool] = lambda request: False
    struck: int = 0
    sent: int = 0
    early: int = 0
    _not_before: float = 0.0

    def arm(self, fault: dict[str, Any], moment: str, fits: Callable[[httpx.Request], bool]) -> None:
        self.fault, self.moment, self.fits = fault, moment, fits
        self.struck = self.sent = self.early = 0
        self._not_before = 0.0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        fitting = self.fits(request)
        if fitting:
            self.sent += 1
            if self.clock.monotonic() < self._not_before:
                self.early += 1
        fault = self.fault
        if fault is None or not fitting or self.struck:
            return self.real.handle_request(request)
        self.struck += 1
        self._not_before = self.clock.monotonic() + float(fault.get("headers", {}).get("Retry-After", 0))
        answer = None
        if self.moment == "after":
            answer = self.real.handle_request(request)
            answer.read()
            answer.close()
        return self._strike(fault, request, answer)

    def _strike(self, fault: dict[str, Any], request: httpx.Request, answer: httpx.Response | None) -> httpx.Response:
        if "raise" in fault:
            raise raised(fault, request)
        if answer is not None and (fault.get("cut") or fault.get("bom")):
            content = (
                answer.content[: len(answer.content) // 2] if fault.get("cut") else b"\xef\xbb\xbf" + answer.content
            )
            return httpx.Response(answer.status_code, content=content, headers={"Content-Type": "application/json"})
        return httpx.Response(fault["status"], content=fault.get("body", "").encode(), headers=fault.get("headers"))


@dataclass(frozen=True)
class Cell:
    """What a call of a cell works on: names of its own, so that cells never meet."""

    key: str
    session: Session
    clock: VirtualClock

    @property
    def email(self) -> str:
        return f"it@{self.key}.example"

    def rid(self, operation: str) -> str:
        return request_id(self.session.account, self.key, operation, {}, 1)


def _fields(cell: Cell) -> IonCustomerFields:
    return IonCustomerFields(f"Company {cell.key}", PLACE, "Al Pine", cell.email, "EN", "CIO", "4255550100")


def have_customer(cell: Cell) -> IonCustomer:
    ion = cell.session.ion
    assert ion is not None
    return ion.find_by_email(cell.email) or ion.create_customer(_fields(cell))


def one_customer(cell: Cell) -> bool:
    assert cell.session.ion is not None
    return len(cell.session.ion.customers(email=cell.email)) == 1


def change_customer(cell: Cell) -> None:
    ion = cell.session.ion
    assert ion is not None
    found = have_customer(cell)
    if found.phone != "4255550199":
        ion.update_customer(found.id, replace(ion.customer(found.id).fields(), phone="4255550199"))


def changed_customer(cell: Cell) -> bool:
    found = have_customer(cell)
    return (found.phone, found.title) == ("4255550199", "CIO") and one_customer(cell)


def put_row(cell: Cell) -> None:
    association, found = cell.session.association, have_customer(cell)
    assert association is not None
    row = AssociationRow("Legacy Azure", "US Standard", "USD", "USD", False, "", "")
    if association.get(found.id) != row:
        association.put(found.id, row)


def row_is_there(cell: Cell) -> bool:
    assert cell.session.association is not None
    row = cell.session.association.get(have_customer(cell).id)
    return row is not None and row.pricebook == "US Standard"


def have_tenant(cell: Cell) -> str:
    center = cell.session.partner_center
    assert center is not None
    domain = f"{cell.key}.onmicrosoft.com"
    if center.domain_exists(domain):
        cell.clock.sleep(100)  # somebody took it, perhaps we: visible after about 90 s
        found = center.find_by_domain(domain)
        assert found is not None, "the domain is taken and not ours"
        return found.id
    new = NewTenant(domain, cell.key, cell.email, "en-US", "en", BILLING, cell.session.reseller_tenant)
    return center.create_customer(new, request_id=cell.rid("tenant")).customer.id


def one_tenant(cell: Cell) -> bool:
    assert cell.session.partner_center is not None
    cell.clock.sleep(100)
    domain = f"{cell.key}.onmicrosoft.com"
    return [one.domain for one in cell.session.partner_center.customers()].count(domain) == 1


def change_billing(cell: Cell) -> None:
    center, tenant = cell.session.partner_center, have_tenant(cell)
    assert center is not None
    cell.clock.sleep(100)
    profile = center.billing_profile(tenant)
    if profile.email != f"new@{cell.key}.example":
        center.update_billing_profile(
            tenant, replace(profile, email=f"new@{cell.key}.example"), request_id=cell.rid("billing")
        )


def changed_billing(cell: Cell) -> bool:
    assert cell.session.partner_center is not None
    return cell.session.partner_center.billing_profile(have_tenant(cell)).email == f"new@{cell.key}.example"


def ask_signatory(cell: Cell) -> str:
    assert cell.session.partner_center is not None
    request = AttestationRequest("US", "en-US", cell.key, "Al", "Pine", cell.email)
    return cell.session.partner_center.request_attestation(request, request_id=cell.rid("attest")).id


def one_attestation(cell: Cell) -> bool:
    """A repeat with the same request id is answered with the same attestation."""
    return ask_signatory(cell) == ask_signatory(cell)


def renew_token(cell: Cell) -> None:
    tokens = cell.session.ion_tokens
    assert tokens is not None
    tokens.keepalive()


def token_works(cell: Cell) -> bool:
    assert cell.session.ion is not None
    return cell.session.ion.customers(email=cell.email) == []


def log_in_again(cell: Cell) -> None:
    """What a person does after a lost chain; here the sandbox shows new credentials."""
    running = _RUNNING[0]
    account = cell.session.account
    running.admin("POST", "reset")
    assert cell.session.ion_tokens is not None
    accounts = running.ready["accounts"].values()
    token = next(one["ion_refresh_token"] for one in accounts if one["ion_account_id"] == account)
    cell.session.ion_tokens.login(token)


_RUNNING: list[RunningSandbox] = []


@dataclass(frozen=True)
class Operation:
    """`path` ends the path of the call that is hit; `act` is the caller's step, `good` its check."""

    name: str
    kind: str  # read | write | token | login (a read of a token service) | public
    method: str
    path: str
    act: Callable[[Cell], Any]
    good: Callable[[Cell], bool]
    prepare: Callable[[Cell], Any] = lambda cell: None
    answers: tuple[int, ...] = ()
    """Statuses that are the answer to its question, and no fault."""

    def fits(self, request: httpx.Request) -> bool:
        return request.method == self.method and self.path in request.url.path + "$"


def looked_at(
    name: str, method: str, path: str, act: Callable[[Cell], Any], prepare: Callable[[Cell], Any] = lambda cell: None
) -> Operation:
    """A read: once healed, it answers the same twice."""

    def good(cell: Cell) -> bool:
        return repr(act(cell)) == repr(act(cell))

    return Operation(name, "read", method, path, act, good, prepare)


def public(name: str, method: str, path: str, act: Callable[[Cell], Any]) -> Operation:
    return replace(looked_at(name, method, path, act), kind="public")


def signed_in(name: str, method: str, path: str, act: Callable[[Cell], Any]) -> Operation:
    """A call without a token of ours: a 401 is an answer, and no new token could mend it."""
    return Operation(name, "login", method, path, act, lambda cell: bool(act(cell)))


KNOWN = "adventureworks.onmicrosoft.com"
"""A customer that every cell finds."""
MCA_TEMPLATE = "117a77b0-9360-443b-8795-c6dedc750cf9"


def _center(cell: Cell) -> Any:
    return cell.session.partner_center


def _ion(cell: Cell) -> Any:
    return cell.session.ion


def _association(cell: Cell) -> Any:
    return cell.session.association


def known(cell: Cell) -> str:
    """Its tenant, asked of the sandbox's administration: that call is no part of a cell."""
    del cell
    tenants = _RUNNING[0].admin("GET", "state")["tenants"]
    return str(next(one["id"] for one in tenants if one["initial_domain"] == KNOWN))


def number(cell: Cell) -> str:
    """The ION customer of a cell."""
    return have_customer(cell).id


def app_tokens(cell: Cell) -> EntraTokens:
    """Fresh app-only tokens: nothing kept, so that each look asks."""
    return _tokens(cell, None, "")


def user_tokens(cell: Cell) -> EntraTokens:
    seed = _keys()["pc_refresh_token"]
    store = open_store({"kind": "file", "path": str(Path(tempfile.mkdtemp()) / "chain.json")})
    return _tokens(cell, store, seed)


def _keys() -> dict[str, Any]:
    keys: dict[str, Any] = _RUNNING[0].ready["accounts"]["us"]
    return keys


def _tokens(cell: Cell, store: TokenStore | None, seed: str) -> EntraTokens:
    where, keys = cell.session.endpoints, _keys()
    wire = cell.session._transport("entra", where.partner_tenant, describe_entra, where.login)
    app = AppCredential(keys["pc_client_id"], keys["pc_client_secret"])
    return EntraTokens(
        Authority(where.login, where.partner_tenant), app, wire, clock=cell.clock, store=store, seed=seed
    )


def token_life(cell: Cell) -> bool:
    tokens = cell.session.ion_tokens
    assert tokens is not None
    tokens.token()
    return tokens.life(cell.session.ion_transport(), cell.session.endpoints.ion) is not None


def accepted_attestation(cell: Cell) -> str:
    """A tenant, and an attestation that its signatory has accepted on Microsoft's page."""
    have_tenant(cell)
    asked = ask_signatory(cell)
    link = _center(cell).attestation(asked).link
    # The signatory follows the link from the mailbox; a program of ours never does.
    form = {"as": cell.email, "link": link, "answer": "accept"}
    ready = _RUNNING[0].ready
    where = ready["admin"].replace("/_sandbox", "/console/microsoft/accept")
    answer = httpx.post(where, data=form, headers={"Authorization": f"Bearer {ready['token']}"}, trust_env=False)
    assert answer.status_code == 200, answer.text
    return asked


def record_agreement(cell: Cell) -> None:
    center, tenant = _center(cell), have_tenant(cell)
    if center.agreements(tenant):
        return
    center.create_agreement(
        tenant,
        attestation_id=ask_signatory(cell),
        template_id=MCA_TEMPLATE,
        first_name="Al",
        last_name="Pine",
        email=cell.email,
        date_agreed=cell.clock.now().date(),
        request_id=cell.rid("record"),
    )


def one_agreement(cell: Cell) -> bool:
    return len(_center(cell).agreements(have_tenant(cell))) == 1


def end_relationship(cell: Cell) -> None:
    cell.clock.sleep(100)
    found = _center(cell).find_by_domain(f"{cell.key}.onmicrosoft.com")
    if found is not None:
        _center(cell).remove_relationship(found.id, request_id=cell.rid("end"))


def relationship_ended(cell: Cell) -> bool:
    return _center(cell).find_by_domain(f"{cell.key}.onmicrosoft.com") is None


OPERATIONS = [
    Operation("ion customer create", "write", "POST", "/customers$", have_customer, one_customer),
    Operation("ion customer update", "write", "PUT", "/customers/", change_customer, changed_customer, have_customer),
    Operation("ion customer list", "read", "GET", "/customers$", have_customer, one_customer),
    Operation("ion customer get", "read", "GET", "/customers/", change_customer, changed_customer, have_customer),
    Operation(
        "ion cloud profiles",
        "read",
        "GET",
        "/cloudProfiles$",
        lambda cell: _ion(cell).cloud_profiles(have_customer(cell).id),
        one_customer,
        have_customer,
    ),
    Operation("association put", "write", "PUT", "/providers/30$", put_row, row_is_there, have_customer),
    Operation("tenant create", "write", "POST", "/v1/customers$", have_tenant, one_tenant),
    Operation("domain check", "read", "HEAD", "/v1/domains/", have_tenant, one_tenant),
    Operation("billing update", "write", "PUT", "/profiles/billing$", change_billing, changed_billing, have_tenant),
    Operation("billing get", "read", "GET", "/profiles/billing$", change_billing, changed_billing, have_tenant),
    Operation("attestation request", "write", "POST", "/attestations/enhanced$", ask_signatory, one_attestation),
    Operation(
        "address check",
        "read",
        "POST",
        "/validations/address$",
        lambda cell: _center(cell).validate_address(BILLING),
        lambda cell: bool(_center(cell).validate_address(BILLING).ok),
    ),
    Operation("token renewal", "token", "POST", "/oauth/token$", renew_token, token_works),
    Operation(
        "agreement record", "write", "POST", "/agreements$", record_agreement, one_agreement, accepted_attestation
    ),
    Operation(
        "relationship end", "write", "PATCH", "/v1/customers/", end_relationship, relationship_ended, have_tenant
    ),
    signed_in("entra app token", "POST", "/oauth2/v2.0/token$", lambda cell: app_tokens(cell).token()),
    signed_in("entra user token", "POST", "/oauth2/v2.0/token$", lambda cell: user_tokens(cell).token()),
    signed_in("entra authority", "GET", "/openid-configuration$", lambda cell: app_tokens(cell).token()),
    public("entra discovery", "GET", "/openid-configuration$", lambda cell: cell.session.entra.tenant_id(KNOWN)),
    # "Not valid any more": the vendor's packages disagree on which of the two says it.
    replace(signed_in("token life", "POST", "/oauth/validateAccess$", token_life), answers=(400, 401)),
    looked_at("ion evidence", "GET", "/cloudProfile$", lambda cell: _ion(cell).agreement_evidence(number(cell))),
    looked_at("ion price", "POST", "/products:pricing$", lambda cell: _ion(cell).price_currency(number(cell)), put_row),
    looked_at("association get", "GET", "/providers/30$", lambda cell: _association(cell).get(number(cell)), put_row),
    looked_at("customer list", "GET", "/v1/customers$", lambda cell: _center(cell).customers()),
    looked_at("customer by domain", "GET", "/v1/customers$", lambda cell: _center(cell).find_by_domain(KNOWN)),
    looked_at("customer get", "GET", "/v1/customers/", lambda cell: _center(cell).customer(known(cell))),
    looked_at("country rules", "GET", "/countryvalidationrules/", lambda cell: _center(cell).country_rules("US")),
    looked_at("invitation link", "GET", "/relationshiprequests$", lambda cell: _center(cell).relationship_link()),
    looked_at("reseller list", "GET", "/v1/relationships$", lambda cell: _center(cell).indirect_resellers()),
    looked_at("resellers of one", "GET", "/relationships$", lambda cell: _center(cell).customer_resellers(known(cell))),
    looked_at("activity log", "GET", "/auditrecords$", lambda cell: _center(cell).audit_records(date(2026, 1, 1))),
    looked_at(
        "reseller check", "POST", "/validateresellers$", lambda cell: _center(cell).reseller_may_transact(["4847383"])
    ),
    looked_at(
        "reseller agreement",
        "GET",
        "/agreementstatus$",
        lambda cell: _center(cell).partner_agreement_signed(cell.session.reseller_tenant),
    ),
    looked_at("agreement templates", "GET", "/v1/agreements$", lambda cell: _center(cell).agreement_templates()),
    looked_at("agreement list", "GET", "/agreements$", lambda cell: _center(cell).agreements(known(cell))),
    looked_at("direct acceptance", "GET", "AgreementStatus$", lambda cell: _center(cell).directly_signed(known(cell))),
    looked_at(
        "agreement text",
        "GET",
        "/document$",
        lambda cell: _center(cell).agreement_document(MCA_TEMPLATE, "en-US", "US"),
    ),
    looked_at(
        "attestation get", "GET", "/attestations/enhanced/", lambda cell: _center(cell).attestation(ask_signatory(cell))
    ),
]
"""Every call that a client of this package can send; the test of the fuzz holds the list of their methods."""


def cells(faults: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str, Operation, str]]:
    for fault in faults:
        for moment in ("before", "after"):
            for operation in OPERATIONS:
                # An empty body is what a HEAD and this check give in good health.
                harmless = operation.name in ("domain check", "address check") and fault.get("status") == 200
                if moment in fault and not harmless and not (operation.method == "HEAD" and (fault.get("cut"))):
                    answered = fault.get("status") in operation.answers
                    expected = fault[moment].get(operation.kind, fault[moment]["read"])
                    yield fault, moment, operation, "ok" if answered else expected


def play(cell: Cell, carrier: Faulty, fault: dict[str, Any], moment: str, operation: Operation, expected: str) -> str:
    """One cell; "" or what is wrong."""
    operation.prepare(cell)
    carrier.arm(fault, moment, operation.fits)
    texts: list[str] = []
    seen = outcome(cell, operation, texts)
    if not carrier.struck:
        return "the fault did not strike"
    if seen != expected:
        return f"expected {expected}, saw {seen} ({texts[-1] if texts else 'no error'})"
    if operation.kind == "token" and seen == "lost":
        if carrier.sent != 1:
            return f"a token of unknown fate was sent {carrier.sent} times"
        if outcome(cell, operation, texts) != "lost" or carrier.sent != 1:
            return "the next run did not stop"
        carrier.fault = None
        log_in_again(cell)
    elif seen != "ok":
        for _ in range(2):
            if seen == "later":
                cell.clock.sleep(1000)
            if (seen := outcome(cell, operation, texts)) == "ok":
                break
        else:
            return f"not converged after two more runs: {texts[-1]}"
    carrier.fault = None
    if not operation.good(cell):
        return "not converged, or twice"
    if carrier.early:
        return f"{carrier.early} requests before Retry-After had passed"
    return leak(cell, texts)


def outcome(cell: Cell, operation: Operation, texts: list[str]) -> str:
    try:
        operation.act(cell)
    except ClientError as error:
        texts.append(str(error))
        return next((name for kind, name in _OUTCOMES if isinstance(error, kind)), type(error).__name__)
    return "ok"


def leak(cell: Cell, texts: list[str]) -> str:
    tokens = cell.session.ion_tokens
    chain = tokens.store.load() if tokens else None
    secrets = [chain.refresh_token, chain.access_token] if chain else []
    for account in _RUNNING[0].ready["accounts"].values():
        secrets += [account[name] for name in ("ion_refresh_token", "pc_client_secret", "pc_refresh_token")]
    return "a secret came out" if any(secret and secret in text for secret in secrets for text in texts) else ""


def run(every: int = 1, report: Callable[[str], None] = print) -> tuple[int, int]:
    """Cells and failures. `every` N plays each N-th cell."""
    faults = json.loads(FAULTS.read_text("utf-8"))["faults"]
    home = Path(tempfile.mkdtemp())
    running = start_sandbox("provider", home)
    _RUNNING[:] = [running]
    played = failed = 0
    clock = VirtualClock(on_sleep=running.advance)
    carrier = Faulty(clock)
    try:
        for number, (fault, moment, operation, expected) in enumerate(cells(faults)):
            if number % every:
                continue
            # A cell may pause a system for long; the next one starts with a clean slate.
            for pause in (home / "locks" / "pauses").glob("*.pause"):
                pause.unlink()
            session = Session(connection("provider"), home, {}, clock=clock, detached=False, carrier=carrier)
            assert session.ion_tokens is not None
            session.ion_tokens._seed_again = False  # as against a live system
            wrong = play(Cell(f"c{number}x", session, clock), carrier, fault, moment, operation, expected)
            session.close()
            played += 1
            if wrong:
                failed += 1
                report(f"{operation.name}, {fault['name']}, {moment}: {wrong}")
            carrier.fault = None
    finally:
        carrier.real.close()
        stop_sandbox(running)
    return played, failed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    wanted = parser.parse_args()
    began = time.monotonic()
    played, failed = run(wanted.every)
    print(f"{played} cells, {failed} failed ({time.monotonic() - began:.0f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

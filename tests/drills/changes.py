"""Random remote changes, each with what a look at the estate must say about it.

A change is an order to the sandbox's administration (`changes`, and `seed` for what did not exist) and the complete set
of findings that follow from it. A cosmetic change (capitals, spaces, another form of the same phone number) has an
empty set. No customer is changed twice, so that the expectations of two changes never mix.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.drills.estate import SETTLED, Generated, Made, Profile

Verdict = tuple[str, str, str]
"""Kind of finding, customer key ("" for what nobody declares), field."""

ACTIVE = (*SETTLED, "portal off", "old agreement", "no agreement", "not linked", "not related", "no row")
ATTESTED = ("ready", "made", "by domain")
ROW = ("provider", "pricebook", "provider_currency", "invoice_currency", "portal_access")
SEEN_IN_ROW = ("cloud_provider.provider", "cloud_provider.portal_access", "identity.tenant")
LOST = "not_visible"


@dataclass(frozen=True, slots=True)
class RemoteChange:
    """What somebody did (`name`), the orders that do it, and the findings that must follow."""

    name: str
    orders: tuple[dict[str, Any], ...]
    expected: frozenset[Verdict]
    seed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


Make = Callable[["Pen", Made], RemoteChange]


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of change: whom it can happen to (situations; () for nobody's customer) and in which role."""

    name: str
    situations: tuple[str, ...]
    make: Make
    roles: tuple[Profile, ...] = ("provider", "reseller")
    needs: Callable[[Made], bool] = lambda made: True


SORTS: list[Sort] = []


def sort(
    name: str,
    *situations: str,
    roles: tuple[Profile, ...] = ("provider", "reseller"),
    needs: Callable[[Made], bool] = lambda made: True,
) -> Callable[[Make], Make]:
    """Register a sort of change."""

    def register(make: Make) -> Make:
        SORTS.append(Sort(name, situations, make, roles, needs))
        return make

    return register


class Pen:
    """Writes changes: the estate, a random source, and serial numbers for what did not exist before."""

    def __init__(self, estate: Generated, seed: int) -> None:
        self.estate = estate
        self.random = random.Random(f"changes/{seed}")
        self.partner = estate.profile == "provider"
        self.free: dict[str, list[Made]] = {}
        for made in estate.customers:
            self.free.setdefault(made.situation, []).append(made)
        for customers in self.free.values():
            self.random.shuffle(customers)
        self._serial = 0

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    def stranger(self) -> dict[str, Any]:
        """A tenant that nobody declares."""
        number = self.serial()
        return {"initial_domain": f"stranger{number}.onmicrosoft.com", "company_name": f"Stranger {number}"}


def generate(estate: Generated, count: int, seed: int = 1) -> list[RemoteChange]:
    """`count` random changes, every sort of the role among them, as long as there are customers for them."""
    return list(_draw(Pen(estate, seed), count))


def _draw(pen: Pen, count: int) -> Iterator[RemoteChange]:
    sorts = [one for one in SORTS if pen.estate.profile in one.roles]
    made = 0
    while made < count and sorts:
        # Sorts that fit the rare situations choose first, so that no other sort uses those customers up.
        rounds = sorted(pen.random.sample(sorts, len(sorts)), key=lambda one: len(one.situations) or 99)
        for one in rounds[: count - made]:
            victim = _victim(one, pen.free)
            if victim is None and one.situations:
                sorts.remove(one)
                continue
            made += 1
            yield one.make(pen, victim or pen.estate.customers[0])


def _victim(one: Sort, free: dict[str, list[Made]]) -> Made | None:
    pools = [free[name] for name in one.situations if free.get(name)]
    for pool in sorted(pools, key=len, reverse=True):
        for made in pool:
            if one.needs(made):
                pool.remove(made)
                return made
    return None


def _profile(name: str, path: str, value: Callable[[Pen, Made], str], *, cosmetic: bool = False) -> None:
    """A sort that sets one member of the ION profile. `path`: ours; cosmetic: the value means the same."""
    theirs = "name" if path == "contact_name" else path
    needs = (lambda made: made.declared.profile.title is not None) if path == "title" else (lambda made: True)

    def make(pen: Pen, made: Made) -> RemoteChange:
        order = {"do": "profile", "customer": made.email, "set": {theirs: value(pen, made)}}
        expected = frozenset() if cosmetic else frozenset({("drift", made.key, f"profile.{path}")})
        return RemoteChange(name, (order,), expected)

    SORTS.append(Sort(name, ACTIVE, make, needs=needs))


_profile("company renamed", "organization", lambda pen, made: f"{made.declared.profile.organization} Holding")
_profile("e-mail changed", "email", lambda pen, made: f"office@{made.key}.example")
_profile("contact changed", "contact_name", lambda pen, made: f"New Person {pen.serial()}")
_profile("title changed", "title", lambda pen, made: "CIO")
_profile("phone changed", "phone", lambda pen, made: f"+1206555{pen.serial():04d}")
_profile("language changed", "language", lambda pen, made: "FR")
_profile("street changed", "address.street", lambda pen, made: f"{pen.serial()} Moved Street")
_profile("city changed", "address.city", lambda pen, made: "Springfield")
_profile("state changed", "address.state", lambda pen, made: "OR")
_profile("postal code changed", "address.zip", lambda pen, made: "97477")
_profile("country changed", "address.country", lambda pen, made: "CA")
_profile("profile deactivated", "status", lambda pen, made: "INACTIVE")

_profile("e-mail in capitals", "email", lambda pen, made: made.email.upper(), cosmetic=True)
_profile("phone in another form", "phone", lambda pen, made: _us_form(made), cosmetic=True)
_profile(
    "spaces in the company name",
    "organization",
    lambda pen, made: "  " + made.declared.profile.organization.replace(" ", "  ") + " ",
    cosmetic=True,
)
_profile(
    "state in small letters",
    "address.state",
    lambda pen, made: made.declared.profile.address.state.lower(),
    cosmetic=True,
)
_profile("country in small letters", "address.country", lambda pen, made: "us", cosmetic=True)
_profile("ZIP+4", "address.zip", lambda pen, made: f"{made.declared.profile.address.zip}-1234", cosmetic=True)
_profile("language in small letters", "language", lambda pen, made: "en", cosmetic=True)
_profile("saved without a change", "contact_name", lambda pen, made: made.declared.profile.contact_name, cosmetic=True)
_profile("unmanaged suite filled in", "address.suite", lambda pen, made: "Suite 7", cosmetic=True)


def _us_form(made: Made) -> str:
    digits = str(made.declared.profile.phone)[2:]
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"


def _row(made: Made, **members: Any) -> dict[str, Any]:
    return {"do": "row", "customer": made.email, "set": members}


def _change(name: str, orders: list[dict[str, Any]], *expected: Verdict, **seed: list[dict[str, Any]]) -> RemoteChange:
    return RemoteChange(name, tuple(orders), frozenset(expected), seed)


def _one(kind: str, made: Made, *fields: str) -> list[Verdict]:
    return [(kind, made.key, name) for name in fields]


@sort("pricebook changed", *SETTLED, roles=("provider",))
def _pricebook(pen: Pen, made: Made) -> RemoteChange:
    other = "US Premium" if made.declared.cloud_provider.pricebook == "US Standard" else "US Standard"
    return _change("pricebook changed", [_row(made, pricebook=other)], *_one("drift", made, "cloud_provider.pricebook"))


@sort("currencies changed", *SETTLED, roles=("provider",))
def _currencies(pen: Pen, made: Made) -> RemoteChange:
    fields = ("cloud_provider.pricebook", "cloud_provider.provider_currency", "cloud_provider.invoice_currency")
    order = _row(made, pricebook="US Euro", provider_currency="EUR", invoice_currency="EUR")
    return _change("currencies changed", [order], *_one("drift", made, *fields))


@sort("invoice currency changed", *SETTLED, roles=("provider",))
def _invoice(pen: Pen, made: Made) -> RemoteChange:
    order = _row(made, invoice_currency="EUR")
    return _change("invoice currency changed", [order], *_one("drift", made, "cloud_provider.invoice_currency"))


@sort("pricebook with spaces", *SETTLED, roles=("provider",))
def _pricebook_spaces(pen: Pen, made: Made) -> RemoteChange:
    order = _row(made, pricebook=f" {made.declared.cloud_provider.pricebook} ", invoice_currency="usd")
    return _change("pricebook with spaces", [order])


@sort("domain in capitals", *SETTLED)
def _domain(pen: Pen, made: Made) -> RemoteChange:
    return _change("domain in capitals", [_row(made, domain=made.tenant.upper())])


@sort("portal access switched off", *SETTLED)
def _portal_off(pen: Pen, made: Made) -> RemoteChange:
    expected = _one("drift", made, "cloud_provider.portal_access")
    if not pen.partner:
        expected += _one(LOST, made, "identity.tenant", "attestation.agreement")
    return _change("portal access switched off", [_row(made, portal_access=False)], *expected)


@sort("portal access switched on", "portal off")
def _portal_on(pen: Pen, made: Made) -> RemoteChange:
    return _change(
        "portal access switched on",
        [_row(made, portal_access=True)],
        *_one("drift", made, "cloud_provider.portal_access"),
    )


@sort("row removed", *SETTLED)
def _row_removed(pen: Pen, made: Made) -> RemoteChange:
    order = {"do": "remove_row", "customer": made.email}
    if pen.partner:
        return _change("row removed", [order], *_one("drift", made, "cloud_provider.row", "identity.tenant"))
    return _change("row removed", [order], *_one(LOST, made, *SEEN_IN_ROW, "attestation.agreement"))


@sort("row added", "no row")
def _row_added(pen: Pen, made: Made) -> RemoteChange:
    declared = made.declared.cloud_provider
    members = {name: getattr(declared, name) for name in ROW if name != "provider"}
    fields = ROW if pen.partner else ("provider", "portal_access")
    return _change(
        "row added", [_row(made, **members)], *_one("progress", made, *(f"cloud_provider.{n}" for n in fields))
    )


@sort("tenant unlinked", *SETTLED)
def _unlinked(pen: Pen, made: Made) -> RemoteChange:
    expected = _one("drift", made, "identity.tenant")
    if not pen.partner:
        expected += _one(LOST, made, "attestation.agreement")
    return _change("tenant unlinked", [{"do": "link", "customer": made.email}], *expected)


@sort("another tenant linked", *SETTLED)
def _other_tenant(pen: Pen, made: Made) -> RemoteChange:
    stranger = pen.stranger()
    expected = _one("drift", made, "identity.tenant")
    if pen.partner:
        expected += _one("inconsistent", made, "consistency")
    else:
        expected += _one("drift", made, "attestation.agreement")
    order = {"do": "link", "customer": made.email, "tenant": stranger["initial_domain"]}
    return _change("another tenant linked", [order], *expected, tenants=[stranger])


@sort("another customer's tenant linked", "ready")
def _shared_tenant(pen: Pen, made: Made) -> RemoteChange:
    holder = pen.free["ready"].pop()  # nothing else may happen to it
    expected = [*_one("drift", made, "identity.tenant"), ("inconsistent", min(made.key, holder.key), "consistency")]
    order = {"do": "link", "customer": made.email, "tenant": holder.tenant}
    return _change("another customer's tenant linked", [order], *expected)


@sort("tenant linked", "not linked")
def _linked(pen: Pen, made: Made) -> RemoteChange:
    expected = _one("progress", made, "identity.tenant")
    if not pen.partner:
        expected += _one("progress", made, "attestation.agreement")
    return _change("tenant linked", [{"do": "link", "customer": made.email, "tenant": made.tenant}], *expected)


@sort("relationship ended", *SETTLED, roles=("provider",))
def _ended(pen: Pen, made: Made) -> RemoteChange:
    order = {"do": "end_relationship", "tenant": made.tenant, "account": pen.estate.account}
    return _change(
        "relationship ended",
        [order],
        *_one("drift", made, "identity.relationship"),
        *_one(LOST, made, "attestation.agreement"),
        *_one("inconsistent", made, "consistency"),
    )


@sort("invitation accepted", "not related", roles=("provider",))
def _accepted(pen: Pen, made: Made) -> RemoteChange:
    orders = [
        {"do": "relate", "tenant": made.tenant, "account": pen.estate.account},
        {"do": "agreement", "tenant": made.tenant, "kind": "direct"},
    ]
    expected = _one("progress", made, "identity.relationship", "attestation.agreement")
    return _change("invitation accepted", orders, *expected)


@sort("agreements gone", *SETTLED)
def _no_agreement(pen: Pen, made: Made) -> RemoteChange:
    order = {"do": "agreement", "tenant": made.tenant, "kind": "none"}
    return _change("agreements gone", [order], *_one("drift", made, "attestation.agreement"))


@sort("agreement too old", *ATTESTED)
def _old_agreement(pen: Pen, made: Made) -> RemoteChange:
    order = {"do": "agreement", "tenant": made.tenant, "kind": "attested", "date": "2022-11-01"}
    return _change("agreement too old", [order], *_one("drift", made, "attestation.agreement"))


@sort("attested by another person", *ATTESTED, roles=("provider",))
def _other_signer(pen: Pen, made: Made) -> RemoteChange:
    contact = {"first_name": "Some", "last_name": "Body", "email": f"somebody@{made.key}.example"}
    order = {"do": "agreement", "tenant": made.tenant, "kind": "attested", "contact": contact}
    return _change("attested by another person", [order], *_one("drift", made, "attestation.signatory"))


@sort("attested again by the same person", *ATTESTED)
def _same_signer(pen: Pen, made: Made) -> RemoteChange:
    signatory = made.declared.attestation.signatory
    assert signatory is not None
    contact = signatory.model_dump(exclude_none=True) | {"email": signatory.email.upper()}
    order = {"do": "agreement", "tenant": made.tenant, "kind": "attested", "contact": contact}
    return _change("attested again by the same person", [order])


@sort("agreement accepted", "no agreement", "old agreement")
def _agreement(pen: Pen, made: Made) -> RemoteChange:
    order = {"do": "agreement", "tenant": made.tenant, "kind": "direct"}
    return _change("agreement accepted", [order], *_one("progress", made, "attestation.agreement"))


@sort("another provider's row", *SETTLED, roles=("reseller",))
def _other_provider(pen: Pen, made: Made) -> RemoteChange:
    order = {"do": "add_row", "customer": made.email, "provider_id": "1", "name": "Amazon Web Services"}
    return _change("another provider's row", [order], ("unmanaged", made.key, "association"))


@sort("customer nobody declares")
def _stray_customer(pen: Pen, made: Made) -> RemoteChange:
    number = pen.serial()
    new = {"account": pen.estate.account, "email": f"it@stray{number}.example", "organization": f"Stray {number}"}
    return _change("customer nobody declares", [], ("unmanaged", "", "customer"), customers=[new])


@sort("customer with a row nobody declares")
def _stray_row(pen: Pen, made: Made) -> RemoteChange:
    number = pen.serial()
    new = {
        "account": pen.estate.account,
        "email": f"it@stray{number}.example",
        "organization": f"Stray {number}",
        "provider_row": {"pricebook": "US Standard", "provider_currency": "USD", "portal_access": True},
    }
    expected: list[Verdict] = [("unmanaged", "", "customer"), ("unmanaged", "", "association")]
    return _change("customer with a row nobody declares", [], *expected, customers=[new])


@sort("tenant nobody declares", roles=("provider",))
def _stray_tenant(pen: Pen, made: Made) -> RemoteChange:
    stranger = pen.stranger()
    expected: list[Verdict] = [("unmanaged", "", "tenant"), ("inconsistent", "", "consistency")]
    related = [{"tenant": stranger["initial_domain"], "account": pen.estate.account}]
    return _change("tenant nobody declares", [], *expected, tenants=[stranger], relationships=related)

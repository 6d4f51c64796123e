"""Sorts of changes that people make in ION: profiles, Cloud Provider rows, links, and customers nobody declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from drills.seed.estate import SETTLED, Made
from drills.seed.sorts import LOST, SORTS, Pen, RemoteChange, Sort, Verdict, change, one_each, sort

ACTIVE = (*SETTLED, "portal off", "old agreement", "no agreement", "not linked", "not related", "no row")
ROW = ("provider", "pricebook", "provider_currency", "invoice_currency", "portal_access")
SEEN_IN_ROW = ("cloud_provider.provider", "cloud_provider.portal_access", "identity.tenant")
NOT_LISTED = "cloudProfiles may leave out a row whose portal access is off, just as if there were none"


def _profile(name: str, path: str, value: Callable[[Pen, Made], str], *, cosmetic: bool = False) -> None:
    """A sort that sets one member of the ION profile. `path`: ours; cosmetic: the value means the same."""
    theirs = "name" if path == "contact_name" else path
    optional = path in ("title", "website")

    def needs(made: Made) -> bool:
        return not optional or getattr(made.declared.profile, path) is not None

    def make(pen: Pen, made: Made) -> RemoteChange:
        order = {"do": "profile", "customer": made.email, "set": {theirs: value(pen, made)}}
        hidden = path == "website" and pen.strict  # the harder ION knows no such member
        expected = frozenset() if cosmetic or hidden else frozenset({("drift", made.key, f"profile.{path}")})
        return RemoteChange(name, (order,), expected)

    SORTS.append(Sort(name, ACTIVE, make, needs=needs))


_profile("company renamed", "organization", lambda pen, made: f"{made.declared.profile.organization} Holding")
_profile("e-mail changed", "email", lambda pen, made: f"office@{made.key}.example")
_profile("contact changed", "contact_name", lambda pen, made: f"New Person {pen.serial()}")
_profile("title changed", "title", lambda pen, made: "CIO")
_profile("website changed", "website", lambda pen, made: f"https://{made.key}.test")
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
    lambda pen, made: (made.declared.profile.address.state or "").lower(),
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


@sort("pricebook changed", *SETTLED, roles=("provider",))
def _pricebook(pen: Pen, made: Made) -> RemoteChange:
    other = "US Premium" if made.declared.cloud_provider.pricebook == "US Standard" else "US Standard"
    return change(
        "pricebook changed", [_row(made, pricebook=other)], *one_each("drift", made, "cloud_provider.pricebook")
    )


@sort("currencies changed", *SETTLED, roles=("provider",))
def _currencies(pen: Pen, made: Made) -> RemoteChange:
    fields = ("cloud_provider.pricebook", "cloud_provider.provider_currency", "cloud_provider.invoice_currency")
    order = _row(made, pricebook="US Euro", provider_currency="EUR", invoice_currency="EUR")
    return change("currencies changed", [order], *one_each("drift", made, *fields))


@sort("invoice currency changed", *SETTLED, roles=("provider",))
def _invoice(pen: Pen, made: Made) -> RemoteChange:
    order = _row(made, invoice_currency="EUR")
    return change("invoice currency changed", [order], *one_each("drift", made, "cloud_provider.invoice_currency"))


@sort("pricebook with spaces", *SETTLED, roles=("provider",))
def _pricebook_spaces(pen: Pen, made: Made) -> RemoteChange:
    order = _row(made, pricebook=f" {made.declared.cloud_provider.pricebook} ", invoice_currency="usd")
    return change("pricebook with spaces", [order])


@sort("domain in capitals", *SETTLED)
def _domain(pen: Pen, made: Made) -> RemoteChange:
    return change("domain in capitals", [_row(made, domain=made.tenant.upper())])


@sort("portal access switched off", *SETTLED)
def _portal_off(pen: Pen, made: Made) -> RemoteChange:
    order = _row(made, portal_access=False)
    if pen.strict and not pen.partner:
        lost = one_each(LOST, made, *SEEN_IN_ROW, "attestation.agreement")
        return replace(change("portal access switched off", [order], *lost), unseen=NOT_LISTED)
    expected = one_each("drift", made, "cloud_provider.portal_access")
    if not pen.partner:
        expected += one_each(LOST, made, "identity.tenant", "attestation.agreement")
    return change("portal access switched off", [order], *expected)


@sort("portal access switched on", "portal off")
def _portal_on(pen: Pen, made: Made) -> RemoteChange:
    return change(
        "portal access switched on",
        [_row(made, portal_access=True)],
        *one_each("drift", made, "cloud_provider.portal_access"),
    )


@sort("row removed", *SETTLED)
def _row_removed(pen: Pen, made: Made) -> RemoteChange:
    order = {"do": "remove_row", "customer": made.email}
    if pen.partner:
        return change("row removed", [order], *one_each("drift", made, "cloud_provider.row", "identity.tenant"))
    return change("row removed", [order], *one_each(LOST, made, *SEEN_IN_ROW, "attestation.agreement"))


@sort("row added", "no row")
def _row_added(pen: Pen, made: Made) -> RemoteChange:
    declared = made.declared.cloud_provider
    members = {name: getattr(declared, name) for name in ROW if name != "provider"}
    fields = ROW if pen.partner else ("provider", "portal_access")
    return change(
        "row added", [_row(made, **members)], *one_each("progress", made, *(f"cloud_provider.{n}" for n in fields))
    )


@sort("tenant unlinked", *SETTLED)
def _unlinked(pen: Pen, made: Made) -> RemoteChange:
    expected = one_each("drift", made, "identity.tenant")
    if not pen.partner:
        expected += one_each(LOST, made, "attestation.agreement")
    return change("tenant unlinked", [{"do": "link", "customer": made.email}], *expected)


@sort("another tenant linked", *SETTLED)
def _other_tenant(pen: Pen, made: Made) -> RemoteChange:
    stranger = pen.stranger()
    expected = one_each("drift", made, "identity.tenant")
    if pen.partner:
        expected += one_each("inconsistent", made, "consistency")
    else:
        expected += one_each("drift", made, "attestation.agreement")
    order = {"do": "link", "customer": made.email, "tenant": stranger["initial_domain"]}
    return change("another tenant linked", [order], *expected, tenants=[stranger])


@sort("another customer's tenant linked", "ready")
def _shared_tenant(pen: Pen, made: Made) -> RemoteChange:
    holder = pen.free["ready"].pop()  # nothing else may happen to it
    expected = [*one_each("drift", made, "identity.tenant"), ("inconsistent", min(made.key, holder.key), "consistency")]
    order = {"do": "link", "customer": made.email, "tenant": holder.tenant}
    return change("another customer's tenant linked", [order], *expected)


@sort("tenant linked", "not linked")
def _linked(pen: Pen, made: Made) -> RemoteChange:
    expected = one_each("progress", made, "identity.tenant")
    if not pen.partner:
        expected += one_each("progress", made, "attestation.agreement")
    return change("tenant linked", [{"do": "link", "customer": made.email, "tenant": made.tenant}], *expected)


def _aws(made: Made, portal_access: bool) -> dict[str, Any]:
    row = {"provider_id": "1", "name": "Amazon Web Services", "portal_access": portal_access}
    return {"do": "add_row", "customer": made.email, **row}


@sort("another provider's row", *SETTLED, roles=("reseller",))
def _other_provider(pen: Pen, made: Made) -> RemoteChange:
    return change("another provider's row", [_aws(made, True)], ("unmanaged", made.key, "association"))


@sort("another provider's row, access off", *SETTLED, roles=("reseller",))
def _other_provider_off(pen: Pen, made: Made) -> RemoteChange:
    name, order = "another provider's row, access off", _aws(made, False)
    if pen.strict:
        return replace(change(name, [order]), unseen=NOT_LISTED)
    return change(name, [order], ("unmanaged", made.key, "association"))


@sort("customer nobody declares")
def _stray_customer(pen: Pen, made: Made) -> RemoteChange:
    number = pen.serial()
    new = {"account": pen.estate.account, "email": f"it@stray{number}.example", "organization": f"Stray {number}"}
    return change("customer nobody declares", [], ("unmanaged", "", "customer"), customers=[new])


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
    return change("customer with a row nobody declares", [], *expected, customers=[new])

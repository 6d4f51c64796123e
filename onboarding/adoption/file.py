"""What is seen of a customer, as a customer file says it; and what an adopted file still calls unknown, filled in."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import schemas
from clients.ion.models import IonCustomer
from onboarding.adoption.read import Candidate
from onboarding.core import compare
from schemas.dotted import drop, put, value_at
from schemas.kinds import places
from schemas.kinds.countries import code_of, held
from schemas.model.fields import ION
from schemas.model.gates import CONFIRMABLE
from schemas.report.rules import SENT

MARKS = {
    "cloud_provider.pricebook": "the pricebook as ION's Cloud Providers page shows it",
    "cloud_provider.portal_access": 'true or false, "Enable provider in customer portal"',
    "identity.tenant_id": "the Microsoft ID of the customer's tenant",
    "attestation.signatory": "who signs for the customer: first_name, last_name, email",
}
"""Name in `unknown` -> what to fill in."""


def declared(
    candidate: Candidate, key: str, connection: schemas.Connection, today: dt.date
) -> tuple[schemas.Customer | None, str]:
    """The customer file that says what is seen; or None and why no file may say it."""
    data = _declaration(candidate, key, connection.name)
    for _ in range(2 * len(_OPTIONAL) + 2):
        made, findings = schemas.findings_of(copy.deepcopy(data), connection, today)
        if _as_found(data, findings):
            continue
        if made is not None:
            # Defaults that follow from the connection stay out of the file, as when a person writes it.
            return schemas.Customer.model_validate(data), ""
        wrong = schemas.errors(findings)
        if not any(_without(data, found.path) for found in wrong):
            told = wrong[0]
            return None, f"{told.path}: {told.message} ({told.rule}); correct it in ION or in the connection file"
    raise AssertionError("every round takes an optional part away")


def _declaration(candidate: Candidate, key: str, connection: str) -> dict[str, Any]:
    customer, unknown = candidate.customer, []
    row = {name: value for name, value in candidate.row.items() if value is not None}
    if "pricebook" not in row:
        unknown.append("cloud_provider.pricebook")
    if candidate.row and "portal_access" not in row:
        unknown.append("cloud_provider.portal_access")
    identity = {"domain": candidate.domain.lower() or None, "tenant_id": candidate.tenant or None}
    if not candidate.tenant:
        identity["domain"] = None
        unknown.append("identity.tenant_id")
    agreement: dict[str, Any] = {"route": "customer"} if candidate.direct else {}
    if candidate.signatory:
        agreement["signatory"] = dict(candidate.signatory)
    else:
        unknown.append("attestation.signatory")
    return {
        "key": key,
        "connection": connection,
        "unknown": unknown,
        "profile": _profile(customer),
        "cloud_provider": row,
        "identity": {"method": "existing"} | {name: value for name, value in identity.items() if value is not None},
        "attestation": agreement,
    }


def _profile(customer: IonCustomer) -> dict[str, Any]:
    """What ION holds, as a file says it: countries and states by code (samples of TD SYNNEX name a country in words),
    and without what is empty and may be."""
    country, said = held(customer.address.country), dict[str, Any]()
    for field in ION:
        text = str(value_at(customer, field.path) or "")
        if field.form == "country":
            text = country or text
        elif field.form == "state":
            text = places.area_sent(text, country)
        elif field.path == "language":
            text = text.upper() or "EN"
        if text or not (field.optional or "." in field.path):
            put(said, field.path, text)
    return said


def _as_found(data: dict[str, Any], findings: Sequence[schemas.Finding]) -> bool:
    """Say in the file that a system holds a value that it would refuse today; False when there is none. What a file may
    leave out is left out instead."""
    held = {found.path for found in schemas.errors(findings) if found.rule in SENT and found.path not in _OPTIONAL}
    if held:
        data["as_found"] = sorted({*data.get("as_found", ()), *held})
    return bool(held)


_OPTIONAL = (
    *(f"profile.{field.path}" for field in ION if field.optional),
    "attestation.signatory.phone",
    "attestation.signatory",
    "identity.domain",
)
"""What a file may leave out when it could not say it: then it is not managed, or named as unknown."""


def _without(data: dict[str, Any], path: str) -> bool:
    """Leave out the optional part that a finding is about; False when there is none."""
    name = next((one for one in _OPTIONAL if path == one or path.startswith(f"{one}.")), "")
    if name == "identity.domain" and "tenant_id" not in (data.get("identity") or {}):
        return False
    if not drop(data, name):
        return False
    if name in MARKS:
        data["unknown"].append(name)
    return True


def completed(
    one: schemas.Customer, candidate: Candidate, connection: schemas.Connection, today: dt.date, *, update: bool
) -> schemas.Customer | None:
    """The declaration with what its file calls unknown filled in as far as it is seen now; with `update` also with the
    values that differ from what is seen. None when nothing changes."""
    seen = _declaration(candidate, one.key, connection.name)
    data = one.model_dump(mode="json", by_alias=True, exclude_unset=True)
    before = copy.deepcopy(data)
    for name in one.unknown:
        value = value_at(seen, name)
        if value not in (None, ""):
            put(data, name, value)
            data["unknown"] = [other for other in data["unknown"] if other != name]
            if name == "cloud_provider.pricebook":
                for currency in ("provider_currency", "invoice_currency"):
                    put(data, f"cloud_provider.{currency}", seen["cloud_provider"].get(currency, ""))
    if update:
        _take_seen(data, seen)
    if data == before:
        return None
    _, findings = schemas.findings_of(copy.deepcopy(data), connection, today)
    if update and _as_found(data, findings):
        _, findings = schemas.findings_of(copy.deepcopy(data), connection, today)
    return None if schemas.errors(findings) else schemas.Customer.model_validate(data)


def says_what_is_seen(
    one: schemas.Customer, candidate: Candidate, connection: schemas.Connection, today: dt.date
) -> bool:
    """Whether a declaration is the one that adoption would write of what is seen."""
    made, _ = declared(candidate, one.key, connection, today)
    if made is None:
        return False
    filled, _ = schemas.findings_of(made.model_dump(mode="json", by_alias=True, exclude_unset=True), connection, today)
    return filled is not None and filled.model_dump() == one.model_dump()


def _take_seen(data: dict[str, Any], seen: Mapping[str, Any]) -> None:
    """Replace what differs; spellings that mean the same stay as a person wrote them."""
    names = [f"profile.{field.path}" for field in ION if not field.key]
    names += [f"cloud_provider.{name}" for name in CONFIRMABLE["cloud_provider"]]
    country = code_of(str(value_at(data, "profile.address.country") or ""))
    for path in names:
        ours, theirs = value_at(data, path), value_at(seen, path)
        if theirs in (None, "") or ours is None:
            continue
        if not compare.same(path.partition(".")[2], str(ours), str(theirs), country):
            put(data, path, theirs)
    if "portal_access" in seen["cloud_provider"]:
        put(data, "cloud_provider.portal_access", seen["cloud_provider"]["portal_access"])

"""Checks that look at more than one value: a customer with its connection, and one connection file.

They read the raw data and step over what is missing or has the wrong type (another layer reports that), so that one
mistake never hides the next.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, get_args

from schemas.check.value_checks import address_places, check_values, country_of, get, text
from schemas.kinds.nearest import nearest, quoted
from schemas.model.connection import Connection
from schemas.model.customer import UNKNOWN_ALLOWED, Ending
from schemas.model.gates import CONFIRMABLE
from schemas.model.values import DAY
from schemas.read.yaml_source import Path_
from schemas.report.findings import Report

# Microsoft asks for a registration number and a phone number there (partner documentation, August 2021).
REGISTRATION_COUNTRIES = frozenset(
    "AM AZ BY HU KZ KG MD RU TJ UZ UA BR IN ZA PL AE SA TR TH VN MM IQ SS VE".split()  # noqa: SIM905 - a word list
)


def check_customer(data: Mapping[str, Any], connection: Connection | None, report: Report, today: dt.date) -> None:
    """Report what is wrong within one customer, and between it and its connection (None: not known)."""
    check_values(data, connection, report)
    _lifecycle(data, report)
    _unknown(data, report)
    _as_found(data, report)
    _dates(data, report, today)
    _confirmations(data, report, today)
    _identity(data, report)
    if not get(data, "attestation", "signatory") and "attestation.signatory" not in _names(data):
        report(("attestation", "signatory"), "CSP-ATT-001", "no signatory", "name who may sign for the customer")
    if connection is not None:
        _served(data, connection, report)
        _money(data, connection, report)
        _identity_here(data, connection, report)
        _agreed_on(data, connection, report)


def _names(data: Mapping[str, Any]) -> list[str]:
    names = get(data, "unknown")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _lifecycle(data: Mapping[str, Any], report: Report) -> None:
    state = text(data, "lifecycle")
    if state not in get_args(Ending):
        return
    for name in ("adopt", "recreate"):
        if get(data, name) is True:
            report((name,), "CSP-CUST-010", f"{name} does not fit lifecycle: {state}", "remove it")
    if get(data, "cloud_provider", "portal_access") is True:
        report(
            ("cloud_provider", "portal_access"),
            "CSP-CUST-010",
            f"the customer could go on buying while lifecycle is {state}",
            "try false",
        )


def _unknown(data: Mapping[str, Any], report: Report) -> None:
    for index, name in enumerate(_names(data)):
        if name not in UNKNOWN_ALLOWED:
            close = nearest(name, UNKNOWN_ALLOWED)
            hint = f"try {quoted(close)}" if close else "possible: " + ", ".join(UNKNOWN_ALLOWED)
            report(("unknown", index), "CSP-CUST-011", f"{quoted(name)} may not be unknown", hint)
        elif get(data, *name.split(".")) not in (None, ""):
            report(("unknown", index), "CSP-CUST-011", f"{name} is filled in", "remove the name from unknown")


def _as_found(data: Mapping[str, Any], report: Report) -> None:
    names = get(data, "as_found")
    for index, name in enumerate(names if isinstance(names, list) else ()):
        if isinstance(name, str) and get(data, *name.split(".")) in (None, ""):
            report(("as_found", index), "CSP-CUST-012", f"{quoted(name)} has no value in this file", "remove the name")


def _date(value: Any) -> dt.date | None:
    if isinstance(value, str) and DAY.fullmatch(value):
        try:
            return dt.date.fromisoformat(value[:10])
        except ValueError:
            return None
    return None


def _dates(data: Mapping[str, Any], report: Report, today: dt.date) -> None:
    for path in (("identity", "sent_on"), ("identity", "declined_on"), ("attestation", "agreed_on")):
        _not_future(get(data, *path), path, report, today)


def _not_future(value: Any, path: Path_, report: Report, today: dt.date) -> None:
    day = _date(value)
    if day and day > today + dt.timedelta(days=1):  # one day of grace: the file may come from another time zone
        report(path, "CSP-DATE-002", f"{day} is in the future")


def _confirmations(data: Mapping[str, Any], report: Report, today: dt.date) -> None:
    for section, allowed in CONFIRMABLE.items():
        check_confirmation(get(data, section, "confirmed"), (section, "confirmed"), allowed, report, today)


def check_confirmation(found: Any, path: Path_, allowed: tuple[str, ...], report: Report, today: dt.date) -> None:
    """Report what is wrong with one confirmation block and those inside its ``also``."""
    if not isinstance(found, Mapping):
        return
    _not_future(found.get("on"), (*path, "on"), report, today)
    values = found.get("values") or {}
    fields = found.get("fields")
    for index, name in enumerate(fields if isinstance(fields, list) else ()):
        if name not in allowed:
            close = nearest(str(name), allowed)
            hint = f"try {quoted(close)}" if close else "possible: " + ", ".join(allowed)
            report((*path, "fields", index), "CSP-CONF-002", f"{quoted(str(name))} cannot be confirmed here", hint)
        elif isinstance(values, Mapping) and name not in values:
            report(
                (*path, "fields", index),
                "CSP-CONF-001",
                f"no confirmed value for {name}",
                f"add values: {{{name}: ...}}",
            )
    also = found.get("also")
    for index, inner in enumerate(also if isinstance(also, list) else ()):
        check_confirmation(inner, (*path, "also", index), allowed, report, today)


def _identity(data: Mapping[str, Any], report: Report) -> None:
    identity = get(data, "identity")
    method = text(identity, "method")
    if method == "new":
        prefix, repeated = text(identity, "domain_prefix"), get(identity, "confirm_new_tenant")
        if isinstance(repeated, str) and prefix and repeated != prefix:
            message = f"{quoted(repeated)} does not repeat domain_prefix"
            report(("identity", "confirm_new_tenant"), "CSP-ID-005", message, f"try {quoted(prefix)}")
        country = country_of(data, tenant=True)
        if country in REGISTRATION_COUNTRIES:
            where = f"required in {country}"
            if not text(identity, "organization_registration_number"):
                report(("identity", "organization_registration_number"), "CSP-ID-012", where)
            if not text(identity, "contact", "phone"):
                report(("identity", "contact", "phone"), "CSP-ID-012", where)
    named = text(identity, "domain") or text(identity, "tenant_id") or "identity.tenant_id" in _names(data)
    if method == "existing" and not named:
        report(("identity",), "CSP-ID-007", "neither domain nor tenant_id", "add one of them")


def _served(data: Mapping[str, Any], connection: Connection, report: Report) -> None:
    for path, _, country in address_places(data):
        if country and country not in connection.countries:
            serves = ", ".join(connection.countries)
            message = f"connection {connection.name} serves {serves}, not {country}"
            report((*path, "country"), "CSP-CUST-008", message)


def _money(data: Mapping[str, Any], connection: Connection, report: Report) -> None:
    here = ("cloud_provider", "pricebook")
    pricebook, unknown = text(data, *here), _names(data)
    known = ", ".join(quoted(name) for name in connection.pricebooks) or "none"
    if not pricebook:
        if "cloud_provider.pricebook" not in unknown:
            report(here, "CSP-PROV-001", "no pricebook", f"{connection.name} has {known}")
    elif pricebook not in connection.pricebooks:
        close = nearest(pricebook, connection.pricebooks)
        message = f"connection {connection.name} has no pricebook {quoted(pricebook)}"
        report(here, "CSP-PROV-002", message, f"try {quoted(close)}" if close else f"it has {known}")
    expected = connection.pricebooks.get(pricebook, "")
    currency = text(data, "cloud_provider", "provider_currency")
    if expected and currency and currency != expected:
        message = f"pricebook {quoted(pricebook)} is in {expected}, not in {currency}"
        report(("cloud_provider", "provider_currency"), "CSP-PROV-003", message, f"try {quoted(expected)}")
    for name in ("provider_currency", "invoice_currency"):
        value = text(data, "cloud_provider", name)
        already_told = name == "provider_currency" and expected and value != expected
        if value and value not in connection.currencies and not already_told:
            bills = ", ".join(connection.currencies)
            message = f"connection {connection.name} bills in {bills}, not in {value}"
            report(("cloud_provider", name), "CSP-PROV-005", message)


def _identity_here(data: Mapping[str, Any], connection: Connection, report: Report) -> None:
    identity = get(data, "identity")
    method = text(identity, "method")
    api = connection.calls_partner_center
    if method == "invite":
        if not api and connection.relationship_link() is None:
            cohort = f", cohort {connection.cohort}" if connection.cohort else ""
            message = (
                f"{connection.name} has no relationship link for Partner Center {connection.partner_center_region}"
            )
            here = connection.partner_center_region in {link.partner_center for link in connection.relationship_links}
            hint = "name the connection's cohort" if here and not connection.cohort else "add it to the connection"
            report(("identity", "method"), "CSP-ID-008", message + cohort, hint)
        if api and not (text(identity, "domain") or text(identity, "tenant_id")):
            message = "neither domain nor tenant_id: the acceptance could not be recognised"
            report(("identity",), "CSP-ID-007", message, "add one of them")
    if method == "invite" and connection.reseller is None and connection.relationship_link() is not None:
        message = f"{connection.name} names no reseller, so that a link of another partner would pass"
        hint = "add reseller: {tenant_id: ..., partner_id: ...} to the connection"
        report(("identity", "method"), "CSP-ID-016", message, hint)
    if method != "new":
        return
    _asked_for(data, connection, report)
    if connection.handover is None:
        message = f"{connection.name} has no handover: the one-time password would be lost"
        report(("identity", "method"), "CSP-ID-009", message, "add recipients to the connection")
    if not api and not (text(identity, "csp_credentials") or connection.csp_credentials):
        report(("identity", "csp_credentials"), "CSP-ID-010", "not named, and the connection names none either")
    if get(identity, "direct_customer") is True and connection.role == "indirect-reseller":
        report(
            ("identity", "direct_customer"), "CSP-ID-011", "an indirect reseller has no direct customers", "try false"
        )


def _asked_for(data: Mapping[str, Any], connection: Connection, report: Report) -> None:
    """A new tenant has no agreement, so that one is asked for; a sandbox alone knows the call without being told."""
    told = "enhanced_attestation" in connection.model_fields_set
    by_us = text(data, "attestation", "route") in ("", "partner")
    if connection.calls_partner_center and connection.sandbox is None and by_us and not told:
        message = f"{connection.name} does not say how Microsoft is asked for the agreement of a new tenant"
        hint = "add enhanced_attestation: {path: ...} to the connection, or attestation.route: customer here"
        report(("identity", "method"), "CSP-ATT-004", message, hint)


def _agreed_on(data: Mapping[str, Any], connection: Connection, report: Report) -> None:
    day = _date(get(data, "attestation", "agreed_on"))
    if day and day < connection.agreement_valid_from:
        message = f"an agreement of {day} no longer counts (valid from {connection.agreement_valid_from})"
        report(("attestation", "agreed_on"), "CSP-ATT-003", message, "let the customer accept again")

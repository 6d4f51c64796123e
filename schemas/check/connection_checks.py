"""Checks of one connection file: its role, its money, its relationship links."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from schemas.check.references import check_confirmation
from schemas.check.value_checks import get, hidden, text
from schemas.kinds.hosts import leads_on, refused
from schemas.kinds.nearest import quoted
from schemas.model import values
from schemas.model.customer import PROGRAM_ACCESS
from schemas.model.values import GUID, is_address
from schemas.report.findings import Report

_LINK_HOST = "admin.microsoft.com"
_REDIRECT = re.compile(r"(?i)redirect|return|url|^(ru|goto|next|continue|dest(ination)?|w?reply)$")
_DAP = re.compile(r"(?i)(?<![a-z0-9_-])dap\s*=\s*true(?![a-z0-9_-])")
_INVITATIONS = ("ResellerRelationship", "IndirectResellerRelationship")


def check_connection(data: Mapping[str, Any], name: str, tell: Report, today: dt.date) -> None:
    """Report what is wrong within one connection file called ``name``."""
    told: set[Any] = set()

    def report(path: Any, *more: Any, **levels: Any) -> None:
        told.add(tuple(path))
        tell(path, *more, **levels)

    if text(data, "name") not in ("", name):
        report(("name",), "CSP-CONN-011", f"the file is called {name}", f"try {quoted(name)}")
    _role(data, report)
    _money(data, report)
    _places(data, report)
    _hosts(data, report)
    check_confirmation(get(data, "program_access"), ("program_access",), PROGRAM_ACCESS, report, today)
    links = get(data, "relationship_links")
    seen: dict[tuple[str, str], int] = {}
    for index, link in enumerate(links if isinstance(links, list) else ()):
        place = (text(link, "partner_center"), text(link, "cohort"))
        if seen.setdefault(place, index) != index:
            message = f"a second link of {' '.join(place).strip()}, beside relationship_links.{seen[place]}"
            report(("relationship_links", index), "CSP-CONN-014", message, "keep the one that is meant")
        whose = {"role": text(data, "role"), "tenant": text(data, "partner_center", "tenant_id")}
        for rule, message, hint in lint_link(text(link, "url"), get(data, "reseller"), **whose):
            report(("relationship_links", index, "url"), rule, message, hint)
    # A text that is wrong for another reason is told once.
    hidden(data, (), lambda path, *more, **levels: None if tuple(path) in told else tell(path, *more, **levels))


def _role(data: Mapping[str, Any], report: Report) -> None:
    role, sandbox = text(data, "role"), get(data, "sandbox")
    if role == "indirect-reseller" and get(data, "partner_center") is not None:
        message = "an indirect reseller may not call Partner Center"
        report(("partner_center",), "CSP-CONN-005", message, "remove it")
    if sandbox is not None:
        return
    if role == "indirect-reseller" and get(data, "ion") is None:
        report(("ion",), "CSP-CONN-004", "an indirect reseller works in ION", "add ion: {account_id: ...}")
    if role in ("indirect-provider", "direct-bill") and get(data, "partner_center") is None:
        message = f"role {role} works in Partner Center"
        report(("partner_center",), "CSP-CONN-004", message, "add partner_center: {tenant_id: ...}")
    if role == "indirect-provider" and get(data, "reseller") is None:
        message = "an indirect provider names the reseller it acts for"
        report(("reseller",), "CSP-CONN-004", message, "add reseller: {tenant_id: ..., partner_id: ...}")
    if get(data, "mail") is not None and not text(data, "mail", "host"):
        report(("mail", "host"), "CSP-CONN-004", "no mail host")
    if get(data, "association_api") is not None and get(data, "ion") is None:
        report(("association_api",), "CSP-CONN-004", "its path is below ION's address", "add ion")


def _money(data: Mapping[str, Any], report: Report) -> None:
    currencies, pricebooks = get(data, "currencies"), get(data, "pricebooks")
    if isinstance(currencies, list) and isinstance(pricebooks, Mapping):
        for name, currency in pricebooks.items():
            if isinstance(currency, str) and currency in values.currencies() and currency not in currencies:
                message = f"{currency} is none of the currencies {', '.join(map(str, currencies))}"
                report(("pricebooks", name), "CSP-CONN-008", message)


def _places(data: Mapping[str, Any], report: Report) -> None:
    handover = get(data, "handover")
    if isinstance(handover, Mapping):
        recipients = handover.get("recipients")
        if not recipients and not handover.get("key_vault"):
            report(("handover",), "CSP-CONN-009", "names nobody", "add recipients: [age1...], a key_vault, or both")
        for index, one in enumerate(recipients if isinstance(recipients, list) else ()):
            if isinstance(one, str) and not re.match(r"^(age1[0-9a-z]{20,}|file:.+)$", one):
                message = f"{quoted(one)} is no age public key and no file: path"
                report(("handover", "recipients", index), "CSP-CONN-009", message)
    store = get(data, "token_store")
    if isinstance(store, Mapping) and bool(store.get("file")) == bool(store.get("key_vault")):
        report(("token_store",), "CSP-CONN-009", "name either file or key_vault")
    days = get(data, "follow_up_days")
    numbers = [day for day in days if isinstance(day, int)] if isinstance(days, list) else []
    if numbers and (numbers[0] < 1 or any(a >= b for a, b in pairwise(numbers))):
        report(("follow_up_days",), "CSP-CONN-010", "the days must rise", f"try {sorted({abs(d) for d in numbers})}")
    path = get(data, "association_api", "base_path")
    if isinstance(path, str) and not path.startswith("/"):
        report(("association_api", "base_path"), "CSP-SHAPE-005", "a path starts with /", f"try {quoted('/' + path)}")


ADDRESSES: Mapping[tuple[str, str], str] = {
    ("ion", "base_url"): "ion",
    ("partner_center", "base_url"): "partner_center",
    ("partner_center", "login"): "login",
    ("entra", "base_url"): "login",
    ("handover", "key_vault"): "key_vault",
    ("token_store", "key_vault"): "key_vault",
}
"""Every address of a connection file that gets a credential, and whose it must be."""


def _hosts(data: Mapping[str, Any], report: Report) -> None:
    for path, service in ADDRESSES.items():
        address = text(data, *path)
        if not is_address(address):  # told by the type of the value
            continue
        wrong = refused(service, address, os.environ, sandbox=get(data, "sandbox") is not None)
        if wrong:
            report(path, "CSP-CONN-012", wrong.message, wrong.hint)


def lint_link(url: str, reseller: Any = None, *, role: str = "", tenant: str = "") -> list[tuple[str, str, str]]:
    """What is wrong with a customer relationship link: (rule, message, suggestion) each; empty when nothing is.

    ``reseller`` (mapping with tenant_id and partner_id, or None) is whom an indirect link must name. ``role`` and
    ``tenant`` are the connection's; "" where they are not known. Source of the form: Microsoft's partner documentation
    and the links its API returns.
    """
    if not url:
        return []
    try:
        parts: SplitResult = urlsplit(url)
        given = parse_qs(parts.query)
    except ValueError:
        return [("CSP-CONN-001", f"{quoted(url)} is no address", "")]
    wrong: list[tuple[str, str, str]] = []

    def add(rule: str, message: str, hint: str = "") -> None:
        wrong.append((rule, message, hint))

    _lint_address(parts, given, add)
    query = {name.lower(): found[0] for name, found in given.items()}
    kind = query.get("invtype", "")
    if kind not in _INVITATIONS:
        late = " (the query must stand before the #)" if "invType" in parts.fragment else ""
        add("CSP-CONN-001", f"invType {quoted(kind)} is no invitation{late}", "one of " + ", ".join(_INVITATIONS))
    for name in ("partnerId", *(("indirectCSPId",) if kind == "IndirectResellerRelationship" else ())):
        if not GUID.match(query.get(name.lower(), "")):
            add("CSP-CONN-001", f"{name} is no GUID")
    if not query.get("msppid", "").isdigit():
        add("CSP-CONN-001", "msppId is no number")
    if _DAP.search(unquote(unquote(url))):  # wherever it stands: the page behind the # reads a query of its own
        add("CSP-CONN-002", "the link says DAP=true", "write DAP=false or leave it out; rights are granted by GDAP")
    _lint_parties(kind, query, reseller, role, tenant, add)
    return wrong


def _lint_address(parts: SplitResult, given: Mapping[str, list[str]], add: Callable[..., None]) -> None:
    """A link leads to Microsoft's page and nowhere else, and says each thing once."""
    if parts.scheme != "https":
        add("CSP-CONN-001", f"the link uses {parts.scheme or 'no scheme'}", "https only")
    if (parts.hostname or "") != _LINK_HOST:
        add("CSP-CONN-001", f"the link leads to {parts.hostname or 'no host'}", f"Microsoft's is {_LINK_HOST}")
    if parts.netloc.lower() not in (_LINK_HOST, parts.hostname or ""):
        add("CSP-CONN-001", "the link holds a user name or a port", f"write https://{_LINK_HOST}/ and no more")
    for name, found in given.items():
        if _REDIRECT.search(name) or any(leads_on(one) for one in found):
            add("CSP-CONN-001", f"{quoted(name)} could lead the customer somewhere else", "remove it")
    if leads_on(parts.path):
        add("CSP-CONN-001", "the path could lead the customer somewhere else", "write /Adminportal/Home")
    if leads_on(parts.fragment):
        add("CSP-CONN-001", "what stands after # could lead the customer somewhere else", "remove it")
    if len({name.lower() for name in given}) < sum(len(found) for found in given.values()):
        add("CSP-CONN-001", "a part of the query is there twice", "keep one of them")


def _lint_parties(
    kind: str, query: Mapping[str, str], reseller: Any, role: str, tenant: str, add: Callable[..., None]
) -> None:
    """The link makes a customer of those whom the connection names."""
    if kind == "IndirectResellerRelationship" and isinstance(reseller, Mapping):
        _same(query, "partnerId", text(reseller, "tenant_id"), add)
        _same(query, "msppId", text(reseller, "partner_id"), add)
    if kind == "IndirectResellerRelationship" and role == "indirect-provider":
        _same(query, "indirectCSPId", tenant, add, "partner tenant")
    if kind == "ResellerRelationship" and role == "indirect-provider":
        add("CSP-CONN-003", "the link makes a direct customer of the provider", "use one that names the reseller")
    if kind == "ResellerRelationship" and role == "direct-bill":
        _same(query, "partnerId", tenant, add, "partner tenant")


def _same(query: Mapping[str, str], name: str, own: str, add: Callable[..., None], whose: str = "reseller") -> None:
    found = query.get(name.lower(), "")
    if found and own and found.casefold() != own.casefold():
        add("CSP-CONN-003", f"{name} is {found}, the connection's {whose} has {own}")

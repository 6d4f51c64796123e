"""Checks over all customers of a stack: what may belong to one customer only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from schemas.check.value_checks import get, text
from schemas.model.values import TENANT_SUFFIX
from schemas.read.yaml_source import Path_, Source


class Declared(Protocol):
    """What this module needs of a customer on its way."""

    source: Source
    key: str
    data: Any

    def report(self, path: Path_, rule: str, message: str, suggestion: str = "") -> None:
        """Record a finding."""


def check_fleet(entries: Sequence[Declared]) -> None:
    """Report keys, e-mails, tenants and former keys that two customers claim; at the later one, naming the first."""
    readable = [entry for entry in entries if isinstance(entry.data, Mapping)]
    first: dict[tuple[str, str], tuple[Declared, Path_]] = {}
    for entry in readable:
        for rule, value, path, words in _claims(entry):
            before, where = first.setdefault((rule, value), (entry, path))
            if before is not entry:
                place = f"{before.source.file}:{before.source.mark(where)[0]}"
                entry.report(path, rule, f"{words} is already declared at {place}", _way_out(rule))
    _former_keys(readable)


def _claims(entry: Declared) -> Iterator[tuple[str, str, Path_, str]]:
    """(rule, compared value, place, words) of all that is claimed for this customer alone."""
    data = entry.data
    if entry.key:
        yield "CSP-EST-003", entry.key, ("key",), f"customer {entry.key}"
    if email := text(data, "profile", "email"):
        yield "CSP-CUST-002", email.casefold(), ("profile", "email"), email
    if prefix := text(data, "identity", "domain_prefix"):
        yield "CSP-ID-006", prefix.casefold() + TENANT_SUFFIX, ("identity", "domain_prefix"), f"tenant {prefix}"
    if domain := text(data, "identity", "domain"):
        yield "CSP-ID-006", domain.casefold(), ("identity", "domain"), f"tenant {domain}"
    if tenant := text(data, "identity", "tenant_id"):
        yield "CSP-ID-006", tenant.casefold(), ("identity", "tenant_id"), f"tenant {tenant}"


def _way_out(rule: str) -> str:
    if rule == "CSP-EST-003":
        return "give it a key of its own"
    if rule == "CSP-CUST-002":
        return "several tenants of one company are several files with one group, each with an e-mail of its own"
    return "one tenant is one customer"


def _former_keys(entries: Sequence[Declared]) -> None:
    keys = {entry.key: entry for entry in entries}
    claimed: dict[str, Declared] = {}
    for entry in entries:
        names = get(entry.data, "previously")
        for index, name in enumerate(names if isinstance(names, list) else ()):
            if not isinstance(name, str):
                continue
            other = keys.get(name) or claimed.setdefault(name, entry)
            if other is entry and name != entry.key:
                continue
            who = "its own key" if other is entry else f"used by {other.source.file}"
            entry.report(("previously", index), "CSP-EST-004", f"{name} is {who}", "name former keys only")

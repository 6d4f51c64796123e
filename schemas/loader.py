"""From files to a valid estate, or to all findings at once. Reads files only; sends nothing."""

from __future__ import annotations

import datetime as dt
import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from schemas.check.connection_checks import check_connection
from schemas.check.fleet import check_fleet
from schemas.check.references import check_customer
from schemas.check.token_place import token_file
from schemas.check.value_checks import get, text
from schemas.dotted import drop, value_at
from schemas.kinds.countries import countries
from schemas.kinds.hosts import Refused
from schemas.kinds.nearest import nearest, quoted
from schemas.kinds.normal import composed
from schemas.model.base import Declared
from schemas.model.connection import Connection
from schemas.model.customer import Customer, Ending, ExistingIdentity, InviteIdentity, NewIdentity
from schemas.model.estate import Estate
from schemas.model.stack import CONFIG_KEY, StackEstate
from schemas.model.values import currencies
from schemas.read.inside import MAX_PATTERNS, UnreadableError, is_inside, matching
from schemas.read.layers import validate
from schemas.read.overlooked import overlooked
from schemas.read.yaml_source import Path_, Source, dotted, from_data, read
from schemas.report.findings import DeclarationErrors, Finding, Level, errors
from schemas.report.rules import SENT

STACKS = "stacks"
MAX_TOTAL = 64 * 2**20
"""Bytes of all customer files of a stack."""
MAX_VALUES = 2_000_000
"""Values in them: 20,000 customers with all fields have fewer."""
CONNECTIONS = "connections"  # fixed, because a plugin process knows a connection by its name alone
_IDENTITIES: dict[str, type[Declared]] = {"new": NewIdentity, "existing": ExistingIdentity, "invite": InviteIdentity}


@dataclass(slots=True)
class Entry:
    """One declared customer on its way: its file, the stack's defaults, and the data of both."""

    source: Source
    defaults: Source
    key: str
    data: Any
    model: Customer | None = None
    told: list[Finding] = field(default_factory=list)

    def report(
        self,
        path: Path_,
        rule: str,
        message: str,
        suggestion: str = "",
        key: bool = False,
        level: Level = "error",
    ) -> None:
        """Record a finding where the value stands: in the file, else in the stack's defaults, else at its parent."""
        if any(f.path == dotted(path) and f.rule.startswith("CSP-YAML") for f in self.source.findings):
            return  # the YAML itself is wrong there
        place = self.source
        if not place.has(path) and self.defaults.has(path):
            place = self.defaults
        if rule in SENT and level == "error" and self._held(dotted(path)):
            level = "warning"
        self.told.append(Finding(place.file, *place.mark(path, key), dotted(path), rule, message, suggestion, level))

    def _held(self, path: str) -> bool:
        """Whether the file itself says that the value is not going to be sent."""
        names = get(self.data, "as_found")
        return text(self.data, "lifecycle") in get_args(Ending) or (isinstance(names, list) and path in names)


def load_connection(name: str, project_dir: Path) -> Connection:
    """The connection ``name`` from ``stacks/connections/<name>.yaml``.

    Raises ``DeclarationErrors`` with all that is wrong with the file, or when there is none.
    """
    connection, findings = _connection(name, project_dir, project_dir / STACKS / CONNECTIONS)
    if connection is None or errors(findings):
        raise DeclarationErrors(findings)
    return connection


def load_estate(
    stack: Path | Mapping[str, Any],
    project_dir: Path,
    *,
    name: str = "",
    today: dt.date | None = None,
    split_if_sent: bool = False,
) -> Estate:
    """The estate that a stack declares.

    ``stack`` is a stack file (Pulumi.<stack>.yaml), or the value of ``csp:estate`` as the engine hands it to the
    program (then ``name`` is the stack's). ``split_if_sent``: for a caller who can tell what is going to be sent; the
    errors that hold only then are in ``Estate.if_sent`` instead. Raises ``DeclarationErrors`` with everything that is
    wrong in all files.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    if isinstance(stack, Path):
        name = name or stack.name.removeprefix("Pulumi.").removesuffix(".yaml")
        base, folder = stack.parent.resolve(), stack.parent / CONNECTIONS
        config = _estate_part(read(stack, project_dir, _shown(stack, project_dir)))
    else:
        base, folder = (project_dir / STACKS).resolve(), project_dir / STACKS / CONNECTIONS
        config = from_data(f"{STACKS}/Pulumi.{name}.yaml", stack)
        if not isinstance(config.data, Mapping):
            config.add((), "CSP-EST-002", f"{CONFIG_KEY} is no mapping")
    findings = list(config.findings)
    declared = _stack_estate(config, findings) if not findings else None
    if declared is None:
        raise DeclarationErrors(findings)
    entries = _entries(declared, config, base, project_dir, findings)
    if not any(found.rule == "CSP-EST-001" for found in findings):  # else nobody knows what it should have included
        findings += overlooked(base, project_dir, CONFIG_KEY, CONNECTIONS)
    connections = _connections(entries, folder, project_dir, findings)
    for entry in entries:
        _check(entry, connections.get(text(entry.data, "connection")), today)
    check_fleet(entries)
    if_sent: dict[str, tuple[Finding, ...]] = {}
    for entry in entries:
        for one in entry.told:
            if split_if_sent and one.rule in SENT and one.level == "error":
                if_sent[entry.key] = (*if_sent.get(entry.key, ()), one)
            else:
                findings.append(one)
    if any(f.level == "error" for f in findings):
        raise DeclarationErrors([*findings, *(f for some in if_sent.values() for f in some)])
    customers = tuple(e.model for e in entries if e.model is not None)
    found = {n: c for n, c in connections.items() if c is not None}
    sources = {e.key: e.source.file for e in entries}
    return Estate(name, project_dir, customers, found, sources, tuple(sorted(set(findings))), if_sent, declared.policy)


def load_stack(stack: Path, project_dir: Path) -> StackEstate:
    """What a stack file itself says: defaults, include patterns, inline customers; no customer file is read.

    Raises ``DeclarationErrors``.
    """
    config = _estate_part(read(stack, project_dir, _shown(stack, project_dir)))
    findings = list(config.findings)
    declared = _stack_estate(config, findings) if not findings else None
    if declared is None or findings:
        raise DeclarationErrors(findings)
    return declared


def findings_of(data: dict[str, Any], connection: Connection, today: dt.date) -> tuple[Customer | None, list[Finding]]:
    """A customer that is in no file yet, checked as a file would be: the model unless there is an error, all findings.

    ``data`` is the content of a customer file with its key; what follows from the connection is filled in.
    """
    entry = Entry(Source("", data), Source("", {}), text(data, "key"), data)
    _check(entry, connection, today)
    return (None if errors(entry.told) else entry.model), entry.told


def _shown(path: Path, project_dir: Path) -> str:
    """A path as people know it: relative to the project; a link is named, not what it leads to."""
    for one, root in (
        (path.absolute(), project_dir.absolute()),
        (path.parent.resolve() / path.name, project_dir.resolve()),
    ):
        if one.is_relative_to(root):
            return one.relative_to(root).as_posix()
    return path.as_posix()


def _estate_part(source: Source) -> Source:
    if source.findings:
        return source
    path = ("config", CONFIG_KEY)
    if not isinstance(get(source.data, *path), Mapping):
        source.add(path, "CSP-EST-002", f"no {CONFIG_KEY} in this stack", f"add config: {{{CONFIG_KEY}: ...}}")
        return source
    return source.below(path)


def _stack_estate(config: Source, findings: list[Finding]) -> StackEstate | None:
    def report(path: Path_, rule: str, message: str, suggestion: str = "", key: bool = False) -> None:
        full = f"{CONFIG_KEY}.{dotted(path)}" if path else CONFIG_KEY
        findings.append(Finding(config.file, *config.mark(path, key), full, rule, message, suggestion))

    return validate(StackEstate, config.data, "estate", report, config.texts)


def _entries(
    declared: StackEstate, config: Source, base: Path, project_dir: Path, findings: list[Finding]
) -> list[Entry]:
    defaults = (
        config.below(("defaults",)) if isinstance(config.data.get("defaults"), Mapping) else Source(config.file, {})
    )
    inline = config.parts(("customers",), range(len(declared.customers))) if declared.customers else {}
    sources = [(source, "") for source in inline.values()]
    root = project_dir.resolve()
    seen: set[Path] = set()
    size = values = 0
    if len(declared.include) > MAX_PATTERNS:
        where = (config.file, *config.mark(("include", MAX_PATTERNS)), f"{CONFIG_KEY}.include.{MAX_PATTERNS}")
        findings.append(Finding(*where, "CSP-EST-001", f"more than {MAX_PATTERNS} patterns; one may match many files"))
    for index, pattern in enumerate(declared.include[:MAX_PATTERNS]):
        place = (config.file, *config.mark(("include", index)), f"{CONFIG_KEY}.include.{index}")
        for file in _included(base, pattern, root, place, findings):
            if file in seen:
                continue
            seen.add(file)
            source = read(file, root, file.relative_to(root).as_posix())
            size, values = size + source.size, values + len(source.values)
            if size > MAX_TOTAL or values > MAX_VALUES:
                most = f"{MAX_TOTAL // 2**20} MiB" if size > MAX_TOTAL else f"{MAX_VALUES // 10**6} million values"
                message = f"more than {most} of customer files; split the estate into several stacks"
                findings.append(Finding(*place, "CSP-EST-001", message))
                raise DeclarationErrors(findings)
            sources.append((source, file.stem))
    return [_entry(source, stem, defaults) for source, stem in sources]


def _included(
    base: Path, pattern: str, root: Path, place: tuple[str, int, int, str], findings: list[Finding]
) -> list[Path]:
    """The files of one include pattern; what is wrong with it is added to ``findings``, at ``place``."""
    try:
        absolute = Path(pattern).is_absolute() or not is_inside(base.joinpath(*_fixed(pattern)), root)
        files, outside = ([], []) if absolute else matching(base, pattern, root)
    except UnreadableError as why:
        findings.append(Finding(*place, "CSP-EST-001", f"{quoted(pattern)}: {why}"))
        return []
    for link in outside:
        message = f"{quoted(os.path.relpath(link, root))} leads out of the project; only its own files are read"
        findings.append(Finding(*place, "CSP-EST-001", message))
    if not files and not outside:
        message = f"{quoted(pattern)} leads out of the project" if absolute else f"{quoted(pattern)} matches no file"
        findings.append(Finding(*place, "CSP-EST-001", message))
    return files


def _fixed(pattern: str) -> list[str]:
    """The parts of a pattern before its first wildcard, without the file's name."""
    return list(itertools.takewhile(lambda part: not any(sign in part for sign in "*?["), Path(pattern).parts[:-1]))


def _entry(source: Source, stem: str, defaults: Source) -> Entry:
    if not isinstance(source.data, Mapping):
        entry = Entry(source, defaults, stem, source.data, told=list(source.findings))
        if not entry.told:
            entry.report((), "CSP-SHAPE-003", "a mapping expected")
        return entry
    data = composed(_merged(defaults.data, source.data))
    _left_open(data, source.data)
    if stem and data.get("key", "") == "":
        data["key"] = stem
    return Entry(source, defaults, text(data, "key"), data, told=list(source.findings))


def _merged(defaults: Any, own: Mapping[str, Any]) -> dict[str, Any]:
    """``own`` over ``defaults``. Identity defaults that the declared method does not know are left out."""
    merged: dict[str, Any] = _copied(own)
    for name, value in defaults.items():
        if name not in merged or merged[name] is None:
            merged[name] = _copied(value)
        elif isinstance(value, Mapping) and isinstance(merged[name], Mapping):
            inner = value
            method = merged[name].get("method") if name == "identity" else None
            if isinstance(method, str) and method in _IDENTITIES:
                inner = {k: v for k, v in value.items() if k in _IDENTITIES[method].model_fields}
            merged[name] = _merged(inner, merged[name])
    return merged


def _copied(data: Any) -> Any:
    """Plain data with mappings and lists of its own. `copy.deepcopy` keeps a memo of every part, five times as slow."""
    if isinstance(data, Mapping):
        return {key: _copied(value) if isinstance(value, (dict, list)) else value for key, value in data.items()}
    return [_copied(item) for item in data] if isinstance(data, list) else data


def _left_open(data: dict[str, Any], own: Mapping[str, Any]) -> None:
    """A default does not fill what the file itself calls unknown: the customer may be the exception."""
    names = own.get("unknown")
    for name in names if isinstance(names, list) else ():
        if value_at(own, str(name)) in (None, ""):
            drop(data, str(name))


def _connections(
    entries: list[Entry], folder: Path, project_dir: Path, findings: list[Finding]
) -> dict[str, Connection | None]:
    """Every connection that a customer names, as far as it is sound; None where it is not."""
    present = sorted(path.stem for path in folder.glob("*.yaml"))
    loaded: dict[str, Connection | None] = {}
    for entry in entries:
        if not isinstance(entry.data, Mapping):
            continue
        name = text(entry.data, "connection")
        if name in present:
            if name not in loaded:
                loaded[name], wrong = _connection(name, project_dir, folder)
                findings += wrong
            continue
        ours = present if is_inside(folder, project_dir) else []  # names of another folder are nobody's business
        there = ", ".join(ours) or "none"
        close = nearest(name, ours)
        hint = f"try {quoted(close)}" if close else f"there are: {there}"
        message = f"there is no connection {quoted(name)}" if name else "no connection named"
        entry.report(("connection",), "CSP-EST-005", message, hint)
    return loaded


def _connection(name: str, project_dir: Path, folder: Path) -> tuple[Connection | None, list[Finding]]:
    path = folder / f"{name}.yaml"
    source = read(path, project_dir, _shown(path, project_dir))
    if source.findings:
        return None, source.findings
    if not isinstance(source.data, Mapping):
        source.add((), "CSP-SHAPE-003", "a mapping expected")
        return None, source.findings
    data = dict(composed(source.data))
    data.setdefault("name", name)
    today = dt.datetime.now(dt.UTC).date()
    connection = validate(Connection, data, "connection", source.add, source.texts)
    check_connection(data, name, source.add, today)
    if kept := text(data, "token_store", "file"):
        home = Path(os.environ.get("CSP_HOME") or project_dir / ".csp")
        place = token_file(kept, home, project_dir)
        if isinstance(place, Refused):
            source.add(("token_store", "file"), "CSP-CONN-013", place.message, place.hint)
    return connection or _rough(data, source.findings), source.findings


# Without a sound value of one of these every customer would be judged by a mistake that is already told.
_DECISIVE = frozenset(("role", "sandbox", "partner_center", "partner_center_region", "cohort", "pricebooks"))
_DECISIVE |= {
    "relationship_links",
    "handover",
    "csp_credentials",
    "agreement_valid_from",
    "enhanced_attestation",
    "reseller",
}


def _rough(data: Mapping[str, Any], findings: list[Finding]) -> Connection | None:
    """What is sound of a wrong connection file, so that its customers are checked all the same. None: too little.

    Countries and currencies that are wrong are taken as "any".
    """
    wrong = {found.path.partition(".")[0] for found in errors(findings)}
    if wrong & _DECISIVE:
        return None
    sound = {name: value for name, value in data.items() if name not in wrong}
    try:
        return Connection.model_validate({"countries": tuple(countries()), "currencies": tuple(currencies())} | sound)
    except ValidationError:
        return None


def _check(entry: Entry, connection: Connection | None, today: dt.date) -> None:
    if not isinstance(entry.data, dict):
        return
    if connection is not None:
        _fill(entry.data, connection)
    if "key" not in entry.data:
        entry.report(("key",), "CSP-SHAPE-001", "missing", 'add "key"')
    broken = any(found.rule.startswith("CSP-YAML") for found in entry.told)
    model = validate(Customer, entry.data, "customer", entry.report, entry.source.texts)
    check_customer(entry.data, connection, entry.report, today)
    entry.model = None if broken else model


def _fill(data: dict[str, Any], connection: Connection) -> None:
    """What follows from the connection: the only pricebook, its currency, the CSP credentials of ION's form."""
    unknown = data.get("unknown")
    row = data.setdefault("cloud_provider", {})
    if isinstance(row, dict) and "cloud_provider.pricebook" not in (unknown if isinstance(unknown, list) else ()):
        if not row.get("pricebook") and len(connection.pricebooks) == 1:
            row["pricebook"] = next(iter(connection.pricebooks))
        if not row.get("provider_currency") and isinstance(row.get("pricebook"), str):
            row["provider_currency"] = connection.pricebooks.get(row["pricebook"], "")
        if not row.get("invoice_currency"):
            row["invoice_currency"] = row.get("provider_currency", "")
    identity = data.get("identity")
    if isinstance(identity, dict) and identity.get("method") == "new" and connection.csp_credentials:
        identity.setdefault("csp_credentials", connection.csp_credentials)

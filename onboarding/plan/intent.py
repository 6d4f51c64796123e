"""What a stack declares, by field, in the one form that a plan is bound to.

It is made of what the files mean, not of their text: comments, order and another commit change nothing. What decides
nothing about what is written is left out: confirmations (a person saw something), a connection's description and its
budget of calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import schemas
from onboarding.core.catalogue import RESOURCES
from onboarding.resources.inputs import inputs_of
from schemas.check import sensitive

_IRRELEVANT = frozenset({"name", "description", "limits"})
_CONFIRMED = "confirmed"
NOTHING = "(nothing)"


def version() -> str:
    """Of this product."""
    return metadata.version("csp-onboarding")


def of_estate(estate: schemas.Estate, policy: Mapping[str, str]) -> dict[str, Any]:
    """`{version, stack, policy, connections: {name: {line: text}}, customers: {key: {part: {path: value}}}}`."""
    used = sorted({customer.connection for customer in estate.customers})
    return {
        "version": version(),
        "stack": estate.stack,
        "policy": dict(policy),
        "connections": {name: _connection(estate.connections[name], estate.project_dir) for name in used},
        "customers": {one.key: _customer(one) for one in estate.customers},
    }


def _connection(connection: schemas.Connection, project_dir: Path) -> dict[str, str]:
    lines = sensitive.lines_of(connection, project_dir)
    for name, value in connection.model_dump(mode="json", by_alias=True).items():
        if name not in _IRRELEVANT and not any(line.split(".")[0].split(" ")[0] == name for line in lines):
            lines |= {path: str(one) for path, one in flat(value, name) if one not in (None, "")}
    return lines


def _customer(declared: schemas.Customer) -> dict[str, dict[str, Any]]:
    parts = {kind: of_resource(kind, inputs) for kind, inputs in inputs_of(declared).items()}
    who = {"connection": declared.connection, "previously": sorted(declared.previously)}
    return {"": {name: value for name, value in who.items() if value}, **parts}


def of_resource(kind: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The declared fields of one resource: path -> value. Raises pydantic's ValidationError."""
    regular = RESOURCES[kind].thing.Inputs.model_validate(dict(inputs)).model_dump(mode="json", exclude_none=True)
    mine = {name: value for name, value in regular.items() if name not in RESOURCES[kind].from_others}
    return dict(flat(mine))


def flat(value: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar below a value by its dotted path; an empty list counts as one. Confirmations are left out."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            if name != _CONFIRMED:
                yield from flat(one, f"{above}.{name}" if above else str(name))
    elif isinstance(value, list | tuple) and value:
        for number, one in enumerate(value):
            yield from flat(one, f"{above}.{number}")
    else:
        yield above, list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One declared value that is not what was reviewed. `about`: a customer key, or `connection NAME`, or the stack."""

    about: str
    field: str
    reviewed: str
    now: str

    def __str__(self) -> str:
        return f"{self.about}: {self.field}: reviewed {self.reviewed}, now {self.now}"

    def as_dict(self) -> dict[str, str]:
        return {"about": self.about, "field": self.field, "reviewed": self.reviewed, "now": self.now}


def differences(reviewed: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """Every difference, sorted; a value that two resources of a customer hold is told once."""
    return sorted(set(_differences(reviewed, now)))


def _differences(reviewed: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    for name, label in (("version", "csp-onboarding"), ("stack", "stack")):
        if reviewed.get(name) != now.get(name):
            yield Difference(label, name, str(reviewed.get(name)), str(now.get(name)))
    yield from _members("policy", reviewed.get("policy", {}), now.get("policy", {}))
    for name in sorted({*reviewed.get("connections", {}), *now.get("connections", {})}):
        before, after = reviewed["connections"].get(name), now["connections"].get(name)
        yield from _whole(f"connection {name}", before, after)
    for key in sorted({*reviewed.get("customers", {}), *now.get("customers", {})}):
        old, new = reviewed["customers"].get(key), now["customers"].get(key)
        yield from _whole(key, _joined(old), _joined(new))


def _joined(parts: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any] | None:
    if parts is None:
        return None
    return {path: value for part in parts.values() for path, value in part.items() if path != "key"}


def _whole(about: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[Difference]:
    if old is None or new is None:
        if old is not new:
            yield Difference(
                about, "file", "not there" if old is None else "there", "not there" if new is None else "there"
            )
        return
    yield from _members(about, old, new)


def _members(about: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for path in sorted({*old, *new}):
        before, after = old.get(path, NOTHING), new.get(path, NOTHING)
        if before != after:
            yield Difference(about, path, text(before), text(after))


def text(value: Any) -> str:
    """A declared value for people."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

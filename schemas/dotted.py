"""Values at dotted paths ("address.zip") of nested mappings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def value_at(thing: object, path: str) -> Any:
    """The value of an object (or mapping) at a dotted path, None where a part of the path is missing."""
    for name in path.split("."):
        if isinstance(thing, str | list):  # what a damaged state holds has methods too
            return None
        thing = thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)
    return thing


def put(data: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path; mappings on the way are made."""
    *parents, last = path.split(".")
    for part in parents:
        data = data.setdefault(part, {})
    data[last] = value


def drop(data: object, path: str) -> bool:
    """Take the value at a dotted path away; False where none was."""
    parents, _, last = path.rpartition(".")
    place = value_at(data, parents) if parents else data
    if not isinstance(place, dict) or last not in place:
        return False
    del place[last]
    return True


def nested(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Dotted paths with their values as nested mappings."""
    made: dict[str, Any] = {}
    for path, value in values:
        put(made, path, value)
    return made

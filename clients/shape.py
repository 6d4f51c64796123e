"""Reading JSON of others: absent and null are "", None or empty; a wrong type is an error that names the member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any


class ShapeError(Exception):
    """An answer does not have the documented shape; `str()` names the member, never its value."""


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """`value` as a JSON object; absent and null are an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ShapeError(f"{where} is {_kind(value)}, expected an object")
    return value


def items(value: Any, where: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a JSON list; absent and null are an empty list."""
    if value is None:
        return
    if not isinstance(value, list):
        raise ShapeError(f"{where} is {_kind(value)}, expected a list")
    for number, item in enumerate(value):
        if not isinstance(item, dict):
            raise ShapeError(f"{where}[{number}] is {_kind(item)}, expected an object")
        yield item


def text(data: Mapping[str, Any], name: str, where: str = "") -> str:
    """A text member. Numbers are accepted as their digits: both systems write ids now as text, now as a number."""
    value = data.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ShapeError(f"{_path(where, name)} is {_kind(value)}, expected text")


def required_text(data: Mapping[str, Any], name: str, where: str = "") -> str:
    value = text(data, name, where)
    if not value:
        raise ShapeError(f"{_path(where, name)} is missing")
    return value


def flag(data: Mapping[str, Any], name: str, where: str = "") -> bool | None:
    """A boolean member; None when absent."""
    value = data.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise ShapeError(f"{_path(where, name)} is {_kind(value)}, expected true or false")


def number(data: Mapping[str, Any], name: str, where: str = "") -> int | None:
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lstrip("-").isascii() and value.strip().lstrip("-").isdigit():
        return int(value)
    raise ShapeError(f"{_path(where, name)} is {_kind(value)}, expected a number")


def words(data: Mapping[str, Any], name: str, where: str = "") -> tuple[str, ...]:
    """A list of texts; absent and null are empty."""
    value = data.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ShapeError(f"{_path(where, name)} is not a list of texts")
    return tuple(value)


def moment(data: Mapping[str, Any], name: str, where: str = "") -> datetime | None:
    """An ISO 8601 date-time, in UTC; Partner Center leaves the zone out in answers (partner-center-api 5.2)."""
    value = text(data, name, where)
    if not value:
        return None
    try:
        parsed = datetime.fromisoformat(_trimmed(value))
    except ValueError:
        raise ShapeError(f"{_path(where, name)} is not a date") from None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def day(data: Mapping[str, Any], name: str, where: str = "") -> date | None:
    """The date part of an ISO 8601 value, in UTC."""
    parsed = moment(data, name, where)
    return parsed.date() if parsed else None


def _trimmed(value: str) -> str:
    # .NET services write up to seven digits of fractions; Python reads six.
    head, dot, tail = value.partition(".")
    if not dot:
        return value
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}.{tail[:digits][:6]}{tail[digits:]}"


def _path(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    return {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number"}.get(type(value), "null")

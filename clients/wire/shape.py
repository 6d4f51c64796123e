"""Reading JSON of others: absent and null are "", None or empty; a wrong type is an error that names the member."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

_NUMBER = re.compile(r"(-?[0-9]{1,15})(\.0*)?")
_LARGEST = 10**15
"""Beyond it a floating-point number no longer says which integer was meant."""


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
    whole = _whole(value)
    if whole is not None:
        return str(whole)
    raise ShapeError(f"{_path(where, name)} is {_kind(value)}, expected text")


def required_text(data: Mapping[str, Any], name: str, where: str = "") -> str:
    value = text(data, name, where)
    if not value:
        raise ShapeError(f"{_path(where, name)} is missing")
    return value


def flag(data: Mapping[str, Any], name: str, where: str = "") -> bool | None:
    """A boolean member; None when absent. The words true and false are accepted."""
    value = data.get(name)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise ShapeError(f"{_path(where, name)} is {_kind(value)}, expected true or false")


def number(data: Mapping[str, Any], name: str, where: str = "") -> int | None:
    """A whole number; None when absent. It may be written as text, or as 7200.0; at most 15 digits."""
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, str) and (found := _NUMBER.fullmatch(value.strip())):
        return int(found[1])
    whole = _whole(value)
    if whole is not None and abs(whole) < _LARGEST:
        return whole
    raise ShapeError(f"{_path(where, name)} is {_kind(value)}, expected a number")


def words(data: Mapping[str, Any], name: str, where: str = "") -> tuple[str, ...]:
    """A list of texts; absent and null are empty."""
    value = data.get(name)
    if value is None:
        return ()
    if isinstance(value, list):
        texts = [item if isinstance(item, str) else _whole(item) for item in value]
        if None not in texts:
            return tuple(str(item) for item in texts)
    raise ShapeError(f"{_path(where, name)} is not a list of texts")


def moment(data: Mapping[str, Any], name: str, where: str = "") -> datetime | None:
    """An ISO 8601 date-time, in UTC; Partner Center leaves the zone out in answers (partner-center.md 5.2)."""
    value = text(data, name, where)
    if not value:
        return None
    try:
        parsed = datetime.fromisoformat(_trimmed(value))
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):  # the year 1 in a zone east of Greenwich is no year in UTC
        raise ShapeError(f"{_path(where, name)} is not a date") from None


def day(data: Mapping[str, Any], name: str, where: str = "") -> date | None:
    """The date part of an ISO 8601 value, in UTC."""
    parsed = moment(data, name, where)
    return parsed.date() if parsed else None


def _whole(value: Any) -> int | None:
    """A JSON number without fraction as an integer, also where it is written with a point; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and abs(value) < _LARGEST and value.is_integer():
        return int(value)
    return None


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

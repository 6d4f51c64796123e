"""Reading JSON of others, by pydantic: which members there are stands in a dataclass, how they are read stands here.

Absent and null are "", None or empty; unknown members are ignored; a wrong type is an error that names the member and
never its value. Both systems write ids now as text, now as a number, so a whole number counts as its digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

T = TypeVar("T")
CAMEL = ConfigDict(alias_generator=to_camel)
"""`__pydantic_config__` of a dataclass whose members have their names in camelCase on the wire."""
_NUMBER = re.compile(r"(-?[0-9]{1,15})(\.0*)?")
_LARGEST = 10**15
"""Beyond it a floating-point number no longer says which integer was meant."""


class ShapeError(Exception):
    """An answer does not have the documented shape; `str()` names the member, never its value."""


def read(kind: Callable[..., T], data: Any, where: str = "answer") -> T:
    """A JSON object as `kind`, a dataclass of the types below; absent and null are an empty object. Raises
    ShapeError."""
    try:
        found: T = _adapter(kind).validate_python(_object(data))
        return found
    except PydanticCustomError as wrong:
        raise ShapeError(f"{where} {wrong.message()}") from None
    except ValidationError as wrong:
        raise ShapeError(_told(wrong, where)) from None


def rows(kind: Callable[..., T], data: Any, where: str) -> Iterator[T]:
    """The objects of a JSON list, each as `kind`; absent and null are an empty list. Raises ShapeError."""
    for number, item in enumerate(listed(data, where)):
        if item is None:
            raise ShapeError(f"{where}[{number}] is null, expected an object")
        yield read(kind, item, f"{where}[{number}]")


def member(kind: Any, data: Any, name: str, where: str = "") -> Any:
    """One member of a JSON object, `kind` one of the types below. Raises ShapeError."""
    path = f"{where}.{name}" if where else name
    try:
        return _adapter(kind).validate_python(mapping(data, "answer").get(name))
    except ValidationError as wrong:
        raise ShapeError(_told(wrong, path)) from None


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """`value` as a JSON object as it is; absent and null are an empty one. Raises ShapeError."""
    try:
        return _object(value)
    except PydanticCustomError as wrong:
        raise ShapeError(f"{where} {wrong.message()}") from None


def listed(value: Any, where: str) -> list[Any]:
    """`value` as a JSON list as it is; absent and null are an empty one. Raises ShapeError."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise ShapeError(f"{where} is {_kind(value)}, expected a list")
    return value


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Built at the first answer of a kind: a start that reads nothing pays nothing."""
    return TypeAdapter(kind)


def _told(wrong: ValidationError, where: str) -> str:
    first = wrong.errors(include_url=False)[0]
    path = where
    for part in first["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    if first["type"] == "missing":
        return f"{path} is missing"
    if first["type"] == _SHAPE:
        return f"{path} {first['msg']}"
    return f"{path} is {_kind(first['input'])}, expected an object"


_SHAPE = "shape"


def _wrong(value: Any, expected: str) -> PydanticCustomError:
    return PydanticCustomError(_SHAPE, "is {kind}, expected {expected}", {"kind": _kind(value), "expected": expected})


def _object(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(value, "an object")
    return value


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong(value, "a list")
    return value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    whole = _whole(value)
    if whole is None:
        raise _wrong(value, "text")
    return str(whole)


def _lower(value: Any) -> str:
    return _text(value).lower()


def _needed(value: Any) -> str:
    text = _text(value)
    if not text:
        raise PydanticCustomError(_SHAPE, "is missing")
    return text


def _flag(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise _wrong(value, "true or false")


def _said(value: Any) -> bool:
    flag = _flag(value)
    if flag is None:
        raise PydanticCustomError(_SHAPE, "is missing")
    return flag


def _number(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and (found := _NUMBER.fullmatch(value.strip())):
        return int(found[1])
    whole = _whole(value)
    if whole is None or abs(whole) >= _LARGEST:
        raise _wrong(value, "a number")
    return whole


def _words(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, list):
        texts = [item if isinstance(item, str) else _whole(item) for item in value]
        if None not in texts:
            return tuple(str(item) for item in texts)
    raise PydanticCustomError(_SHAPE, "is not a list of texts")


def _moment(value: Any) -> datetime | None:
    text = _text(value)
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(_trimmed(text))
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):  # the year 1 in a zone east of Greenwich is no year in UTC
        raise PydanticCustomError(_SHAPE, "is not a date") from None


def _day(value: Any) -> date | None:
    moment = _moment(value)
    return moment.date() if moment else None


Text = Annotated[str, BeforeValidator(_text)]
Lower = Annotated[str, BeforeValidator(_lower)]
Needed = Annotated[str, BeforeValidator(_needed)]
"""A text that must be there and not empty."""
Flag = Annotated[bool | None, BeforeValidator(_flag)]
"""None when absent. The words true and false are accepted."""
Said = Annotated[bool, BeforeValidator(_said)]
"""A flag that must be there."""
Off = Annotated[bool, BeforeValidator(lambda value: bool(_flag(value)))]
"""A flag that is off when absent."""
Number = Annotated[int | None, BeforeValidator(_number)]
"""A whole number, also written as text or as 7200.0; at most 15 digits."""
Rank = Annotated[int, BeforeValidator(lambda value: _number(value) or 0)]
"""A number that is 0 when absent."""
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
"""An ISO 8601 date-time, in UTC; Partner Center leaves the zone out in answers (partner-center.md 5.2)."""
Day = Annotated[date | None, BeforeValidator(_day)]
"""The date part of a Moment."""
Part = Annotated[T, BeforeValidator(_object)]
"""An object inside an object."""
Rows = Annotated[tuple[T, ...], BeforeValidator(_list)]
"""A list of objects."""
Object = Annotated[dict[str, Any], BeforeValidator(_object)]
"""An object that is read by somebody else, or as it is."""
Items = Annotated[list[Any], BeforeValidator(_list)]
"""A list whose items are read one by one (`rows`)."""


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


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    return {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number"}.get(type(value), "null")

"""Reading request bodies the way Partner Center does: property names in any case, unknown ones ignored.

Source: partner-center.md 2.1 (samples mix PascalCase and camelCase; case-insensitivity is inferred from that).
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from csp_sandbox.partner_center import errors
from csp_sandbox.serving.web import Call

Body = dict[str, Any]


def read(call: Call) -> Body:
    """The JSON object of a request with all names in lower case."""
    body: Body = _lower(call.json_object())
    return body


def _lower(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key).lower(): _lower(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_lower(item) for item in value]
    return value


def field_filter(text: str) -> tuple[str, str, str] | None:
    """Field, operator (without underscores) and value of a query's `filter`, in lower case; None when unreadable."""
    try:
        parts = {str(key).lower(): value for key, value in json.loads(text).items()}
    except (ValueError, AttributeError, RecursionError):
        return None
    field, operator, value = (parts.get(name, "") for name in ("field", "operator", "value"))
    if not all(isinstance(part, str) for part in (field, operator, value)):
        return None
    return field.lower(), operator.replace("_", "").lower(), value.casefold()


def section(body: Body, name: str) -> Body:
    """A nested object, {} when absent or null. `name` in the documented camelCase."""
    value = body.get(name.lower())
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise errors.invalid(name)
    return value


def text(body: Body, name: str, *, required: bool = False, most: int = 0) -> str:
    """A string without outer spaces, "" when absent or null. `most` limits its length."""
    value = body.get(name.lower())
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise errors.invalid(name)
    value = value.strip()
    if required and not value:
        raise errors.invalid(name, "It is required.")
    if most and len(value) > most:
        raise errors.invalid(name, f"At most {most} characters are allowed.")
    return value


def number(body: Body, name: str, least: int, most: int) -> int | None:
    """A whole number within limits, None when absent. One outside them is bad data."""
    value = body.get(name.lower())
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise errors.bad_data(name)
    return value


def flag(body: Body, name: str) -> bool | None:
    """A boolean, None when absent."""
    value = body.get(name.lower())
    if value is not None and not isinstance(value, bool):
        raise errors.invalid(name)
    return value


def day(body: Body, name: str) -> date | None:
    """The UTC day of a date or date-time, None when absent."""
    value = text(body, name)
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise errors.invalid(name) from None
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()

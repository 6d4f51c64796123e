"""Error answers of Partner Center, in the documented body shapes.

Source: partner-center.md 6.1 (shapes) and 6.2 (codes). Every answer names the ledger row that demands it.
"""

from __future__ import annotations

from csp_sandbox.ledger import Rule, rule
from csp_sandbox.serving.web import Answer, RefusalError

_CODES = "partner-center.md 6.2"

BAD_JSON = rule("pc.bad-json", "A body that is no JSON object: 400, code 800002.", source=_CODES, confidence="inferred")
BAD_PROPERTY = rule("pc.bad-property", "A property of a wrong type or form: 400, code 3000.", source=_CODES)
BAD_DATA = rule(
    "pc.bad-data",
    "A property whose data cannot be used: 400, code 27002; which property it is stands in data[] alone.",
    source="partner-center.md 16 (7)",
    confidence="seen in client code",
)
NO_PATH = rule(
    "pc.no-path",
    "Unknown path: 404 code 1000; wrong method: 405; own failure: 500.",
    source=_CODES,
    confidence="inferred",
)


def empty(row: Rule, status: int, headers: dict[str, str] | None = None) -> RefusalError:
    """Shape F: no body at all."""
    return RefusalError(row, Answer(status, headers=headers or {}))


def shape_a(row: Rule, status: int, code: int, description: str, source: str = "PartnerFD") -> RefusalError:
    """Shape A, the documented one: code, description, data, source."""
    return RefusalError(row, Answer(status, {"code": code, "description": description, "data": [], "source": source}))


def bad_data(*names: str) -> RefusalError:
    """A property with invalid data: which one stands in `data` alone."""
    body = {"code": 27002, "description": "A property has invalid data.", "data": list(names), "source": "PartnerFD"}
    return RefusalError(BAD_DATA, Answer(400, body))


def shape_b(row: Rule, status: int, code: int, message: str, name: str) -> RefusalError:
    """Shape B of the newer customer services (600061 sample)."""
    body = {
        "code": code,
        "message": message,
        "description": message,
        "errorName": name,
        "isRetryable": False,
        "parameters": {},
        "errorMessageExtended": f"InternalErrorCode={code}",
    }
    return RefusalError(row, Answer(status, body))


def throttled(row: Rule, seconds: int) -> RefusalError:
    """Shape C of the gateway (V15)."""
    body = {"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {seconds} seconds."}
    return RefusalError(row, Answer(429, body, headers={"Retry-After": str(seconds)}))


def invalid(name: str, why: str = "") -> RefusalError:
    """A property that cannot be used: 400, code 3000."""
    text = f"Invalid property: '{name}'." + (f" {why}" if why else "")
    return shape_a(BAD_PROPERTY, 400, 3000, text, "PartnerApiServiceControllers")

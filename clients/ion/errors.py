"""ION's error bodies and what each documented code means to us (ion.md 1.1, 2.6, 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clients.errors import Problem
from clients.wire.rules import Rule
from clients.wire.said import with_rest, without_json
from clients.wire.transport import Answer, Call
from schemas.command import command

LOGIN = (
    "in ION open Settings > Users > the API user > Edit > OAuth credentials > Request New Credentials, then run ",
    command("auth", "ion", "login"),
    " with the refresh token it shows",
)
_CUSTOMER = "ION: Customer > (customer) > Profile"
_USERS = "ION: Settings > Users"

RULES: tuple[Rule, ...] = (
    Rule("credentials", status=400, operation="oauth", action=LOGIN, shown_at=_USERS, source="1.1"),
    Rule("credentials", status=401, action=LOGIN, shown_at=_USERS, source="13"),
    Rule(
        "person",
        code="CUS-CR-001",
        action="use another e-mail, or find out who holds this one: it may be a customer of another reseller",
        shown_at=_CUSTOMER,
        source="2.6",
    ),
    Rule("bug", code="CUS-CR-002", shown_at=_CUSTOMER, source="2.6"),
    Rule("account", code="PERMISSION_DENIED", contains="permission denied to access accounts/", source="2.6"),
    Rule(
        "person",
        code="PERMISSION_DENIED",
        action="give the API user a role that may read and change customers (Account Admin, Ops or Sales)",
        shown_at=_USERS,
        source="2.6",
    ),
    Rule("absent", code="NOT_FOUND", shown_at="ION: Customer", source="2.6"),
    # One sample files a 400 body under HTTP 404, so the body's word decides before the status (2.6).
    Rule("retry", code="INVALID_ARGUMENT", contains="etag mismatch", delay=0.0, source="2.6"),
    Rule("bug", code="INVALID_REQUEST", source="2.6"),
    Rule("bug", code="INVALID_ARGUMENT", source="2.6"),
    Rule("bug", code="ALREADY_EXISTS", source="2.6"),
    Rule("bug", code="FAILED_PRECONDITION", source="2.6"),
    Rule("retry", code="INTERNAL_ERROR", delay=30.0, source="2.6"),
    Rule("retry", code="UNAVAILABLE", delay=60.0, source="2.6"),
    Rule("bug", code="COMM-VL-001", source="4.3"),
    Rule("bug", code="COMM-VL-002", source="4.3"),
    Rule("bug", code="COMM-VL-003", source="4.3"),
    Rule("bug", code="COMM-VL-004", source="4.3"),
    Rule("bug", code="BAD_REQUEST", source="4.3"),
    Rule("retry", status=408, delay=10.0),
    Rule("retry", status=429, delay=60.0, source="9"),
    Rule("retry", status=500, delay=30.0),
    Rule("retry", status=502, delay=30.0),
    Rule("retry", status=503, delay=60.0),
    Rule("retry", status=504, delay=30.0),
    Rule("absent", status=404),
    Rule("person", status=403, action="check the rights of the API user", shown_at=_USERS),
)

_TECHNICAL = frozenset(("error", "message", "code", "details"))
_TOLD = frozenset(("@type", "requestId", "code", "detail", "errors"))
"""Members that are told elsewhere in the line."""

# ION's error texts use the names of its inner model.
_OUR_NAMES = {"orgName": "customerOrganization", "primaryContactEmail": "customerEmail"}


def _code_and_text(body: Mapping[str, Any]) -> tuple[str, str]:
    """Code and sentence of the outer object, "" where it has none."""
    word, message = body.get("error"), body.get("message")
    code = word if isinstance(word, str) else ""
    text = message if isinstance(message, str) else ""
    if not text:
        # The oauth shape has a sentence where v3 has a code.
        text, code = (code, "") if " " in code else ("", code)
    return code.partition(":")[0].strip(), text


def _from_detail(detail: Mapping[str, Any], code: str, text: str) -> tuple[str, str, list[Any]]:
    """Code and sentence as one entry of `details` corrects them, and what else it tells."""
    inner = detail.get("code")
    errors = detail.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    if not inner and first:
        inner = first.get("code")
        text = str(first.get("detail") or text)
    if isinstance(inner, str) and inner.strip():
        code = inner.strip()
        text = str(detail.get("detail") or text)
    rest: list[Any] = [{name: member for name, member in detail.items() if name not in _TOLD}]
    if isinstance(errors, list):
        rest += [one for one in errors if one is not first]
        rest.append({name: member for name, member in first.items() if name not in _TOLD})
    return code, text, rest


def describe(call: Call, answer: Answer) -> Problem:
    """Both shapes: the v3 error and the oauth `{"error": text}`. Never fails."""
    body: Mapping[str, Any] = answer.data if isinstance(answer.data, dict) else {}
    code, text = _code_and_text(body)
    request = ""
    details = body.get("details")
    rest: list[Any] = [{name: member for name, member in body.items() if name not in _TECHNICAL}]
    for detail in details if isinstance(details, list) else ():
        if not isinstance(detail, dict):
            rest.append(detail)
            continue
        request = request or str(detail.get("requestId") or "")
        code, text, more = _from_detail(detail, code, text)
        rest += more
    text = with_rest(text, rest) or without_json(answer)
    for theirs, ours in _OUR_NAMES.items():
        text = text.replace(theirs, ours)
    return Problem(
        system="ion",
        operation=call.operation,
        status=answer.status,
        code=code,
        message=text or f"answered {answer.status} without an explanation",
        request_id=request,
    )

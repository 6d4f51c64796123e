"""The sandbox's own administration, below ``/_sandbox``: for tests and for people who want another situation."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from csp_sandbox.ledger import OURS, Rule, rule
from csp_sandbox.serving.door import need_token
from csp_sandbox.serving.web import Answer, Call, MalformedError, RefusalError, System
from csp_sandbox.situation.clock import parse_instant, rfc3339
from csp_sandbox.situation.faults import FaultSpec


def refuse(row: Rule, status: int, message: str) -> RefusalError:
    """A refusal in the administrator's plain shape: ``{"error": text}``."""
    return RefusalError(row, Answer(status, {"error": message}))


_TROUBLE = rule("admin.trouble", 'Administration errors are {"error": text} with 400, 404, 405 or 500.', source=OURS)


def _trouble(call: Call, status: int, message: str) -> RefusalError:
    default = {404: f"nothing is at {call.path}", 405: f"{call.method} is not possible here", 500: "internal error"}
    return refuse(_TROUBLE, status, message or default.get(status, "bad request"))


ADMIN = System(
    name="admin", title="Sandbox administration", base="/_sandbox", trouble=_trouble, before=need_token, public=False
)


class ClockBody(BaseModel):
    """Exactly one of ``now`` and ``advance``."""

    model_config = ConfigDict(extra="forbid")

    now: str = Field(default="", description="ISO 8601 instant to jump to")
    advance: float | None = Field(default=None, description="Seconds to move")
    frozen: bool = Field(default=False, description="With now: the clock stands still")


_FAULTS = TypeAdapter(list[FaultSpec])


def explain(error: ValidationError) -> str:
    """The first problem of a body, in one line."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'body'}: {first['msg']}"


def _clock_answer(call: Call) -> Answer:
    clock = call.world.clock
    return Answer(200, {"now": rfc3339(clock.now()), "frozen": clock.frozen_at is not None})


@ADMIN.operation(
    "admin.clock.get", "GET", "/clock", rule=rule("admin.clock.get", "Tells the sandbox's time.", source=OURS)
)
def get_clock(call: Call) -> Answer:
    """The sandbox's present time."""
    return _clock_answer(call)


@ADMIN.operation(
    "admin.clock.set",
    "POST",
    "/clock",
    body=ClockBody,
    refusals=(400,),
    rule=rule("admin.clock.set", "Jumps to a moment or moves by seconds; tokens and waits follow.", source=OURS),
)
def set_clock(call: Call) -> Answer:
    """Jump or move the clock."""
    try:
        wish = ClockBody.model_validate(call.json_object())
        if bool(wish.now) == (wish.advance is not None):
            raise MalformedError("give either now or advance")
        if wish.now:
            call.world.clock.set(parse_instant(wish.now), frozen=wish.frozen)
        else:
            call.world.clock.advance(wish.advance or 0.0)
    except ValidationError as error:
        raise MalformedError(explain(error)) from error
    except (ValueError, OverflowError) as error:
        raise MalformedError(f"now: {error}") from error
    call.world.save_clock()
    return _clock_answer(call)


@ADMIN.operation(
    "admin.faults.add",
    "POST",
    "/faults",
    refusals=(400,),
    rule=rule("admin.faults.add", "Orders faults for the next matching requests.", source=OURS),
)
def add_faults(call: Call) -> Answer:
    """Order faults (a list, or one object)."""
    body = call.json()
    try:
        call.world.faults.add(_FAULTS.validate_python(body if isinstance(body, list) else [body]))
    except ValidationError as error:
        raise MalformedError(explain(error)) from error
    return list_faults(call)


@ADMIN.operation(
    "admin.faults.list", "GET", "/faults", rule=rule("admin.faults.list", "Faults still to come.", source=OURS)
)
def list_faults(call: Call) -> Answer:
    """Faults still to come."""
    return Answer(200, {"faults": [spec.model_dump() for spec in call.world.faults.list()]})


@ADMIN.operation(
    "admin.faults.clear", "DELETE", "/faults", rule=rule("admin.faults.clear", "Cancels all faults.", source=OURS)
)
def clear_faults(call: Call) -> Answer:
    """Cancel all faults."""
    call.world.faults.clear()
    return list_faults(call)


@ADMIN.operation(
    "admin.requests",
    "GET",
    "/requests",
    refusals=(400,),
    rule=rule("admin.requests", "The last 50,000 requests; query since, system, operation, writes=true.", source=OURS),
)
def requests(call: Call) -> Answer:
    """Recorded requests, oldest first."""
    query = call.query
    since = query.get("since", "0")
    if not since.isdigit():
        raise MalformedError("since must be a number")
    found = call.world.recorder.list(
        since=int(since),
        system=query.get("system", ""),
        operation=query.get("operation", ""),
        writes=query.get("writes", "") == "true",
    )
    return Answer(200, {"requests": found})


@ADMIN.operation(
    "admin.counters",
    "GET",
    "/counters",
    rule=rule(
        "admin.counters",
        "Totals a system, and marks that must stay 0 in a healthy run; early retries by the sandbox's clock.",
        source=OURS,
    ),
)
def counters(call: Call) -> Answer:
    """Counters since the start or the last reset."""
    return Answer(200, call.world.recorder.counters())

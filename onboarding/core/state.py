"""What a resource keeps in state. docs/state.md fixes the format.

`outputs` makes the outputs of a resource after a run or a look; the caller makes the inputs of the same names from them
(`ReadResult` in providers.dynamic). Both must always agree: the engine compares new inputs with the inputs in state,
and where outputs said something else it would take a change for done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onboarding.core import contract, first_form, state_format
from onboarding.core.contract import Facts, Known, Outcome
from schemas.dotted import drop, put, value_at

PROVIDER_KEY = "__provider"
AGAIN = {"again": "yes"}
"""`handled` of a run that decided nothing: differs from every observation, so that the next run tries again."""


def plain(value: Any) -> Any:
    """Values as Pulumi hands them over, made regular: whole floats are ints, None members are absent."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items() if v is not None and k != PROVIDER_KEY}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def with_paths(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with the values at dotted paths replaced; None removes."""
    result = plain(values)
    for path, value in changes.items():
        put(result, path, value)
        if value is None:  # the mapping that it is taken out of stays: a state has it
            drop(result, path)
    assert isinstance(result, dict)
    return result


def in_todays_form(known: Known, facts: Facts) -> Known:
    """What an older release left, so that it can be compared with what is seen now: a better reading of a value is no
    change of the value."""
    handled = known.handled
    if handled is None or handled == dict(facts.seen):
        return known
    return Known({**known.outputs, "handled": first_form.renewed(handled, facts.seen, facts.fields)})


def outputs(
    inputs: Mapping[str, Any],
    known: Known,
    outcome: Outcome,
    *,
    account: tuple[str, str],
    carried: tuple[str, ...],
    converged: bool,
) -> dict[str, Any]:
    """The outputs of a resource after a converge (`converged`) or a read.

    `account`: ION account and partner tenant of the session; what state already holds wins, because a resource never
    moves.
    """
    facts = outcome.facts
    now = contract.now()
    blind = outcome.status == "unobserved" and not facts.fields
    seen = known.seen if blind else dict(facts.seen)
    handled = (AGAIN if outcome.again else seen) if converged else known.handled
    rejected = outcome.reason if converged and outcome.final and outcome.status == "blocked" else ""
    if not converged:
        rejected = known.rejected
    same_wait = (known.text("status"), known.text("waiting_on")) == (outcome.status, outcome.waiting_on)
    overlay = {} if converged or seen == known.handled else dict(facts.live)
    values: dict[str, Any] = {
        **with_paths(inputs, overlay),
        state_format.NAME: state_format.FORMAT,
        "account": known.text("account") or account[0],
        "partner_tenant": known.text("partner_tenant") or account[1],
        "status": outcome.status,
        "waiting_on": outcome.waiting_on,
        "since": known.text("since") if same_wait and known.text("since") else now,
        "reason": outcome.reason,
        "seen": seen,
        "facts": {name: fact.as_dict() for name, fact in facts.fields.items()},
        "observed_at": now,
        "memory": known.memory | dict(outcome.memory),
        "attempt": known.attempt + (1 if converged and outcome.final else 0),
        "rejected": rejected,
        "declared": {path: value_at(inputs, path) for path in overlay},
    }
    if handled is not None:
        values["handled"] = dict(handled)
    if outcome.next_step is not None:
        values["next_step"] = outcome.next_step.as_dict()
    for name in carried:
        values[name] = outcome.carried.get(name) or known.text(name)
    values["memory"] = {k: v for k, v in values["memory"].items() if v}
    if outcome.status == "unobserved":
        values |= _as_last_seen(known, blind) | {"unobserved": _blindness(known, outcome.reason, outcome.do)}
    return values


def unobserved(known: Known, why: str, do: str) -> dict[str, Any]:
    """The last known state, marked: could not look. Nothing that decides changes, so that no plan shows it."""
    values: dict[str, Any] = plain(known.outputs)
    return values | {"status": "unobserved", "unobserved": _blindness(known, why, do)}


def _blindness(known: Known, why: str, do: str) -> dict[str, str]:
    """Since when, why, the one thing to do about it, and the last known status ("" for none)."""
    before = known.outputs.get("unobserved") or {}
    status = known.text("status")
    return {
        "reason": why,
        "do": do,
        "since": before.get("since") or contract.now(),
        "status": before.get("status") or ("" if status == "unobserved" else status),
    }


def _as_last_seen(known: Known, blind: bool) -> dict[str, Any]:
    """What stays as the last look left it. `blind`: not even a part was seen now."""
    names = ["waiting_on", "since", "reason", "next_step"] + (["facts", "observed_at"] if blind else [])
    kept = {name: known.outputs[name] for name in names if name in known.outputs}
    never: dict[str, Any] = {"reason": ""} | ({"facts": {}, "observed_at": ""} if blind else {})
    last: dict[str, Any] = plain(kept)
    return never | last

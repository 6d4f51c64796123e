"""The verdicts of an estate as documents: the JSON of `csp status`, its counts, the list of `csp todo`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import schemas
from onboarding.readiness.states import States
from onboarding.readiness.verdicts import Readiness, all_readiness


def report(states: States, estate: schemas.Estate, now: datetime, asked_for: str = "") -> dict[str, Any]:
    """`{"looked_at", "customers", "counts"}` of `csp status --format json`. `looked_at`: `{"oldest", "newest"}` of the
    looks that this rests on, "" for none."""
    verdicts = all_readiness(states, estate, now, asked_for)
    active = [v for v in verdicts if v.lifecycle == "active"]
    stamps = sorted(str(r.outputs.get("observed_at") or "") for v in verdicts for r in v.resources.values())
    looked_at = {"oldest": next(filter(None, stamps), ""), "newest": stamps[-1] if stamps else ""}
    return {"looked_at": looked_at, "customers": [v.as_dict() for v in verdicts], "counts": counts(active)}


def counts(verdicts: Iterable[Readiness]) -> dict[str, int]:
    """How many can order, and who holds the others; without those who leave. `unobserved`: how many of all are told as
    last seen; `not_checked`: how many cannot order because nobody knows more."""
    total = {"customers": 0, "can_order": 0, "cannot_order": 0, "blocked": 0, "unobserved": 0}
    total |= {"us": 0, "customer": 0, "distributor": 0, "next_run": 0, "not_checked": 0}
    for verdict in verdicts:
        if verdict.ending:
            continue
        total["customers"] += 1
        total["can_order" if verdict.can_order else "cannot_order"] += 1
        total["blocked"] += verdict.stopped
        total["unobserved"] += verdict.unobserved
        if not verdict.can_order:
            total[verdict.waiting_on.replace(" ", "_")] = total.get(verdict.waiting_on.replace(" ", "_"), 0) + 1
    return total


def todo(states: States, estate: schemas.Estate, now: datetime, owner: str = "") -> list[dict[str, Any]]:
    """All next steps, oldest wait first: `{"customer", "since", "owner", "where", "action", "values", "link"}`."""
    verdicts = [v for v in all_readiness(states, estate, now) if v.next_step]
    verdicts.sort(key=lambda v: (v.since, v.key))
    steps = [
        {"customer": v.key, "since": v.since, "follow_up": v.follow_up.as_dict(), **dict(v.next_step or {})}
        for v in verdicts
    ]
    return [step for step in steps if owner in ("", step["owner"])]

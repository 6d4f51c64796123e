"""The verdicts of an estate as documents: the JSON of `csp status`, its counts, the list of `csp todo`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from onboarding.core.follow_up import FollowUp
from onboarding.readiness.verdicts import Readiness
from onboarding.steps.model import Instructions
from onboarding.steps.text import ANYWHERE, Reader, as_dict


def report(verdicts: Sequence[Readiness], reader: Reader = ANYWHERE) -> dict[str, Any]:
    """`{"looked_at", "customers", "counts"}` of `csp status --format json`. `looked_at`: `{"oldest", "newest"}` of the
    looks that this rests on, "" for none. `reader`: who reads the commands in it."""
    active = [v for v in verdicts if v.lifecycle == "active"]
    stamps = sorted(str(r.outputs.get("observed_at") or "") for v in verdicts for r in v.resources.values())
    looked_at = {"oldest": next(filter(None, stamps), ""), "newest": stamps[-1] if stamps else ""}
    return {"looked_at": looked_at, "customers": [v.as_dict(reader) for v in verdicts], "counts": counts(active)}


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


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the to-do list. since: when the wait began (RFC 3339), "" where nobody remembers. about: what it
    concerns besides the customer's readiness, "" for that."""

    customer: str
    since: str
    step: Instructions
    follow_up: FollowUp | None = None
    about: str = ""

    def as_dict(self, reader: Reader = ANYWHERE) -> dict[str, Any]:
        """The JSON of `csp todo`: `{"customer", "since", "owner", "where", "action", "values", "link", ...}`."""
        told: dict[str, Any] = {"customer": self.customer, "since": self.since}
        told |= {"follow_up": self.follow_up.as_dict()} if self.follow_up else {}
        return told | ({"about": self.about} if self.about else {}) | as_dict(self.step, reader)


def todo(verdicts: Iterable[Readiness], owner: str = "") -> list[Task]:
    """All next steps, oldest wait first. `owner`: only theirs, "" for all."""
    found = sorted((v for v in verdicts if v.next_step), key=lambda v: (v.since, v.key))
    tasks = [Task(v.key, v.since, v.next_step, v.follow_up) for v in found if v.next_step]
    return [task for task in tasks if owner in ("", task.step.owner)]

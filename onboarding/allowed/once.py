"""What cannot be undone: a new tenant, the end of a relationship, a mail. A reviewed plan allows each by customer and
value, and counts it; asked right before the call (`refusal`), so that any engine and two runs at once obey too.

Without a plan (variable PLAN) everything is allowed that the other guards allow.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clients.errors import RetryLater
from onboarding.allowed import said
from onboarding.allowed.reviewed import PLAN, Unusable, of_this_run
from onboarding.look.run_notes import RUN
from schemas.command import command

if TYPE_CHECKING:
    from clients.session import Session

TENANT, ENDING, MAIL = "new tenant", "end of relationship", "mail"


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """One such step. `value`: the tenant's domain, `invitation to a@b.example`, or the customer key of an ending."""

    customer: str
    kind: str
    value: str

    @property
    def words(self) -> list[str]:
        """As a plan holds it."""
        return [self.customer, self.kind, self.value]


def mail(customer: str, kind: str, to: str) -> Step:
    """A mail of a kind ("invitation", "agreement") to an address."""
    return Step(customer, MAIL, f"{kind} to {to.lower()}")


def refusal(step: Step, unique: str, session: Session) -> str:
    """Why a step must not be taken now, in one line; "" when it may. `unique`: names the very call, so that the same
    one may be repeated and another one counts."""
    if not os.environ.get(PLAN):
        return ""
    try:
        plan = of_this_run()
    except Unusable as unusable:
        return f"{step.kind} {step.value}: not done, {unusable}"
    assert plan is not None
    if step.words not in plan.once:
        why = f"{step.kind} {step.value}: not in the reviewed plan; make and review a new one ({command('plan')})"
        return _told(step, why, session.home)
    try:
        free = session.ledger.take(plan.seal, json.dumps(step.words), unique)
    except RetryLater as unknown:
        return f"{step.kind} {step.value}: not done, {unknown.problem.message}"
    if free:
        return ""
    return _told(step, f"{step.kind} {step.value}: the reviewed plan allows it once, and it was done", session.home)


def _told(step: Step, why: str, home: Path) -> str:
    hold(home, step.customer, why)
    return why


def hold(home: Path, customer: str, why: str, **more: Any) -> None:
    """Tell the command that started this run that a customer is held back. A plain engine's run tells it by itself."""
    if run := os.environ.get(RUN):
        said.append(said.folder(home, run), "held", customer=customer, why=why, **more)

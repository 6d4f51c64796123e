"""The step of every resource: lock, look, assess, write, look, assess. And what a refusal means.

A resource says what is looked at, what that means and what is sent; the order, the lock, a lost answer and a refusal
are the same for all. Nothing is written that a look under the lock did not ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clients.errors import ClientError, OurBug, PersonMustAct, RetryLater, UnknownOutcome
from onboarding import steps
from onboarding.core.contract import NEXT_RUN, Facts, Known, NextStep, Outcome, blocked, unobserved
from onboarding.core.remedy import remedy
from onboarding.look.shown import ENDPOINT
from onboarding.steps.places import CONNECTION_FILE, PARTNER_CENTER
from schemas.command import named

if TYPE_CHECKING:
    from clients.session import Session

Refusal = OurBug | PersonMustAct

_PLACES = {"partner_center": PARTNER_CENTER, "association": ENDPOINT, "handover": CONNECTION_FILE}
"""System of a refusal -> where a person looks, when the error table names no page."""


@dataclass(frozen=True, slots=True)
class Write:
    """What a resource adds to the common step.

    look: reads what is there now. assess: what that means. Both get what is known; `send` may have added to it.
    send: the one write. Returns what is known after it, and look and assess run once more; or the Outcome itself, where
    the answer already says everything.
    refused: what a definite refusal means for this resource.
    later: failures after which the next run simply tries again, told as `not_sent: why`. After any other UnknownOutcome
    the step looks whether the write arrived. (Name UnknownOutcome here where a repeated request gets the same answer.)
    still: the reason to tell when the look after the write still asks for it; "" leaves that to the next run.
    kept: what to remember even when the write fails.
    """

    look: Callable[[Known], Facts]
    assess: Callable[[Known, Facts], Outcome]
    send: Callable[[Facts], Known | Outcome]
    refused: Callable[[Facts, Outcome, Refusal], Outcome]
    later: tuple[type[ClientError], ...] = (RetryLater,)
    not_sent: str = "not sent"
    still: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)


def is_due(outcome: Outcome) -> bool:
    """Whether a write comes next."""
    return outcome.waiting_on == NEXT_RUN and not outcome.again


def take(step: Write, lock: tuple[str, str], known: Known, session: Session, so_far: Outcome | None = None) -> Outcome:
    """The whole step, under a lock.

    lock: kind and key of what no two runs may write at once.
    so_far: what this run has already done to the resource. When the lock is taken or the look fails, the outcome is
    `so_far`, told as a write that was not sent. Without it the ClientError is raised.
    """
    try:
        with session.locks.hold(*lock):
            facts = step.look(known)
            outcome = step.assess(known, facts)
            return write(step, known, facts, outcome, session) if is_due(outcome) else outcome
    except ClientError as failed:
        if so_far is None:
            raise
        return _not_written(step, so_far.facts, so_far, failed)


def write(step: Write, known: Known, facts: Facts, outcome: Outcome, session: Session) -> Outcome:
    """The part of the step after the look, for who holds the lock already. `outcome`: why there is something to
    write."""
    try:
        sent = step.send(facts)
    except ClientError as failed:
        if isinstance(failed, UnknownOutcome) and not isinstance(failed, step.later):
            return _look_after_lost_answer(step, known, str(failed), session)
        return _not_written(step, facts, outcome, failed)
    if isinstance(sent, Outcome):
        return sent
    learned = {name: text for name, text in sent.memory.items() if known.memory.get(name) != text}
    after = step.assess(sent, step.look(sent))
    memory = {**learned, **after.memory}
    if step.still and is_due(after):
        return after.but(reason=step.still, again=True, memory=memory)
    return after.but(final=True, memory=memory)


def _not_written(step: Write, facts: Facts, outcome: Outcome, failed: ClientError) -> Outcome:
    """A later try, or what the refusal means here. Raises what is neither."""
    if isinstance(failed, step.later):
        reason = f"{step.not_sent}: {failed}" if step.not_sent else str(failed)
        return outcome.but(reason=reason, again=True, memory={**outcome.memory, **step.kept})
    if isinstance(failed, (OurBug, PersonMustAct)):
        refused_there = step.refused(facts, outcome, failed)
        return refused_there.but(memory={**refused_there.memory, **step.kept})
    raise failed


def _look_after_lost_answer(step: Write, known: Known, told: str, session: Session) -> Outcome:
    """No answer came to a write: only a look can tell; never send again blindly."""
    try:
        outcome = step.assess(known, step.look(known))
    except ClientError as blind:
        return unobserved(f"{told}; and could not look: {blind}", remedy(blind, session.connection.name))
    if is_due(outcome):
        return outcome.but(reason=f"no answer came, and the change is not seen yet: {told}", again=True)
    return outcome


def refused(facts: Facts, error: Refusal, session: Session, *, correct: NextStep | None = None, **more: Any) -> Outcome:
    """What a definite refusal means, decided here alone: whom the error table of the system names acts, in its words;
    a declaration that the system does not take is ours to `correct`."""
    step = step_of(error, session) if isinstance(error, PersonMustAct) else correct
    return blocked(facts, str(error), step, final=True, **more)


def step_of(error: PersonMustAct, session: Session) -> NextStep:
    """What the error table says: who acts, where, and what; commands in it name the connection."""
    where = error.problem.shown_at or _PLACES.get(error.problem.system, error.problem.system)
    return steps.refused(error.owner, where, named(error.action, session.connection.name))

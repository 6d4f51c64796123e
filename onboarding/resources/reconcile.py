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

if TYPE_CHECKING:
    from clients.session import Session

Refusal = OurBug | PersonMustAct


@dataclass(frozen=True, slots=True)
class Write:
    """What a resource adds to the common step.

    look, assess: what is there now, and what it means; both get what is known, which a write may add to.
    send: the one write. It gives what is known after it, to look and assess again; or an Outcome where the answer says
    all. refused: what a definite refusal means. later: failures after which nothing is decided and the next run tries
    again, told as `not_sent: why`; UnknownOutcome is looked into, unless it is one of them (a repeated request is
    answered alike). still: why to try again when the look after the write asks for it once more; "" where that is the
    next run's matter. kept: memory of whatever happens.
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


def take(step: Write, lock: tuple[str, str], known: Known, session: Session) -> Outcome:
    """The whole step. `lock`: kind and key of what no two runs may write at once. Raises ClientErrors of the look."""
    with session.locks.hold(*lock):
        facts = step.look(known)
        outcome = step.assess(known, facts)
        return write(step, known, facts, outcome, session) if is_due(outcome) else outcome


def write(step: Write, known: Known, facts: Facts, outcome: Outcome, session: Session) -> Outcome:
    """The part of the step after the look, for who holds the lock already. `outcome`: why there is something to
    write."""
    try:
        sent = step.send(facts)
    except ClientError as failed:
        if isinstance(failed, step.later):
            reason = f"{step.not_sent}: {failed}" if step.not_sent else str(failed)
            return outcome.but(reason=reason, again=True, memory={**outcome.memory, **step.kept})
        if isinstance(failed, UnknownOutcome):
            return _look_after_lost_answer(step, known, str(failed), session)
        if isinstance(failed, (OurBug, PersonMustAct)):
            refused_there = step.refused(facts, outcome, failed)
            return refused_there.but(memory={**refused_there.memory, **step.kept})
        raise
    if isinstance(sent, Outcome):
        return sent
    learned = {name: text for name, text in sent.memory.items() if known.memory.get(name) != text}
    after = step.assess(sent, step.look(sent))
    memory = {**learned, **after.memory}
    if step.still and is_due(after):
        return after.but(reason=step.still, again=True, memory=memory)
    return after.but(final=True, memory=memory)


def _look_after_lost_answer(step: Write, known: Known, told: str, session: Session) -> Outcome:
    """No answer came to a write: only a look can tell; never send again blindly."""
    try:
        outcome = step.assess(known, step.look(known))
    except ClientError as blind:
        return unobserved(f"{told}; and could not look: {blind}", remedy(blind, session.connection.name))
    if is_due(outcome):
        return outcome.but(reason=f"no answer came, and the change is not seen yet: {told}", again=True)
    return outcome


def refused(facts: Facts, error: Refusal, *, where: str, correct: NextStep | None = None, **more: Any) -> Outcome:
    """What a definite refusal means, decided here alone: whom the error table of the system names acts, in its words;
    a declaration that the system does not take is ours to `correct`. `where`: the place of the table's action."""
    step = steps.refused(error.owner, where, error.action) if isinstance(error, PersonMustAct) else correct
    return blocked(facts, str(error), step, final=True, **more)

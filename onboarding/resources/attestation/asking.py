"""How often, and when, a signatory is asked for an agreement: a small calendar, kept in memory.

A link lives as long as Microsoft says, and never longer than 7 days (partner-center.md 14 (2)). When
it ended without an answer the signatory is asked again, at most twice, on the connection's follow-up days; then it is
our turn: a person talks to the customer and orders another try (`csp retry`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from clients.partner_center.models import AttestationState
from clients.words import UNKNOWN
from onboarding.core import contract
from onboarding.core.remembered import Asking

if TYPE_CHECKING:
    import schemas
    from onboarding.look.snapshot import Look

MOST = 3
"""The first time and twice again."""
LONGEST = timedelta(minutes=10_080)

Turn = Literal["wait", "again", "ours"]
"""Of an expired link: its follow-up day is to come, has come, or there is none left."""


GONE = "not found"
"""Stands in for Microsoft's word where it does not know the attestation (any more, or not yet)."""


def look_at(attestation_id: str, memory: Asking, look: Look) -> AttestationState:
    """How the attestation stands today. Raises ClientErrors."""
    found = look.attestation(attestation_id)
    return standing(
        found or AttestationState(id=attestation_id, status="expired", link="", word=GONE),
        memory,
        look.session.connection,
    )


def standing(pending: AttestationState, memory: Asking, connection: schemas.Connection) -> AttestationState:
    """The state with the end of its link: expired where that has passed, whatever word Microsoft still has for it."""
    end = ends(pending, memory, connection)
    over = end is not None and datetime.fromisoformat(contract.now()) >= end
    if pending.status == "created" and over:
        return replace(pending, status="expired", expires=end)
    if pending.status == "expired" and not over:
        end = None  # Microsoft ended it earlier, and nobody tells when
    return replace(pending, expires=end)


def ends(pending: AttestationState, memory: Asking, connection: schemas.Connection) -> datetime | None:
    """When its link ends; None when nobody knows when it began."""
    began = _began(pending, memory)
    if began is None:
        return pending.expires
    settings = connection.enhanced_attestation
    longest = timedelta(minutes=settings.link_minutes) if "expiry" in settings.fields else LONGEST
    return min(filter(None, (pending.expires, began + longest)))


def _began(pending: AttestationState, memory: Asking) -> datetime | None:
    return pending.created or (datetime.fromisoformat(memory.asked_at) if memory.asked_at else None)


def turn(pending: AttestationState, memory: Asking, connection: schemas.Connection) -> Turn:
    """What comes next for an expired link."""
    if memory.times >= MOST:
        return "ours"
    due = asked_again_on(pending, memory, connection)
    return "again" if due is None or contract.now()[:10] >= due.isoformat() else "wait"


def seen(pending: AttestationState, memory: Asking, connection: schemas.Connection) -> str:
    """What decides about an attestation, for `seen`: the calendar moves it, so that a plan must show it."""
    if pending.status == UNKNOWN:
        return f"{UNKNOWN}: {pending.word or 'no status'}"
    if pending.status != "expired":
        return pending.status
    return {"wait": "expired", "again": "expired, asked again now", "ours": "expired for good"}[
        turn(pending, memory, connection)
    ]


def asked_again_on(pending: AttestationState, memory: Asking, connection: schemas.Connection) -> date | None:
    """The first follow-up day on which the link has ended, the day of its end where none is left; None for at once."""
    began, end = _began(pending, memory), pending.expires
    if began is None:
        return end.date() if end else None
    ended = (end or began).date()
    days = (began.date() + timedelta(days=number) for number in connection.follow_up_days)
    return next((day for day in days if day >= ended), ended)


def asked(memory: Asking, *, same: bool, ordered: bool) -> dict[str, Any]:
    """What to remember of asking now. `same`: the same signatory and entity as before; `ordered` by a person."""
    number = memory.times + 1 if same and not ordered else 1
    return Asking.changes(asked_at=contract.now(), asked_times=number)

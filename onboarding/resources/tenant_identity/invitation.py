"""The invitation of a Global Admin: a small machine, kept in state.

    prepared -> sent | maybe sent -> accepted
                sent -> declined (a person says so in the file) | expired (by the connection's `invitation_days`)
                sent, expired, ended -> renewed (`csp invite renew`) -> sent
    accepted -> ended (the relationship is gone again)

What was sent is remembered; the rest follows from what is seen and from the calendar, so that weeks may lie between
two runs. Microsoft's link itself has no end in any page we know (partner-center.md 4.1): expiry is our own policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import schemas
from onboarding.core import contract
from onboarding.core.remembered import Invited
from onboarding.people import mails
from onboarding.resources.memory import TenantMemory
from schemas.check.connection_checks import lint_link

if TYPE_CHECKING:
    from clients.session import Session
    from onboarding.core.contract import Known
    from onboarding.resources.tenant_identity.declared import TenantIdentityInputs

KIND = "invitation"
State = Literal["prepared", "sent", "maybe", "accepted", "declined", "expired", "ended"]
_MIDNIGHT = "T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Invitation:
    """Where one invitation stands. `sent`: when it left, RFC 3339, "" before; `since`: when the state began."""

    state: State
    to: str
    sent: str
    since: str
    number: int
    by_hand: bool

    @property
    def day(self) -> str:
        """The day on which it was sent."""
        return self.sent[:10]

    @property
    def is_out(self) -> bool:
        """It was, or may have been, sent, and nothing has come of it yet."""
        return self.state in ("sent", "maybe", "expired")

    @property
    def kept(self) -> Invited:
        """What state keeps of it."""
        return Invited(state=self.state, since=self.since, to=self.to)


def stand(
    identity: schemas.InviteIdentity, memory: TenantMemory, connection: schemas.Connection, *, accepted: bool | None
) -> Invitation:
    """Where the invitation stands. `accepted`: whether the relationship is there, None when nobody can see it."""
    now, to = contract.now(), identity.global_admin.email
    number = memory.invitation_number
    mark = memory.mails.get(mails.marker(KIND, f"round {number}", to))
    result, sent, by_hand = (mark.result, mark.at, False) if mark else ("", "", False)
    if identity.sent_on is not None and identity.sent_on.isoformat() > sent[:10]:
        result, sent, by_hand = "sent", identity.sent_on.isoformat() + _MIDNIGHT, True
    before, since = (memory.invitation.state, memory.invitation.since) if memory.invitation else ("", "")

    def made(state: State, began: str = "") -> Invitation:
        return Invitation(state, to, sent, began or (since if before == state else now), number, by_hand)

    if accepted or (accepted is None and before == "accepted"):
        return made("accepted")
    declined = identity.declined_on.isoformat() if identity.declined_on is not None else ""
    if declined and declined >= sent[:10]:
        return made("declined", declined + _MIDNIGHT)
    if before in ("accepted", "ended") and sent <= since:  # a renewal after the end starts anew
        return made("ended")
    if not sent:
        return made("prepared")
    end = datetime.fromisoformat(sent) + timedelta(days=connection.invitation_days)
    if datetime.fromisoformat(now) >= end:
        return made("expired", contract.stamp(end))
    return made("maybe" if result == "maybe" else "sent", sent)


def link_for(known: Known, session: Session) -> str:
    """The relationship link. Microsoft's own (asked once, remembered) where it names the reseller; else the
    connection's."""
    given = session.connection.relationship_link()
    own = TenantMemory.of(known).link
    return own if own and usable(own, session) else (given.url if given else "")


def usable(link: str, session: Session) -> bool:
    """Whether Microsoft's own link makes the relationship that we mean: nothing wrong in it, and our reseller in it.

    The plain link of an indirect provider would make a direct customer of it."""
    if lint_link(link, {"tenant_id": session.reseller_tenant, "partner_id": session.reseller_partner_id}):
        return False
    return session.connection.role == "direct-bill" or (
        bool(session.reseller_tenant) and session.reseller_tenant.lower() in link.lower()
    )


def letter(desired: TenantIdentityInputs, known: Known, session: Session, number: int) -> mails.Letter:
    """The invitation to the Global Admin that an `invite` identity names. Raises PersonMustAct (unusable template)."""
    identity = desired.identity
    assert isinstance(identity, schemas.InviteIdentity)
    admin = identity.global_admin
    return mails.invitation(
        admin.name,
        admin.email,
        identity.contact_copy or "",
        desired.company or admin.name,
        link_for(known, session),
        session,
        language=desired.language or "en",
        number=number,
    )

"""What an invitation means for the people: who does what next in each of its states, and the send itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import schemas
from clients.errors import NotFound, OurBug, PersonMustAct, RetryLater
from onboarding import steps
from onboarding.core.contract import NEXT_RUN, Facts, Known, NextStep, Outcome, blocked, waiting
from onboarding.people import mails
from onboarding.resources.memory import TenantMemory
from onboarding.resources.tenant_identity import invitation
from onboarding.resources.tenant_identity.declared import TenantIdentityInputs
from onboarding.resources.tenant_identity.observe import Found, declared_domain
from schemas.plain import count

if TYPE_CHECKING:
    from clients.session import Session


def relationship_step(desired: TenantIdentityInputs, known: Known, session: Session) -> NextStep:
    """An administrator of the customer accepts the link; the file names none, so a person sends it."""
    tenant = declared_domain(desired.identity) or known.text("tenant_id")
    return steps.accept_link(tenant=tenant, link=invitation.link_for(known, session))


def assess(desired: TenantIdentityInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    """No relationship yet (or no longer), and Partner Center would show one."""
    found: Found = facts.data["found"]
    now = found.invitation
    assert now is not None
    link, by_mail = invitation.link_for(known, session), session.mail is not None
    if now.state == "prepared":
        if by_mail:
            return waiting(facts, NEXT_RUN, f"the next run mails the invitation to {now.to}")
        return waiting(facts, "us", "the invitation is not sent yet", _send_by_hand(desired, known, now, session))
    if now.state in ("declined", "expired", "ended"):
        return waiting(facts, "us", reason(now, session), _talk(desired, now, session))
    if now.state == "maybe":
        note = invitation.letter(desired, known, session, now.number)
        step = mails.look_first(note, now.day, renew=desired.key)
        return waiting(facts, "us", reason(now, session), step)
    unknown = not found.wanted
    step = steps.accept_invitation(
        admin=now.to,
        link=link,
        sent_on=now.day,
        by_hand=now.by_hand,
        unknown=unknown,
        domain=declared_domain(desired.identity) if unknown else "",
        candidate=found.candidate if unknown else "",
    )
    return waiting(facts, "customer", reason(now, session), step)


def reason(now: invitation.Invitation, session: Session) -> str:
    """The state in one line."""
    days = session.connection.invitation_days
    return {
        "prepared": "the invitation is not sent yet",
        "sent": f"the invitation was sent to {now.to} on {now.day}",
        "maybe": f"the invitation to {now.to} may have been sent on {now.day}",
        "accepted": f"the invitation was accepted (seen on {now.since[:10]})",
        "declined": f"{now.to} declined the invitation on {now.since[:10]}",
        "expired": f"nobody accepted the invitation of {now.day} within {count(days, 'day')}",
        "ended": "the relationship with the customer's tenant is gone",
    }[now.state]


def _send_by_hand(
    desired: TenantIdentityInputs, known: Known, now: invitation.Invitation, session: Session
) -> NextStep:
    note = invitation.letter(desired, known, session, now.number)
    link = invitation.link_for(known, session)
    return steps.send_invitation(key=desired.key, mail=note.by_hand(), link=link)


def _talk(desired: TenantIdentityInputs, now: invitation.Invitation, session: Session) -> NextStep:
    """A person decides whether to invite again."""
    return steps.talk_about_invitation(
        key=desired.key, admin=now.to, declined=now.state == "declined", by_mail=session.mail is not None
    )


def wants(desired: TenantIdentityInputs, known: Known, outcome: Outcome, session: Session) -> bool:
    """Whether the invitation is what comes next."""
    if outcome.status != "waiting" or outcome.facts.fields["relationship"].holds or desired.lifecycle is not None:
        return False
    if session.partner_center is None:
        invited = isinstance(desired.identity, schemas.InviteIdentity)
        return invited and bool(desired.ion_customer_id) and not outcome.facts.fields["tenant"].holds
    return not isinstance(desired.identity, schemas.NewIdentity) or bool(known.text("tenant_id"))


def converge(desired: TenantIdentityInputs, known: Known, outcome: Outcome, session: Session) -> Outcome | None:
    """Ask Microsoft for the link once, mail the invitation once. None when there is nothing to do."""
    memory = _own_link(known, session)
    known = known.remembering(memory)
    if not invitation.link_for(known, session):
        why = f"no relationship link names our reseller: add relationship_links to {session.connection.name}"
        return blocked(
            outcome.facts, why, steps.add_relationship_link(connection=session.connection.name), memory=memory
        )
    found: Found = outcome.facts.data["found"]
    now = found.invitation
    if now is None or session.mail is None:
        return outcome.but(memory=memory) if memory else None
    number = now.number + 1 if known.renewing and now.sent and now.state != "declined" else now.number
    if now.state != "prepared" and number == now.number:
        return outcome.but(memory=memory) if memory else None
    sending = mails.send_once(invitation.letter(desired, known, session, number), desired.key, known, session)
    if sending.result == "failed":
        why = f"the invitation to {now.to} was not sent: {sending.why}"
        step = steps.correct_invitation(key=desired.key)
        return waiting(outcome.facts, "us", why, step, memory=memory, again=True)
    return outcome.but(memory=memory | sending.memory | TenantMemory.changes(invitation_number=number), final=True)


def _own_link(known: Known, session: Session) -> dict[str, Any]:
    """Microsoft's own link, asked for once; {} where nobody may ask or it would make another relationship."""
    pc = session.partner_center
    if pc is None or TenantMemory.of(known).link:
        return {}
    reseller = "" if session.connection.role == "direct-bill" else session.reseller_tenant
    try:
        return TenantMemory.changes(link=pc.relationship_link(reseller))
    except (RetryLater, OurBug, PersonMustAct, NotFound):
        return {}  # the connection's link serves as well

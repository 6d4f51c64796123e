"""What an invitation means for the people: who does what next in each of its states, and the send itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import schemas
from clients.errors import NotFound, OurBug, PersonMustAct, RetryLater
from onboarding.core import next_steps
from onboarding.core.contract import NEXT_RUN, Facts, Known, NextStep, Outcome, blocked, waiting
from onboarding.people import mails
from onboarding.resources.tenant_identity import invitation
from onboarding.resources.tenant_identity.observe import Found, TenantIdentityInputs, declared_domain
from schemas.command import command
from schemas.plain import count

if TYPE_CHECKING:
    from clients.session import Session

ADMIN_CENTER = "Microsoft 365 admin center"


def relationship_step(desired: TenantIdentityInputs, known: Known, session: Session) -> NextStep:
    """An administrator of the customer accepts the link; the file names none, so a person sends it."""
    tenant = declared_domain(desired.identity) or known.text("tenant_id")
    return NextStep(
        "customer",
        ADMIN_CENTER,
        f"Send the relationship link to {next_steps.ADMINISTRATOR} of {tenant}, who accepts it. If the tool "
        "shall write the mail, set identity.method: invite with a global_admin in the customer file.",
        next_steps.who(),
        invitation.link_for(known, session),
    )


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
        step = mails.look_first(note, f"maybe {now.sent}", f", or run {command('invite', 'renew', desired.key)}")
        return waiting(facts, "us", reason(now, session), step)
    action = (
        f"{now.to} accepts the relationship link of the invitation as {next_steps.ADMINISTRATOR}. {told(now)}".strip()
    )
    if not found.wanted:
        action += f" {_no_tenant(found, declared_domain(desired.identity))}"
    step = NextStep("customer", ADMIN_CENTER, action, next_steps.who(), link)
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


def told(now: invitation.Invitation) -> str:
    """That the mail left; "" where nobody knows of one."""
    if not now.sent:
        return ""
    if now.by_hand:
        return f"It was sent by hand on {now.day}."
    return mails.told(f"sent {now.sent}")


def _no_tenant(found: Found, domain: str) -> str:
    """Nobody knows yet which tenant accepts: how the acceptance is found. `domain`: what the file names, or ""."""
    if domain:
        return (
            f"Microsoft knows no tenant of {domain} today: see with them whether identity.domain is right. If another "
            "tenant accepts, set identity.tenant_id when they reply with the Microsoft ID."
        )
    hint = f"The domain of the address belongs to tenant {found.candidate}. " if found.candidate else ""
    return (
        f"The file names neither domain nor tenant id, so nobody recognises the acceptance: {hint}When they reply with "
        "the Microsoft ID, or Partner Center > Customers lists them, set identity.tenant_id."
    )


def _send_by_hand(
    desired: TenantIdentityInputs, known: Known, now: invitation.Invitation, session: Session
) -> NextStep:
    note = invitation.letter(desired, known, session, now.number)
    action = (
        f"Send the mail below to {now.to} ({command('invite', 'show', desired.key, format='eml')} writes it as a "
        f"file), then run {command('invite', 'send', desired.key, by_hand=True)}, which notes the day in the customer "
        "file."
    )
    return NextStep("us", "your mail program", action, note.values(), invitation.link_for(known, session))


def _talk(desired: TenantIdentityInputs, now: invitation.Invitation, session: Session) -> NextStep:
    """A person decides whether to invite again."""
    again = f"{command('invite', 'renew', desired.key)} sends a new invitation"
    if session.mail is None:
        again = f"send it again ({command('invite', 'show', desired.key)}) and run "
        again += command("invite", "send", desired.key, by_hand=True)
    if now.state == "declined":
        again = f"remove identity.declined_on from the customer file, then {again}"
    action = f"Talk to {now.to}. If they still want the relationship, {again}. Nothing is sent before."
    return NextStep("us", "telephone", action, next_steps.who())


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
    known = Known({**known.outputs, "memory": known.memory | memory})
    if not invitation.link_for(known, session):
        why = f"no relationship link names our reseller: add relationship_links to {session.connection.name}"
        return blocked(outcome.facts, why, NextStep("us", "connection file", why), memory=memory)
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
        step = NextStep(
            "us",
            "mail server",
            "Correct identity.global_admin.email or the mail server; every run tries again. By hand: "
            f"{command('invite', 'show', desired.key)}.",
            next_steps.who(),
        )
        return waiting(outcome.facts, "us", why, step, memory=memory, again=True)
    return outcome.but(memory=memory | sending.memory | {invitation.NUMBER: str(number)}, final=True)


def _own_link(known: Known, session: Session) -> dict[str, str]:
    """Microsoft's own link, asked for once; {} where nobody may ask or it would make another relationship."""
    pc = session.partner_center
    if pc is None or known.memory.get(invitation.LINK):
        return {}
    reseller = "" if session.connection.role == "direct-bill" else session.reseller_tenant
    try:
        return {invitation.LINK: pc.relationship_link(reseller)}
    except (RetryLater, OurBug, PersonMustAct, NotFound):
        return {}  # the connection's link serves as well

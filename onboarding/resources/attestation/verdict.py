"""What the facts about an agreement mean: ready, the next run's work, or one next step of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clients.partner_center.models import AttestationState
from clients.words import UNKNOWN
from onboarding import steps
from onboarding.core import contract
from onboarding.core.contract import EARLIER, NEXT_RUN, Facts, Known, NextStep, Outcome, blocked, ready, waiting
from onboarding.core.remembered import Recorded
from onboarding.people import mails
from onboarding.resources import leaving
from onboarding.resources.attestation import asking
from onboarding.resources.attestation.observe import AttestationInputs, given, other_signer, recent, signer
from onboarding.resources.memory import EVIDENCE, AttestationMemory
from schemas.kinds import microsoft

if TYPE_CHECKING:
    import schemas
    from clients.session import Session


def signatory(desired: AttestationInputs) -> schemas.Person:
    """The declared signatory. Only called where `assess` found one."""
    assert desired.attestation.signatory is not None
    return desired.attestation.signatory


def asks_again(pending: AttestationState | None, known: Known, connection: schemas.Connection) -> bool:
    """Whether the signatory is (still) to be asked: never was, let the link end and its follow-up day has come, or it
    leads no further and a person ordered another try (`csp retry`)."""
    if pending is None:
        return True
    if pending.status == "expired" and asking.turn(pending, AttestationMemory.of(known), connection) == "again":
        return True
    return known.retrying and pending.status in ("declined", "expired", UNKNOWN)


def assess(desired: AttestationInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    """What the facts mean, without a call."""
    if desired.lifecycle is not None:
        return leaving.agreement(facts)
    agreement = facts.fields["agreement"]
    kind = str(facts.data.get("kind") or "")
    if session.partner_center is not None:
        if not desired.tenant_id:
            return waiting(facts, EARLIER, "comes after the Microsoft tenant", memory=given(desired))
        if facts.seen.get("tenant") == "not related":
            return waiting(facts, EARLIER, "comes with the relationship: Microsoft shows agreements of customers only")
        if kind and not other_signer(desired, known):
            signed = AttestationMemory.of(known).signer or signer(desired)
            memory = AttestationMemory.changes(kind=kind, signer=signed, known_already="")
            return ready(facts, reason=_replaced(facts), memory=memory | _evidence(facts))
        if agreement.holds and not kind:
            return ready(facts)
        if desired.attestation.signatory is None:
            return waiting(facts, "us", "nobody is named who may sign", steps.name_signatory())
        return _assess_pending(desired, known, facts, session)
    if not desired.ion_customer_id:
        return waiting(facts, EARLIER, "comes after the customer profile")
    if agreement.holds:
        current = AttestationMemory.changes(current=True)
        memory = current | _evidence(facts) if agreement.state == "match" else {}
        return ready(facts, memory=memory)
    if desired.attestation.signatory is None:
        return waiting(facts, "us", "nobody is named who may sign", steps.name_signatory())
    if word := str(facts.data.get("unknown") or ""):
        return blocked(
            facts,
            f'ION says "{word}" of the agreement, and nobody knows what that means',
            steps.look_at_agreement(key=desired.key),
        )
    if facts.data.get("old"):
        reason = f"the agreement is {agreement.seen}: it must be accepted again"
        status = AttestationMemory.of(known).old_status or str(facts.data.get("status"))
        memory = AttestationMemory.changes(old_status=status)
        step = _accept_directly(desired, session, known)
        return waiting(facts, step.owner, reason, step, memory=memory)
    if desired.route == "customer":
        step = _accept_directly(desired, session, known)
        return waiting(facts, step.owner, "ION shows no accepted agreement", step)
    agreed_on = desired.attestation.agreed_on.isoformat() if desired.attestation.agreed_on else ""
    who = signatory(desired)
    step = steps.attest_in_console(
        first_name=who.first_name,
        last_name=who.last_name,
        email=who.email,
        phone=who.phone or "",
        agreed_on=agreed_on,
        hidden=agreement.state != "mismatch",
    )
    return waiting(facts, "us", "ION shows no accepted agreement", step)


def _assess_pending(desired: AttestationInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    pending: AttestationState | None = facts.data.get("pending")
    when = str(facts.data.get("when") or "")
    why = f"the agreement of {when} is too old" if when else "no agreement is on record"
    if other_signer(desired, known):
        why = "the signatory or the company changed"
    if desired.route == "customer":
        step = _accept_directly(desired, session, known)
        return waiting(facts, step.owner, f"{why}: the customer accepts it directly", step)
    if pending is None or asks_again(pending, known, session.connection):
        told = f"{why}: the next run asks the signatory"
        if pending is not None:
            told += f" again, the request before {_ENDS.get(pending.status, 'led nowhere')}"
        return waiting(facts, NEXT_RUN, told)
    if pending.status == "recorded":
        return _recorded(desired, known, facts, pending)
    if pending.status == "accepted" and AttestationMemory.of(known).known_already == pending.id:
        return waiting(
            facts,
            "distributor",
            "Microsoft says that there is an agreement, and lists none",
            steps.ask_about_agreement(tenant=desired.tenant_id),
        )
    if pending.status == "accepted":
        return waiting(facts, NEXT_RUN, "accepted by the signatory: the next run puts the agreement on record")
    return asked(desired, pending, known, facts, session, why)


_ENDS = {"declined": "was declined", "expired": "ended without an answer"}


def asked(
    desired: AttestationInputs, pending: AttestationState, known: Known, facts: Facts, session: Session, why: str
) -> Outcome:
    """The signatory was asked and has not accepted: who does what next. `why`: why there is something to accept."""
    who = signatory(desired).email
    if pending.status == "declined":
        step = steps.ask_signatory_anew(key=desired.key, email=who)
        return blocked(facts, "the signatory declined the agreement", step)
    if pending.status == UNKNOWN:
        word = f'"{pending.word}"' if pending.word else "nothing"
        reason = f"Microsoft says {word} of the attestation {pending.id}, and nobody knows what that means"
        return blocked(facts, reason, steps.find_out_acceptance(key=desired.key, email=who))
    if pending.status == "expired":
        return _ended(desired, pending, known, facts, session)
    step = signatory_step(desired, pending, session, known)
    return waiting(facts, step.owner, f"{why}; the signatory was asked", step)


def _ended(
    desired: AttestationInputs, pending: AttestationState, known: Known, facts: Facts, session: Session
) -> Outcome:
    """The link ended without an answer, and it is not the day on which the signatory is asked again."""
    who, number = signatory(desired).email, AttestationMemory.of(known).times
    if pending.word == asking.GONE:
        ended = f"Microsoft does not know the request {pending.id}"
    else:
        ended = f"the link ended{f' on {pending.expires.date()}' if pending.expires else ''} without an answer"
    if asking.turn(pending, AttestationMemory.of(known), session.connection) == "wait":
        day = asking.asked_again_on(pending, AttestationMemory.of(known), session.connection)
        step = steps.wait_to_ask(email=who, day=str(day))
        return waiting(facts, "us", f"{ended}; asked again on {day}", step)
    step = steps.talk_to_signatory(key=desired.key, email=who, times=number)
    return blocked(facts, f"{ended}; asked {number} times", step)


def _recorded(desired: AttestationInputs, known: Known, facts: Facts, pending: AttestationState) -> Outcome:
    """Microsoft says that the agreement was made, and does not list it yet: that takes some minutes, at most hours."""
    recorded = AttestationMemory.of(known).recorded
    seen_before = recorded is not None and recorded.id == pending.id
    if recorded is not None and seen_before and not recent(recorded.since):
        reason = "Microsoft says that the agreement was created, and lists none"
        return waiting(facts, "distributor", reason, steps.ask_about_agreement(tenant=desired.tenant_id))
    first = Recorded(id=pending.id, since=contract.now())
    memory = {} if seen_before else AttestationMemory.changes(recorded=first)
    return waiting(facts, NEXT_RUN, "the agreement was created; Microsoft shows it soon", memory=memory)


def signatory_step(desired: AttestationInputs, pending: AttestationState, session: Session, known: Known) -> NextStep:
    """The customer's signatory accepts on Microsoft's page; the link is theirs alone."""
    who = signatory(desired)
    note = letter(desired, pending.link, pending.id, session)
    sent = AttestationMemory.of(known).mails.get(note.marker())
    if sent and sent.result == "maybe":
        return mails.look_first(note, sent.day)
    return steps.accept_on_page(
        signatory=f"{who.first_name} {who.last_name} ({who.email})",
        link=pending.link,
        until=pending.expires.date().isoformat() if pending.expires is not None else "",
        sent_on=sent.day if sent else "",
        mail=None if sent else note.by_hand(),
    )


def letter(desired: AttestationInputs, link: str, about: str, session: Session) -> mails.Letter:
    """The mail with the page where the signatory accepts; `about` makes it unique."""
    who = signatory(desired)
    language = (desired.attestation.language or desired.language or "en")[:2].lower()
    name = f"{who.first_name} {who.last_name}"
    return mails.agreement(name, who.email, desired.company, link, about, session, language=language)


def _accept_directly(desired: AttestationInputs, session: Session, known: Known) -> NextStep:
    """The customer accepts in its own admin center; an administrator signs in there."""
    note = letter(desired, microsoft.AGREEMENT_PAGE, f"direct {desired.tenant_id or desired.key}", session)
    sent = AttestationMemory.of(known).mails.get(note.marker())
    if sent and sent.result == "maybe":
        return mails.look_first(note, sent.day)
    mail = note.by_hand() if session.mail is None else None
    return steps.accept_directly(email=signatory(desired).email, mail=mail)


def _evidence(facts: Facts) -> dict[str, Any]:
    """What is known about the agreement that holds, replacing what an earlier look knew."""
    return dict.fromkeys(EVIDENCE, "") | dict(facts.data.get("evidence") or {})


def _replaced(facts: Facts) -> str:
    """Told, and no more: no source says that a new template ends the agreements made with the old one."""
    evidence = facts.data.get("evidence") or {}
    if not evidence.get("template_replaced"):
        return ""
    return (
        f"the agreement of {evidence['agreed_on']} was made with template {evidence['template']}, which Microsoft has "
        f"replaced by {evidence['template_replaced']}; it counts until Microsoft asks for a new one"
    )

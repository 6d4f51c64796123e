"""Moves an agreement one step: asks the signatory, mails the link once, puts what was accepted on record."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from clients.errors import NotFound, OurBug, PersonMustAct, RetryLater, UnknownOutcome
from clients.partner_center.models import AttestationRequest, AttestationState
from clients.wire.request_id import request_id
from onboarding import steps
from onboarding.core import contract
from onboarding.core.contract import NEXT_RUN, Facts, Known, Outcome, ready, waiting
from onboarding.core.remembered import Asking
from onboarding.look.snapshot import Look
from onboarding.people import mails
from onboarding.resources import reconcile
from onboarding.resources.attestation import asking
from onboarding.resources.attestation.observe import AttestationInputs, observe, signer
from onboarding.resources.attestation.verdict import assess, letter, signatory
from onboarding.resources.memory import AttestationMemory
from onboarding.resources.reconcile import Refusal, Write
from schemas.kinds import microsoft, phones

if TYPE_CHECKING:
    from clients.session import Session


def converge(desired: AttestationInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    """Ask the signatory, put an accepted agreement on record, mail the link once."""
    outcome = assess(desired, known, facts, session)
    memory: dict[str, Any] = {}
    if outcome.waiting_on == NEXT_RUN and session.partner_center is not None and _status(facts) != "recorded":
        outcome = _written(desired, known, _status(facts) == "accepted", session)
        if outcome.status == "blocked" or outcome.again:
            return outcome
        memory = dict(outcome.memory)
        known = Known({**known.remembering(memory).outputs, "retrying": False})
    if outcome.waiting_on != "customer":
        return outcome.but(memory={**memory, **outcome.memory})
    pending = _pending(outcome.facts)
    link, about = (
        (pending.link, pending.id)
        if pending
        else (microsoft.AGREEMENT_PAGE, f"direct {desired.tenant_id or desired.key}")
    )
    if pending is not None or facts.data.get("old") or session.partner_center is not None:
        sending = mails.send_once(letter(desired, link, about, session), desired.key, known, session)
        memory |= sending.memory
        known = known.remembering(memory)
        told = assess(desired, known, outcome.facts, session)
        outcome = outcome.but(next_step=told.next_step, waiting_on=told.waiting_on)
        if sending.result == "failed":
            outcome = outcome.but(again=True, reason=f"{outcome.reason}; the mail was not sent: {sending.why}")
    return outcome.but(memory={**memory, **outcome.memory})


def _pending(facts: Facts) -> AttestationState | None:
    found: AttestationState | None = facts.data.get("pending")
    return found


def _status(facts: Facts) -> str:
    """Of the attestation that is under way, "" for none."""
    pending = _pending(facts)
    return pending.status if pending else ""


def _written(desired: AttestationInputs, known: Known, accepted: bool, session: Session) -> Outcome:
    """The one step that comes next: what was accepted is put on record, else the signatory is asked. `accepted`: what
    the look before the lock saw, for the words of a failure."""
    answered: list[Facts] = []
    kept: dict[str, Any] = {}

    def look(now: Known) -> Facts:
        # A new request is looked at through its answer: Microsoft may not show it yet.
        return answered[0] if answered else observe(desired, now, Look(session))

    def send(seen: Facts) -> Known | Outcome:
        now, pending = known, _pending(seen)
        if _status(seen) == "recorded":  # by another run, meanwhile
            return assess(desired, known, seen, session)
        if pending is None or pending.status != "accepted":
            pending, memory = ask(desired, known, session)
            memory |= AttestationMemory.changes(accepted_at="", finalised="", known_already="", recorded=None)
            now = Known({**known.remembering(memory).outputs, "retrying": False})
            pending = asking.standing(pending, AttestationMemory.of(now), session.connection)
        if pending.status != "accepted":
            stands = asking.seen(pending, AttestationMemory.of(now), session.connection)
            seen_now, data = {**seen.seen, "attestation": stands}, {**seen.data, "pending": pending}
            answered.append(Facts(seen.fields, seen_now, data=data))
            return now
        kept.update(AttestationMemory.changes(attestation_id=pending.id))
        return _put_on_record(desired, now, seen, pending, session)

    step = Write(
        look=look,
        assess=lambda now, seen: assess(desired, now, seen, session),
        send=send,
        refused=lambda seen, due, error: rejected(seen, error, session),
        # Sent again with the same request id, so that Microsoft answers with the same attestation or agreement.
        later=(RetryLater, UnknownOutcome, NotFound),
        not_sent="accepted by the signatory, not on record yet" if accepted else "",
        kept=kept,
    )
    return reconcile.take(step, ("attestation", desired.key), known, session)


def ask(desired: AttestationInputs, known: Known, session: Session) -> tuple[AttestationState, dict[str, Any]]:
    """Ask Microsoft for an acceptance page for the signatory: its answer, and what to remember. Raises ClientErrors."""
    before, who, spoken = Asking.of(known), signer(desired), _language(session, desired)
    pending = _request(session, desired, known, spoken)
    memory = Asking.changes(attestation_id=pending.id, asked_for=who, language=spoken)
    return pending, memory | asking.asked(before, same=before.asked_for == who, ordered=known.retrying)


def _request(session: Session, desired: AttestationInputs, known: Known, spoken: str) -> AttestationState:
    """Ask Microsoft for an acceptance page for the signatory, in the language `spoken`. Raises ClientErrors."""
    assert session.partner_center is not None
    who = signatory(desired)
    wanted = AttestationRequest(
        country=desired.country,
        language=spoken,
        company_name=desired.company,
        signatory_first_name=who.first_name,
        signatory_last_name=who.last_name,
        signatory_email=who.email,
        signatory_phone=phones.first_spelling(who.phone or "", desired.country),
    )
    body = {name: getattr(wanted, name) for name in AttestationRequest.__slots__}
    unique = request_id(session.partner_tenant, desired.key, "attestation.request", body, known.attempt)
    return session.partner_center.request_attestation(wanted, request_id=unique)


def _language(session: Session, desired: AttestationInputs) -> str:
    """The declared language, else the one that Microsoft's rules name for the country. Raises ClientErrors."""
    assert session.partner_center is not None
    if desired.attestation.language:
        return desired.attestation.language
    rules = session.partner_center.country_rules(desired.country)
    return (rules.default_culture if rules else "") or "en-US"


def mail_link(session: Session, desired: AttestationInputs, known: Known, pending: AttestationState) -> mails.Sending:
    """Mail the signatory once; what became of it."""
    return mails.send_once(letter(desired, pending.link, pending.id, session), desired.key, known, session)


def _put_on_record(
    desired: AttestationInputs, known: Known, facts: Facts, pending: AttestationState, session: Session
) -> Known | Outcome:
    """Create the agreement with the accepted attestation. 600061 (there is one already) leads to a read, and the read
    decides. Raises ClientErrors."""
    pc = session.partner_center
    assert pc is not None
    templates = sorted(pc.agreement_templates(), key=lambda one: one.version_rank)
    if not templates:
        why, memory = (
            "Microsoft names no current agreement template",
            AttestationMemory.changes(attestation_id=pending.id),
        )
        return waiting(facts, NEXT_RUN, why, memory=memory, again=True)
    template, who = templates[-1].template_id, signatory(desired)
    memory = AttestationMemory.changes(kind="attested", signer=signer(desired), asked_for=signer(desired))
    if pending.accepted is not None:
        memory |= AttestationMemory.changes(accepted_at=contract.stamp(pending.accepted))
    try:
        pc.create_agreement(
            desired.tenant_id,
            attestation_id=pending.id,
            template_id=template,
            first_name=who.first_name,
            last_name=who.last_name,
            email=who.email,
            phone_number=phones.first_spelling(who.phone or "", desired.country),
            date_agreed=pending.accepted.date() if pending.accepted else date.fromisoformat(contract.now()[:10]),
            request_id=request_id(session.partner_tenant, desired.key, "agreement.create", pending.id, known.attempt),
        )
    except (OurBug, PersonMustAct) as error:
        if error.problem.code != "600061":
            raise
        memory |= AttestationMemory.changes(known_already=pending.id)
    else:
        memory |= AttestationMemory.changes(finalised=contract.now(), template=template, on_record=pending.id)
    return known.remembering(memory | AttestationMemory.changes(attestation_id=pending.id))


def rejected(facts: Facts, refused: Refusal, session: Session) -> Outcome:
    """A definite refusal: ours to correct, or Microsoft's to explain through the distributor."""
    return reconcile.refused(facts, refused, session, correct=steps.correct_signatory())


def release(known: Known, session: Session) -> Outcome:
    """An agreement is the customer's and stays."""
    return ready(Facts(), reason="the agreement stays on record")

"""Evidence that the Microsoft Customer Agreement (MCA) is accepted.

Satisfied by a direct acceptance, or by an attested agreement of a day that is not older than the connection's
`agreement_valid_from` (partner-center-api 5.5). A role that may call Partner Center asks the signatory by the enhanced
attestation and creates the agreement once Microsoft says that it was accepted; an indirect reseller reads what ION
shows. Nobody accepts for the customer.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field as Limit

import schemas
from clients.errors import NotFound, OurBug, PersonMustAct, RetryLater, UnknownOutcome
from clients.partner_center.models import AttestationRequest, AttestationState
from clients.transport import request_id
from onboarding import contract, labels, mails, next_steps
from onboarding.contract import (
    ABSENT,
    EARLIER,
    NEXT_RUN,
    NOT_VISIBLE,
    Facts,
    Field,
    Known,
    NextStep,
    Outcome,
    blocked,
    ready,
    waiting,
)
from onboarding.look import Look

if TYPE_CHECKING:
    from clients.connection import Session

WHERE_PC, WHERE_ION = "Partner Center agreements", "ION cloudProfiles"
LAG = timedelta(hours=4)  # a new attestation is shown within this time (partner-center-api 5.9)
ACCEPTED = frozenset({"accepted", "signed", "attested", "active", "completed"})
"""Words of ION's `agreementStatus` that count as accepted. Its values are not published, so this is a list to "
"extend."""


class AttestationInputs(schemas.Declared):
    """The declared signatory; ids come from the resources before ("" while unknown)."""

    key: Annotated[str, Limit(min_length=1)]
    ion_customer_id: str = ""
    tenant_id: str = ""
    attestation_id: str = ""
    attestation: schemas.Attestation
    route: Literal["customer", "partner"]
    company: str
    country: str


Inputs = AttestationInputs
CARRIED = ()


def observe(desired: AttestationInputs, known: Known, look: Look) -> Facts:
    """Read what is on record."""
    if look.session.partner_center is not None:
        return _observe_partner_center(desired, known, look)
    return _observe_ion(desired, known, look)


def _signatory(desired: AttestationInputs) -> schemas.Person:
    """The declared signatory. Only called where `assess` found one."""
    assert desired.attestation.signatory is not None
    return desired.attestation.signatory


def _fact(state: str, seen: str, where: str, desired: AttestationInputs) -> Field:
    given, who = desired.attestation.confirmed, desired.attestation.signatory
    confirmation = given.of("agreement", who.email) if given and who else None
    confirmed = next_steps.confirmed_by(confirmation) if confirmation else ""
    if state == "match":
        return Field("match", "accepted", seen, where, confirmed)
    return Field("not_visible" if state == NOT_VISIBLE else "mismatch", "accepted", seen, where, confirmed)


def _observe_partner_center(desired: AttestationInputs, known: Known, look: Look) -> Facts:
    memory = known.memory
    if not desired.tenant_id:
        return Facts(
            fields={"agreement": _fact(NOT_VISIBLE, "no tenant yet", WHERE_PC, desired)}, seen={"tenant": "unknown"}
        )
    valid_from = look.session.connection.agreement_valid_from
    kind, when = "", ""
    # One agreements read a customer is the budget: the kind that satisfied last time is asked for first.
    if memory.get("kind") == "direct" and look.directly_signed(desired.tenant_id):
        kind = "direct"
    if not kind:
        dated = sorted(a.date_agreed for a in look.agreements(desired.tenant_id) if a.date_agreed is not None)
        when = dated[-1].isoformat() if dated else ""
        kind = "attested" if dated and dated[-1] >= valid_from else ""
    if not kind and memory.get("kind") != "direct" and look.directly_signed(desired.tenant_id):
        kind = "direct"
    if not kind and _recent(memory.get("finalised", "")):
        kind, when = "attested", memory["finalised"][:10]
    seen = {
        "agreement": kind + (f" {when}" if kind == "attested" else "") if kind else (f"of {when}" if when else ABSENT)
    }
    asked = _asked(desired, known)
    pending: AttestationState | None = None
    if asked and (not kind or _other_signer(desired, known)):
        pending = look.attestation(asked)
        seen["attestation"] = pending.status if pending else ABSENT
    told = {"direct": "accepted by the customer, day unknown", "attested": f"attested on {when}"}.get(kind, "")
    field = _fact(
        "match" if kind else "mismatch", told or (f"of {when}, too old" if when else ABSENT), WHERE_PC, desired
    )
    return Facts(fields={"agreement": field}, seen=seen, data={"kind": kind, "when": when, "pending": pending})


def _observe_ion(desired: AttestationInputs, known: Known, look: Look) -> Facts:
    if look.session.ion is None or not desired.ion_customer_id:
        return Facts(
            fields={"agreement": _fact(NOT_VISIBLE, "no profile yet", WHERE_ION, desired)}, seen={"profile": "unknown"}
        )
    profile = look.cloud_profile(desired.ion_customer_id)
    status = profile.agreement_status.strip() if profile else ""
    accepted = status.casefold() in ACCEPTED
    when = ""
    # The deprecated call is the only one that shows the day. Once a current day was seen it is not asked for again.
    if status and not (look.bulk and accepted and known.memory.get("current") == "yes"):
        legacy = look.legacy_profile(desired.ion_customer_id)
        dated = sorted(a.date_agreed for a in legacy.agreements if a.date_agreed is not None) if legacy else []
        when = dated[-1].isoformat() if dated else ""
    too_old = bool(when) and date.fromisoformat(when) < look.session.connection.agreement_valid_from
    # A direct acceptance is not listed with a day; it shows as a status that changed since the old day was seen.
    since_then = known.memory.get("old_status", "")
    if too_old and accepted and since_then and since_then.casefold() not in ACCEPTED:
        too_old, when = False, ""
    data = {"when": when, "old": too_old, "status": status}
    if accepted and not too_old:
        field = _fact("match", f"{status} on {when}" if when else status, WHERE_ION, desired)
        return Facts(fields={"agreement": field}, seen={"agreement": "accepted"}, data=data)
    if too_old:
        field = _fact("mismatch", f"of {when}, too old", "ION cloudProfile (deprecated)", desired)
        return Facts(fields={"agreement": field}, seen={"agreement": f"of {when}, {status}"}, data=data)
    visible = bool(profile and (status or profile.enabled))
    told = status or (ABSENT if visible else NOT_VISIBLE)
    field = _fact("mismatch" if visible else NOT_VISIBLE, told, WHERE_ION, desired)
    return Facts(fields={"agreement": field}, seen={"agreement": told}, data=data)


def _recent(stamp: str) -> bool:
    if not stamp:
        return False
    return datetime.fromisoformat(contract.now()) - datetime.fromisoformat(stamp) < LAG


def _asked(desired: AttestationInputs, known: Known) -> str:
    """Id of the enhanced attestation that is under way for the declared signatory: our own, or the one that the
    resource of the tenant began before there was a tenant."""
    memory = known.memory
    if memory.get("attestation_id"):
        return memory["attestation_id"] if memory.get("asked_for", _signer(desired)) == _signer(desired) else ""
    return "" if _other_signer(desired, known) else desired.attestation_id


def _signer(desired: AttestationInputs) -> str:
    who = desired.attestation.signatory
    return f"{who.email.lower() if who else ''} | {desired.company}"


def _other_signer(desired: AttestationInputs, known: Known) -> bool:
    """The agreement was attested for another signatory or legal entity than is declared now."""
    before = known.memory.get("signer", "")
    return known.memory.get("kind") == "attested" and bool(before) and before != _signer(desired)


def assess(desired: AttestationInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    """What the facts mean, without a call."""
    agreement = facts.fields["agreement"]
    kind = str(facts.data.get("kind") or "")
    if session.partner_center is not None:
        if not desired.tenant_id:
            return waiting(facts, EARLIER, "comes after the Microsoft tenant")
        if kind and not _other_signer(desired, known):
            memory = {"kind": kind, "signer": known.memory.get("signer") or _signer(desired)}
            return ready(facts, memory=memory)
        if agreement.holds and not kind:
            return ready(facts)
        if desired.attestation.signatory is None:
            return waiting(facts, "us", "nobody is named who may sign", next_steps.name_signatory())
        return _assess_pending(desired, known, facts, session)
    if not desired.ion_customer_id:
        return waiting(facts, EARLIER, "comes after the customer profile")
    if agreement.holds:
        return ready(facts, memory={"current": "yes"} if agreement.state == "match" else {})
    if desired.attestation.signatory is None:
        return waiting(facts, "us", "nobody is named who may sign", next_steps.name_signatory())
    if facts.data.get("old"):
        reason = f"the agreement is {agreement.seen}: it must be accepted again"
        memory = {"old_status": known.memory.get("old_status") or str(facts.data.get("status"))}
        return waiting(facts, "customer", reason, _accept_directly(desired, session), memory=memory)
    if desired.route == "customer":
        return waiting(facts, "customer", "ION shows no accepted agreement", _accept_directly(desired, session))
    agreed_on = desired.attestation.agreed_on.isoformat() if desired.attestation.agreed_on else ""
    step = next_steps.attest_in_console(_signatory(desired), agreed_on, hidden=agreement.state != "mismatch")
    return waiting(facts, "us", "ION shows no accepted agreement", step)


def _assess_pending(desired: AttestationInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    pending: AttestationState | None = facts.data.get("pending")
    when = str(facts.data.get("when") or "")
    why = f"the agreement of {when} is too old" if when else "no agreement is on record"
    if _other_signer(desired, known):
        why = "the signatory or the company changed"
    if desired.route == "customer":
        return waiting(
            facts, "customer", f"{why}: the customer accepts it directly", _accept_directly(desired, session)
        )
    if pending is None or pending.status == "expired":
        return waiting(facts, NEXT_RUN, f"{why}: the next run asks the signatory")
    if pending.status == "accepted":
        return waiting(facts, NEXT_RUN, "accepted by the signatory: the next run puts the agreement on record")
    if pending.status == "declined":
        step = NextStep(
            "us",
            "customer file",
            f"{_signatory(desired).email} declined. Talk to the customer, correct the signatory if needed, "
            f"then run csp retry {desired.key} to ask again.",
        )
        return blocked(facts, "the signatory declined the agreement", step)
    return waiting(
        facts, "customer", f"{why}; the signatory was asked", signatory_step(desired, pending, session, known)
    )


def signatory_step(desired: AttestationInputs, pending: AttestationState, session: Session, known: Known) -> NextStep:
    """The customer's signatory accepts on Microsoft's page; the link is theirs alone."""
    who = _signatory(desired)
    letter = _letter(desired, pending.link, pending.id)
    sent = known.memory.get(letter.marker(), "")
    action = (
        f"{who.first_name} {who.last_name} ({who.email}) accepts the Microsoft Customer Agreement on Microsoft's page."
    )
    if sent:
        return NextStep(
            "customer", "Microsoft's agreement page", f"{action} The link was mailed.", next_steps.who(), pending.link
        )
    return NextStep(
        "customer", "Microsoft's agreement page", f"{action} Send the mail below.", letter.values(), pending.link
    )


def _letter(desired: AttestationInputs, link: str, about: str) -> mails.Letter:
    who = _signatory(desired)
    return mails.agreement(f"{who.first_name} {who.last_name}", who.email, desired.company, link, about)


def _accept_directly(desired: AttestationInputs, session: Session) -> NextStep:
    """The customer accepts in its own admin center; a Global Admin must sign in there."""
    letter = _letter(desired, labels.AGREEMENT_PAGE, f"direct {desired.tenant_id or desired.key}")
    action = (
        f"{_signatory(desired).email} accepts the Microsoft Customer Agreement in the Microsoft 365 admin center "
        "(sign in as Global Admin)."
    )
    values = next_steps.who() if session.mail is not None else letter.values()
    return NextStep("customer", "Microsoft 365 admin center", action, values, labels.AGREEMENT_PAGE)


def converge(desired: AttestationInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    """Ask the signatory, put an accepted agreement on record, mail the link once."""
    outcome = assess(desired, known, facts, session)
    pending: AttestationState | None = facts.data.get("pending")
    memory: dict[str, str] = {}
    if outcome.waiting_on == NEXT_RUN and session.partner_center is not None:
        with session.locks.hold("attestation", desired.key):
            if pending is not None and pending.status == "accepted":
                return _put_on_record(desired, known, facts, pending, session)
            try:
                pending = request(session, desired, known)
            except (RetryLater, UnknownOutcome) as later:
                # The same request id is sent again, so that Microsoft answers with the same attestation.
                return outcome.but(reason=str(later), again=True)
            except (OurBug, PersonMustAct) as refused:
                return rejected(facts, refused)
        memory = {"attestation_id": pending.id, "asked_for": _signer(desired)}
        known = Known({**known.outputs, "memory": known.memory | memory})
        asked = Facts(
            facts.fields, {**facts.seen, "attestation": pending.status}, data={**facts.data, "pending": pending}
        )
        outcome = assess(desired, known, asked, session)
        if outcome.waiting_on == NEXT_RUN:  # accepted already: a repeated request
            return _put_on_record(desired, known, asked, pending, session)
        outcome = outcome.but(final=True)
    if outcome.waiting_on != "customer":
        return outcome.but(memory={**memory, **outcome.memory})
    link, about = (
        (pending.link, pending.id) if pending else (labels.AGREEMENT_PAGE, f"direct {desired.tenant_id or desired.key}")
    )
    if pending is not None or facts.data.get("old") or session.partner_center is not None:
        _, marker = mails.send_once(_letter(desired, link, about), desired.key, known, session)
        memory |= marker
        known = Known({**known.outputs, "memory": known.memory | memory})
        outcome = outcome.but(next_step=assess(desired, known, outcome.facts, session).next_step)
    return outcome.but(memory={**memory, **outcome.memory})


def request(session: Session, desired: AttestationInputs, known: Known) -> AttestationState:
    """Ask Microsoft for an acceptance page for the signatory. Raises ClientErrors."""
    assert session.partner_center is not None
    who = _signatory(desired)
    wanted = AttestationRequest(
        country=desired.country,
        language=desired.attestation.language or "en-US",
        company_name=desired.company,
        signatory_first_name=who.first_name,
        signatory_last_name=who.last_name,
        signatory_email=who.email,
        signatory_phone=who.phone or "",
    )
    body = {name: getattr(wanted, name) for name in AttestationRequest.__slots__}
    unique = request_id(session.partner_tenant, desired.key, "attestation.request", body, known.attempt)
    return session.partner_center.request_attestation(wanted, request_id=unique)


def mail_link(session: Session, desired: AttestationInputs, known: Known, pending: AttestationState) -> dict[str, str]:
    """Mail the signatory once; what to remember."""
    return mails.send_once(_letter(desired, pending.link, pending.id), desired.key, known, session)[1]


def _put_on_record(
    desired: AttestationInputs, known: Known, facts: Facts, pending: AttestationState, session: Session
) -> Outcome:
    """Create the agreement with the accepted attestation. 600061 (there is one already) leads to a read, and the read
    decides."""
    assert session.partner_center is not None
    unique = request_id(session.partner_tenant, desired.key, "agreement.create", pending.id, known.attempt)
    day = pending.accepted.date() if pending.accepted else date.fromisoformat(contract.now()[:10])
    who = _signatory(desired)
    kept = {"attestation_id": pending.id}
    exists = False
    try:
        templates = sorted(session.partner_center.agreement_templates(), key=lambda t: t.version_rank)
        if not templates:
            return waiting(facts, NEXT_RUN, "Microsoft names no current agreement template", memory=kept, again=True)
        session.partner_center.create_agreement(
            desired.tenant_id,
            attestation_id=pending.id,
            template_id=templates[-1].template_id,
            first_name=who.first_name,
            last_name=who.last_name,
            email=who.email,
            phone_number=who.phone or "",
            date_agreed=day,
            request_id=unique,
        )
    except (RetryLater, UnknownOutcome, NotFound) as later:
        reason = f"accepted by the signatory, not on record yet: {later}"
        return waiting(facts, NEXT_RUN, reason, memory=kept, again=True)
    except (OurBug, PersonMustAct) as refused:
        exists = refused.problem.code == "600061"
        if not exists:
            return rejected(facts, refused).but(memory=kept)
    memory = kept | {"kind": "attested", "signer": _signer(desired), "asked_for": _signer(desired)}
    if not exists:
        memory |= {"finalised": contract.now(), "template": templates[-1].template_id}
    known = Known({**known.outputs, "memory": known.memory | memory})
    after = assess(desired, known, observe(desired, known, Look(session)), session)
    return after.but(final=True, memory={**memory, **after.memory})


def rejected(facts: Facts, refused: OurBug | PersonMustAct) -> Outcome:
    """A definite refusal: ours to correct, or Microsoft's to explain through TD SYNNEX."""
    if isinstance(refused, PersonMustAct):
        owner = "distributor" if refused.owner == "microsoft" else refused.owner
        return blocked(facts, str(refused), NextStep(owner, "Partner Center", refused.action), final=True)
    step = NextStep("us", "customer file", "Correct the signatory or the address in the customer file; see the reason.")
    return blocked(facts, str(refused), step, final=True)


def release(known: Known, session: Session) -> Outcome:
    """An agreement is the customer's and stays."""
    return ready(Facts(), reason="the agreement stays on record")

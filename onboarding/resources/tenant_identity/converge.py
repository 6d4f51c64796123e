"""Moves a tenant one step: makes it, invites, links it to the Cloud Provider row. Never twice, never without a look
first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import schemas
from clients.errors import OurBug, PersonMustAct, RetryLater, UnknownOutcome
from clients.wire.transport import request_id
from onboarding import steps
from onboarding.allowed import once
from onboarding.core.contract import NEXT_RUN, Facts, Known, Outcome, blocked, ready, waiting
from onboarding.look.shown import ENDPOINT, row_of
from onboarding.look.snapshot import Look
from onboarding.resources import attestation, leaving, reconcile
from onboarding.resources.attestation import asking
from onboarding.resources.memory import TenantMemory
from onboarding.resources.reconcile import Write
from onboarding.resources.tenant_identity import inviting, new, rename
from onboarding.resources.tenant_identity.agreement_first import agreement_inputs
from onboarding.resources.tenant_identity.observe import Found, TenantIdentityInputs, observe
from onboarding.resources.tenant_identity.verdict import assess

if TYPE_CHECKING:
    from clients.session import Session


def converge(desired: TenantIdentityInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    """One step after the other until a person or the next run is needed; four steps at most (agreement, tenant, link,
    look)."""
    outcome = assess(desired, known, facts, session)
    if desired.lifecycle is not None:
        return outcome
    memory: dict[str, Any] = {}
    final, loud = False, ""
    for _ in range(4):
        step = _step(desired, known, outcome, session)
        if step is None:
            break
        memory |= dict(outcome.memory) | dict(step.memory)
        final = final or step.final
        if "credentials" in step.memory and step.reason != new.MADE:
            loud = step.reason  # the next look knows nothing of it
        known = Known(
            {
                **known.outputs,
                "renewing": False,
                "retrying": False,
                "memory": known.memory | memory,
                "tenant_id": step.carried.get("tenant_id") or known.text("tenant_id"),
            }
        )
        if step.status == "blocked" or step.again:
            outcome = step
            break
        outcome = assess(desired, known, observe(desired, known, Look(session)), session)
    outcome = outcome.but(memory=memory | dict(outcome.memory), final=final or outcome.final)
    if loud:
        outcome = outcome.but(alarm=loud, reason="; ".join(filter(None, (loud, outcome.reason))))
    return rename.follow(desired, known, outcome.facts, outcome, session)


def _step(desired: TenantIdentityInputs, known: Known, outcome: Outcome, session: Session) -> Outcome | None:
    """The next call that an API offers; None when there is none (or a person comes first)."""
    if inviting.wants(desired, known, outcome, session):
        return inviting.converge(desired, known, outcome, session)
    if session.partner_center is None:
        return None
    facts = outcome.facts
    found: Found = facts.data["found"]
    if outcome.waiting_on == NEXT_RUN:
        if isinstance(desired.identity, schemas.NewIdentity) and not facts.fields["relationship"].holds:
            return _make(desired, desired.identity, known, facts, session)
        if found.row is not None and session.association is not None:
            return _link_row(desired, facts, found.wanted, session)
        return None
    asked = outcome.status == "waiting" and outcome.waiting_on == "customer" and found.pending is not None
    return _mail_agreement(desired, known, outcome, session) if asked and desired.attestation is not None else None


def _make(
    desired: TenantIdentityInputs, identity: schemas.NewIdentity, known: Known, facts: Facts, session: Session
) -> Outcome:
    found: Found = facts.data["found"]
    if (
        identity.attest_first
        and desired.attestation is not None
        and attestation.asks_again(found.pending, known, session.connection)
    ):
        agreement = agreement_inputs(desired, identity)
        try:
            with new.place(desired.key, session):  # nobody should sign for a tenant that cannot be made
                new.check_before(desired, identity, session)
            language = attestation.language(session, agreement)
            pending = attestation.request(session, agreement, known, language)
        except new.Refused as refused:
            return blocked(facts, refused.reason, refused.step, final=True)
        except (OurBug, PersonMustAct) as refused_here:
            return attestation.rejected(facts, refused_here)
        except (RetryLater, UnknownOutcome) as later:
            return waiting(facts, NEXT_RUN, str(later), again=True)
        signer = attestation.signer(agreement)
        before = TenantMemory.of(known)
        same = before.asked_for == signer
        memory = TenantMemory.changes(attestation_id=pending.id, asked_for=signer, language=language)
        memory |= asking.asked(before, same=same, ordered=known.retrying)
        return waiting(facts, "customer", "the signatory was asked", memory=memory, final=True)
    return new.create(desired, identity, known, facts, session)


def _mail_agreement(desired: TenantIdentityInputs, known: Known, outcome: Outcome, session: Session) -> Outcome | None:
    found: Found = outcome.facts.data["found"]
    assert found.pending is not None
    assert isinstance(desired.identity, schemas.NewIdentity)
    sending = attestation.mail_link(session, agreement_inputs(desired, desired.identity), known, found.pending)
    if sending.result == "failed":
        return outcome.but(again=True, reason=f"{outcome.reason}; the mail was not sent: {sending.why}")
    return outcome.but(memory=sending.memory) if sending.memory else None


def _link_row(desired: TenantIdentityInputs, facts: Facts, tenant_id: str, session: Session) -> Outcome:
    """Put the tenant into the Cloud Provider row: the whole row from a fresh read, everything else kept."""
    assert session.association is not None
    found: Found = facts.data["found"]
    domain = found.related.domain if found.related else ""
    api, carried = session.association, {"tenant_id": tenant_id}

    def assess_row(_known: Known, seen: Facts) -> Outcome:
        row = seen.data["row"]
        if row is None:
            return waiting(facts, NEXT_RUN, "the Cloud Provider row is gone", again=True)
        if row.tenant_id and row.tenant_id.lower() != tenant_id:
            return waiting(facts, NEXT_RUN, "another tenant was linked in the meantime", again=True)
        return waiting(facts, NEXT_RUN, "to be linked")

    def send(seen: Facts) -> Outcome:
        api.put(desired.ion_customer_id, replace(seen.data["row"], tenant_id=tenant_id, domain=domain))
        return ready(facts, carried=carried)  # who asked for the step looks next

    step = Write(
        look=lambda _known: Facts(data={"row": api.get(desired.ion_customer_id)}),
        assess=assess_row,
        send=send,
        refused=lambda _seen, due, error: reconcile.refused(
            facts, error, where=error.problem.shown_at or ENDPOINT, correct=steps.see_why_not_linked(), carried=carried
        ),
        later=(RetryLater, UnknownOutcome),
        not_sent="not linked yet",
    )
    return reconcile.take(step, ("ion.row", desired.ion_customer_id), Known(), session)


def release(known: Known, session: Session) -> Outcome:
    """End the reseller relationship: only by `on_remove: end-relationship`, only when nothing speaks against it that
    the declaration, ION or Microsoft tells. The tenant stays the customer's."""
    tenant_id = known.text("tenant_id")
    against = leaving.refusal(known) or known.seen.get("conflict", "")
    if against:
        return blocked(Facts(), against)
    if session.partner_center is None or not tenant_id:
        return ready(Facts(), reason="no relationship that an API could end")
    unique = request_id(session.partner_tenant, tenant_id, "relationship.remove", {}, known.attempt)
    with session.locks.hold("pc.tenant", tenant_id):
        look = Look(session)
        if _portal_access(known.text("ion_customer_id"), look):
            return blocked(Facts(), "portal access is on, so that the customer can go on buying: switch it off first")
        if look.related(tenant_id) is None:
            return ready(Facts(), reason="the relationship is gone already")
        step = once.Step(known.text("key"), once.ENDING, known.text("key"))
        if why := once.refusal(step, tenant_id, session):
            return blocked(Facts(), why)
        try:
            session.partner_center.remove_relationship(tenant_id, request_id=unique)
        except UnknownOutcome as lost:
            if Look(session).related(tenant_id) is not None:
                return blocked(Facts(), f"no answer, and the relationship is still there: {lost}")
        except (OurBug, PersonMustAct, RetryLater) as refused:
            return blocked(Facts(), str(refused))
    return ready(Facts(), reason="the relationship was ended; the tenant stays the customer's")


def _portal_access(customer_id: str, look: Look) -> bool:
    """Whether portal access is seen to be on; not visible counts as off, because ION hides the row while it is off."""
    if look.session.ion is None or not customer_id:
        return False
    return bool(row_of(look, customer_id).portal_access)

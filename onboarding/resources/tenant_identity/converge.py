"""Moves a tenant one step: makes it, invites, links it to the Cloud Provider row. Never twice, never without a look
first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import schemas
from clients.errors import RetryLater, UnknownOutcome
from clients.wire.request_id import request_id
from onboarding import steps
from onboarding.allowed import once
from onboarding.core.contract import EARLIER, NEXT_RUN, Facts, Known, Outcome, blocked, ready, waiting
from onboarding.look.shown import row_of
from onboarding.look.snapshot import Look
from onboarding.resources import attestation, leaving, reconcile
from onboarding.resources.attestation import asking
from onboarding.resources.memory import TenantMemory
from onboarding.resources.reconcile import Write
from onboarding.resources.tenant_identity import inviting, new, rename
from onboarding.resources.tenant_identity.agreement_first import agreement_inputs, asked
from onboarding.resources.tenant_identity.declared import TenantIdentityInputs
from onboarding.resources.tenant_identity.observe import Found, observe
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
        return _ask_first(desired, identity, known, facts, session)
    return new.create(desired, identity, known, facts, session)


def _ask_first(
    desired: TenantIdentityInputs, identity: schemas.NewIdentity, known: Known, facts: Facts, session: Session
) -> Outcome:
    """Ask the signatory before the tenant is made. What decides is only the request that is under way."""
    agreement, under_way = agreement_inputs(desired, identity), asked(desired, known)

    def look(now: Known) -> Facts:
        memory = TenantMemory.of(now)
        return Facts(data={"pending": asking.look_at(under_way, memory, Look(session)) if under_way else None})

    def assess_request(now: Known, seen: Facts) -> Outcome:
        if attestation.asks_again(seen.data["pending"], now, session.connection):
            return waiting(facts, NEXT_RUN, "the signatory is to be asked")
        return waiting(facts, EARLIER, "the signatory was asked meanwhile; the next look decides")

    def send(_seen: Facts) -> Outcome:
        try:
            with new.place(desired.key, session):  # nobody should sign for a tenant that cannot be made
                new.check_before(desired, identity, session)
        except new.Refused as refused:
            return blocked(facts, refused.reason, refused.step, final=True)
        _, memory = attestation.ask(agreement, known, session)
        return waiting(facts, "customer", "the signatory was asked", memory=memory, final=True)

    step = Write(
        look=look,
        assess=assess_request,
        send=send,
        refused=lambda _seen, _due, error: attestation.rejected(facts, error, session),
        later=(RetryLater, UnknownOutcome),  # the same request id is sent again, and answered with the same attestation
        not_sent="",
    )
    return reconcile.take(step, ("attestation", desired.key), known, session)


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
            facts, error, session, correct=steps.see_why_not_linked(), carried=carried
        ),
        later=(RetryLater, UnknownOutcome),
        not_sent="not linked yet",
    )
    return reconcile.take(step, ("ion.row", desired.ion_customer_id), Known(), session)


def release(known: Known, session: Session) -> Outcome:
    """End the reseller relationship: only by `on_remove: end-relationship`, only when nothing speaks against it that
    the declaration, ION or Microsoft tells. The tenant stays the customer's."""
    key, tenant_id, pc = known.text("key"), known.text("tenant_id"), session.partner_center
    against = leaving.refusal(known) or known.seen.get("conflict", "")
    if against:
        return blocked(Facts(), against)
    if pc is None or not tenant_id:
        return ready(Facts(), reason="no relationship that an API could end")
    unique = request_id(session.partner_tenant, tenant_id, "relationship.remove", {}, known.attempt)

    def look(_known: Known) -> Facts:
        now = Look(session)
        buys = _portal_access(known.text("ion_customer_id"), now)
        return Facts(data={"buys": buys, "stands": not buys and now.related(tenant_id) is not None})

    def assess_ending(_known: Known, seen: Facts) -> Outcome:
        if seen.data["buys"]:
            return blocked(seen, "portal access is on, so that the customer can go on buying: switch it off first")
        if not seen.data["stands"]:
            return ready(seen, reason="the relationship is gone; the tenant stays the customer's")
        return waiting(seen, NEXT_RUN, "the relationship stands")

    def send(seen: Facts) -> Outcome:
        if why := once.refusal(once.Step(key, once.ENDING, key), tenant_id, session):
            return blocked(seen, why)
        pc.remove_relationship(tenant_id, request_id=unique)
        return ready(seen, reason="the relationship was ended; the tenant stays the customer's")

    step = Write(
        look=look,
        assess=assess_ending,
        send=send,
        refused=lambda seen, _due, error: reconcile.refused(seen, error, session),
        not_sent="",
    )
    return reconcile.take(step, ("pc.tenant", tenant_id), known, session)


def _portal_access(customer_id: str, look: Look) -> bool:
    """Whether portal access is seen to be on; not visible counts as off, because ION hides the row while it is off."""
    if look.session.ion is None or not customer_id:
        return False
    return bool(row_of(look, customer_id).portal_access)

"""Which steps that cannot be undone a resource takes now, and which may follow from what a customer's file declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import schemas
from onboarding.allowed import once
from onboarding.allowed.once import Step
from onboarding.core.contract import NEXT_RUN, Known, Outcome
from onboarding.people import mails
from onboarding.resources import attestation
from onboarding.resources.tenant_identity import inviting

if TYPE_CHECKING:
    from clients.session import Session

INVITATION, AGREEMENT = "invitation", "agreement"
"""Kinds of mails, as `onboarding.people.mails` names them."""


def now(kind: str, desired: Any, known: Known, outcome: Outcome, session: Session) -> list[Step]:
    """What this run does, as far as it is seen before it."""
    if desired.lifecycle not in (None, "active"):
        return []
    if kind == "TenantIdentity":
        return list(_tenant(desired, known, outcome, session))
    return list(_agreement(desired, known, outcome, session)) if kind == "Attestation" else []


def _tenant(desired: Any, known: Known, outcome: Outcome, session: Session) -> Iterator[Step]:
    identity, found = desired.identity, outcome.facts.data["found"]
    if isinstance(identity, schemas.NewIdentity):
        first = identity.attest_first and desired.attestation is not None
        if session.partner_center is None or outcome.facts.fields["relationship"].holds:
            return
        if outcome.waiting_on == NEXT_RUN:
            if first and attestation.asks_again(found.pending, known, session.connection):
                yield from _mail(desired.key, desired.attestation, session)
            else:
                yield Step(desired.key, once.TENANT, identity.initial_domain)
        elif first and outcome.waiting_on == "customer" and found.pending is not None:
            yield from _unsent(desired.key, desired.attestation, found.pending.id, known, session)
        return
    invited = found.invitation
    if invited is None or invited.state != "prepared" or session.mail is None:
        return
    if inviting.wants(desired, known, outcome, session):
        yield once.mail(desired.key, INVITATION, invited.to)


def _agreement(desired: Any, known: Known, outcome: Outcome, session: Session) -> Iterator[Step]:
    pending = outcome.facts.data.get("pending")
    if outcome.waiting_on == NEXT_RUN and session.partner_center is not None:
        if pending is None or pending.status not in ("accepted", "recorded"):
            yield from _mail(desired.key, desired.attestation, session)
    elif outcome.waiting_on == "customer":
        about = pending.id if pending is not None else f"direct {desired.tenant_id or desired.key}"
        if pending is not None or outcome.facts.data.get("old") or session.partner_center is not None:
            yield from _unsent(desired.key, desired.attestation, about, known, session)


def _mail(key: str, declared: schemas.Attestation, session: Session) -> Iterator[Step]:
    if session.mail is not None and declared.signatory is not None:
        yield once.mail(key, AGREEMENT, declared.signatory.email)


def _unsent(key: str, declared: schemas.Attestation, about: str, known: Known, session: Session) -> Iterator[Step]:
    to = declared.signatory.email if declared.signatory is not None else ""
    if to and not known.memory.get(mails.marker(AGREEMENT, about, to)):
        yield from _mail(key, declared, session)


def may_follow(
    customer: schemas.Customer, connection: schemas.Connection, outputs: Mapping[str, Mapping[str, Any]]
) -> Iterator[Step]:
    """What may follow from a customer's file as people and systems go on, and was not done yet. `outputs`: kind of
    resource -> its outputs in state."""
    if customer.lifecycle != "active":
        return
    identity, signatory = customer.identity, customer.attestation.signatory
    tenant, agreement = outputs.get("TenantIdentity", {}), outputs.get("Attestation", {})
    if isinstance(identity, schemas.NewIdentity):
        confirmed = identity.confirm_new_tenant == identity.domain_prefix
        if confirmed and connection.calls_partner_center and not tenant.get("tenant_id"):
            yield Step(customer.key, once.TENANT, identity.initial_domain)
    if connection.mail is None:
        return
    if isinstance(identity, schemas.InviteIdentity) and tenant.get("status") != "ready":
        yield once.mail(customer.key, INVITATION, identity.global_admin.email)
    if signatory is not None and (agreement.get("status") != "ready" or agreement.get("unobserved")):
        yield once.mail(customer.key, AGREEMENT, signatory.email)

"""A company was renamed in the file: give its billing profile in Partner Center the new name, where a role may.

Microsoft asks for the whole profile with its etag. Whether the name of the tenant itself follows is not documented
(partner-center.md 2.7); the customer changes that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clients.errors import OurBug, PersonMustAct, RetryLater, UnknownOutcome
from clients.wire.transport import request_id
from onboarding import steps
from onboarding.core import compare
from onboarding.core.contract import Facts, Known, Outcome
from onboarding.resources import reconcile
from onboarding.resources.memory import TenantMemory
from onboarding.resources.tenant_identity.observe import Found, TenantIdentityInputs
from onboarding.steps.places import PARTNER_CENTER

if TYPE_CHECKING:
    from clients.session import Session


def unsettled(desired: TenantIdentityInputs, known: Known) -> dict[str, Any]:
    """To remember when a run fails before it is done: the company name that Partner Center still has. The new
    declaration is in the state by then, and the old name would be lost."""
    before = _before(desired, known)
    return TenantMemory.changes(renamed_from=before) if before else {}


def _before(desired: TenantIdentityInputs, known: Known) -> str:
    """The company name before a rename that did not reach Partner Center yet, "" when none is under way."""
    before = TenantMemory.of(known).renamed_from or known.text("company")
    renamed = before and desired.company and not compare.same("organization", before, desired.company)
    return before if renamed else ""


def follow(desired: TenantIdentityInputs, known: Known, facts: Facts, outcome: Outcome, session: Session) -> Outcome:
    """`outcome`, after the billing profile was given the new company name.

    A billing profile that showed another name than the one declared before was never ours to keep: it stays.
    """
    before = _before(desired, known)
    found: Found = facts.data["found"]
    if not before or session.partner_center is None or found.related is None:
        return outcome
    if outcome.status == "blocked":
        return outcome.but(memory={**outcome.memory, **TenantMemory.changes(renamed_from=before)})
    tenant = found.related.id
    unique = request_id(session.partner_tenant, tenant, "billing.rename", desired.company, known.attempt)
    try:
        with session.locks.hold("pc.tenant", tenant.lower()):
            billing = session.partner_center.billing_profile(tenant)
            if compare.same("organization", billing.company_name, before):
                renamed = replace(billing, company_name=desired.company)
                session.partner_center.update_billing_profile(tenant, renamed, request_id=unique)
    except (RetryLater, UnknownOutcome) as later:
        reason = f"the billing profile is not renamed yet: {later}"
        return outcome.but(
            reason=reason, again=True, memory={**outcome.memory, **TenantMemory.changes(renamed_from=before)}
        )
    except (OurBug, PersonMustAct) as refused:
        step = steps.rename_in_partner_center(before=before, after=desired.company)
        more = {"carried": outcome.carried, "memory": outcome.memory}
        return reconcile.refused(facts, refused, where=PARTNER_CENTER, correct=step, **more)
    return outcome.but(memory={**outcome.memory, **TenantMemory.changes(renamed_from="")}, final=True)

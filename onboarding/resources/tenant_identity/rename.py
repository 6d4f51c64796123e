"""A company was renamed in the file: give its billing profile in Partner Center the new name, where a role may.

Microsoft asks for the whole profile with its etag. Whether the name of the tenant itself follows is not documented
(partner-center.md 2.7); the customer changes that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clients.errors import NotFound, RetryLater, UnknownOutcome
from clients.wire.request_id import request_id
from onboarding import steps
from onboarding.core import compare
from onboarding.core.contract import NEXT_RUN, Facts, Known, Outcome, waiting
from onboarding.resources import reconcile
from onboarding.resources.memory import TenantMemory
from onboarding.resources.reconcile import Write
from onboarding.resources.tenant_identity.declared import TenantIdentityInputs
from onboarding.resources.tenant_identity.observe import Found

if TYPE_CHECKING:
    from clients.session import Session


def unsettled(desired: TenantIdentityInputs, known: Known) -> dict[str, Any]:
    """What to remember when a run fails before the rename is done: the company name that Partner Center still has.
    The state holds the new declaration by then, and `follow` needs the old name to know the profile as ours."""
    before = _before(desired, known)
    return TenantMemory.changes(renamed_from=before) if before else {}


def _before(desired: TenantIdentityInputs, known: Known) -> str:
    """The company name before a rename that did not reach Partner Center yet, "" when none is under way."""
    before = TenantMemory.of(known).renamed_from or known.text("company")
    renamed = before and desired.company and not compare.same("organization", before, desired.company)
    return before if renamed else ""


def follow(desired: TenantIdentityInputs, known: Known, facts: Facts, outcome: Outcome, session: Session) -> Outcome:
    """Give the billing profile the new company name, where the file changed it; else `outcome` as it is.

    A profile that shows another name than the one that was declared before was named by somebody else, and stays.
    """
    before = _before(desired, known)
    found: Found = facts.data["found"]
    if not before or session.partner_center is None or found.related is None:
        return outcome
    if outcome.status == "blocked":
        return outcome.but(memory={**outcome.memory, **TenantMemory.changes(renamed_from=before)})
    pc, tenant = session.partner_center, found.related.id
    unique = request_id(session.partner_tenant, tenant, "billing.rename", desired.company, known.attempt)
    done = outcome.but(memory={**outcome.memory, **TenantMemory.changes(renamed_from="")}, final=True)

    def assess(_known: Known, seen: Facts) -> Outcome:
        old = compare.same("organization", seen.data["billing"].company_name, before)
        return waiting(facts, NEXT_RUN, "to be renamed") if old else done

    def send(seen: Facts) -> Outcome:
        pc.update_billing_profile(
            tenant, replace(seen.data["billing"], company_name=desired.company), request_id=unique
        )
        return done

    step = Write(
        look=lambda _known: Facts(data={"billing": pc.billing_profile(tenant)}),
        assess=assess,
        send=send,
        refused=lambda _seen, _due, error: reconcile.refused(
            facts,
            error,
            session,
            correct=steps.rename_in_partner_center(before=before, after=desired.company),
            carried=outcome.carried,
            memory=outcome.memory,
        ),
        later=(RetryLater, UnknownOutcome, NotFound),
        not_sent="the billing profile is not renamed yet",
        kept=TenantMemory.changes(renamed_from=before),
    )
    return reconcile.take(step, ("pc.tenant", tenant.lower()), known, session, outcome)

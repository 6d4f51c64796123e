"""A customer who leaves: `lifecycle: leaving`, then `left`. Nothing is deleted in ION, and nothing new is begun.

Three steps, in this order: portal access off (else the customer goes on buying), subscriptions cancelled or moved (no
API that is read here shows them: `lifecycle: left` is a person's statement that they are), relationship ended (only
where that is wanted).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import schemas
from onboarding import steps
from onboarding.core import words
from onboarding.core.contract import ABSENT, CANNOT_BE_SEEN, NEXT_RUN, Facts, Known, NextStep, Outcome, ready, waiting
from onboarding.core.remembered import Asking

if TYPE_CHECKING:
    from clients.session import Session

DONE, OPEN, UNSEEN = "done", "open", CANNOT_BE_SEEN


class InState(Protocol):
    """What is needed of a resource's state."""

    @property
    def outputs(self) -> Mapping[str, Any]: ...
    def fact(self, name: str) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Step:
    """One step of leaving. `state`: done, open, or cannot be seen."""

    name: str
    state: str
    why: str

    def as_dict(self) -> dict[str, str]:
        return {"step": self.name, "state": self.state, "why": self.why}


# What the resources of such a customer do: the row may only be switched off, the others only look.


def row(facts: Facts, session: Session) -> Outcome:
    """The Cloud Provider row: portal access goes off; pricebook and currencies no longer matter."""
    access = facts.fields.get("portal_access")
    facts = replace(facts, seen={"portal_access": access.seen if access else ""}, live={})  # nothing else is drift
    if access is None or access.seen != words.ON:
        return ready(facts, reason="the customer is leaving; the row stays as it is")
    if session.association is not None:
        return waiting(facts, NEXT_RUN, "the customer is leaving: the next run switches portal access off")
    return waiting(facts, "us", "the customer is leaving and can still buy", steps.switch_portal_off())


def tenant(known: Known, facts: Facts) -> Outcome:
    """The tenant: nobody is invited any more, nothing is made or linked."""
    carried = {"tenant_id": known.text("tenant_id"), "attestation_id": Asking.of(known).attestation_id}
    relationship = facts.fields.get("relationship")
    stands = relationship is not None and relationship.state == "match"
    reason = "the customer is leaving; the relationship " + ("stands" if stands else "is not seen any more")
    return ready(facts, carried=carried, reason=reason)


def agreement(facts: Facts) -> Outcome:
    """The agreement: nobody is asked any more."""
    facts = replace(facts, seen={}, live={})
    return ready(facts, reason="the customer is leaving; the agreement is no longer asked for")


def refusal(known: Known) -> str:
    """Why the relationship must not be ended yet, as far as the declaration tells; "" when nothing speaks against it.

    Microsoft wants every subscription suspended and every reservation cancelled first (partner-center.md 2.8), and
    nothing read here shows them, so that a person's statement is needed.
    """
    if known.text("lifecycle") == "left":
        return ""
    return "nobody has stated that every subscription is settled: apply lifecycle: left first"


# What people read.


def ending_steps(customer: schemas.Customer, resources: Mapping[str, InState]) -> list[Step]:
    """The three steps of a leaving customer from its resource states."""
    left = customer.lifecycle == "left"
    settled = Step(
        "subscriptions settled",
        DONE if left else UNSEEN,
        "stated by lifecycle: left" if left else "look in ION; then set lifecycle: left in the customer file",
    )
    return [_portal(resources["ProviderAssociation"]), settled, _relationship(resources["TenantIdentity"])]


def _portal(state: InState) -> Step:
    fact = state.fact("portal_access")
    if not fact:
        return Step("portal access off", UNSEEN, "not looked at yet")
    if fact["seen"] == words.ON:
        return Step("portal access off", OPEN, f"it is ON, this customer can go on buying ({fact['where']})")
    if fact["seen"] == words.OFF:
        return Step("portal access off", DONE, f"off ({fact['where']})")
    if fact["seen"] == ABSENT:
        return Step("portal access off", DONE, f"there is no Cloud Provider row ({fact['where']})")
    return Step("portal access off", DONE, "not shown; ION shows the row while portal access is on")


def _relationship(state: InState) -> Step:
    fact = state.fact("relationship")
    if fact.get("state") == "match":
        return Step("relationship ended", OPEN, f"it stands ({fact['where']})")
    if fact.get("state") == "mismatch":
        return Step("relationship ended", DONE, f"not there ({fact['where']})")
    return Step("relationship ended", UNSEEN, "no API shows it")


def still_buying(resources: Mapping[str, InState]) -> bool:
    """Whether the last look saw portal access on."""
    state = resources.get("ProviderAssociation")
    return state is not None and state.fact("portal_access").get("seen") == words.ON


def next_step(customer: schemas.Customer, resources: Mapping[str, InState], *, may_end: bool) -> NextStep | None:
    """All that is open in one next step; None for who left and cannot buy. `may_end`: this role can end relationships
    by API."""
    portal, settled, relationship = ending_steps(customer, resources)
    if customer.lifecycle == "left" and portal.state != OPEN:
        return None
    by_run = resources["ProviderAssociation"].outputs.get("waiting_on") == NEXT_RUN
    open_ = settled.state != DONE
    return steps.end_customer(
        key=customer.key,
        portal=("next run" if by_run else "by hand") if portal.state == OPEN else "",
        settle=open_,
        relationship=("api" if may_end else "distributor") if open_ and relationship.state != DONE else "",
    )


def profile(facts: Facts, lifecycle: str, carried: Mapping[str, str]) -> Outcome:
    """The customer profile: stays as it is; holds the wait until somebody states that all is settled."""
    facts = replace(facts, seen={"profile": facts.seen.get("profile", "")}, live={})
    if lifecycle == "left":
        return ready(facts, carried=carried, reason="left; the profile stays in ION")
    return waiting(facts, "us", "the customer is leaving", steps.settle_leaving(), carried=carried)

"""The text of a ticket about one customer, ready to paste: who it is, what we ask, what we see and where."""

from __future__ import annotations

from collections.abc import Iterator

import schemas
from onboarding.readiness.gates import Gate
from onboarding.readiness.verdicts import Readiness
from onboarding.resources import leaving
from onboarding.steps.text import action, entries
from schemas.distributor import DISTRIBUTOR
from schemas.model.gates import GATES

_ENDINGS = {
    "portal access off": "The customer leaves us. Please tell us whether portal access of its Microsoft row is off.",
    "subscriptions settled": "The customer leaves us. Which of its subscriptions are still active?",
    "relationship ended": "The customer leaves us. When no subscription is active any more, please end the "
    "relationship of {tenant} with your Partner Center.",
}
"""By the steps of leaving."""


def text(customer: schemas.Customer, verdict: Readiness, connection: schemas.Connection) -> str:
    """The whole text; without a question where nothing is open."""
    return "\n".join(_lines(customer, verdict, connection))


def _lines(customer: schemas.Customer, verdict: Readiness, connection: schemas.Connection) -> Iterator[str]:
    tenant = _tenant(customer, verdict)
    yield f"Customer: {customer.profile.organization} ({customer.profile.email})"
    if number := verdict.resources["Customer"].outputs.get("ion_customer_id"):
        yield f"ION customer: {number}"
    yield f"ION account: {verdict.resources['Customer'].outputs.get('account') or 'not known yet'}"
    if connection.reseller is not None:
        yield f"Our partner id: {connection.reseller.partner_id}, our tenant: {connection.reseller.tenant_id}"
    yield f"Microsoft tenant: {tenant}"
    yield ""
    asked = _asked(verdict, tenant)
    if not asked:
        yield f"Nothing to ask: the customer {'has left' if verdict.ending else 'can order'}."
    else:
        yield "We ask:"
        yield from (f"- {question}" for question in asked)
    yield ""
    yield "We see:"
    for name, gate in GATES.items():
        yield f"- {gate.title}: {_seen(verdict.gates[name])}"


def _seen(gate: Gate) -> str:
    return gate.why if gate.begins == gate.word else f"{gate.word}: {gate.why}"


def _asked(verdict: Readiness, tenant: str) -> list[str]:
    """The request that the reconciler itself has for the distributor, else a question for each gate that is open. Of a
    customer who leaves, what ends there: its gates are no longer asked for."""
    if verdict.ending:
        return [_ENDINGS[one.name].format(tenant=tenant) for one in verdict.ending if one.state != leaving.DONE]
    step = verdict.next_step
    if step and step.owner == "distributor":
        label = DISTRIBUTOR.label("ticket")
        return [next((one.value for one in entries(step) if one.label == label), action(step))]
    words = {"tenant": tenant, "row": DISTRIBUTOR.label("legacy_azure")}
    return [GATES[name].question.format(**words) for name in verdict.blockers]


def _tenant(customer: schemas.Customer, verdict: Readiness) -> str:
    declared = schemas.model.gates.declared_tenant(customer)
    known = str(verdict.resources["TenantIdentity"].outputs.get("tenant_id") or "")
    return " ".join(dict.fromkeys(filter(None, (declared, known)))) or "not known"

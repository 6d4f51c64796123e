"""The evidence record of a customer's agreement: who accepted it, when, what, by which route, and who says so.

Computed from the exported state, without a call. Nothing volatile is in it, so that two records can be compared line by
line; what no system shows is told as such, never filled in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import schemas
from clients.errors import ClientError, contained
from onboarding.core.contract import CANNOT_BE_SEEN, Known
from onboarding.readiness.states import ResourceState, States
from onboarding.resources.attestation.observe import WHERE_DIRECT, WHERE_ION
from onboarding.resources.memory import AttestationMemory, TenantMemory

UNSEEN = CANNOT_BE_SEEN
FILE, REQUEST, STATE = "customer file", "our request to Microsoft", "state of the last run"
_MAIL = "agreement_"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the record. `source`: the system, file or person that it rests on."""

    name: str
    value: str
    source: str

    def as_dict(self) -> dict[str, str]:
        """The shape of the JSON and YAML output."""
        return {"fact": self.name, "value": self.value, "source": self.source}


def records(states: States, estate: schemas.Estate) -> list[dict[str, Any]]:
    """`{"customer", "organization", "agreement", "facts"}` of every customer that is not gone, by key; `not_looked_at`
    too where the last look at the agreement failed."""
    return [
        _one(customer, states.get(customer.key, {}), estate.connections[customer.connection])
        for customer in sorted(estate.customers, key=lambda one: one.key)
        if customer.lifecycle != "left"
    ]


def _one(
    customer: schemas.Customer, resources: Mapping[str, ResourceState], connection: schemas.Connection
) -> dict[str, Any]:
    """The record; of a state that nobody can read, one that says so: the others are told all the same."""
    try:
        with contained():
            return record(customer, resources, connection)
    except ClientError as error:
        why = Fact("not readable", str(error), STATE)
        return {
            "customer": customer.key,
            "organization": customer.profile.organization,
            "agreement": UNSEEN,
            "facts": [why.as_dict()],
        }


def record(
    customer: schemas.Customer, resources: Mapping[str, ResourceState], connection: schemas.Connection
) -> dict[str, Any]:
    """The record of one customer from the states of its resources by kind (none before the first run)."""
    resource = resources.get("Attestation") or ResourceState("Attestation", "", {})
    partner = customer.attestation_route == "partner"
    route = _ROUTES["console" if partner and not connection.calls_partner_center else customer.attestation_route]
    memory = AttestationMemory.of(Known(resource.outputs))
    if tenant := resources.get("TenantIdentity"):  # who asked, when the agreement came before the tenant
        before = TenantMemory.of(Known(tenant.outputs))
        if before.attestation_id and before.attestation_id == memory.attestation_id:
            asked = {"asked_at": memory.asked_at or before.asked_at, "language": memory.language or before.language}
            memory = memory.model_copy(update=asked | {"mails": {**before.mails, **memory.mails}})
    blind = resource.outputs.get("unobserved")
    return {
        "customer": customer.key,
        "organization": customer.profile.organization,
        "agreement": verdict(resource),
        **({"not_looked_at": {name: blind[name] for name in ("since", "reason")}} if blind else {}),
        "facts": [fact.as_dict() for fact in _facts(customer, resource, memory, route)],
    }


def verdict(resource: ResourceState) -> str:
    """`accepted`, `confirmed by a person`, `not accepted`, or that nobody can see it."""
    fact = resource.fact("agreement")
    if fact.get("state") == "match":
        return "accepted"
    if fact.get("confirmed"):
        return "confirmed by a person"
    return "not accepted" if fact.get("state") == "mismatch" else UNSEEN


def _facts(
    customer: schemas.Customer, resource: ResourceState, memory: AttestationMemory, route: str
) -> Iterator[Fact]:
    fact = resource.fact("agreement")
    where = memory.where or fact.get("where") or "not looked at yet"
    yield Fact("seen", fact.get("seen") or UNSEEN, fact.get("where") or "not looked at yet")
    if fact.get("confirmed"):
        yield Fact("confirmed", fact["confirmed"], FILE)
    yield Fact("route", route, FILE)
    yield from _declared(customer)
    if fact.get("state") == "match":
        yield from _accepted(memory, where)
    yield from _asked(customer, memory)
    if resource.status == "ready" and resource.outputs.get("since"):
        yield Fact("known since", _day(str(resource.outputs["since"])), STATE)


_ROUTES = {
    "partner": "the signatory accepts on Microsoft's page, the partner puts it on record",
    "customer": "the customer accepts it directly",
    "console": "the form in ION, or the customer accepts it directly",
}


def _declared(customer: schemas.Customer) -> Iterator[Fact]:
    who = customer.attestation.signatory
    yield Fact("signatory", f"{who.first_name} {who.last_name} <{who.email}>" if who else "not named", FILE)
    yield Fact("legal entity", customer.legal_entity, FILE)


def _accepted(memory: AttestationMemory, where: str) -> Iterator[Fact]:
    """What the system that shows the agreement tells about it."""
    if memory.kind == "direct":
        yield Fact("how", "directly by the customer", WHERE_DIRECT)
        yield Fact("accepted by", UNSEEN, f"{WHERE_DIRECT}: tells neither who nor when")
        yield Fact("accepted on", UNSEEN, f"{WHERE_DIRECT}: tells neither who nor when")
        return
    yield Fact("how", _how(memory, where), where)
    yield Fact("accepted by", memory.agreed_by or UNSEEN, where)
    yield Fact("accepted on", memory.agreed_on or UNSEEN, where)
    yield Fact("template", memory.template or UNSEEN, where)
    if memory.template_replaced:
        yield Fact("template replaced by", memory.template_replaced, "Partner Center agreement templates")


def _how(memory: AttestationMemory, where: str) -> str:
    if memory.on_record:  # another one may be under way already
        return f"enhanced attestation {memory.on_record}"
    return f"{UNSEEN}: ION shows a status" if where == WHERE_ION else "attested by a partner"


def _asked(customer: schemas.Customer, memory: AttestationMemory) -> Iterator[Fact]:
    """What we did ourselves."""
    if memory.attestation_id:
        yield Fact("asked", _day(memory.asked_at) or UNSEEN, REQUEST)
        yield Fact("attestation id", memory.attestation_id, REQUEST)
        if memory.asked_for is not None and memory.asked_for.entity:  # what is declared since may be another one
            yield Fact("asked for", str(memory.asked_for), REQUEST)
        language = memory.language or customer.attestation.language
        yield Fact("language", language or "Microsoft's for the country", REQUEST if language else FILE)
    for name, mark in sorted(memory.mails.items()):
        if name.startswith(_MAIL):
            yield Fact("link mailed", f"{mark.day} to {mark.to} ({mark.result})", "our mail server")
    if memory.accepted_at:
        yield Fact("signatory accepted", memory.accepted_at, "Microsoft, status of the attestation")
    if memory.finalised:
        yield Fact("put on record", memory.finalised, "Partner Center, its answer to our record")


def _day(stamp: str) -> str:
    return stamp[:10]

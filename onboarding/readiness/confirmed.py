"""What a person has confirmed since the last run: it is in the file, and counts before the next run sees it.

Without this a ticket would ask the distributor what somebody has just looked up, and a step would be there still.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import schemas
from onboarding.core import words
from onboarding.readiness.states import ResourceState, States
from schemas.model.gates import GATE_OF, GATES, confirmation_of, program_access_of

_NEVER_WAITED_FOR = "portal_access"


def counted(states: States, estate: schemas.Estate) -> States:
    """The states with the confirmations of the declared files; a resource that waited only for those waits no more."""
    told: dict[str, Mapping[str, ResourceState]] = dict(states)
    for customer in estate.customers:
        if customer.key in states and customer.lifecycle == "active":
            connection = estate.connections.get(customer.connection)
            told[customer.key] = {
                kind: _counted(resource, customer, connection) for kind, resource in states[customer.key].items()
            }
    return told


def _counted(
    resource: ResourceState, customer: schemas.Customer, connection: schemas.Connection | None
) -> ResourceState:
    facts: dict[str, Mapping[str, str]] = dict(resource.outputs.get("facts") or {})
    new = {name: by for name, fact in facts.items() if (by := _confirmed(name, fact, customer, connection))}
    if not new:
        return resource
    facts |= {name: {**facts[name], "confirmed": by} for name, by in new.items()}
    outputs: dict[str, Any] = {**resource.outputs, "facts": facts}
    waits = resource.last_status in ("waiting", "blocked") and not outputs.get("rejected")
    if waits and resource.next_step and all(_holds(name, fact) for name, fact in facts.items()):
        outputs = {name: value for name, value in outputs.items() if name not in ("next_step", "reason")}
        outputs |= {"status": "ready", "waiting_on": ""}
    return replace(resource, outputs=outputs)


def _confirmed(
    name: str, fact: Mapping[str, str], customer: schemas.Customer, connection: schemas.Connection | None
) -> str:
    """Who confirmed in the file what no system showed and state does not know of yet, "" when nobody did."""
    if fact.get("state") != "not_visible" or fact.get("confirmed"):
        return ""
    gate = GATE_OF.get(name, "")
    if gate and GATES[gate].confirmed_in == "connection":
        given = program_access_of(connection) if connection else None
    else:
        given = confirmation_of(customer, gate)
    return words.confirmed_by(given) if given else ""


def _holds(name: str, fact: Mapping[str, str]) -> bool:
    if fact.get("state") == "not_visible":
        return bool(fact.get("confirmed")) or name in (_NEVER_WAITED_FOR, "reseller")
    return fact.get("state") == "match"

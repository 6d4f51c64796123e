"""The one-time credentials of a new tenant's administrator: who does what next. They stop no order.

The state knows only that credentials were made, or were lost with an answer; the hand-over store knows the rest. Both
together give at most one next step a customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import schemas
from clients.handover import Entry, newest
from onboarding import steps
from onboarding.core.contract import NextStep
from onboarding.readiness.counts import Task
from onboarding.readiness.states import ResourceState, States
from onboarding.steps import LOST, UNKEPT
from onboarding.steps.model import About
from onboarding.steps.registry import instructions

KIND = "TenantIdentity"
Entries = Mapping[str, Sequence[Entry]]
"""Customer key -> what the hand-over store of its connection has."""


def next_step(customer: schemas.Customer, tenant: ResourceState | None, entries: Sequence[Entry]) -> NextStep | None:
    """What is left to do for the credentials of one customer; None when they are where they belong, or not there yet.

    An entry in the store is newer than what the state says: a reset password is put, delivered or recorded there.
    """
    last = newest(list(entries))
    if last is not None:
        return _of_entry(customer, last)
    outputs: Mapping[str, Any] = tenant.outputs if tenant else {}
    told = str((outputs.get("memory") or {}).get("credentials") or "")
    if told in UNKEPT:
        return UNKEPT[told](customer.key)
    made = isinstance(customer.identity, schemas.NewIdentity) and bool(outputs.get("tenant_id"))
    return steps.credentials_unknown(key=customer.key) if made and not told else None


def _of_entry(customer: schemas.Customer, last: Entry) -> NextStep | None:
    identity = customer.identity
    recipient = (identity.credentials_recipient or "") if isinstance(identity, schemas.NewIdentity) else ""
    if last.state == LOST:
        return steps.reset_password(key=customer.key)
    if last.state == "waiting":
        return steps.deliver_credentials(key=customer.key, recipient=recipient)
    if last.state == "interrupted":
        return steps.interrupted_delivery(
            key=customer.key, to=last.delivered_to, by=last.delivered_by, on=last.opened[:10]
        )
    return None


def closed(states: States, entries: Entries) -> States:
    """The states as they would be if a run had seen the hand-over store today.

    A state can say that nobody has the one-time password of a tenant, and ask for a reset. When a person has put,
    delivered or recorded a password since, the store knows it and the state does not yet: its reference replaces the
    word in the state, and the reset step goes. `entries`: customer key -> what the store has."""
    told: dict[str, Mapping[str, ResourceState]] = dict(states)
    for key, resources in states.items():
        tenant, last = resources.get(KIND), newest(list(entries.get(key, ())))
        memory = (tenant.outputs.get("memory") or {}) if tenant else {}
        if tenant is None or last is None or last.state == LOST or memory.get("credentials") not in UNKEPT:
            continue
        outputs = {**tenant.outputs, "memory": {**memory, "credentials": last.reference}}
        if tenant.last_status == "ready":  # then the only step it can have is the reset
            outputs.pop("next_step", None)
        told[key] = {**resources, KIND: replace(tenant, outputs=outputs)}
    return told


def todo(estate: schemas.Estate, states: States, entries: Entries) -> list[Task]:
    """The next steps of all credentials. What the state tells as well is the same step."""
    found = []
    for customer in sorted(estate.customers, key=lambda one: one.key):
        tenant = states.get(customer.key, {}).get(KIND)
        step = next_step(customer, tenant, entries.get(customer.key, ())) if customer.lifecycle == "active" else None
        if step is None:
            continue
        last = newest(list(entries.get(customer.key, ())))
        since = (last.lost or last.opened or last.created) if last else str((tenant and tenant.outputs["since"]) or "")
        told = instructions(step, About.of(customer))
        found.append(Task(customer.key, since, told, about="credentials"))
    return found

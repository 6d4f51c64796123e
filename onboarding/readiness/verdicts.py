"""Can this customer order? All gates of a purchase in one list, one verdict, the blockers, the one next step.

Works on the exported state of a stack (what the last run or refresh saw); no call is made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import schemas
from clients.errors import ClientError, contained
from onboarding import steps
from onboarding.core.catalogue import RESOURCES
from onboarding.core.contract import Known, NextStep
from onboarding.core.follow_up import FollowUp, began, follow_up
from onboarding.readiness.gates import Gate, gates_of
from onboarding.readiness.states import ResourceState, States
from onboarding.resources import leaving
from onboarding.resources.memory import TenantMemory
from onboarding.steps import files, visits
from onboarding.steps.model import About, Instructions
from onboarding.steps.registry import instructions
from onboarding.steps.text import ANYWHERE, Reader, as_dict
from schemas.model.gates import GATES


@dataclass(frozen=True, slots=True)
class Credentials:
    """reference: of the handed-over credentials of a new tenant; "lost" or "output" where no store has them, "" where
    there are none. step: how to get new ones."""

    reference: str = ""
    step: Instructions | None = None

    def as_dict(self, reader: Reader) -> dict[str, Any]:
        """The part of the JSON of `csp status`; empty where there are none."""
        told: dict[str, Any] = {"credentials": self.reference} if self.reference else {}
        return told | ({"credentials_step": as_dict(self.step, reader)} if self.step else {})


@dataclass(frozen=True, slots=True)
class Readiness:
    """The verdict for one customer."""

    key: str
    organization: str
    gates: Mapping[str, Gate]
    next_step: Instructions | None
    resources: Mapping[str, ResourceState]
    waiting_on: str
    since: str
    lifecycle: str
    credentials: Credentials
    ending: tuple[leaving.Step, ...] = ()
    follow_up: FollowUp = field(default_factory=FollowUp)

    @property
    def blockers(self) -> list[str]:
        return [name for name in GATES if not self.gates[name].passed]

    @property
    def can_order(self) -> bool:
        return not self.blockers

    @property
    def on_confirmation(self) -> int:
        return sum(gate.state == "confirmed" for gate in self.gates.values())

    @property
    def stopped(self) -> bool:
        """Somebody must resolve something."""
        return any(r.last_status == "blocked" for r in self.resources.values())

    @property
    def never_seen(self) -> bool:
        """No look ever succeeded."""
        return self.unobserved and not any(r.outputs.get("facts") for r in self.resources.values())

    @property
    def unobserved(self) -> bool:
        """A look at some of it failed, or no run has looked yet: what is shown is as last seen."""
        return any(r.status == "unobserved" for r in self.resources.values())

    def as_dict(self, reader: Reader = ANYWHERE) -> dict[str, Any]:
        """The JSON of `csp status` for one customer. `reader`: who reads the commands in it."""
        return {
            "key": self.key,
            "can_order": self.can_order,
            "gates": {
                name: {"state": g.state, "why": g.why, "age": g.age, "source": g.source, "cannot_be_seen": g.unseen}
                for name, g in self.gates.items()
            },
            "blockers": self.blockers,
            "next_step": as_dict(self.next_step, reader) if self.next_step else None,
            "waiting_on": self.waiting_on,
            "since": self.since,
            "follow_up": self.follow_up.as_dict(),
            "lifecycle": self.lifecycle,
            "resources": {
                kind: {
                    name: r.outputs.get(name)
                    for name in ("status", "waiting_on", "since", "reason", "facts", "observed_at", "unobserved")
                    if r.outputs.get(name)
                }
                | (self.credentials.as_dict(reader) if kind == "TenantIdentity" else {})
                for kind, r in self.resources.items()
            },
        } | ({"leaving": [step.as_dict() for step in self.ending]} if self.ending else {})


def _credentials(customer: schemas.Customer, resource: ResourceState) -> Credentials:
    reference = str((resource.outputs.get("memory") or {}).get("credentials") or "")
    step = resource.next_step if reference in steps.UNKEPT else None
    return Credentials(reference, instructions(step, About.of(customer)) if step else None)


def readiness(customer: schemas.Customer, resources: Mapping[str, ResourceState], now: datetime) -> Readiness:
    """The verdict for one declared customer from its resource states (missing ones count as not there yet)."""
    have = {kind: resources.get(kind) or ResourceState(kind, customer.key, {}) for kind in RESOURCES}
    gates = gates_of(have, now)
    step = visits.one_next_step(customer, [have[kind] for kind in RESOURCES])
    waits = visits.waits([have[kind] for kind in RESOURCES])
    ending: tuple[leaving.Step, ...] = ()
    about = About.of(customer)
    if customer.lifecycle != "active":
        ending = tuple(leaving.ending_steps(customer, have))
        last = leaving.next_step(customer, have, may_end=bool(have["TenantIdentity"].outputs.get("partner_tenant")))
        step = instructions(last, about) if last else None
        waits = ("us" if step else "", str(have["Customer"].outputs.get("since") or ""))
    if step is None and not ending and not waits[0] and (left := _of_gate(gates, have, customer)) is not None:
        step = instructions(left, about)
        waits = step.owner, str(have["Customer"].outputs.get("since") or "")
    return Readiness(
        key=customer.key,
        organization=customer.profile.organization,
        gates=gates,
        next_step=step,
        resources=have,
        waiting_on=waits[0],
        since=waits[1],
        lifecycle=customer.lifecycle,
        credentials=_credentials(customer, have["TenantIdentity"]),
        ending=ending,
    )


def _of_gate(
    gates: Mapping[str, Gate], have: Mapping[str, ResourceState], customer: schemas.Customer
) -> NextStep | None:
    """What is left where no resource has a step. Our own authorisation stops every customer of the connection, so that
    it is told only there; then a gate that no system shows."""
    if not gates["reseller"].passed:
        return _of_reseller(have["Customer"].fact("reseller"), customer.connection)
    unseen = (GATES[key] for key, gate in gates.items() if gate.unseen and GATES[key].in_customer_file)
    made = (steps.look_and_confirm(key=customer.key, gate=gate.key, holds=gate.holds) for gate in unseen)
    return next(made, None)


def _of_reseller(fact: Mapping[str, str], connection: str) -> NextStep:
    """We may not transact, or nobody has looked."""
    if fact.get("state") == "mismatch":
        return steps.may_not_transact(connection=connection, verdict=str(fact.get("seen")))
    return steps.look_at_programs(connection=connection)


def all_readiness(states: States, estate: schemas.Estate, now: datetime, asked_for: str = "") -> list[Readiness]:
    """The verdicts of an estate, by customer key; who left is in it only when asked for by key."""
    return [
        _one(customer, states.get(customer.key, {}), estate, now)
        for customer in sorted(estate.customers, key=lambda c: c.key)
        if customer.lifecycle == "active"
        or _still_here(customer, states.get(customer.key))
        or (customer.key == asked_for and states.get(customer.key))
    ]


def _one(
    customer: schemas.Customer, resources: Mapping[str, ResourceState], estate: schemas.Estate, now: datetime
) -> Readiness:
    """The verdict; of a state that nobody can read, one that says so: the others are told all the same."""
    try:
        with contained():
            return _followed(readiness(customer, resources, now), customer, estate, now)
    except ClientError as error:
        blind = {"status": "unobserved", "unobserved": {"reason": f"its state cannot be read: {error}", "since": ""}}
        return readiness(customer, {kind: ResourceState(kind, customer.key, blind) for kind in RESOURCES}, now)


def _followed(verdict: Readiness, customer: schemas.Customer, estate: schemas.Estate, now: datetime) -> Readiness:
    """The verdict with the day on which to ask again, by the policy of the connection."""
    connection = estate.connections.get(customer.connection)
    if verdict.next_step is not None:
        verdict = replace(verdict, next_step=files.located(verdict.next_step, customer, estate))
    if connection is None or verdict.next_step is None or verdict.ending:
        return verdict
    memory = TenantMemory.of(Known(verdict.resources["TenantIdentity"].outputs))
    wait = began(verdict.waiting_on, verdict.since, memory.invitation)
    return replace(verdict, follow_up=follow_up(wait, connection.follow_up_days, now.date()))


def _still_here(customer: schemas.Customer, resources: Mapping[str, ResourceState] | None) -> bool:
    """A leaving customer has steps of its own; one who left is told of only while it can go on buying."""
    return bool(resources) and (customer.lifecycle == "leaving" or leaving.still_buying(resources or {}))

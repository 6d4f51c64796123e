"""Can this customer order? All gates of a purchase in one list, one verdict, the blockers, the one next step.

Works on the exported state of a stack (what the last run or refresh saw); no call is made here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import schemas
from clients.errors import ClientError, contained
from onboarding.core import next_steps, places, visits
from onboarding.core.contract import NEXT_RUN, NOT_CHECKED
from onboarding.core.follow_up import FollowUp, began, follow_up
from onboarding.core.legible import legible
from onboarding.resources import leaving

GATES = ("reseller", "profile", "cloud_provider", "pricebook", "relationship", "tenant", "agreement")
KINDS = ("Customer", "ProviderAssociation", "TenantIdentity", "Attestation")
TYPE_PREFIX = "pulumi-python:dynamic/csp:"


@dataclass(frozen=True, slots=True)
class ResourceState:
    """One resource of a customer as the state holds it. `outputs` is empty for one that no run has looked at yet."""

    kind: str
    key: str
    outputs: Mapping[str, Any]

    @property
    def status(self) -> str:
        return str(self.outputs.get("status") or ("waiting" if self.outputs else "unobserved"))

    @property
    def last_status(self) -> str:
        """The status of the last look that succeeded."""
        return str((self.outputs.get("unobserved") or {}).get("status") or self.status)

    @property
    def next_step(self) -> Mapping[str, Any] | None:
        return self.outputs.get("next_step") or None

    def fact(self, name: str) -> Mapping[str, str]:
        found: Mapping[str, str] = (self.outputs.get("facts") or {}).get(name) or {}
        return found


States = Mapping[str, Mapping[str, ResourceState]]
"""Customer key -> kind -> state."""


@dataclass(frozen=True, slots=True)
class Gate:
    """state: seen, confirmed, open or wrong. `age`: seconds since it was looked at, None when never. `source`: the
    systems that were looked at. `unseen`: open only because no system shows it and nobody confirmed it."""

    state: str
    why: str
    age: int | None
    source: str = ""
    unseen: bool = False

    @property
    def passed(self) -> bool:
        return self.state in ("seen", "confirmed")


@dataclass(frozen=True, slots=True)
class Readiness:
    """The verdict for one customer."""

    key: str
    organization: str
    gates: Mapping[str, Gate]
    next_step: Mapping[str, Any] | None
    resources: Mapping[str, ResourceState]
    waiting_on: str
    since: str
    lifecycle: str
    credentials: Mapping[str, Any]
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

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `csp status` for one customer."""
        return {
            "key": self.key,
            "can_order": self.can_order,
            "gates": {
                name: {"state": g.state, "why": g.why, "age": g.age, "source": g.source, "cannot_be_seen": g.unseen}
                for name, g in self.gates.items()
            },
            "blockers": self.blockers,
            "next_step": dict(self.next_step) if self.next_step else None,
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
                | (dict(self.credentials) if kind == "TenantIdentity" else {})
                for kind, r in self.resources.items()
            },
        } | ({"leaving": [step.as_dict() for step in self.ending]} if self.ending else {})


def _credentials(customer: schemas.Customer, resource: ResourceState) -> dict[str, Any]:
    """Reference of the handed-over credentials ("lost" when nobody ever received them) and how to get new ones."""
    reference = (resource.outputs.get("memory") or {}).get("credentials")
    if not reference:
        return {}
    told = {"credentials": reference}
    if reference in next_steps.UNKEPT and resource.next_step:
        told["credentials_step"] = visits.filled(resource.next_step, customer)
    return told


def states_from_export(
    export: Mapping[str, Any], renamed: Mapping[str, str] | None = None
) -> dict[str, dict[str, ResourceState]]:
    """The resources of ours in the document of `stack export` (or its `deployment`), by customer key and kind.

    `renamed`: former key -> key (`Estate.renamed`), for a rename that no `up` has brought into state yet.
    """
    deployment = export.get("deployment", export)
    states: dict[str, dict[str, ResourceState]] = {}
    for resource in deployment.get("resources") or []:
        kind = str(resource.get("type", "")).removeprefix(TYPE_PREFIX)
        if kind not in KINDS or resource.get("delete"):
            continue
        outputs = legible(resource.get("outputs") or {})
        key = str(resource["urn"]).rsplit("::", 1)[-1]
        key = (renamed or {}).get(key, key)
        states.setdefault(key, {})[kind] = ResourceState(kind, key, outputs)
    return states


def _age(resource: ResourceState, now: datetime) -> int | None:
    stamp = resource.outputs.get("observed_at")
    return max(0, int((now - datetime.fromisoformat(stamp)).total_seconds())) if stamp else None


def _gate(resource: ResourceState, names: Iterable[str], now: datetime) -> Gate:
    """All named facts must hold. One wrong fact makes the gate wrong, one that nobody saw nor confirmed leaves "
    "it open."""
    state, whys, sources, missing = "seen", [], [], False
    for name in names:
        fact = resource.fact(name)
        sources.append(str(fact.get("where") or ""))
        if not fact:
            return Gate("open", str(resource.outputs.get("reason") or "not looked at yet"), _age(resource, now))
        label = "" if name in GATES else f"{name.replace('_', ' ')} "
        if fact["state"] == "match":
            whys.append(f"{label}{fact['seen'] or fact['declared']} ({fact['where']})")
        elif fact["state"] == "not_visible" and fact.get("confirmed"):
            state = "confirmed" if state == "seen" else state
            whys.append(f"{label}confirmed by {fact['confirmed']}")
        elif fact["state"] == "not_visible":
            state = "open" if state != "wrong" else state
            whys.append(f"{label}cannot be seen ({fact['where']}), nobody confirmed it")
        else:
            absent = fact["seen"] in ("absent", "")
            missing = True
            state = state if state == "wrong" else ("open" if absent else "wrong")
            whys.append(
                f"{label}{'not there' if absent else fact['seen']}, declared {fact['declared']} ({fact['where']})"
            )
    source = "; ".join(dict.fromkeys(filter(None, sources)))
    return Gate(state, "; ".join(whys), _age(resource, now), source, state == "open" and not missing)


_RULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "reseller": ("Customer", ("reseller",)),
    "profile": ("Customer", ("status",)),
    "cloud_provider": ("ProviderAssociation", ("provider",)),
    "pricebook": ("ProviderAssociation", ("pricebook", "provider_currency", "invoice_currency")),
    "relationship": ("TenantIdentity", ("relationship",)),
    "tenant": ("TenantIdentity", ("tenant",)),
    "agreement": ("Attestation", ("agreement",)),
}


def readiness(customer: schemas.Customer, resources: Mapping[str, ResourceState], now: datetime) -> Readiness:
    """The verdict for one declared customer from its resource states (missing ones count as not there yet)."""
    have = {kind: resources.get(kind) or ResourceState(kind, customer.key, {}) for kind in KINDS}
    gates = {name: _gate(have[kind], facts, now) for name, (kind, facts) in _RULES.items()}
    for name, (kind, _) in _RULES.items():
        if have[kind].last_status == "blocked" and not have[kind].outputs.get("facts"):
            gates[name] = Gate("open", str(have[kind].outputs.get("reason") or ""), gates[name].age)
    step = visits.one_next_step(customer, [have[kind] for kind in KINDS])
    waits = visits.waits([have[kind] for kind in KINDS])
    ending: tuple[leaving.Step, ...] = ()
    if customer.lifecycle != "active":
        ending = tuple(leaving.steps(customer, have))
        step = leaving.next_step(customer, have, may_end=bool(have["TenantIdentity"].outputs.get("partner_tenant")))
        waits = ("us" if step else "", str(have["Customer"].outputs.get("since") or ""))
    if step is None and not ending and not waits[0] and not gates["reseller"].passed:
        # It stops every customer of the connection, so that it is told only where a customer has no step of its own.
        step = visits.filled(next_steps.reseller(have["Customer"].fact("reseller"), customer.connection), customer)
        waits = step["owner"], str(have["Customer"].outputs.get("since") or "")
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
        return readiness(customer, {kind: ResourceState(kind, customer.key, blind) for kind in KINDS}, now)


def _followed(verdict: Readiness, customer: schemas.Customer, estate: schemas.Estate, now: datetime) -> Readiness:
    """The verdict with the day on which to ask again, by the policy of the connection."""
    connection = estate.connections.get(customer.connection)
    if verdict.next_step is not None:
        verdict = replace(verdict, next_step=places.located(verdict.next_step, customer, estate))
    if connection is None or verdict.next_step is None or verdict.ending:
        return verdict
    memory = verdict.resources["TenantIdentity"].outputs.get("memory") or {}
    wait = began(verdict.waiting_on, verdict.since, memory)
    return replace(verdict, follow_up=follow_up(wait, connection.follow_up_days, now.date()))


def _still_here(customer: schemas.Customer, resources: Mapping[str, ResourceState] | None) -> bool:
    """A leaving customer has steps of its own; one who left is told of only while it can go on buying."""
    return bool(resources) and (customer.lifecycle == "leaving" or leaving.still_buying(resources or {}))


def report(states: States, estate: schemas.Estate, now: datetime, asked_for: str = "") -> dict[str, Any]:
    """`{"looked_at", "customers", "counts"}` of `csp status --format json`. `looked_at`: `{"oldest", "newest"}` of the
    looks that this rests on, "" for none."""
    verdicts = all_readiness(states, estate, now, asked_for)
    active = [v for v in verdicts if v.lifecycle == "active"]
    stamps = sorted(str(r.outputs.get("observed_at") or "") for v in verdicts for r in v.resources.values())
    looked_at = {"oldest": next(filter(None, stamps), ""), "newest": stamps[-1] if stamps else ""}
    return {"looked_at": looked_at, "customers": [v.as_dict() for v in verdicts], "counts": counts(active)}


def counts(verdicts: Iterable[Readiness]) -> dict[str, int]:
    """How many can order, and who holds the others; without those who leave. `unobserved`: how many of all are told as
    last seen; `not_checked`: how many cannot order because nobody knows more."""
    total = {"customers": 0, "can_order": 0, "cannot_order": 0, "blocked": 0, "unobserved": 0}
    total |= {"us": 0, "customer": 0, "distributor": 0, "next_run": 0, "not_checked": 0}
    for verdict in verdicts:
        if verdict.ending:
            continue
        total["customers"] += 1
        total["can_order" if verdict.can_order else "cannot_order"] += 1
        total["blocked"] += verdict.stopped
        total["unobserved"] += verdict.unobserved
        if not verdict.can_order:
            total[verdict.waiting_on.replace(" ", "_")] = total.get(verdict.waiting_on.replace(" ", "_"), 0) + 1
    return total


def todo(states: States, estate: schemas.Estate, now: datetime, owner: str = "") -> list[dict[str, Any]]:
    """All next steps, oldest wait first: `{"customer", "since", "owner", "where", "action", "values", "link"}`."""
    verdicts = [v for v in all_readiness(states, estate, now) if v.next_step]
    verdicts.sort(key=lambda v: (v.since, v.key))
    steps = [
        {"customer": v.key, "since": v.since, "follow_up": v.follow_up.as_dict(), **dict(v.next_step or {})}
        for v in verdicts
    ]
    return [step for step in steps if owner in ("", step["owner"])]


COLUMNS = (
    "Customer",
    "Can order",
    "Profile",
    "Cloud Provider (pricebook, currency)",
    "Relationship",
    "Microsoft tenant",
    "MCA",
    "Waiting for",
    "Since",
    "Next step",
)
OWNERS = {
    "us": "us",
    "customer": "the customer",
    "distributor": "TD SYNNEX",
    NEXT_RUN: "next run",
    NOT_CHECKED: NOT_CHECKED,
    "": "",
}


def can_order_text(verdict: Readiness) -> str:
    """`yes`, `yes (2 gates on confirmation)`, `no`, or `leaving`; with `, not checked` where that is as last seen, and
    `not checked` alone where nothing was ever seen."""
    if verdict.ending:
        return "leaving"
    if verdict.never_seen:
        return NOT_CHECKED
    number, checked = verdict.on_confirmation, f", {NOT_CHECKED}" if verdict.unobserved else ""
    if not verdict.can_order:
        return f"no{checked}"
    return f"yes ({number} gate{'s' if number > 1 else ''} on confirmation){checked}" if number else f"yes{checked}"


def table_rows(verdicts: Iterable[Readiness]) -> list[tuple[str, ...]]:
    """The cells of the readiness table, one row a customer, in the order of COLUMNS."""
    cell: Callable[[Readiness, str], str] = lambda v, name: v.gates[name].state  # noqa: E731
    rows: list[tuple[str, ...]] = []
    for v in verdicts:
        step = v.next_step
        told = f"{step['where']}. {step['action']}" if step else ("Next run" if v.waiting_on == NEXT_RUN else "")
        rows.append(
            (
                v.organization,
                can_order_text(v),
                cell(v, "profile"),
                f"{cell(v, 'cloud_provider')} ({cell(v, 'pricebook')})",
                cell(v, "relationship"),
                cell(v, "tenant"),
                cell(v, "agreement"),
                OWNERS.get(v.waiting_on, v.waiting_on),
                v.since[:10],
                told,
            )
        )
    return rows


def footer(verdicts: Iterable[Readiness], neither: Mapping[str, int] = MappingProxyType({})) -> str:
    """`3 can order, 6 cannot: 4 wait for us, 1 for the customer, 1 for TD SYNNEX`. `neither`: word -> how many rows
    read neither yes nor no."""
    verdicts = list(verdicts)
    total = counts(verdicts)
    held = [
        f"{total[name.replace(' ', '_')]} for {OWNERS[name]}"
        for name in ("us", "customer", "distributor", NEXT_RUN)
        if total.get(name.replace(" ", "_"))
    ]
    if held:
        first, _, rest = held[0].partition(" ")
        held[0] = f"{first} {'waits' if first == '1' else 'wait'} {rest}"
    never = sum(v.never_seen for v in verdicts if not v.ending)
    words = {"can order": total["can_order"], "cannot": total["cannot_order"] - never - sum(neither.values())}
    words |= {
        word: number for word, number in {**neither, NOT_CHECKED: neither.get(NOT_CHECKED, never)}.items() if number
    }
    text = ", ".join(f"{number} {word}" for word, number in words.items())
    text = f"{text}: {', '.join(held)}" if held else text
    as_before = total["unobserved"] - never - neither.get(NOT_CHECKED, 0)
    return f"{text} ({as_before} as last seen, {NOT_CHECKED} since)" if as_before else text

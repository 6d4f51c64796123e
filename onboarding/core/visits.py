"""One visit a customer and owner: what is one ION screen is one next step.

Each resource knows its own part; here the parts of one owner are joined, labels merged, and the customer's name filled
in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import schemas
from onboarding.core import next_steps
from onboarding.core.contract import EARLIER, NEXT_RUN, NOT_CHECKED, NextStep
from schemas.command import command
from schemas.model.gates import GATES


class State(Protocol):
    """What is needed of a resource's state."""

    @property
    def status(self) -> str: ...
    @property
    def last_status(self) -> str: ...
    @property
    def next_step(self) -> Mapping[str, Any] | None: ...
    @property
    def outputs(self) -> Mapping[str, Any]: ...


def _unsettled(resources: Sequence[State]) -> list[State]:
    return [r for r in resources if r.last_status != "ready"]


def _first(resources: Sequence[State]) -> State | None:
    """The resource whose next step comes first. What the next run does needs no person, and what follows an earlier
    resource waits for that one; a later resource may have a step nevertheless (both screens are one visit)."""
    with_step = [r for r in _unsettled(resources) if r.next_step]
    blocked = [r for r in with_step if r.last_status == "blocked"]
    settled = [r for r in resources if r.next_step]  # lost credentials stop no order, and are a step nevertheless
    return next(iter(blocked or with_step or settled), None)


def one_next_step(customer: schemas.Customer, resources: Sequence[State]) -> dict[str, Any] | None:
    """The one next step of a customer, with the steps of the same owner at the same screen joined to it."""
    first = _first(resources)
    if first is None or first.next_step is None:
        return None
    step = dict(first.next_step)
    parts = [first.next_step]
    if str(step["where"]).startswith(next_steps.CONSOLE):
        parts = [
            r.next_step
            for r in ([first] if _switched_off(first, resources) else _unsettled(resources))
            if r.next_step
            and r.next_step["owner"] == step["owner"]
            and str(r.next_step["where"]).startswith(next_steps.CONSOLE)
        ]
    elif step["owner"] == "customer":
        parts = [r.next_step for r in _unsettled(resources) if r.next_step and r.next_step["owner"] == "customer"][:1]
    values: dict[str, str] = {}
    for part in parts:
        values = dict(part["values"]) | values
    joined = {
        "owner": step["owner"],
        "where": parts[0]["where"],
        "action": " ".join(
            [*dict.fromkeys(str(part["action"]) for part in parts), *_to_confirm(customer, parts, resources)]
        ),
        "values": _ordered(values, parts),
        "link": next((part["link"] for part in parts if part.get("link")), ""),
    }
    return filled(joined, customer)


def _switched_off(row: State, resources: Sequence[State]) -> bool:
    """Portal access that is declared on was switched off on a row whose tenant ION had shown. Tenant and agreement are
    out of sight only: nobody is asked to enter them anew, ION shows them again once the toggle is on."""
    access = (row.outputs.get("facts") or {}).get("portal_access") or {}
    off = (access.get("declared"), access.get("seen")) == (next_steps.ON, next_steps.OFF)
    return off and any((one.outputs.get("memory") or {}).get("domain") for one in resources)


def _to_confirm(
    customer: schemas.Customer, parts: Sequence[Mapping[str, Any]], resources: Sequence[State]
) -> list[str]:
    """What the person records afterwards, because no API shows it; what is recorded is not asked for again."""
    gates = list(dict.fromkeys(gate for part in parts for gate in part.get("confirm") or []))
    if customer.cloud_provider.portal_access:  # then ION shows the rest by itself
        gates = [gate for gate in gates if GATES[gate].hidden_in_ion]
    facts = {name: fact for one in resources for name, fact in (one.outputs.get("facts") or {}).items()}
    gates = [gate for gate in gates if not (facts.get(GATES[gate].facts[0]) or {}).get("confirmed")]
    if not gates:
        return []
    off = "" if customer.cloud_provider.portal_access else " while portal access is off (it stays off)"
    commands = " and ".join(command("confirm", customer.key, gate) for gate in gates)
    return [
        f"No API shows {', '.join(gates).replace('_', ' ')}{off}. When it is done, or was done before, run {commands}."
    ]


def _ordered(values: Mapping[str, str], parts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Labels in the order of the screens."""
    order = list(dict.fromkeys(label for part in parts for label in part["values"]))
    return {label: values[label] for label in order}


def filled(step: Mapping[str, Any] | NextStep, customer: schemas.Customer) -> dict[str, Any]:
    """A step with the names of the customer instead of the placeholders, in the shape of the JSON output."""
    step = step.as_dict() if isinstance(step, NextStep) else step
    admin, address = _global_admin(customer)
    names = {
        "{customer}": customer.profile.organization,
        "{email}": customer.profile.email,
        "{admin}": admin,
        "{admin_email}": address,
    }

    def fill(text: str) -> str:
        for name, value in names.items():
            text = text.replace(name, value)
        return text

    return {
        "owner": step["owner"],
        "where": fill(step["where"]),
        "action": fill(step["action"]),
        "values": {label: fill(text) for label, text in step["values"].items()},
        "link": step["link"],
    }


def _global_admin(customer: schemas.Customer) -> tuple[str, str]:
    """Name and address of the Global Admin; where the file names none, of the signatory, else of the contact."""
    if isinstance(customer.identity, schemas.InviteIdentity):
        return customer.identity.global_admin.name, customer.identity.global_admin.email
    signatory = customer.attestation.signatory
    if signatory is not None:
        return f"{signatory.first_name} {signatory.last_name}", signatory.email
    return customer.profile.contact_name, customer.profile.email


def _blind(resource: State) -> bool:
    return resource.status == "unobserved"


def waits(resources: Sequence[State]) -> tuple[str, str]:
    """Whom the customer waits for ("" for nobody) and since when."""
    first = _first(resources)
    if first is not None and first.next_step is not None:
        return str(first.next_step["owner"]), str(first.outputs.get("since") or "")
    for resource in _unsettled(resources):
        waiting_on = str(resource.outputs.get("waiting_on") or (NOT_CHECKED if _blind(resource) else NEXT_RUN))
        if waiting_on != EARLIER:
            return waiting_on, str(resource.outputs.get("since") or "")
    return "", ""

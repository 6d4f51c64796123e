"""Joins the next steps of a customer's four resources into one.

Each resource asks for its own part of a form (ION's Cloud Provider row holds three of them). A person should go to that
form once and fill in everything, so the parts that one owner does at the same form become one step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import schemas
from onboarding.core.contract import EARLIER, NEXT_RUN, NOT_CHECKED, NextStep
from onboarding.core.words import OFF, ON
from onboarding.steps.model import About, Confirm, Instructions, Screen, once
from onboarding.steps.registry import instructions
from schemas.model.gates import GATES


class InState(Protocol):
    """What is needed of a resource's state."""

    @property
    def status(self) -> str: ...
    @property
    def last_status(self) -> str: ...
    @property
    def next_step(self) -> NextStep | None: ...
    @property
    def outputs(self) -> Mapping[str, Any]: ...


def _unsettled(resources: Sequence[InState]) -> list[InState]:
    return [r for r in resources if r.last_status != "ready"]


def _first(resources: Sequence[InState]) -> InState | None:
    """The resource whose next step comes first: a blocked one, else the first in order that needs a person. Resources
    that wait for the next run or for an earlier resource have no step and are passed over."""
    with_step = [r for r in _unsettled(resources) if r.next_step]
    blocked = [r for r in with_step if r.last_status == "blocked"]
    settled = [r for r in resources if r.next_step]  # lost credentials stop no order, and are a step nevertheless
    return next(iter(blocked or with_step or settled), None)


def one_next_step(customer: schemas.Customer, resources: Sequence[InState]) -> Instructions | None:
    """The one next step of a customer, with the steps of the same owner at the same form joined to it.

    Raises ValueError for a step of another release."""
    first = _first(resources)
    if first is None or first.next_step is None:
        return None
    about = About.of(customer)
    step = instructions(first.next_step, about)
    parts = [step]
    if form := step.screens[0].form:
        going = [first] if _switched_off(first, resources) else _unsettled(resources)
        told = [instructions(one.next_step, about) for one in going if one.next_step]
        parts = [one for one in told if one.owner == step.owner and one.screens[0].form == form]
        parts = parts or [step]  # one that stops no order is not among them
    elif step.owner == "customer":
        steps = [one.next_step for one in _unsettled(resources) if one.next_step]
        parts = [instructions(one, about) for one in steps if one.owner == "customer"][:1] or [step]
    return replace(
        step,
        screens=_joined([screen for part in parts for screen in part.screens]),
        link=next((part.link for part in parts if part.link), ""),
        mail=next((part.mail for part in parts if part.mail), None),
        recorded=_to_confirm(customer, parts, resources),
    )


def _joined(screens: Sequence[Screen]) -> tuple[Screen, ...]:
    """The same screens, those of one form as one: what to do there in order, each value once."""
    found: dict[object, Screen] = {}
    for number, screen in enumerate(screens):
        before = found.get(screen.form or number)
        if before is not None:
            screen = replace(
                before,
                actions=tuple(dict.fromkeys((*before.actions, *screen.actions))),
                entries=once((*before.entries, *screen.entries)),
            )
        found[screen.form or number] = screen
    return tuple(found.values())


def _switched_off(row: InState, resources: Sequence[InState]) -> bool:
    """Portal access that is declared on was switched off on a row whose tenant ION had shown. Tenant and agreement are
    out of sight only: nobody is asked to enter them anew, ION shows them again once the toggle is on."""
    access = (row.outputs.get("facts") or {}).get("portal_access") or {}
    off = (access.get("declared"), access.get("seen")) == (ON, OFF)
    return off and any((one.outputs.get("memory") or {}).get("domain") for one in resources)


def _to_confirm(
    customer: schemas.Customer, parts: Sequence[Instructions], resources: Sequence[InState]
) -> Confirm | None:
    """What the person records afterwards, because no API shows it; what is recorded is not asked for again."""
    gates = list(dict.fromkeys(gate for part in parts for gate in part.confirm))
    shown = customer.cloud_provider.portal_access
    if shown:  # then ION shows the rest by itself
        gates = [gate for gate in gates if GATES[gate].hidden_in_ion]
    facts = {name: fact for one in resources for name, fact in (one.outputs.get("facts") or {}).items()}
    gates = [gate for gate in gates if not (facts.get(GATES[gate].facts[0]) or {}).get("confirmed")]
    return Confirm(customer.key, tuple(gates), hidden=not shown) if gates else None


def _blind(resource: InState) -> bool:
    return resource.status == "unobserved"


def waits(resources: Sequence[InState]) -> tuple[str, str]:
    """Whom the customer waits for ("" for nobody) and since when."""
    first = _first(resources)
    if first is not None and first.next_step is not None:
        return str(first.next_step.owner), str(first.outputs.get("since") or "")
    for resource in _unsettled(resources):
        waiting_on = str(resource.outputs.get("waiting_on") or (NOT_CHECKED if _blind(resource) else NEXT_RUN))
        if waiting_on != EARLIER:
            return waiting_on, str(resource.outputs.get("since") or "")
    return "", ""

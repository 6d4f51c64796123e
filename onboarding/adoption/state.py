"""Adopted customers as state: what a run would have left of each resource, and the file that an engine imports.

The import touches nothing: inputs are what the program will declare, outputs what a look saw, and `handled` equals
`seen`, so that the next preview has nothing to tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import schemas
from onboarding.core import kept, state
from onboarding.core.catalogue import RESOURCES
from onboarding.core.contract import NEXT_RUN, Known, Outcome
from onboarding.core.names import COMPONENT_TYPE, GUARD_NAME, GUARD_TYPE, PROVIDER_TYPE
from onboarding.look.snapshot import EstateLook
from onboarding.resources.inputs import inputs_of

if TYPE_CHECKING:
    from clients.session import Session


@dataclass(frozen=True, slots=True)
class Adopted:
    """One customer as it goes into state: kind -> outputs (which hold the inputs). `open`: why it cannot be adopted as
    it is, "" when it can."""

    declared: schemas.Customer
    outputs: Mapping[str, Mapping[str, Any]]
    inputs: Mapping[str, Mapping[str, Any]]
    open: str = ""


def adopted(declared: schemas.Customer, look: EstateLook) -> Adopted:
    """What a look says of a declared customer, in the shape of state. Raises ClientErrors.

    A customer with something that the next run would write, or a person must resolve first, is `open`: imported as it
    is, that work would be forgotten.
    """
    session = look.session
    inputs: dict[str, dict[str, Any]] = {}
    outputs: dict[str, dict[str, Any]] = {}
    trouble = ""
    for kind in RESOURCES.values():
        given = inputs_of(declared)[kind.name]
        given |= {name: outputs[source].get(name, "") for name, source in kind.from_others.items()}
        desired = kind.thing.Inputs.model_validate(given)
        inputs[kind.name] = desired.model_dump(mode="json", exclude_none=True)
        known = Known()
        for _ in range(2):  # what is carried (ids, the kind of agreement) may be part of what is seen the next time
            outcome: Outcome = kind.thing.assess(desired, known, kind.thing.observe(desired, known, look), session)
            known = Known(_outputs(inputs[kind.name], known, outcome, session, kind.thing.CARRIED))
        outputs[kind.name] = dict(known.outputs)
        if not trouble and (outcome.status == "blocked" or outcome.waiting_on == NEXT_RUN):
            trouble = outcome.reason
    return Adopted(declared, outputs, inputs, trouble)


def _outputs(
    inputs: Mapping[str, Any], known: Known, outcome: Outcome, session: Session, carried: tuple[str, ...]
) -> dict[str, Any]:
    account = (session.account, session.partner_tenant)
    return state.outputs(inputs, known, outcome, account=account, carried=carried, converged=True) | {
        "attempt": 0,
        "rejected": "",
    }


def import_document(customers: Iterable[Adopted], stack: str, project: str) -> dict[str, Any]:
    """The file of `pulumi import --file` (and of the embedded engine's): a component and its four resources each.

    `name` is what the file's own references use, `logicalName` the name in the URN. The table of names may hold only
    what the file does not import, else the CLI calls the names ambiguous.
    """
    names: dict[str, str] = {}
    resources: list[dict[str, Any]] = []
    for one in customers:
        key, connection = one.declared.key, one.declared.connection
        parent, provider = f"customer {key}", f"connection {connection}"
        names[provider] = provider_urn(stack, project, connection)
        resources.append({"type": COMPONENT_TYPE, "name": parent, "logicalName": key, "component": True})
        for kind in RESOURCES.values():
            outputs = one.outputs[kind.name]
            account = outputs["account"] or outputs["partner_tenant"]
            resources.append(
                {
                    "type": kind.type,
                    "name": f"{kind.name} {key}",
                    "logicalName": key,
                    "id": f"{account}/{key}",
                    "parent": parent,
                    "provider": provider,
                    "inputs": {state.PROVIDER_KEY: kind.reference, **one.inputs[kind.name]},
                    "outputs": {state.PROVIDER_KEY: kind.reference, **kept.short(outputs)},
                }
            )
    return {"nameTable": names, "resources": resources}


def urn(stack: str, project: str, type_: str, name: str) -> str:
    """The URN of a resource without a parent."""
    return f"urn:pulumi:{stack}::{project}::{type_}::{name}"


def provider_urn(stack: str, project: str, connection: str) -> str:
    """The URN of a connection's provider."""
    return urn(stack, project, PROVIDER_TYPE, connection)


def guard_urn(stack: str, project: str) -> str:
    """The URN of the guard against mass changes."""
    return urn(stack, project, GUARD_TYPE, GUARD_NAME)

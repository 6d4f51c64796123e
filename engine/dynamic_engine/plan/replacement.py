"""Replacements: those that no diff has to ask for, and which dependents go before a delete-before-replace."""

from __future__ import annotations

from dynamic_engine.plan.deployment import Deployment, first_of
from dynamic_engine.plan.differ import Difference, compare
from dynamic_engine.protocol.values import UNKNOWN, equal, unwrap
from dynamic_engine.state.resource import State, provider_urn


def named(deployment: Deployment, new: State) -> bool:
    """Whether ``--replace`` names *new*."""
    return new.urn in deployment.options.selection.replaces


def by_flag() -> Difference:
    """What ``--replace`` says of a resource."""
    return Difference(changed=True, replace=True, reasons=["id"])


def forced(deployment: Deployment, new: State, old: State) -> Difference | None:
    """A replacement that no diff has to ask for."""
    before, after = old.replacement_trigger, new.replacement_trigger
    if before is not None and after is not None and not equal(unwrap(before), unwrap(after)):
        return Difference(changed=True, replace=True)
    if named(deployment, new):
        return by_flag()
    if first_of(new.replace_with, deployment.replaced):
        return Difference(changed=True, replace=True, reasons=["replaceWith"])
    if new.deleted_with in deployment.replaced:
        return Difference(changed=True, replace=True, reasons=["deletedWith"])
    return None


def protected_message(urn: str, root: str = "") -> str:
    """The refusal to replace a protected resource, in the CLI's words."""
    part = f" as part of replacing '{root}'" if root else ""
    return (
        f"unable to replace resource '{urn}'{part} as it is currently marked for protection. To unprotect the "
        "resource, remove the `protect` flag from the resource in your Pulumi program and run `up`"
    )


def dependents_to_delete(deployment: Deployment, root: State) -> list[tuple[State, list[str]]]:
    """Old states that must be deleted before *root* is, in dependency order, with the keys that force it.

    A dependent goes when its provider or deletedWith goes, when it is replaced with one that goes, or when its
    provider says that unknown values for what it takes from those resources mean a replacement. ``depends_on`` alone
    does not count. The provider's diff sees unknown values here even in a real run.
    """
    going = {root.urn}
    found: list[tuple[State, list[str]]] = []
    rows = deployment.base.resources
    start = next((index for index, state in enumerate(rows) if state is root), len(rows))
    for state in rows[start + 1 :]:
        # Whatever has been registered already cannot depend on the root any more.
        if not state.custom or state.external or state.delete or id(state) in deployment.seen_olds:
            continue
        reasons = _must_go(deployment, state, going)
        if reasons is not None:
            going.add(state.urn)
            found.append((state, reasons))
    return found


def _must_go(deployment: Deployment, state: State, going: set[str]) -> list[str] | None:
    if state.provider and provider_urn(state.provider) in going:
        return []
    if state.deleted_with in going or going.intersection(state.replace_with):
        return []
    if state.is_provider:
        return None
    touched = {key for key, urns in state.property_dependencies.items() if going.intersection(urns)}
    touched &= state.inputs.keys()
    if not touched:
        return None
    inputs = {key: UNKNOWN if key in touched else value for key, value in state.inputs.items()}
    found = compare(deployment, state, state, state.ignore_changes, state.replace_on_changes, inputs)
    return found.reasons if found.replace else None

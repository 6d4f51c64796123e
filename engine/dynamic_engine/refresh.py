"""Refresh: read every resource through its provider and bring the state in line with what is there."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dynamic_engine.deployment import Deployment, ResourceError
from dynamic_engine.differ import input_diff
from dynamic_engine.errors import EngineError
from dynamic_engine.paths import Details, PropertyDiff
from dynamic_engine.plugin import PluginError
from dynamic_engine.state import State, timestamp
from dynamic_engine.steps import DELETE, REFRESH, SAME, UPDATE, Step
from dynamic_engine.values import annotate, equal, mark_outputs, unwrap


@dataclass
class Refreshed:
    """What a read found: the new state (None when the object is gone) and how it differs."""

    old: State
    new: State | None
    result: str  # same | update | delete
    step: Step


def refresh(deployment: Deployment) -> dict[str, int]:
    """Read all states, put the results into the journal with one write, and count results by operation.

    A read that fails keeps its state and makes the run fail; the others are stored.
    """
    rows = deployment.journal.resources()
    with ThreadPoolExecutor(max_workers=max(deployment.options.parallel, 1)) as pool:
        results = list(pool.map(lambda state: _refresh_one(deployment, state), rows))
    counts: dict[str, int] = {}
    for item in results:
        if item is not None and item.step.counted:
            counts[item.result] = counts.get(item.result, 0) + 1
    pairs = [(state, item.new if item is not None else state) for state, item in zip(rows, results, strict=True)]
    deployment.journal.rebase(_without_gone(pairs))
    deployment.index()
    return counts


def _refresh_one(deployment: Deployment, state: State) -> Refreshed | None:
    """The result for one state; None when it stays as it is without being looked at or counted."""
    if deployment.options.targets and state.urn not in deployment.options.targets:
        return None
    if deployment.stopping.is_set():
        return None
    step = Step(REFRESH, state, state)
    if not state.custom or state.is_provider or state.pending_replacement:
        # Nothing to read; it still counts among the unchanged, as the CLI counts it.
        return Refreshed(state, state, SAME, step)
    deployment.report.planned(step)
    try:
        found = _read(deployment, state, step)
    except (ResourceError, PluginError, EngineError) as error:
        deployment.report.finished(step, ok=False)
        deployment.report.log("error", state.urn, str(error))
        deployment.sealed = True
        return None
    deployment.report.finished(step, ok=True)
    return found


def _read(deployment: Deployment, old: State, step: Step) -> Refreshed:
    plugin = deployment.plugin(old)
    if plugin is None:
        raise ResourceError(old.urn, "the inputs of its provider are unknown")
    read_id, inputs, outputs = plugin.read(old)
    if not read_id:
        step.op, step.new = DELETE, None
        return Refreshed(old, None, DELETE, step)
    new = old.copy(
        id=read_id,
        inputs=old.inputs if inputs is None else annotate(inputs, old.inputs),
        outputs=annotate(outputs, old.outputs),
        init_errors=[],
    )
    new.outputs = mark_outputs(new.outputs, new.inputs, new.additional_secret_outputs)
    if not (equal(old.inputs, new.inputs) and equal(old.outputs, new.outputs) and old.id == new.id):
        new.modified = timestamp()
    # Asked the other way round: from what is there now to what was declared. The answer is turned over for people.
    answer = plugin.diff(new, new.outputs, new.inputs, old.inputs, old.ignore_changes)
    changed, details = answer.changes, None
    if changed is None:
        keys, details = input_diff(unwrap(new.inputs), unwrap(old.inputs))
        changed = bool(details)
        step.diff_reasons = keys
    step.new = new
    if not changed:
        return Refreshed(old, new, SAME, step)
    step.op, step.details = UPDATE, _turned(details)
    return Refreshed(old, new, UPDATE, step)


_OPPOSITE = {"add": "delete", "delete": "add", "update": "update"}


def _turned(details: Details | None) -> Details | None:
    if not details:
        return None
    return {path: PropertyDiff(_OPPOSITE[item.kind], item.input_diff) for path, item in details.items()}


def _without_gone(pairs: Sequence[tuple[State, State | None]]) -> list[State]:
    """The states that are left, references to those that are gone cut, children moved up to what is above."""
    above = {old.urn: old.parent for old, new in pairs if new is None and not old.delete}
    states: list[State] = []
    for old, new in pairs:
        if new is None:
            continue
        parent = new.parent
        while parent in above:
            parent = above[parent]
        changed: dict[str, object] = {
            "parent": parent,
            "dependencies": [urn for urn in new.dependencies if urn not in above],
            # A refresh leaves only entries that say something, in every state (the CLI does the same).
            "property_dependencies": {
                key: kept
                for key, urns in new.property_dependencies.items()
                if (kept := [urn for urn in urns if urn not in above])
            },
            "deleted_with": "" if new.deleted_with in above else new.deleted_with,
        }
        if any(getattr(new, name) != value for name, value in changed.items()):
            new = new.copy(**changed) if new is old else _set(new, changed)
        states.append(new)
    return states


def _set(state: State, changed: dict[str, object]) -> State:
    for name, value in changed.items():
        setattr(state, name, value)
    state.touch()
    return state

"""Refresh: read every resource through its provider and bring the state in line with what is there."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from dynamic_engine.errors import EngineError
from dynamic_engine.plan.deployment import Deployment, ResourceError
from dynamic_engine.plan.differ import input_diff
from dynamic_engine.plan.selection import Reach
from dynamic_engine.plan.steps import DELETE, REFRESH, SAME, UPDATE, Step
from dynamic_engine.processes.plugin import PluginError
from dynamic_engine.protocol.paths import Details, PropertyDiff
from dynamic_engine.protocol.values import annotate, equal, mark_outputs
from dynamic_engine.state.resource import State, timestamp


def refresh(deployment: Deployment, *, counted: bool) -> None:
    """Read all states and put the results into the journal with one write. *counted* is False when this is only the
    first phase of another operation.

    A read that fails keeps its state and makes the run fail; the others are stored.
    """
    rows = deployment.journal.resources()
    reach = Reach(deployment.options.selection)
    chosen = {id(state) for state in rows if reach.comes_to(state.urn, state.needs(provider=False))}

    def one(state: State) -> State | None:
        return _refresh_one(deployment, state, counted) if id(state) in chosen else state

    with ThreadPoolExecutor(max_workers=max(deployment.options.parallel, 1)) as pool:
        results = list(pool.map(one, rows))
    deployment.journal.rebase(_without_gone(list(zip(rows, results, strict=True))))
    deployment.index()


def _refresh_one(deployment: Deployment, state: State, counted: bool) -> State | None:
    """The state after a look at the object; None when it is gone."""
    if deployment.stopping.is_set():
        return state
    step = Step(REFRESH, state, state, result=SAME, counted=counted)
    deployment.report.planned(step)
    # Components and providers have nothing to read; they count among the unchanged.
    if state.custom and not state.is_provider and not state.pending_replacement:
        try:
            _read(deployment, state, step)
        except (ResourceError, PluginError, EngineError) as error:
            deployment.report.finished(step, ok=False)
            deployment.report.log("error", state.urn, str(error))
            deployment.sealed = True
            return state
    deployment.report.finished(step, ok=True)
    return step.new


def _read(deployment: Deployment, old: State, step: Step) -> None:
    plugin = deployment.plugin(old)
    if plugin is None:
        raise ResourceError(old.urn, "the inputs of its provider are unknown")
    read_id, inputs, outputs = plugin.read(old)
    if not read_id:
        step.result, step.new = DELETE, None
        return
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
        step.diff_reasons, details = input_diff(new.inputs, old.inputs)
        changed = bool(details)
    step.new = new
    if changed:
        step.result, step.details = UPDATE, _turned(details)


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

"""Deletes at the end of a run and in `destroy`: what goes, in which order, and what stops it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from dynamic_engine.plan.deployment import AHEAD, Deployment, ResourceError, Terminated
from dynamic_engine.plan.selection import kept_for
from dynamic_engine.plan.steps import DELETE, DELETE_REPLACED, Step
from dynamic_engine.printed import command
from dynamic_engine.run.executor import Executor
from dynamic_engine.state.resource import State


def delete_unseen(deployment: Deployment, executor: Executor) -> None:
    """After a program ended well: delete what is marked from a replacement, then what the program no longer names."""
    resources = deployment.journal.resources()
    kept = {id(state) for state in deployment.news.values()}
    doomed = [
        state
        for state in resources
        if id(state) not in kept and (state.delete or id(state) not in deployment.seen_olds)
    ]
    doomed = _drop_pending_replacements(deployment, doomed)
    _delete(deployment, executor, _selected(deployment, doomed, resources))


def delete_all(deployment: Deployment, executor: Executor) -> None:
    """`destroy`: everything that the flags do not leave out."""
    doomed = _drop_pending_replacements(deployment, deployment.journal.resources())
    _delete(deployment, executor, _selected(deployment, doomed, doomed))


def _drop_pending_replacements(deployment: Deployment, states: Sequence[State]) -> list[State]:
    """States that were deleted remotely for a replacement that never came simply leave."""
    gone = [state for state in states if state.pending_replacement and not state.delete]
    if gone and not deployment.options.preview:
        deployment.journal.drop(gone)
    return [state for state in states if state not in gone]


def _selected(deployment: Deployment, doomed: Sequence[State], everything: Sequence[State]) -> Sequence[State]:
    """The part of *doomed* that the flags name, or do not leave out."""
    if deployment.options.selection.targets:
        return _only_targets(deployment, doomed, everything)
    kept = kept_for(deployment.options.selection, everything)
    return [state for state in doomed if state.urn not in kept]


def _only_targets(deployment: Deployment, doomed: Sequence[State], everything: Sequence[State]) -> list[State]:
    """The targeted part of *doomed*; with ``--target-dependents`` what depends on it too. Without, an untargeted
    dependent is an error and nothing is deleted."""
    selection = deployment.options.selection
    chosen = [state for state in doomed if state.urn in selection.targets or state.urn in deployment.reach.followed]
    chosen_ids = {id(state) for state in chosen}
    candidates = {id(state) for state in doomed}
    errors: list[ResourceError] = []
    names = {state.urn for state in chosen}
    for state in everything:  # checkpoint order: dependents come later
        if id(state) in chosen_ids or id(state) not in candidates or not names.intersection(state.needs()):
            continue
        if selection.target_dependents:
            chosen.append(state)
            chosen_ids.add(id(state))
            names.add(state.urn)
        else:
            culprit = next(urn for urn in state.needs() if urn in names)
            errors.append(
                ResourceError(
                    state.urn,
                    f"cannot delete '{culprit}': '{state.urn}' depends on it and is not specified in --target list; "
                    "add it or use --target-dependents",
                )
            )
    for error in errors:
        deployment.fail(error)
    return [] if errors else chosen


def layers(doomed: Sequence[State]) -> list[list[State]]:
    """*doomed* in groups: a state comes after everything that depends on it, in reverse checkpoint order within."""
    by_urn: dict[str, list[State]] = {}
    children: dict[str, list[State]] = {}
    for state in doomed:
        by_urn.setdefault(state.urn, []).append(state)
        children.setdefault(state.parent, []).append(state)

    def below(urn: str) -> list[State]:
        found = list(by_urn.get(urn, []))
        for child in children.get(urn, []) if urn else []:
            found += below(child.urn)
        return found

    waiting: dict[int, int] = {id(state): 0 for state in doomed}
    frees: dict[int, set[int]] = {}
    for state in doomed:
        outlive = {id(other) for other in by_urn.get(state.parent, [])}
        for urn in state.needs():
            if urn != state.parent:
                # Depending on a component means depending on what is in it.
                outlive.update(id(other) for other in below(urn))
        outlive.discard(id(state))
        frees[id(state)] = outlive
        for key in outlive:
            waiting[key] += 1
    result: list[list[State]] = []
    rest = list(reversed(doomed))
    while rest:
        layer = [state for state in rest if waiting[id(state)] == 0] or rest  # a cycle has no order: take all
        result.append(layer)
        for state in layer:
            for key in frees[id(state)]:
                waiting[key] -= 1
        chosen = {id(state) for state in layer}
        rest = [state for state in rest if id(state) not in chosen]
    return result


def _delete(deployment: Deployment, executor: Executor, doomed: Sequence[State]) -> None:
    deployment.deleting |= {state.urn for state in doomed}
    kept: set[str] = set()  # URNs that something undeleted still needs
    # More threads than calls at a time: the others wait for the disk.
    with ThreadPoolExecutor(max_workers=max(deployment.options.parallel, 1) * AHEAD * 2) as pool:
        for layer in layers(doomed):
            ready = [state for state in layer if not _held(deployment, state, kept)]
            results = pool.map(lambda state: _delete_one(deployment, executor, state), ready)
            for state, ok in zip(ready, results, strict=True):
                if not ok:
                    kept.update(_closure(state, doomed))
            if deployment.stopping.is_set():
                return


def _held(deployment: Deployment, state: State, kept: set[str]) -> bool:
    """Whether *state* must stay: something that stays needs it, or it is protected."""
    if state.urn in kept:
        return True
    if state.protect and not state.delete:
        # Among the steps, so that a plan shows all that was asked for.
        step = Step(DELETE, state, None)
        deployment.report.planned(step)
        deployment.report.finished(step, ok=False)
        deployment.report.log(
            "error",
            state.urn,
            f"resource '{state.urn}' cannot be deleted because it is protected. To unprotect the resource, remove "
            f"the `protect` flag from the resource in your Pulumi program and run "
            f"{command('up', stack=deployment.stack)}, or use the command: "
            f"{command('state', 'unprotect', state.urn, stack=deployment.stack)}",
        )
        deployment.sealed = True
        kept.update(state.needs())
        return True
    return False


def _closure(state: State, doomed: Iterable[State]) -> set[str]:
    """URNs that *state* needs, directly or through others of *doomed*."""
    by_urn = {other.urn: other for other in doomed}
    found: set[str] = set()
    rest = state.needs()
    while rest:
        urn = rest.pop()
        if urn not in found:
            found.add(urn)
            if urn in by_urn:
                rest += by_urn[urn].needs()
    return found


def _delete_one(deployment: Deployment, executor: Executor, state: State) -> bool:
    if deployment.stopping.is_set():
        return False
    op = DELETE_REPLACED if state.delete else DELETE
    try:
        executor.run([Step(op, state, None)])
    except Terminated:
        return False
    except ResourceError as error:
        deployment.fail(error)
        return False
    return True

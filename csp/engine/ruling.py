"""Whose policy holds, and what of it only csp can tell: readiness, and the policy of another commit."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

import schemas
from clients.wire import clock
from csp.engine.start import Engine
from csp.errors import CommandError
from csp.project import Project
from onboarding.core.names import GUARD_TYPE
from onboarding.plan import policy
from onboarding.plan.report import Refusal
from onboarding.readiness.states import states_from_export
from onboarding.readiness.verdicts import all_readiness
from onboarding.resources.digests import digest, first_digests, unchanged
from schemas.model.policy import Policy
from schemas.model.stack import CONFIG_KEY

if TYPE_CHECKING:
    from onboarding.plan.preview import Preview


def apply(engine: Engine, estate: schemas.Estate, commit: str = "") -> Policy:
    """The policy that holds for this run, which the engine's processes get too. `commit`: whose it is, "" for the
    stack's own. Raises CommandError (2)."""
    rules = of_commit(engine.project, engine.stack, commit) if commit else _given(estate)
    if rules.lines or commit:
        engine.environment[policy.POLICY] = policy.as_json(rules)
    return rules


def _given(estate: schemas.Estate) -> Policy:
    try:
        return policy.in_force(estate)
    except ValueError as why:
        raise CommandError(str(why), 2) from None


def of_commit(project: Project, stack: str, commit: str) -> Policy:
    """The policy in a stack's file of a commit; no rules where the stack was not there yet. Raises CommandError (2)."""
    git = shutil.which("git")
    if git is None:
        raise CommandError("--policy-from needs git, and there is none on PATH", 2)
    # A name that begins with a dash would be an option of git.
    known = _git(git, project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
    if known.returncode:
        raise CommandError(f"--policy-from: {commit!r} is no commit here; a shallow clone has few (fetch it first)", 2)
    path = f"./{project.stack_file(stack).relative_to(project.root).as_posix()}"
    shown = _git(git, project, "show", f"{known.stdout.strip()}:{path}")
    if shown.returncode:
        return Policy()
    try:
        data = (yaml.safe_load(shown.stdout) or {}).get("config", {}).get(CONFIG_KEY)
        return policy.from_data(data)
    except (yaml.YAMLError, AttributeError, RecursionError, ValidationError):
        raise CommandError(f"--policy-from: the policy of {stack} in {commit} cannot be read", 2) from None


def _git(git: str, project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [git, *words], cwd=project.root, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False
    )


def of_plan(rules: Policy, told: Preview, state: Mapping[str, Any]) -> list[Refusal]:
    """What the guard could not tell of a plan."""
    old, new = told.guard.get("old", {}), told.guard.get("new", {})
    ready = _can_order(told.estate, state)
    return [*policy.planned(rules, told.once()), *policy.portal(rules, old, new, ready)]


def before_up(rules: Policy, estate: schemas.Estate, state: Mapping[str, Any] | None) -> None:
    """Raises CommandError for what only csp can tell of a run: portal access before readiness."""
    if rules.portal_access != "ready":
        return
    new = {one.key: digest(one) for one in estate.customers}
    old = {estate.renamed.get(key, key): text for key, text in _known(state).items()}
    refused: Sequence[Refusal] = policy.portal(rules, old, new, _can_order(estate, state or {}))
    if refused:
        raise CommandError("nothing was sent; " + "; ".join(map(str, refused)))


def of_one(rules: Policy, estate: schemas.Estate, state: Mapping[str, Any] | None, key: str) -> None:
    """The same for a run of one customer, in which the guard is not asked. Raises CommandError."""
    if refused := of_state(rules, estate, state, running=True, only=key):
        raise CommandError("nothing was sent; " + "; ".join(map(str, refused)))


def of_state(
    rules: Policy, estate: schemas.Estate, state: Mapping[str, Any] | None, *, running: bool, only: str = ""
) -> list[Refusal]:
    """What files and state tell of a run: every rule but that of the reviewed plan. `only`: the one customer of it."""
    new = {one.key: digest(one) for one in estate.customers if only in ("", one.key)}
    old = {estate.renamed.get(key, key): text for key, text in _known(state).items()}
    old = {key: text for key, text in old.items() if only in ("", key)}
    # As the guard does: a digest that an older release made is no change.
    first = {
        one.key: first_digests(one) for one in estate.customers if old.get(one.key, "") not in ("", new.get(one.key))
    }
    old |= {key: new[key] for key in unchanged(old, new, first)}
    facts = {key: one for key, one in policy.about(estate).items() if key in new}
    refused = policy.declared(rules, old, new, facts, running=running)
    return [*refused, *policy.portal(rules, old, new, _can_order(estate, state or {}))]


def _can_order(estate: schemas.Estate, state: Mapping[str, Any]) -> dict[str, bool]:
    states = states_from_export(state, estate.renamed)
    return {one.key: one.can_order for one in all_readiness(states, estate, clock.now())}


def _known(state: Mapping[str, Any] | None) -> dict[str, str]:
    """Customer -> digest, as the guard in state knows it."""
    resources = ((state or {}).get("deployment") or {}).get("resources") or []
    guard: Mapping[str, Any] = next((one for one in resources if one.get("type") == GUARD_TYPE), {})
    return {key: str(text) for key, text in ((guard.get("inputs") or {}).get("customers") or {}).items()}

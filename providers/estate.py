"""Resource: the sentinel that guards the whole estate against mass changes, in the program and before anything else
runs.

Its inputs name every customer with a digest of its declaration. `check` compares old with new and fails above the
limits, so that a lost folder or a wrong branch stops a plain `pulumi preview` and `up` before any customer is touched.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)
from pulumi.dynamic import Resource as DynamicResource

import schemas
from onboarding.allowed import said
from onboarding.core import state, state_format
from onboarding.core.names import ONLY
from onboarding.core.state_format import FORMAT
from onboarding.look import engine_run
from onboarding.plan import policy
from onboarding.plan.report import Refusal
from onboarding.resources.digests import ENDS, PORTAL, digest, first_digests, unchanged
from providers import planned, removals
from providers.by_reference import ByReference
from providers.errors import OnboardingError
from schemas.check import sensitive
from schemas.command import shown
from schemas.model.policy import Policy
from schemas.plain import count as number_of
from schemas.plain import plain
from schemas.read.overlooked import RULE as STRAY

REMOVALS_FLOOR, REMOVALS_SHARE = 2, 0.20
UPDATES_FLOOR, UPDATES_SHARE = 10, 0.30


def under_new_names(old: Mapping[str, str], renamed: Mapping[str, list[str]]) -> dict[str, str]:
    """The known customers under the keys that they have now. `renamed`: key -> its former keys (`previously`)."""
    now = {former: key for key, formers in renamed.items() for former in formers}
    return {now.get(key, key): digest for key, digest in old.items()}


def refusals(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Why a change of the estate is too large to be meant; empty when it is not. Figure, limit and the way out
    in each."""
    removed = sorted(set(old) - set(new))
    changed = [key for key in old if key in new and old[key] != new[key]]
    told = []
    for what, count, floor, share, variable in (
        ("removes", len(removed), REMOVALS_FLOOR, REMOVALS_SHARE, "CSP_ALLOW_MASS_REMOVAL"),
        ("changes", len(changed), UPDATES_FLOOR, UPDATES_SHARE, "CSP_ALLOW_MASS_UPDATE"),
    ):
        limit = max(floor, int(share * len(old)))
        if count > max(limit, _number(variable)):
            names = f" ({', '.join(removed[:5])}{', ...' if len(removed) > 5 else ''})" if what == "removes" else ""
            told.append(
                f"this {what} {count} of {number_of(len(old), 'customer')}{names}, at most {limit} at once; "
                f"if it is meant, set {variable}={count} for this run"
            )
    ending = [key for key in removed if ENDS in old[key]]
    if len(ending) > removals.allowed():
        told.append(
            f"this ends {len(ending)} relationships ({', '.join(ending[:5])}{', ...' if len(ending) > 5 else ''}), "
            f"allowed are {removals.allowed()}; if it is meant, set {removals.VARIABLE}={len(ending)} for this run"
        )
    return told


def overlooked(old: Mapping[str, str], new: Mapping[str, str], declared: Mapping[str, Any]) -> list[str]:
    """What the files say that is not meant: a file that is there and not read, a customer under another key, a value
    that a system would refuse. What was there at the last run and did not change is no reason to stop."""
    told = []
    gone, come = set(old) - set(new), set(new) - set(old)
    for key in sorted(gone & set(declared.get("strays", {}))):
        told.append(
            f"{key} is in no file that a stack includes, but {declared['strays'][key]} is there: give it a name that "
            "an include of the stack matches (.yaml), or remove it"
        )
    by_content = {old[key]: key for key in gone}
    for key in sorted(come):
        if (former := by_content.get(new[key])) is not None:
            told.append(
                f"{former} goes and {key} comes, and their files say the same: if it is one customer, add "
                f"previously: [{former}] to the file of {key}; if not, remove {former} in a run of its own"
            )
    for key, lines in sorted(declared.get("if_sent", {}).items()):
        if old.get(key) != new.get(key):
            told += lines
    return told


def remains(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Removed customer -> what stays where it is."""
    told = {}
    for key in sorted(set(old) - set(new)):
        told[key] = (
            "removed; its relationship with us ends in this run. Profile, Cloud Provider row and the customer's tenant "
            "remain"
            if ENDS in old[key]
            else "removed from the files only; profile, Cloud Provider row, Microsoft tenant and agreement remain as "
            "they are"
        )
        if PORTAL in old[key]:
            told[key] += ". WARNING: portal access remains ON, this customer can go on buying"
    return told


def illegible(known: Mapping[str, Any]) -> str:
    """Why the guard cannot compare with what it kept, "" when it can. A state that somebody edited, or a release to
    come wrote, stops the run: without the old customers there is no guard."""
    customers, connections = known.get("customers", {}), known.get("connections", {})
    fit = {
        "customers": _of_texts(customers),
        "connections": isinstance(connections, dict) and all(map(_of_texts, connections.values())),
    }
    odd = " and ".join(name for name, fits in fit.items() if not fits)
    if not odd:
        return ""
    return f"the state of the guard cannot be read: {odd}; nothing is done. Restore the last good state of this stack"


def _of_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(member, str) for member in value.values())


def _ruled(declared: Mapping[str, Any], old: Mapping[str, str], new: Mapping[str, str]) -> list[Refusal]:
    """What the stack's policy refuses."""
    if not declared.get("policy"):
        return []
    rules = Policy.model_validate_json(declared["policy"])
    running = engine_run.verb() in engine_run.UP
    return policy.declared(rules, old, new, declared.get("about", {}), running=running)


def _only_one(declared: dict[str, Any], olds: Mapping[str, Any], old: Mapping[str, str]) -> None:
    """In a run of one customer: of the others, and of their connections, the guard goes on knowing what it knew."""
    only = declared.get("only")
    if not only:
        return
    new, lines = declared.get("customers", {}), declared.get("connections", {})
    declared["customers"] = {**old, **({only["key"]: new[only["key"]]} if only["key"] in new else {})}
    before = olds.get("connections") or {}
    declared["connections"] = {
        **before,
        **{name: lines[name] for name in (only["connection"], sensitive.POLICY) if name in lines},
    }


def _number(variable: str) -> int:
    text = os.environ.get(variable, "")
    return int(text) if text.isdigit() else 0


class EstateProvider(ByReference):
    """No remote side: everything happens in check."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        declared = state.plain(news)
        if refused := state_format.refusal(state.plain(_olds)):
            return CheckResult(declared, [CheckFailure("", refused)])
        known = state.plain(_olds)
        if odd := illegible(known):
            return CheckResult(declared, [CheckFailure("", odd)])
        old = under_new_names(known.get("customers", {}), declared.get("renamed", {}))
        _only_one(declared, known, old)
        new = declared.get("customers", {})
        # A digest that an older release made is renewed with the next change of the estate, and is no change itself.
        same = set(unchanged(old, new, declared.get("first", {})))
        kept = {key: old[key] if key in same else digest for key, digest in new.items()}
        new = kept if kept == old else new
        old = {key: new[key] if key in same else digest for key, digest in old.items()}
        ruled = _ruled(declared, old, new)
        failures = [CheckFailure("", plain(line)) for line in refusals(old, new)]
        failures += [CheckFailure("", plain(line)) for line in overlooked(old, new, declared)]
        inputs: dict[str, Any] = {"customers": new, "removed": remains(old, new), state_format.NAME: FORMAT}
        told = [one.reason for one in failures]
        failures += [CheckFailure("", plain(shown(str(one), stack=declared.get("stack", "")))) for one in ruled]
        lines = declared.get("connections", {})
        before = known.get("connections")
        # The state of an earlier release knows none: they are filled in with the inputs, which is no change.
        changed = sensitive.changes(before, lines) if before is not None else {}
        inputs |= {"connections": lines} if lines else {}
        inputs |= {"changed": changed} if changed else {}
        if inputs["removed"] or changed:
            inputs["run"] = declared.get("run", "")
        if said.planning():  # the plan shows the refusals on top of everything else
            gone = {key: old[key] for key in inputs["removed"]}
            ruling = [[one.rule, one.customer, one.text] for one in ruled]
            digests = {"old": old, "new": new}
            planned.say(
                "guard", refusals=told, ruled=ruling, removed=inputs["removed"], gone=gone, changed=changed, **digests
            )
            failures = []
        return CheckResult(inputs, failures)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        old, new = state.plain(_olds), state.plain(_news)
        same = old.get("customers") == new.get("customers")
        told = not new.get("changed") or new["changed"] == old.get("changed")
        return DiffResult(changes=False if same and told else None)

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult("estate", state.plain(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(state.plain(_news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """A removal was told in the run that made it; from the next look on it is history. The inputs stay as they are:
        only they know the lines of the connections until something changes."""
        outs = state.plain(props)
        if refused := state_format.refusal(outs):
            raise OnboardingError(refused) from None
        kept = {name: outs[name] for name in ("connections", "changed", "run") if outs.get("changed") and name in outs}
        kept |= {name: outs[name] for name in (state_format.NAME,) if name in outs}
        lines = {"connections": outs["connections"]} if "connections" in outs else {}
        return ReadResult(id_, {"customers": outs.get("customers", {}), "removed": {}, **lines, **kept}, None)


def provider() -> EstateProvider:
    """State refers to this function by name: never rename or move it."""
    return EstateProvider(provider)


def _only(estate: schemas.Estate) -> dict[str, str] | None:
    """The one customer of this run, with its connection; None for all."""
    key = os.environ.get(ONLY, "")
    return next(({"key": key, "connection": one.connection} for one in estate.customers if one.key == key), None)


class Estate(DynamicResource, module="csp", name="Estate"):
    """The sentinel; every component depends on it."""

    removed: pulumi.Output[dict[str, str] | None]
    changed: pulumi.Output[dict[str, str] | None]
    run: pulumi.Output[str | None]

    def __init__(
        self, estate: schemas.Estate, connections: Mapping[str, Mapping[str, str]], opts: pulumi.ResourceOptions
    ) -> None:
        """`connections`: name -> its lines that decide whom we trust (schemas.check.sensitive). They and `customers`
        are kept in state; the other inputs are for `check` alone."""
        self._this_run = uuid.uuid4().hex
        rules = policy.in_force(estate)
        inputs = {
            "customers": {one.key: digest(one) for one in estate.customers},
            "renamed": {one.key: list(one.previously) for one in estate.customers if one.previously},
            "first": {one.key: first_digests(one) for one in estate.customers},
            "if_sent": {key: [str(one) for one in found] for key, found in estate.if_sent.items()},
            "strays": {Path(one.file).stem: one.file for one in estate.warnings if one.rule == STRAY},
            "connections": {name: dict(lines) for name, lines in connections.items()}
            | ({sensitive.POLICY: estate.policy.lines} if estate.policy.lines else {}),
            "only": _only(estate),
            "policy": policy.as_json(rules),
            "about": policy.about(estate) if rules.lines else {},
            "stack": estate.stack,
            "removed": None,
            "changed": None,
            "run": self._this_run,
        }
        super().__init__(provider(), "estate", inputs, opts)

    def removed_now(self) -> pulumi.Output[dict[str, str]]:
        """Removed customer -> what remains, of this run. A run that does not look (`--refresh=false`, `--target`) gets
        the state's, which tells of an earlier one."""
        return self._of_this_run(self.removed)

    def changed_now(self) -> pulumi.Output[dict[str, str]]:
        """ "CONNECTION: LINE" -> "OLD -> NEW", of this run likewise."""
        return self._of_this_run(self.changed)

    def _of_this_run(self, told: pulumi.Output[dict[str, str] | None]) -> pulumi.Output[dict[str, str]]:
        return pulumi.Output.all(told, self.run).apply(lambda both: both[0] or {} if both[1] == self._this_run else {})

"""From a registration to steps: old state, provider, check, diff, decision. Serial: the caller holds the lock."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Sequence

from dynamic_engine.errors import EngineError
from dynamic_engine.plan.deployment import Deployment, ResourceError, SkippedError, first_of
from dynamic_engine.plan.differ import Difference, compare, component_changed, provider_changed
from dynamic_engine.plan.replacement import by_flag, dependents_to_delete, forced, named, protected_message
from dynamic_engine.plan.steps import (
    CREATE,
    CREATE_REPLACEMENT,
    DELETE_REPLACED,
    REPLACE,
    SAME,
    UPDATE,
    Goal,
    Step,
)
from dynamic_engine.processes.plugin import PluginError
from dynamic_engine.protocol import paths
from dynamic_engine.protocol.values import (
    UNKNOWN,
    Properties,
    Value,
    annotate,
    mask,
)
from dynamic_engine.state import urns
from dynamic_engine.state.resource import DYNAMIC_PREFIX, PROVIDER_TYPE, State, provider_urn


class Generator:
    """Makes the steps of each registration."""

    def __init__(self, deployment: Deployment, carry_out: Callable[[Sequence[Step]], None]) -> None:
        """*carry_out* runs the steps of a default provider, which must be there before the resource's own steps."""
        self._d = deployment
        self._carry_out = carry_out

    def plan(self, goal: Goal) -> list[Step]:
        """The steps that bring *goal* about; the last one's ``new`` is the resource. Raises :class:`ResourceError`,
        :class:`EngineError`."""
        d = self._d
        urn = urns.make(d.stack, d.project.name, goal.parent, goal.type, goal.name)
        if urn in d.news or urn in d.skipped:
            raise ResourceError(urn, f"Duplicate resource URN '{urn}'; try giving it a unique name")
        if goal.parent and goal.parent not in d.news and goal.parent not in d.skipped | d.failed:
            raise ResourceError(urn, f"the parent '{goal.parent}' is not registered")
        old = self._find_old(goal, urn)
        if broken := first_of(_needed(goal), d.failed):
            if old is not None:
                d.seen_olds.add(id(old))
            d.failed.add(urn)
            raise SkippedError(urn, f"skipped: it depends on '{urns.name_of(broken)}', which failed")
        new = self._new_state(goal, urn)
        if goal.custom and not goal.is_provider:
            new.provider = self._provider_reference(goal, urn)
        # The root stack and providers take part whatever the flags say.
        if not d.reach.comes_to(urn, new.needs(), always=urn == d.root_urn or goal.is_provider):
            return self._left_out(new, old)
        if missing := first_of(new.needs(), d.skipped):
            raise ResourceError(urn, _not_there(urn, missing, d.options.selection.flag))
        if old is not None:
            d.seen_olds.add(id(old))
            new.created, new.modified = old.created, old.modified
        if goal.is_provider:
            steps = self._plan_provider(goal, new, old)
        elif not goal.custom:
            steps = self._plan_component(goal, new, old)
        else:
            steps = self._plan_custom(goal, new, old)
        d.news[urn] = new
        if goal.providers:
            d.component_providers[urn] = goal.providers
        return steps

    # -- old state ------------------------------------------------------------------------------------------------

    def _find_old(self, goal: Goal, urn: str) -> State | None:
        d = self._d
        candidates = urns.alias_urns(
            stack=d.stack,
            project=d.project.name,
            parent=goal.parent,
            type_=goal.type,
            name=goal.name,
            aliases=goal.aliases,
            parent_alias=d.used_aliases.get(goal.parent, ""),
        )
        for candidate in (urn, *candidates):
            old = d.olds.get(candidate)
            if old is None or id(old) in d.seen_olds:
                continue
            if candidate != urn:
                d.used_aliases[urn] = candidate
            return old
        return None

    def _new_state(self, goal: Goal, urn: str) -> State:
        parent = self._d.news.get(goal.parent)
        inherited_protect = parent.protect if parent else False
        inherited_retain = parent.retain_on_delete if parent else False
        return State(
            urn=urn,
            custom=goal.custom,
            type=goal.type,
            inputs=goal.inputs,
            parent=goal.parent,
            protect=inherited_protect if goal.protect is None else goal.protect,
            retain_on_delete=inherited_retain if goal.retain_on_delete is None else goal.retain_on_delete,
            deleted_with=goal.deleted_with or (parent.deleted_with if parent else ""),
            dependencies=sorted(set(goal.dependencies)),
            property_dependencies=goal.property_dependencies,
            additional_secret_outputs=goal.additional_secret_outputs,
            custom_timeouts=goal.custom_timeouts,
            replace_with=goal.replace_with,
            replacement_trigger=goal.replacement_trigger,
            ignore_changes=goal.ignore_changes,
            hide_diff=goal.hide_diff,
            replace_on_changes=goal.replace_on_changes,
            source_position=goal.source_position,
            stack_trace=goal.stack_trace,
        )

    # -- providers ------------------------------------------------------------------------------------------------

    def _provider_reference(self, goal: Goal, urn: str) -> str:
        d = self._d
        if not goal.type.startswith(DYNAMIC_PREFIX):
            package = goal.type.partition(":")[0]
            raise ResourceError(
                urn, f"the embedded engine does not support the package '{package}'; use the Pulumi CLI for it"
            )
        if goal.provider:
            return goal.provider
        return d.provider_of_ancestors(goal.parent) or self._default_provider()

    def _default_provider(self) -> str:
        """The reference of the default provider, which is made at its first use."""
        d = self._d
        urn = d.default_provider_urn
        if (known := d.news.get(urn)) is not None:
            return known.ref
        old = d.olds.get(urn)
        new = State(urn=urn, custom=True, type=PROVIDER_TYPE, inputs=d.config)
        if old is not None:
            d.seen_olds.add(id(old))
        steps = self._plan_provider(Goal(PROVIDER_TYPE, new.name, custom=True), new, old)
        d.news[urn] = new
        self._carry_out(steps)
        return new.ref

    def _plan_provider(self, goal: Goal, new: State, old: State | None) -> list[Step]:
        # The dynamic plugin implements neither CheckConfig nor DiffConfig: inputs are taken as they are, and another
        # configuration is an update that keeps the id.
        d = self._d
        new.outputs = new.inputs
        anew = old is None or named(d, new)
        new.id = (UNKNOWN if d.options.preview else str(uuid.uuid4())) if anew else old.id if old else ""
        d.providers[new.ref] = new
        if old is None:
            return [Step(CREATE, None, new)]
        if anew:
            return self._plan_replacement(goal, new, old, by_flag(), b"")
        return [Step(UPDATE if provider_changed(old, new) else SAME, old, new)]

    # -- components -----------------------------------------------------------------------------------------------

    def _plan_component(self, goal: Goal, new: State, old: State | None) -> list[Step]:
        if old is None:
            return [Step(CREATE, None, new)]
        if named(self._d, new):
            return self._plan_replacement(goal, new, old, by_flag(), b"")
        if component_changed(old, new):
            return [Step(UPDATE, old, new)]
        return [Step(SAME, old, new)]

    # -- custom resources -----------------------------------------------------------------------------------------

    def _plan_custom(self, goal: Goal, new: State, old: State | None) -> list[Step]:
        d = self._d
        if old is not None and old.external:
            raise ResourceError(new.urn, "the embedded engine does not support taking over an external (.get) resource")
        recreating = old is not None and old.urn in d.deleted_early
        # What is made anew takes nothing over from what was there.
        anew = old is None or recreating or named(d, new)
        inputs = goal.inputs
        if old is not None and goal.ignore_changes and not anew:
            inputs = paths.reset(inputs, old.inputs, goal.ignore_changes)
        seed = secrets.token_bytes(32)
        new.inputs = self._check(new, {} if old is None or anew else old.inputs, inputs, seed)
        if old is None:
            return [Step(CREATE, None, new)]
        if recreating:
            d.replaced.add(new.urn)
            reasons = d.early_reasons.get(old.urn, [])
            return [
                Step(REPLACE, old, new),
                Step(CREATE_REPLACEMENT, old, new, replace_reasons=reasons),
            ]
        found = forced(d, new, old) or compare(d, old, new, goal.ignore_changes, goal.replace_on_changes)
        if old.pending_replacement:
            # It is gone already, whatever the diff says.
            found.changed = found.replace = True
        if not found.changed:
            return [Step(SAME, old, new)]
        if not found.replace:
            return [Step(UPDATE, old, new, diff_reasons=found.keys, details=found.details)]
        return self._plan_replacement(goal, new, old, found, seed)

    def _check(self, new: State, olds: Properties, news: Properties, seed: bytes) -> Properties:
        plugin = self._d.plugin(new)
        if plugin is None:
            return news
        try:
            checked, failures = plugin.check(new, olds, news, seed)
        except (PluginError, EngineError) as error:
            raise ResourceError(new.urn, str(error)) from None
        checked = annotate(checked, news)
        if failures:
            raise ResourceError(new.urn, *(_check_text(new, checked, item.property, item.reason) for item in failures))
        return checked

    def _plan_replacement(self, goal: Goal, new: State, old: State, found: Difference, seed: bytes) -> list[Step]:
        d = self._d
        if old.protect and new.protect:
            message = protected_message(old.urn)
            if not d.options.preview:
                raise ResourceError(new.urn, message)
            # A preview tells it and goes on, so that the whole plan can be seen.
            d.report.log("error", new.urn, message)
            d.sealed = True
        new.created = new.modified = ""
        if not named(d, new):  # else it was checked without its past already
            new.inputs = self._check(new, {}, goal.inputs, seed)
        d.replaced.add(new.urn)
        physical = Step(CREATE_REPLACEMENT, old, new, found.keys, found.reasons, found.details)
        logical = Step(REPLACE, old, new, found.keys, found.reasons, found.details)
        first = found.delete_before_replace if goal.delete_before_replace is None else goal.delete_before_replace
        if not first:
            return [physical, logical]
        chain: list[Step] = []
        for dependent, reasons in reversed(dependents_to_delete(d, old)):
            if dependent.urn in d.deleted_early:
                continue
            if dependent.protect:
                raise ResourceError(new.urn, protected_message(dependent.urn, old.urn))
            d.deleted_early.add(dependent.urn)
            d.early_reasons[dependent.urn] = reasons
            chain.append(Step(DELETE_REPLACED, dependent, None))
        if not old.pending_replacement:
            d.deleted_early.add(old.urn)
            chain.append(Step(DELETE_REPLACED, old, None))
        d.deleting |= d.deleted_early
        return [*chain, logical, physical]

    # -- selection ------------------------------------------------------------------------------------------------

    def _left_out(self, new: State, old: State | None) -> list[Step]:
        d = self._d
        if old is None:
            d.skipped.add(new.urn)
            return [Step(SAME, None, new, skipped=True)]
        if old.provider:
            provider = d.news.get(provider_urn(old.provider))
            if provider is None or provider.ref != old.provider:
                raise ResourceError(
                    new.urn,
                    f"provider {old.provider} for resource {new.urn} has not been registered yet, this is due to a "
                    f"change of providers mixed with {d.options.selection.flag}. Change your program back to the "
                    "original providers",
                )
        d.seen_olds.add(id(old))
        kept = old if old.urn == new.urn else old.copy(urn=new.urn)
        d.news[new.urn] = kept
        return [Step(SAME, old, kept)]


def _needed(goal: Goal) -> list[str]:
    """URNs that must be there for this resource: parent, dependencies, provider, deletedWith."""
    needed = [*goal.dependencies, *(urn for deps in goal.property_dependencies.values() for urn in deps)]
    if goal.provider:
        needed.append(provider_urn(goal.provider))
    return [*needed, *(urn for urn in (goal.parent, goal.deleted_with) if urn)]


def _not_there(urn: str, missing: str, flag: str) -> str:
    if flag == "--target":
        why = "which was not specified in --target list and is not created yet; add it to the targets"
    else:
        why = "which --exclude leaves out and which is not created yet; leave out both or neither"
    return f"resource '{urn}' depends on '{missing}', {why}"


def _check_text(state: State, inputs: Properties, name: str, reason: str) -> str:
    if not name:
        return f"{state.type} resource '{state.name}' has a problem: {reason}"
    shown: Value = mask(inputs.get(name))
    return f"{state.type} resource '{state.name}': property {name} value {{{shown}}} has a problem: {reason}"

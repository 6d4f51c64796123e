"""Carries out steps: provider calls on a real run, the same states without them in a preview."""

from __future__ import annotations

from collections.abc import Sequence

from dynamic_engine.errors import EngineError
from dynamic_engine.plan.deployment import Deployment, ResourceError
from dynamic_engine.plan.steps import (
    CREATE,
    CREATE_REPLACEMENT,
    DELETE,
    DELETE_REPLACED,
    REPLACE,
    SAME,
    UPDATE,
    Step,
)
from dynamic_engine.processes.plugin import Plugin, PluginError
from dynamic_engine.protocol.values import annotate, equal, mark_outputs
from dynamic_engine.state.resource import STACK_TYPE, State, timestamp

# A `same` is written at once only when one of these moved; the rest waits for the last write of the run.
_TELLING = (
    "type",
    "custom",
    "id",
    "provider",
    "parent",
    "protect",
    "retain_on_delete",
    "deleted_with",
    "replace_with",
    "custom_timeouts",
    "dependencies",
)


class Executor:
    """Applies steps and records them."""

    def __init__(self, deployment: Deployment) -> None:
        self._d = deployment

    def run(self, steps: Sequence[Step]) -> None:
        """Apply *steps* in order. Raises :class:`ResourceError` at the first that fails."""
        for step in steps:
            self._d.report.planned(step)
            try:
                self._apply(step)
            except ResourceError:
                self._d.report.finished(step, ok=False)
                raise
            self._d.report.finished(step, ok=True)

    def _apply(self, step: Step) -> None:
        if step.skipped or step.op == REPLACE:
            return
        if step.op == SAME:
            self._same(step)
        elif step.op in (CREATE, CREATE_REPLACEMENT):
            self._create(step)
        elif step.op == UPDATE:
            self._update(step)
        elif step.op in (DELETE, DELETE_REPLACED):
            self._delete(step)

    # -- operations -----------------------------------------------------------------------------------------------

    def _same(self, step: Step) -> None:
        old, new = step.old, step.new
        assert old is not None
        assert new is not None
        if new is not old:
            new.id = old.id
            outputs = new.outputs if new.is_provider else old.outputs
            new.outputs = mark_outputs(outputs, new.inputs, new.additional_secret_outputs) if new.custom else outputs
            new.created, new.modified, new.extra = old.created, old.modified, old.extra
        self._d.journal.finish(None, new=new, done=old, write=_must_write(old, new))

    def _create(self, step: Step) -> None:
        d, new, old = self._d, step.new, step.old
        assert new is not None
        new.created = new.modified = timestamp()
        done = old if old is not None and old.pending_replacement else None
        replaced = old if done is None else None
        if not new.custom or new.is_provider:
            d.journal.finish(None, new=new, done=done, replaced=replaced)
            return
        plugin = d.plugin(new)
        if d.options.preview:
            new.id = ""
            # Nothing can be said about outputs while the provider itself is not known.
            new.outputs = {} if plugin is None else _marked(new, new.inputs)
            d.journal.finish(None, new=new, done=done, replaced=replaced)
            return
        pending = d.journal.begin("creating", new)
        try:
            new.id, outputs = _known(plugin, new).create(new, new.custom_timeouts.get("create", 0))
        except (PluginError, EngineError) as error:
            d.journal.fail(pending)
            raise ResourceError(new.urn, str(error)) from None
        new.outputs = _marked(new, annotate(outputs, new.inputs))
        d.journal.finish(pending, new=new, done=done, replaced=replaced)

    def _update(self, step: Step) -> None:
        d, old, new = self._d, step.old, step.new
        assert old is not None
        assert new is not None
        new.id, new.created, new.modified, new.extra = old.id, old.created, timestamp(), old.extra
        if not new.custom or new.is_provider:
            if new.type == STACK_TYPE:
                new.outputs = old.outputs
            d.journal.finish(None, new=new, done=old)
            return
        plugin = d.plugin(new)
        if d.options.preview:
            new.outputs = _marked(new, new.inputs)
            d.journal.finish(None, new=new, done=old)
            return
        pending = d.journal.begin("updating", new)
        try:
            outputs = _known(plugin, new).update(old, new, new.custom_timeouts.get("update", 0))
        except (PluginError, EngineError) as error:
            d.journal.fail(pending)
            raise ResourceError(new.urn, str(error)) from None
        new.outputs = _marked(new, annotate(outputs, new.inputs))
        d.journal.finish(pending, new=new, done=old)

    def _delete(self, step: Step) -> None:
        d, old = self._d, step.old
        assert old is not None
        chained = step.op == DELETE_REPLACED and not old.delete
        if not self._remote_delete(old):
            self._gone(old, chained)
            return
        pending = d.journal.begin("deleting", old)
        try:
            _known(d.plugin(old), old).delete(old, old.custom_timeouts.get("delete", 0))
        except (PluginError, EngineError, ResourceError) as error:
            d.journal.fail(pending)
            raise ResourceError(old.urn, str(error)) from None
        if chained:
            d.journal.finish(pending, pending_replacement=old)
        else:
            d.journal.finish(pending, done=old)

    def _gone(self, old: State, chained: bool) -> None:
        if chained:
            self._d.journal.finish(None, pending_replacement=old)
        else:
            self._d.journal.finish(None, done=old)

    def _remote_delete(self, old: State) -> bool:
        """Whether the provider's delete must be called."""
        return (
            not self._d.options.preview
            and old.custom
            and not old.is_provider
            and not old.external
            and not old.retain_on_delete
            and old.deleted_with not in self._d.deleting
        )


def _known(plugin: Plugin | None, state: State) -> Plugin:
    if plugin is None:
        raise ResourceError(state.urn, "the inputs of its provider are unknown")
    return plugin


def _marked(state: State, outputs: dict[str, object]) -> dict[str, object]:
    return mark_outputs(outputs, state.inputs, state.additional_secret_outputs)


def _must_write(old: State, new: State) -> bool:
    if new is old:
        return False
    return (
        old.urn != new.urn
        or any(getattr(old, name) != getattr(new, name) for name in _TELLING)
        or not equal(old.inputs, new.inputs)
        or not equal(old.outputs, new.outputs)
        or not equal(old.replacement_trigger, new.replacement_trigger)
    )

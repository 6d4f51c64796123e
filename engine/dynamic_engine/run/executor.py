"""Carries out steps: provider calls on a real run, the same states without them in a preview."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

from dynamic_engine.errors import EngineError
from dynamic_engine.plan.deployment import Deployment, ResourceError, Terminated
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
from dynamic_engine.state.checkpoint import Pending
from dynamic_engine.state.resource import STACK_TYPE, State, timestamp
from dynamic_engine.state.writer import NOTHING, Write

Result = TypeVar("Result")

_CREATES = {CREATE, CREATE_REPLACEMENT}
_DELETES = {DELETE, DELETE_REPLACED}
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
        """Apply *steps* in order and return when that is on disk.

        Raises :class:`ResourceError` at the first that fails, :class:`Terminated` where the run has stopped before a
        provider call was begun.
        """
        ended: list[tuple[Step, Write]] = []
        try:
            for step in steps:
                with self._turn(step):
                    self._d.report.planned(step)
                    ended.append((step, self._apply(step)))
        except ResourceError:
            self._settle(ended)
            self._d.report.finished(step, ok=False)
            raise
        except Terminated:
            self._settle(ended)
            raise
        # Outside of any turn: while this one waits for the disk the next one begins, and both share a write.
        self._settle(ended)

    def _settle(self, ended: Sequence[tuple[Step, Write]]) -> None:
        for step, write in ended:
            write.wait()
            self._d.report.finished(step, ok=True)

    def _apply(self, step: Step) -> Write:
        if step.skipped or step.op == REPLACE:
            return NOTHING
        if step.op == SAME:
            return self._same(step)
        if step.op in _CREATES:
            return self._create(step)
        if step.op == UPDATE:
            return self._update(step)
        assert step.op in _DELETES
        return self._delete(step)

    # -- provider calls -------------------------------------------------------------------------------------------

    def _turn(self, step: Step) -> AbstractContextManager[object]:
        """The turn of a step that calls its provider; any other step needs none.

        An unfinished create worries people until they have looked, so it goes on record when its call is about to
        start. Entries of updates and deletes mean nothing to the next run: they may be on record some time ahead, so
        that the calls need not wait for the disk one by one.
        """
        if not self._calls(step):
            return nullcontext()
        return self._running(self._d.slots if step.op in _CREATES else self._d.ahead)

    @contextmanager
    def _running(self, places: threading.Semaphore) -> Iterator[None]:
        with places:
            self._d.check_running()
            yield

    def _calls(self, step: Step) -> bool:
        """Whether the provider is called for *step*."""
        state = step.state
        if self._d.options.preview or not state.custom or state.is_provider or step.skipped:
            return False
        if step.op in _DELETES:
            return not state.external and not state.retain_on_delete and state.deleted_with not in self._d.deleting
        return step.op in _CREATES or step.op == UPDATE

    def _call(self, kind: str, state: State, call: Callable[[Plugin, State], Result]) -> tuple[Pending, Result]:
        """Put the operation on record and carry it out. The entry is to be closed by what is recorded of the result.

        Raises :class:`ResourceError` when the provider fails; then the entry is closed."""
        d = self._d
        creates = kind == "creating"
        pending = d.journal.begin(kind, state)
        try:
            with nullcontext() if creates else self._running(d.slots):
                plugin = d.plugin(state)
                if plugin is None:
                    raise ResourceError(state.urn, "the inputs of its provider are unknown")
                return pending, call(plugin, state)
        except Terminated:
            d.journal.fail(pending)
            raise
        except (PluginError, EngineError, ResourceError) as error:
            d.journal.fail(pending)
            raise ResourceError(state.urn, str(error)) from None

    # -- operations -----------------------------------------------------------------------------------------------

    def _same(self, step: Step) -> Write:
        old, new = step.old, step.new
        assert old is not None
        assert new is not None
        if new is not old:
            new.id = old.id
            outputs = new.outputs if new.is_provider else old.outputs
            new.outputs = mark_outputs(outputs, new.inputs, new.additional_secret_outputs) if new.custom else outputs
            new.created, new.modified, new.extra = old.created, old.modified, old.extra
        return self._d.journal.finish(None, new=new, done=old, write=_must_write(old, new))

    def _create(self, step: Step) -> Write:
        d, new, old = self._d, step.new, step.old
        assert new is not None
        new.created = new.modified = timestamp()
        done = old if old is not None and old.pending_replacement else None
        replaced = old if done is None else None
        pending = None
        if self._calls(step):
            timeout = new.custom_timeouts.get("create", 0)
            pending, (new.id, outputs) = self._call(
                "creating", new, lambda plugin, state: plugin.create(state, timeout)
            )
            new.outputs = _marked(new, annotate(outputs, new.inputs))
        elif new.custom and not new.is_provider:
            new.id = ""
            # Nothing can be said about outputs while the provider itself is not known.
            new.outputs = {} if d.plugin(new) is None else _marked(new, new.inputs)
        return d.journal.finish(pending, new=new, done=done, replaced=replaced)

    def _update(self, step: Step) -> Write:
        d, old, new = self._d, step.old, step.new
        assert old is not None
        assert new is not None
        new.id, new.created, new.modified, new.extra = old.id, old.created, timestamp(), old.extra
        pending = None
        if self._calls(step):
            limit = new.custom_timeouts.get("update", 0)
            pending, outputs = self._call("updating", new, lambda plugin, state: plugin.update(old, state, limit))
            new.outputs = _marked(new, annotate(outputs, new.inputs))
        elif new.custom and not new.is_provider:
            new.outputs = _marked(new, new.inputs)
        elif new.type == STACK_TYPE:
            new.outputs = old.outputs
        return d.journal.finish(pending, new=new, done=old)

    def _delete(self, step: Step) -> Write:
        d, old = self._d, step.old
        assert old is not None
        pending = None
        if self._calls(step):
            limit = old.custom_timeouts.get("delete", 0)
            pending, _ = self._call("deleting", old, lambda plugin, state: plugin.delete(state, limit))
        if step.op == DELETE_REPLACED and not old.delete:
            # Before its replacement: it stays on record until its successor is there.
            return d.journal.finish(pending, pending_replacement=old)
        return d.journal.finish(pending, done=old)


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

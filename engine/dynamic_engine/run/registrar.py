"""Registrations of one program: plan under the lock, execute outside of it, answer."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from dynamic_engine.errors import EngineError
from dynamic_engine.plan.deployment import Deployment, ResourceError
from dynamic_engine.plan.generator import Generator
from dynamic_engine.plan.steps import Goal
from dynamic_engine.protocol.values import UNKNOWN_TEXT, Properties, Unknown, equal
from dynamic_engine.run.executor import Executor
from dynamic_engine.state import urns
from dynamic_engine.state.resource import STACK_TYPE, State


@dataclass
class Registered:
    """The answer to a registration. An empty id is unknown to the program."""

    urn: str
    id: str = ""
    outputs: Properties = field(default_factory=dict)
    failed: bool = False
    unknown: bool = False


class Registrar:
    """Takes registrations from the monitor's threads."""

    def __init__(self, deployment: Deployment, executor: Executor) -> None:
        self._d = deployment
        self._executor = executor
        self._generator = Generator(deployment, executor.run)
        self.root = str(deployment.project.root)
        self.stack_outputs: Properties | None = None
        self._with_outputs: set[str] = set()
        self._idle = threading.Condition()
        self._active = 0

    @property
    def stopped(self) -> bool:
        """Whether the run has stopped."""
        return self._d.stopping.is_set()

    def refuse(self, message: str) -> None:
        """An error that belongs to no resource: say it and stop."""
        if not self._d.stopping.is_set():
            self._d.report.log("error", "", message)
            self._d.sealed = True
            self._d.stopping.set()

    def wait_idle(self) -> None:
        """Return when no registration is being worked on: what was started is recorded."""
        with self._idle:
            self._idle.wait_for(lambda: self._active == 0)

    def register(self, goal: Goal) -> Registered:
        """Bring *goal* about. Raises :class:`Terminated` once the run has stopped, :class:`EngineError` for what the
        engine does not support."""
        with self._idle:
            self._active += 1
        try:
            return self._register(goal)
        finally:
            with self._idle:
                self._active -= 1
                self._idle.notify_all()

    def _register(self, goal: Goal) -> Registered:
        d = self._d
        urn = urns.make(d.stack, d.project.name, goal.parent, goal.type, goal.name)
        try:
            with d.generating:
                d.check_running()
                steps = self._generator.plan(goal)
            self._executor.run(steps)
        except ResourceError as error:
            d.fail(error)
            d.failed.add(urn)
            d.check_running()
            return Registered(urn, failed=True)
        new = steps[-1].new
        assert new is not None
        if steps[-1].skipped:
            return Registered(urn, unknown=True)
        return self._answer(new)

    def _answer(self, new: State) -> Registered:
        if not new.custom:
            return Registered(new.urn)
        state_id = UNKNOWN_TEXT if isinstance(new.id, Unknown) else new.id
        return Registered(new.urn, state_id, new.outputs)

    def register_outputs(self, urn: str, outputs: Properties) -> None:
        """Outputs of a component; those of the root stack are kept until the run ends."""
        d = self._d
        with d.generating:
            d.check_running()
            state = d.news.get(urn)
            if state is None:
                if urn in d.skipped | d.failed:
                    return
                raise EngineError(f"cannot complete a resource '{urn}' whose registration isn't pending")
            if state.type == STACK_TYPE:
                self.stack_outputs = outputs
                return
            if urn in self._with_outputs:
                raise EngineError(f"cannot complete a resource '{urn}' whose registration isn't pending")
            self._with_outputs.add(urn)
        if equal(state.outputs, outputs):
            return
        d.journal.change(lambda: setattr(state, "outputs", outputs), state)

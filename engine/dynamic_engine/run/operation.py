"""The three operations on a stack (update, refresh, destroy), each as a preview or for real."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Protocol

from dynamic_engine.errors import EngineError
from dynamic_engine.plan.deployment import Deployment, Options, Report
from dynamic_engine.plan.selection import Selection
from dynamic_engine.printed import command
from dynamic_engine.processes.plugin_host import PluginHost
from dynamic_engine.processes.program import SHOWN, Program
from dynamic_engine.project.session import Session
from dynamic_engine.protocol.values import Properties, unwrap
from dynamic_engine.run import deletes
from dynamic_engine.run.executor import Executor
from dynamic_engine.run.monitor import Monitor
from dynamic_engine.run.provenance import describe
from dynamic_engine.run.refresh import refresh
from dynamic_engine.run.registrar import Registrar
from dynamic_engine.state.checkpoint import Snapshot
from dynamic_engine.state.journal import Journal
from dynamic_engine.state.resource import State
from dynamic_engine.state.writer import Text

END_TIMEOUT = 10.0  # seconds that a program gets to leave after the run is over


class Watcher(Report, Protocol):
    """A report that also counts what happened."""

    @property
    def counts(self) -> dict[str, int]:
        """Steps by operation."""


@dataclass(frozen=True)
class Request:
    """What a command asks for."""

    kind: str  # update | refresh | destroy
    preview: bool
    refresh: bool = False
    parallel: int = 8
    selection: Selection = field(default_factory=Selection)
    continue_on_error: bool = False
    clear_pending_creates: bool = False
    message: str = ""
    flags: Mapping[str, str] = field(default_factory=dict)  # as given, for the history: true, false or set
    exec_kind: str = ""
    exec_agent: str = ""


@dataclass
class Outcome:
    """How it went. ``outputs`` are the stack's, before and after."""

    ok: bool
    counts: dict[str, int] = field(default_factory=dict)
    outputs_before: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    seconds: float = 0.0


def run(session: Session, request: Request, report: Watcher) -> Outcome:
    """Carry out *request*. Raises :class:`EngineError` for what is found before anything starts."""
    stack = session.require_stack()
    started = time.time()
    if request.preview:
        outcome = _run(session, request, report, None)
    else:
        with session.backend.lock(stack):
            outcome = _run(session, request, report, session.backend.writer(stack))
            record(session, request, outcome, started)
    outcome.seconds = time.time() - started
    return outcome


def _run(session: Session, request: Request, report: Watcher, store: Callable[[Text], None] | None) -> Outcome:
    base = session.snapshot()
    config = session.decrypted_config()
    selection = request.selection
    _check_names(request, base)
    if store is None:
        journal = Journal(base, None, None)
    else:
        crypter = session.writer_crypter(base)
        journal = Journal(base, session.dumper(crypter).dump, store)
        journal.sort = bool(selection)
    if request.clear_pending_creates:
        journal.clear_orphans()
    elif journal.orphans and request.kind != "refresh":
        names = ", ".join(item.state.name for item in journal.orphans)
        report.log(
            "warning",
            "",
            f"{len(journal.orphans)} create(s) of an earlier run never ended ({names}): they may exist; "
            f"clear the entries with {command('refresh', '--clear-pending-creates', stack=session.stack)}",
        )
    options = Options(
        preview=request.preview,
        parallel=request.parallel,
        continue_on_error=request.continue_on_error,
        selection=selection,
    )
    plain: dict[str, str] = unwrap(config)
    plugins = PluginHost(session.project, plain, lambda line: report.log("info", "", line))
    deployment = Deployment(session.project, session.stack, options, base, dict(config), journal, plugins, report)
    executor = Executor(deployment)
    root = deployment.olds.get(deployment.root_urn)
    before = dict(root.outputs) if root is not None else {}
    with _interruptible(deployment, report, request.kind):
        try:
            if not (request.kind == "destroy" and request.preview and not request.refresh):
                _warm(deployment)
            if request.refresh or request.kind == "refresh":
                refresh(deployment, counted=request.kind == "refresh")
            if request.kind == "destroy" and not deployment.failed_any:
                deletes.delete_all(deployment, executor)
            elif request.kind == "update" and not deployment.failed_any:
                _update(session, deployment, executor, report)
        finally:
            plugins.stop()
    journal.flush()
    journal.close()
    root = next((item for item in journal.resources() if item.urn == deployment.root_urn), None)
    after = dict(root.outputs) if root is not None else {}
    return Outcome(not deployment.failed_any, dict(report.counts), before, after)


def _check_names(request: Request, base: Snapshot) -> None:
    """What the flags name must be there: all of it before a refresh and a destroy, what is to be replaced before an
    update (its targets may be created by it)."""
    selection = request.selection
    named = [selection.replaces]
    if request.kind != "update" or request.refresh:
        named += [selection.targets, selection.excludes]
    for patterns in named:
        if missing := patterns.missing(state.urn for state in base.resources):
            raise EngineError(f"no resource named '{missing[0]}' found")


def _warm(deployment: Deployment) -> None:
    """Start the plugins that the stored resources use: a process needs a while, and the program too."""
    used = {state.provider for state in deployment.base.resources if state.custom}
    for reference in used:
        provider = deployment.providers.get(reference)
        if provider is not None and not (provider.is_default_provider and provider.inputs != deployment.config):
            deployment.plugins.start(provider)


def _update(session: Session, deployment: Deployment, executor: Executor, report: Watcher) -> None:
    registrar = Registrar(deployment, executor)
    monitor = Monitor(
        registrar,
        report.log,
        project=deployment.project.name,
        stack=deployment.stack,
        preview=deployment.options.preview,
        parallel=deployment.options.parallel,
    )
    try:
        _run_program(session, deployment, executor, registrar, monitor, report)
    finally:
        monitor.stop()


def _run_program(
    session: Session,
    deployment: Deployment,
    executor: Executor,
    registrar: Registrar,
    monitor: Monitor,
    report: Watcher,
) -> None:
    def line(text: str) -> None:
        # What a program prints while it is being ended is of no use to anyone.
        if not deployment.stopping.is_set():
            report.log("info", "", text)

    program = Program(
        deployment.project,
        deployment.stack,
        session.decrypted_config(),
        address=monitor.address,
        preview=deployment.options.preview,
        parallel=deployment.options.parallel,
        output=line,
        ended=monitor.no_more.set,
    )
    try:
        while not monitor.no_more.wait(0.05) and not deployment.stopping.is_set():
            pass
        registrar.wait_idle()
        if program.code not in (None, 0) and not deployment.stopping.is_set():
            deployment.sealed = True
            if program.code != SHOWN:
                report.log("error", "", f"the program exited with code {program.code}")
        elif not deployment.stopping.is_set() and not _incomplete(deployment):
            _missing_targets(deployment)
            deletes.delete_unseen(deployment, executor)
        _stack_outputs(deployment, registrar)
    finally:
        monitor.finished.set()
        program.wait(END_TIMEOUT)


def _incomplete(deployment: Deployment) -> bool:
    """Whether failures forbid deletes: what failed to register looks as if the program no longer named it."""
    return bool(deployment.failed) and not deployment.options.continue_on_error


def _missing_targets(deployment: Deployment) -> None:
    known = {*deployment.news, *deployment.skipped, *(state.urn for state in deployment.base.resources)}
    if missing := deployment.options.selection.targets.missing(known):
        raise EngineError(f"no resource named '{missing[0]}' found")


def _stack_outputs(deployment: Deployment, registrar: Registrar) -> None:
    root: State | None = deployment.news.get(deployment.root_urn)
    outputs = registrar.stack_outputs
    if root is None or outputs is None:
        return
    if deployment.failed_any:
        outputs = {**root.outputs, **outputs}
    deployment.journal.change(lambda: setattr(root, "outputs", outputs), root, write=False)


@contextmanager
def _interruptible(deployment: Deployment, report: Watcher, kind: str) -> Iterator[None]:
    """The first interrupt lets running calls finish and records them; a second one leaves at once."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        if deployment.stopping.is_set() and deployment.sealed:
            raise KeyboardInterrupt
        deployment.sealed = True
        deployment.stopping.set()
        report.log("error", "", f"{kind} canceled")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def record(session: Session, request: Request, outcome: Outcome, started: float) -> None:
    """Write the history entry of a run."""
    message, environment = describe(
        session.project.root,
        request.message,
        request.flags,
        os.environ,
        python=session.project.python,
        kind=request.exec_kind,
        agent=request.exec_agent,
    )
    session.backend.record(
        session.stack,
        {
            "kind": request.kind,
            "startTime": int(started),
            "message": message,
            "environment": environment,
            "config": session.config.values,
            "version": 0,
            "result": "succeeded" if outcome.ok else "failed",
            "endTime": int(time.time()),
            "resourceChanges": outcome.counts,
        },
    )


def default_parallel() -> int:
    """How many steps run at once when nobody says: the CLI's rule, four a processor."""
    return 4 * (os.cpu_count() or 2)

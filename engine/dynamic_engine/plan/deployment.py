"""What every part of one run shares: options, old and new states, provider processes, and how failures spread."""

from __future__ import annotations

import threading
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from dynamic_engine.errors import EngineError
from dynamic_engine.plan.selection import Reach, Selection
from dynamic_engine.plan.steps import Step
from dynamic_engine.processes.plugin import Plugin
from dynamic_engine.processes.plugin_host import PluginHost
from dynamic_engine.project.project import Project
from dynamic_engine.protocol.values import UNKNOWN_TEXT, Properties, contains_unknown
from dynamic_engine.state import urns
from dynamic_engine.state.checkpoint import Snapshot
from dynamic_engine.state.journal import Journal
from dynamic_engine.state.resource import PROVIDER_TYPE, STACK_TYPE, State, provider_urn

PACKAGE = "pulumi-python"
AHEAD = 4  # updates and deletes that may be on record, for each that may be at its provider


class ResourceError(Exception):
    """One resource cannot go on. ``messages`` are shown one by one under its URN."""

    def __init__(self, urn: str, *messages: str) -> None:
        super().__init__(messages[0])
        self.urn = urn
        self.messages = messages


class SkippedError(ResourceError):
    """A resource is left out because something that it needs has failed."""


class Terminated(Exception):  # noqa: N818 - it is no error: the run is over, callers just leave
    """The run has stopped; nothing new may start."""


class Report(Protocol):
    """Where a run tells what it does."""

    def log(self, severity: str, urn: str, message: str) -> None:
        """A message: ``info``, ``warning`` or ``error``."""

    def planned(self, step: Step) -> None:
        """A step is about to be carried out; its states are those before it."""

    def finished(self, step: Step, ok: bool) -> None:
        """A step ended."""


@dataclass(frozen=True)
class Options:
    """The flags of one run."""

    preview: bool = False
    parallel: int = 8
    continue_on_error: bool = False
    selection: Selection = field(default_factory=Selection)


class Deployment:
    """The shared state of one run."""

    def __init__(
        self,
        project: Project,
        stack: str,
        options: Options,
        base: Snapshot,
        config: Properties,
        journal: Journal,
        plugins: PluginHost,
        report: Report,
    ) -> None:
        self.project = project
        self.stack = stack
        self.options = options
        self.base = base
        self.config = config
        self.journal = journal
        self.plugins = plugins
        self.report = report
        self.generating = threading.RLock()
        self.slots = threading.Semaphore(max(options.parallel, 1))  # provider calls at a time
        self.ahead = threading.Semaphore(max(options.parallel, 1) * AHEAD)
        self.stopping = threading.Event()
        self.sealed = False  # an error that lets the run go on but makes it fail
        self.olds: dict[str, State] = {}
        self.news: dict[str, State] = {}
        self.providers: dict[str, State] = {}  # by reference
        self.seen_olds: set[int] = set()  # old states that a registration has taken over
        self.deleted_early: set[str] = set()  # by a delete-before-replace chain
        self.early_reasons: dict[str, list[str]] = {}
        self.deleting: set[str] = set()  # deleted in this run; what is `deletedWith` one of them needs no call
        self.replaced: set[str] = set()
        self.skipped: set[str] = set()  # creates left out because they are not targeted
        self.failed: set[str] = set()
        self.used_aliases: dict[str, str] = {}
        self.reach = Reach(options.selection)  # of the registrations
        self.component_providers: dict[str, dict[str, str]] = {}
        self.index()

    def index(self) -> None:
        """Build the look-ups of old states again, after a refresh phase changed them."""
        resources = self.journal.resources()
        self.base = Snapshot(resources, self.base.pending, self.base.salt_line)
        self.olds = {state.urn: state for state in resources if not state.delete}
        self.providers = {state.ref: state for state in resources if state.is_provider}

    # -- failures -------------------------------------------------------------------------------------------------

    @property
    def failed_any(self) -> bool:
        """Whether the run must end with exit code 1."""
        return self.stopping.is_set() or self.sealed or bool(self.failed)

    def fail(self, error: ResourceError) -> None:
        """Report *error* and stop, or mark the resource and go on when ``--continue-on-error`` is given."""
        severity = "warning" if isinstance(error, SkippedError) else "error"
        for message in error.messages:
            self.report.log(severity, error.urn, message)
        if self.options.continue_on_error and error.urn:
            self.failed.add(error.urn)
        else:
            self.stopping.set()

    def check_running(self) -> None:
        """Raise :class:`Terminated` when the run has stopped."""
        if self.stopping.is_set():
            raise Terminated

    # -- look-ups -------------------------------------------------------------------------------------------------

    @property
    def root_urn(self) -> str:
        """The URN of the root stack."""
        return urns.make(self.stack, self.project.name, "", STACK_TYPE, f"{self.project.name}-{self.stack}")

    @property
    def default_provider_urn(self) -> str:
        """The URN of the provider that resources without one use."""
        return urns.make(self.stack, self.project.name, "", PROVIDER_TYPE, "default")

    def provider_of_ancestors(self, parent: str) -> str:
        """The provider reference that the nearest ancestor component hands down, or an empty text."""
        while parent:
            if reference := self.component_providers.get(parent, {}).get(PACKAGE, ""):
                return reference
            state = self.news.get(parent)
            parent = state.parent if state else ""
        return ""

    def plugin(self, state: State) -> Plugin | None:
        """The plugin that manages *state*; None when its provider's inputs are not known yet (previews)."""
        provider = self.providers.get(state.provider)
        if provider is None and state.provider.endswith(UNKNOWN_TEXT):
            # A preview creates the provider: its id is not known, its resources still name it.
            provider = self.news.get(provider_urn(state.provider))
        if provider is None:
            raise ResourceError(state.urn, f"unknown provider '{state.provider}'")
        if contains_unknown(provider.inputs):
            return None
        try:
            return self.plugins.start(provider)
        except EngineError as error:
            raise ResourceError(state.urn, str(error)) from None


def first_of(needles: Iterable[str], marked: Container[str]) -> str:
    """The first of *needles* that is in *marked*, or an empty text."""
    return next((urn for urn in needles if urn in marked), "")

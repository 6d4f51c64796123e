"""What one registration asks for (Goal) and what the engine does about it (Step)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from dynamic_engine.errors import EngineError
from dynamic_engine.protocol.paths import Details
from dynamic_engine.protocol.values import Properties, Value
from dynamic_engine.state.resource import PROVIDER_TYPE, State
from dynamic_engine.state.urns import Alias

SAME = "same"
CREATE = "create"
UPDATE = "update"
DELETE = "delete"
REPLACE = "replace"
CREATE_REPLACEMENT = "create-replacement"
DELETE_REPLACED = "delete-replaced"
REFRESH = "refresh"
IMPORT = "import"

# Steps that carry out a replacement; people and summaries see the one ``replace``.
PHYSICAL = {CREATE_REPLACEMENT, DELETE_REPLACED}


@dataclass
class Goal:
    """A resource as the program registered it."""

    type: str
    name: str
    custom: bool
    parent: str = ""
    inputs: Properties = field(default_factory=dict)
    protect: bool | None = None
    retain_on_delete: bool | None = None
    deleted_with: str = ""
    provider: str = ""
    providers: dict[str, str] = field(default_factory=dict)
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    delete_before_replace: bool | None = None
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    hide_diff: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    replace_with: list[str] = field(default_factory=list)
    replacement_trigger: Value = None
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    aliases: list[Alias] = field(default_factory=list)
    source_position: str = ""
    stack_trace: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_provider(self) -> bool:
        """Whether the program registers an explicit provider."""
        return self.type == PROVIDER_TYPE


@dataclass(eq=False)
class Step:
    """One thing that happens to one resource. ``old`` and ``new`` are the states before and after."""

    op: str
    old: State | None = None
    new: State | None = None
    diff_reasons: list[str] = field(default_factory=list)
    replace_reasons: list[str] = field(default_factory=list)
    details: Details | None = None
    skipped: bool = False  # a create that was left out because it is not targeted
    result: str = ""  # of a refresh: same, update or delete
    counted: bool = True  # False for the refresh phase of another operation

    @property
    def state(self) -> State:
        """The new state, or the old one of a delete."""
        state = self.new if self.new is not None else self.old
        assert state is not None
        return state

    @property
    def urn(self) -> str:
        """The resource."""
        return self.state.urn

    @property
    def internal(self) -> bool:
        """Whether it concerns a default provider, which nobody wants to see."""
        return self.state.is_default_provider


_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|h|m|s)")


def seconds(duration: str) -> float:
    """The seconds of a Go duration (``1h30m`` is 5400). Raises :class:`EngineError` for other text."""
    position, total = 0, 0.0
    while match := _DURATION.match(duration, position):
        total += float(match[1]) * _UNITS[match[2]]
        position = match.end()
    if position != len(duration) or not duration:
        raise EngineError(f"not a duration: {duration!r} (write it like 30s or 1h30m)")
    return int(total) if total.is_integer() else total

"""``--json``: one document for an operation, in the shape of the CLI's preview digest."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from dynamic_engine.commands import harmless
from dynamic_engine.commands.render import Tally
from dynamic_engine.plan.steps import DELETE, PHYSICAL, REFRESH, SAME, Step
from dynamic_engine.protocol.values import Secret, mask
from dynamic_engine.run.operation import Outcome
from dynamic_engine.state.resource import STACK_TYPE, State, encode


class Digest(Tally):
    """Collects steps and messages; states are taken before a step is applied, as the CLI does."""

    def __init__(self, config: dict[str, str | Secret], stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream or sys.stdout
        self._config = {key: mask(value) for key, value in config.items()}
        self._steps: dict[Step, dict[str, Any]] = {}  # in the order in which they began
        self._diagnostics: list[dict[str, Any]] = []

    def log(self, severity: str, urn: str, message: str) -> None:
        """A diagnostic."""
        entry = {"urn": urn, "message": f"{message.rstrip()}\n", "severity": severity}
        self._diagnostics.append({key: value for key, value in entry.items() if value})

    def planned(self, step: Step) -> None:
        """Take the step's states now: applying it changes them."""
        if _shown(step):
            with self._lock:
                self._steps[step] = _describe(step)

    def finished(self, step: Step, ok: bool) -> None:
        """Count it. A refresh that found a difference is told as what it found."""
        if ok:
            self.count(step)
        if not (ok and step.counted):
            return
        if step in self._steps and step.op == REFRESH and (step.details or step.result == DELETE):
            with self._lock:
                self._steps[step] = {**_describe(step), "op": step.result}

    def heading(self, text: str) -> None:
        """Nothing: the document stands alone."""

    def summary(self, outcome: Outcome, *, outputs: bool) -> None:
        """Print the document."""
        document: dict[str, Any] = {}
        if self._config:
            document["config"] = self._config
        if self._steps:
            document["steps"] = list(self._steps.values())
        if self._diagnostics:
            document["diagnostics"] = self._diagnostics
        document["duration"] = int(outcome.seconds * 1e9)
        if outcome.counts:
            document["changeSummary"] = dict(sorted(outcome.counts.items()))
        self._stream.write(f"{harmless.dumps(document, 4)}\n")
        self._stream.flush()


def _shown(step: Step) -> bool:
    if step.internal or (step.op in PHYSICAL and step.state.type != STACK_TYPE):
        return False
    if step.op != SAME:
        return True
    old, new = step.old, step.new
    if new is None or step.skipped:
        return False
    return new.type == STACK_TYPE or (old is not None and old.protect != new.protect)


def _describe(step: Step) -> dict[str, Any]:
    entry: dict[str, Any] = {"op": step.op, "urn": step.urn}
    provider = step.state.provider
    if provider:
        entry["provider"] = provider
    if step.old is not None:
        entry["oldState"] = _masked(step.old)
    if step.new is not None:
        entry["newState"] = _masked(step.new)
    if step.diff_reasons:
        entry["diffReasons"] = step.diff_reasons
    if step.replace_reasons:
        entry["replaceReasons"] = step.replace_reasons
    entry["detailedDiff"] = (
        {path: {"kind": item.kind, "inputDiff": item.input_diff} for path, item in sorted(step.details.items())}
        if step.details
        else None
    )
    return entry


def _masked(state: State) -> dict[str, Any]:
    shown = state.copy(
        inputs=mask(state.inputs), outputs=mask(state.outputs), replacement_trigger=mask(state.replacement_trigger)
    )
    return encode(shown, lambda text: {})

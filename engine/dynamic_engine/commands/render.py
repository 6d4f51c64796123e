"""Output for people: one line a changed resource, property details with ``--diff``, a summary with counts."""

from __future__ import annotations

import json
import sys
import threading
from typing import TextIO

from dynamic_engine.commands import harmless
from dynamic_engine.plan.differ import input_diff
from dynamic_engine.plan.steps import (
    CREATE,
    CREATE_REPLACEMENT,
    DELETE,
    IMPORT,
    PHYSICAL,
    REFRESH,
    REPLACE,
    SAME,
    UPDATE,
    Step,
)
from dynamic_engine.protocol import paths
from dynamic_engine.protocol.values import UNKNOWN, Properties, Secret, Unknown, Value, contains_secret, mask
from dynamic_engine.run.operation import Outcome
from dynamic_engine.state import urns
from dynamic_engine.state.resource import STACK_TYPE, State

_SIGNS = {CREATE: "+", UPDATE: "~", DELETE: "-", REPLACE: "+-", IMPORT: "=", REFRESH: "~"}
_PLANNED = {CREATE: "to create", UPDATE: "to update", DELETE: "to delete", REPLACE: "to replace"}
_DONE = {CREATE: "created", UPDATE: "updated", DELETE: "deleted", REPLACE: "replaced", IMPORT: "imported"}
_MARKS = {"add": "+", "delete": "-", "update": "~"}


class Tally:
    """Counts of finished steps by operation; the base of every report."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.counts: dict[str, int] = {}

    def count(self, step: Step) -> None:
        """Count *step* under what it turned out to be."""
        if step.counted and not step.internal and step.op not in PHYSICAL:
            op = step.result or step.op
            with self._lock:
                self.counts[op] = self.counts.get(op, 0) + 1


class Human(Tally):
    """Prints as things happen."""

    def __init__(self, stream: TextIO | None = None, *, preview: bool, diff: bool = False) -> None:
        super().__init__()
        self._stream = stream or sys.stdout
        self._preview = preview
        self._diff = diff
        self._errors = 0

    # -- report ---------------------------------------------------------------------------------------------------

    def log(self, severity: str, urn: str, message: str) -> None:
        """A message under its resource's name."""
        if severity == "error":
            self._errors += 1
        name = f"{urns.name_of(urn)}: " if urn else ""
        mark = "" if severity == "info" else f"{severity}: "
        self._write(harmless.block(f"    {mark}{name}{message}", "    "))

    def planned(self, step: Step) -> None:
        """Nothing: lines appear when a step has ended."""

    def finished(self, step: Step, ok: bool) -> None:
        """One line for what changes; its properties below it with ``--diff``."""
        if ok:
            self.count(step)
        if step.internal or step.skipped or step.op == SAME or (ok and (step.op in PHYSICAL or step.result == SAME)):
            return
        op = _shown_op(step)
        line = f" {_SIGNS.get(op, '-'):<2} {op:<8} {_short_type(step.urn)}  {urns.name_of(step.urn)}"
        if op == DELETE and step.old is not None and step.old.retain_on_delete:
            line += "  [retain]"
        if step.result == DELETE:
            line += "  [gone]"
        changes = _changes(step)
        if changes and not self._diff:
            line += f"  [diff: {_compact(changes)}]"
        if not ok:
            line += "  **failed**"
        self._print(line)
        if self._diff:
            for text in _detail_lines(step, changes):
                self._print(f"      {text}")

    # -- frame ----------------------------------------------------------------------------------------------------

    def heading(self, text: str) -> None:
        """The first line of an operation."""
        self._print(text)

    def summary(self, outcome: Outcome, *, outputs: bool) -> None:
        """Outputs that changed, counts, time."""
        if outputs:
            lines = _output_lines(outcome.outputs_before, outcome.outputs)
            if lines:
                self._print("Outputs:")
                for line in lines:
                    self._print(f"    {line}")
        words = _PLANNED if self._preview else _DONE
        parts = [
            f"{_SIGNS[op]} {outcome.counts[op]} {words.get(op, op)}"
            for op in (CREATE, UPDATE, REPLACE, DELETE, IMPORT)
            if outcome.counts.get(op)
        ]
        unchanged = outcome.counts.get(SAME, 0)
        if unchanged or not parts:
            parts.append(f"{unchanged} unchanged")
        self._print(f"Resources: {', '.join(parts)}")
        state = "" if outcome.ok else f" with {self._errors or 1} error(s)"
        self._print(f"Duration: {_duration(outcome.seconds)}{state}")

    def _print(self, text: str) -> None:
        self._write(harmless.line(text))

    def _write(self, text: str) -> None:
        # One call: steps run side by side, and print would write text and line end apart.
        self._stream.write(f"{text}\n")
        self._stream.flush()


def _shown_op(step: Step) -> str:
    """The word for a line: what a refresh found; for a failed half of a replacement, the replacement."""
    if step.op == REFRESH and step.counted and step.result != SAME:
        return step.result
    return REPLACE if step.op == CREATE_REPLACEMENT else step.op


def _duration(seconds: float) -> str:
    return f"{seconds:.1f}s" if seconds < 60 else f"{int(seconds // 60)}m{int(seconds % 60)}s"


def _short_type(urn: str) -> str:
    """``dynamic/acme:Thing`` of ``pulumi-python:dynamic/acme:Thing``."""
    return urns.type_of(urn).removeprefix("pulumi-python:").removeprefix("dynamic/").removeprefix("pulumi:")


Changes = dict[str, str]  # path -> add | delete | update


def _changes(step: Step) -> Changes:
    """Changed paths of an update or replacement: the diff's own detail, else what differs in the inputs."""
    if step.old is None or step.new is None or step.op not in (UPDATE, REPLACE, REFRESH):
        return {}
    if step.details:
        found = {path: item.kind.removesuffix("-replace") for path, item in step.details.items()}
    else:
        found = {path: item.kind for path, item in input_diff(step.old.inputs, step.new.inputs)[1].items()}
        found = {path: kind for path, kind in found.items() if not path.startswith("__")}
    hidden = [paths.parse(text) for text in step.new.hide_diff]
    return {path: kind for path, kind in found.items() if not any(paths.matches(p, paths.parse(path)) for p in hidden)}


def _compact(changes: Changes) -> str:
    """``~color,+labels``: top-level keys with the kind of change."""
    kinds: dict[str, set[str]] = {}
    for path, kind in changes.items():
        parsed = paths.parse(path)
        kinds.setdefault(str(parsed[0]), set()).add(kind if len(parsed) == 1 else "update")
    return ",".join(
        f"{_MARKS[next(iter(found))] if len(found) == 1 else '~'}{key}" for key, found in sorted(kinds.items())
    )


def _detail_lines(step: Step, changes: Changes) -> list[str]:
    if step.op == CREATE and step.new is not None and step.new.type != STACK_TYPE:
        shown = {key: value for key, value in sorted(step.new.inputs.items()) if not key.startswith("__")}
        return [f"+ {key}: {text(value)}" for key, value in shown.items()]
    if step.old is None or step.new is None:
        return []
    lines = []
    for path, kind in sorted(changes.items()):
        before, after = _pair(step.old, step.new, paths.parse(path))
        values = {"add": text(after), "delete": text(before)}.get(kind, f"{text(before)} => {text(after)}")
        lines.append(f"{_MARKS[kind]} {path}: {values}")
    return lines


def _pair(old: State, new: State, path: paths.Path) -> tuple[Value, Value]:
    before, after = paths.lookup(old.inputs, path), paths.lookup(new.inputs, path)
    # A value below a secret is as secret as what is around it.
    if _secret_above(old.inputs, path) or _secret_above(new.inputs, path):
        before = None if before is None else Secret(before)
        after = None if after is None else Secret(after)
    return before, after


def _secret_above(value: Value, path: paths.Path) -> bool:
    return any(isinstance(paths.lookup(value, path[:depth]), Secret) for depth in range(1, len(path) + 1))


def text(value: Value) -> str:
    """A value for people: JSON, ``[secret]``, ``[unknown]``."""
    if isinstance(value, Secret):
        return "[secret]"
    if isinstance(value, Unknown):
        return "[unknown]"
    shown = json.dumps(mask(value), ensure_ascii=False)
    return shown.replace(f'"{mask(UNKNOWN)}"', "[unknown]").replace('"[secret]"', "[secret]")


def _output_lines(before: Properties, after: Properties) -> list[str]:
    lines = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if key not in before:
            lines.append(f"+ {key}: {text(new)}")
        elif key not in after:
            lines.append(f"- {key}: {text(old)}")
        elif text(old) != text(new) or (contains_secret(old) and old != new):
            lines.append(f"~ {key}: {text(old)} => {text(new)}")
    return lines

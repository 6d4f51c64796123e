"""The ledger of behaviours: what the sandbox does, who says so, and how sure we are.

Every operation and every refusal is built from a :class:`Rule`, so a handler or an error without a row cannot be
written by accident. A :class:`Switch` is a rule that nobody has confirmed: it has more than one reading, and
``--strict`` or the ``behaviours`` key of a seed file selects another one. ``docs/behaviours.md`` is written from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Confidence = Literal["documented", "seen in client code", "inferred", "ours"]

#: The source of what no remote system does: conventions of the sandbox and contracts of this project.
OURS = "sandbox"

#: The day on which the sources were last read.
READ_ON = "2026-11-22"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: a behaviour, its source (document and section) and its confidence."""

    id: str
    text: str
    source: str
    confidence: Confidence = "documented"
    date: str = READ_ON


@dataclass(frozen=True, slots=True)
class Switch(Rule):
    """A behaviour with several readings. ``choices`` maps each value to its meaning; the first one is not special."""

    choices: tuple[tuple[str, str], ...] = ()
    default: str = ""
    strict: str = ""


RULES: dict[str, Rule] = {}


def rule(rule_id: str, text: str, *, source: str, confidence: Confidence = "documented", date: str = READ_ON) -> Rule:
    """Register a row. Raises ValueError when the id is taken. What the sandbox itself decides is nobody's document."""
    if source == OURS:
        confidence = "ours"
    return _register(Rule(rule_id, text, source, confidence, date))


def switch(
    rule_id: str, text: str, *, source: str, choices: dict[str, str], default: str, strict: str, date: str = READ_ON
) -> Switch:
    """Register an inferred row that a profile or ``--strict`` can turn. Raises ValueError on unknown values."""
    if {default, strict} - set(choices):
        raise ValueError(f"{rule_id}: default and strict must be among the choices")
    row = Switch(rule_id, text, source, "inferred", date, tuple(choices.items()), default, strict)
    _register(row)
    return row


def _register(row: Rule) -> Rule:
    if row.id in RULES:
        raise ValueError(f"two rules are called {row.id}")
    RULES[row.id] = row
    return row


def switches() -> dict[str, Switch]:
    """All switchable rules by id."""
    return {row.id: row for row in RULES.values() if isinstance(row, Switch)}

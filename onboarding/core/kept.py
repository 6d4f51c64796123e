"""Outputs as state keeps them: without what the rest of them tells. docs/state.md fixes both forms.

Nearly every fact of a settled customer says that a declared value is seen as declared, in the same place as the others.
Written out, facts would be half of a state of thousands of customers; engines read and write all of it in every run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from schemas.dotted import value_at

NOTHING: Mapping[str, Any] = {"reason": "", "rejected": "", "attempt": 0, "memory": {}, "declared": {}}
"""Outputs that are absent while they hold nothing."""
WHERE = "shown_at"
"""The output that holds `where` of the facts that name none."""
SECTIONS = ("profile", "cloud_provider")
"""Inputs whose values have facts of the same names."""


def short(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs as they are kept; `full` makes the same again."""
    kept = {name: value for name, value in outputs.items() if name not in NOTHING or value != NOTHING[name]}
    facts: Mapping[str, Mapping[str, str]] = kept.get("facts") or {}
    if facts:
        kept[WHERE] = Counter(fact["where"] for fact in facts.values()).most_common(1)[0][0]
        kept["facts"] = {
            name: {part: text for part, text in fact.items() if _told(name, fact, kept).get(part) != text}
            for name, fact in facts.items()
        }
    return kept


def full(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """What `short` left out is there again. Outputs in full, those of an older release for one, stay as they are."""
    whole = {**(NOTHING if "status" in outputs else {}), **outputs}
    facts = whole.get("facts")
    if isinstance(facts, Mapping) and all(isinstance(fact, Mapping) for fact in facts.values()):
        whole["facts"] = {name: {**_told(name, fact, outputs), **fact} for name, fact in facts.items()}
    whole.pop(WHERE, None)
    return whole


def _told(name: str, fact: Mapping[str, str], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """What the other outputs and the fact itself tell of it: declared as in the inputs, seen as declared, seen here."""
    inputs = (value_at(outputs, f"{section}.{name}") for section in SECTIONS)
    declared = next((value for value in inputs if isinstance(value, str)), "")
    seen = fact.get("declared", declared)
    return {"declared": declared, "seen": seen, "state": "match", "where": outputs.get(WHERE, "")}

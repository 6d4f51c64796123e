"""What can be compared of two runs of the same thing."""

from __future__ import annotations

import json
from typing import Any

from workbench import normal


def masked(value: Any) -> Any:
    """Ids of the `unique` mode carry a time."""
    if isinstance(value, dict):
        return {key: masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    if isinstance(value, str) and value.startswith(("one-", "two-")):
        return value[:3]
    return value


def plan(digest: dict[str, Any]) -> list[Any]:
    """The steps of a digest in a comparable form."""
    keys = ("op", "urn", "diffReasons", "replaceReasons", "detailedDiff")
    return sorted([[step.get(key) for key in keys] for step in digest.get("steps", [])], key=json.dumps)


def comparable(state: dict[str, Any]) -> Any:
    """A state without what may differ; resources by URN, for independent ones come in any order."""
    rows = sorted(state.get("resources", []), key=lambda row: (row["urn"], row.get("delete", False)))
    return masked(normal({**state, "resources": rows}))

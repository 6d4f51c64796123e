"""What a resource costs in the state file: what we put there, and what the SDK and the engine add."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DYNAMIC = "pulumi-python:dynamic"
PROVIDER = "__provider"
"""The pickled provider, which the SDK puts into inputs and outputs of every dynamic resource."""


def dynamic_resources(home: Path, stack: str) -> list[dict[str, Any]]:
    """The dynamic resources in the local state below a CSP_HOME."""
    (file,) = (home / "state" / ".pulumi" / "stacks").rglob(f"{stack}.json")
    data = json.loads(file.read_text("utf-8"))
    latest = data.get("checkpoint", data).get("latest", {})
    return [one for one in latest.get("resources", []) if DYNAMIC in one["type"]]


def bytes_a_resource(resources: list[dict[str, Any]]) -> dict[str, float]:
    """Mean bytes of JSON a resource: `ours` (inputs and outputs), `pickled` (the SDK's provider in both), `engine`."""
    if not resources:
        return {}
    ours = pickled = whole = 0
    for one in resources:
        whole += _size(one)
        for side in (one.get("inputs", {}), one.get("outputs", {})):
            ours += _size({name: value for name, value in side.items() if name != PROVIDER})
            pickled += _size({name: value for name, value in side.items() if name == PROVIDER})
    count = len(resources)
    return {
        "ours": round(ours / count, 1),
        "pickled": round(pickled / count, 1),
        "engine": round((whole - ours - pickled) / count, 1),
    }


def _size(value: object) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())

"""Outputs in a state as every reader may expect them, whoever wrote them: an older release, a hand, an accident."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from onboarding.core.kept import full


def _text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _mapping(value: object) -> bool:
    return value is None or isinstance(value, dict)


def _facts(value: object) -> bool:
    return value is None or (isinstance(value, dict) and all(isinstance(fact, dict) for fact in value.values()))


def _blindness(value: object) -> bool:
    return not value or (
        isinstance(value, dict) and all(isinstance(value.get(name), str) for name in ("reason", "since"))
    )


_SHAPES: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(("status", "waiting_on", "reason", "since", "observed_at"), _text),
    **dict.fromkeys(("next_step", "memory"), _mapping),
    "facts": _facts,
    "unobserved": _blindness,
}


def legible(outputs: object) -> Mapping[str, Any]:
    """The outputs of a resource of ours. Without what has no shape that we know; then it counts as not looked at, and
    says so: one odd customer must not hide the others."""
    if not isinstance(outputs, Mapping):
        return _unread({}, "its outputs are no mapping")
    odd = [name for name, fits in _SHAPES.items() if name in outputs and not fits(outputs[name])]
    if not odd:
        return full(outputs)
    return _unread({name: value for name, value in outputs.items() if name not in odd}, ", ".join(odd))


def _unread(kept: Mapping[str, Any], why: str) -> Mapping[str, Any]:
    told = {"reason": f"its state cannot be read: {why}", "since": str(kept.get("observed_at") or "")}
    return {**kept, "status": "unobserved", "unobserved": told}

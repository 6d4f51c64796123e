"""Counts endings of relationships in the plugin process, because `destroy` and `--target` pass every guard of the
program."""

from __future__ import annotations

import os
import threading

from providers.errors import OnboardingError

_LOCK = threading.Lock()
_ENDED: set[str] = set()


def count(kind: str, key: str, resource_id: str) -> None:
    """Count one removal. Raises OnboardingError when more customers would be ended than CSP_ALLOW_REMOVALS allows."""
    try:
        allowed = int(os.environ.get("CSP_ALLOW_REMOVALS", "0"))
    except ValueError:
        allowed = 0
    with _LOCK:
        wanted = _ENDED | {resource_id}
        if len(wanted) > allowed:
            raise OnboardingError(
                f"{kind} {key}: ending relationships is limited to {allowed} customers in this run; "
                f"to end {len(wanted)} set CSP_ALLOW_REMOVALS={len(wanted)}"
            ) from None
        _ENDED.add(resource_id)

"""The number of the state format: an older release must not take a newer state for its own.

Release 0.1.0 wrote none, which is format 1. Every look and every run writes `FORMAT` into the outputs of a resource,
and the program into the inputs of the guard. Raise it with a change that this release could misread; docs/state.md
says what each number added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from onboarding.core.names import TYPE_PREFIX

FORMAT = 2
NAME = "format"
"""The output (of the guard: input) that holds it."""


def refusal(*parts: Mapping[str, Any]) -> str:
    """Why inputs or outputs of a resource must be left alone, in one line; "" for those that this release can read."""
    found = [part[NAME] for part in parts if part.get(NAME) is not None]
    newer = next((one for one in found if not _known(one)), None)
    if newer is None:
        return ""
    return (
        f"the state was written by a newer release of csp-onboarding (state format {newer}, this release reads up to "
        f"{FORMAT}): nothing was looked at; use that release, or a newer one"
    )


def refusal_of(export: Mapping[str, Any]) -> str:
    """Why a whole state, as `stack export` gives it, must be left alone; "" for one that this release can read."""
    deployment = export.get("deployment", export)
    return refusal(*_parts(deployment.get("resources") or []))


def _parts(resources: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for resource in resources:
        if str(resource.get("type", "")).startswith(TYPE_PREFIX):
            for part in (resource.get("inputs"), resource.get("outputs")):
                if isinstance(part, Mapping):
                    yield part


def _known(value: object) -> bool:
    return isinstance(value, (int, float)) and value <= FORMAT

"""The resources of a stack's customers as the exported state holds them: what the last run or refresh saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onboarding.core.catalogue import RESOURCES
from onboarding.core.contract import NextStep
from onboarding.core.legible import legible
from onboarding.core.names import TYPE_PREFIX, customer_of
from onboarding.steps.registry import read


@dataclass(frozen=True, slots=True)
class ResourceState:
    """One resource of a customer as the state holds it. `outputs` is empty for one that no run has looked at yet."""

    kind: str
    key: str
    outputs: Mapping[str, Any]

    @property
    def status(self) -> str:
        return str(self.outputs.get("status") or ("waiting" if self.outputs else "unobserved"))

    @property
    def last_status(self) -> str:
        """The status of the last look that succeeded."""
        return str((self.outputs.get("unobserved") or {}).get("status") or self.status)

    @property
    def next_step(self) -> NextStep | None:
        """What a person does next. Raises ValueError for one that nobody can read."""
        kept = self.outputs.get("next_step")
        return read(kept) if kept else None

    def fact(self, name: str) -> Mapping[str, str]:
        found: Mapping[str, str] = (self.outputs.get("facts") or {}).get(name) or {}
        return found


States = Mapping[str, Mapping[str, ResourceState]]
"""Customer key -> kind -> state."""


def states_from_export(
    export: Mapping[str, Any], renamed: Mapping[str, str] | None = None
) -> dict[str, dict[str, ResourceState]]:
    """The resources of ours in the document of `stack export` (or its `deployment`), by customer key and kind.

    `renamed`: former key -> key (`Estate.renamed`), for a rename that no `up` has brought into state yet.
    """
    deployment = export.get("deployment", export)
    states: dict[str, dict[str, ResourceState]] = {}
    for resource in deployment.get("resources") or []:
        kind = str(resource.get("type", "")).removeprefix(TYPE_PREFIX)
        if kind not in RESOURCES or resource.get("delete"):
            continue
        outputs = legible(resource.get("outputs") or {})
        name = str(resource["urn"]).rsplit("::", 1)[-1]
        if name != customer_of(name):  # a row of a kind that this release does not know: no part of the verdict
            continue
        key = (renamed or {}).get(name, name)
        states.setdefault(key, {})[kind] = ResourceState(kind, key, outputs)
    return states

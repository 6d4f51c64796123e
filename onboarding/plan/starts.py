"""May a change start from what is seen now, where a person reviewed one that starts from something else?

A step that somebody took in between is no obstacle: the profile is there, the row came, the invitation was accepted. A
value that nobody reviewed is one: somebody edited the phone number that this run would overwrite, unlinked the tenant,
removed the row. Then this customer is held back, and no other.
"""

from __future__ import annotations

from collections.abc import Mapping

from onboarding.core.contract import ABSENT, NOT_VISIBLE
from onboarding.resources.tenant_identity.observe import NO_ROW

_GONE = frozenset({ABSENT, NO_ROW, "not related"})
_NOTHING = frozenset({"", *_GONE, NOT_VISIBLE, "no customer profile", "unknown", "no tenant yet"})
_STATES = frozenset({"attestation", "invitation", "prefix", "prices", "conflict", "again"})
"""What moves by itself or by people, and never is a value that a run overwrites."""
_THERE = frozenset({"profile", "row", "agreement", "tenant"})
"""Of these it matters whether something is there at all."""


def changed(
    reviewed: Mapping[str, str] | None, handled: Mapping[str, str] | None, now: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Name -> (reviewed, now) of what stands in the way; empty when the change may go on.

    `reviewed`: the deciding facts that the plan saw, None for a resource that did not change in it; `handled`: those
    after the last run, which are what such a resource was reviewed with; `now`: those of this moment.
    """
    base = reviewed if reviewed is not None else handled or {}
    return {
        name: (base.get(name) or "as declared", value)
        for name, value in now.items()
        if name not in _STATES and value != base.get(name, "") and not _may_become(name, base.get(name, ""), value)
    }


def _may_become(name: str, base: str, value: str) -> bool:
    if name in ("relationship", "linked"):  # the id of a tenant, or a word for none
        return base in _NOTHING or value == NOT_VISIBLE
    if name in _THERE:
        return base in _NOTHING or value not in _GONE
    return False  # a field: another value than the one that was reviewed

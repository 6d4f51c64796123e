"""Rules over the plan of a stack: what a run may do without somebody else's word. Data, reviewed like the rest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.model import values as v
from schemas.model.base import Declared


class PlanRule(Declared):
    """Whether a run needs a reviewed plan, and how long one is good for."""

    required: v.Flag = False
    """true: no `up` without `--plan`."""
    expires_hours: Annotated[v.Count, Field(ge=1, le=8760)] = 72
    """Hours for which a plan may be carried out."""


class Approval(Declared):
    """Changes of some customers need one more approval: a protected environment of the platform, named here, in which
    CSP_APPROVED holds its name."""

    environment: v.Text
    """Name of the environment."""
    pricebooks: tuple[v.Text, ...] = ()
    """Customers with one of these pricebooks."""
    countries: tuple[v.Country, ...] = ()
    """Customers in one of these countries."""


class Freeze(Declared):
    """Days on which nothing is changed."""

    first: Annotated[dt.date, Field(alias="from")]
    """First day, UTC."""
    to: dt.date
    """Last day, UTC."""
    why: v.Text
    """Shown to whoever has to wait."""


class Policy(Declared):
    """The rules of a stack."""

    plan: PlanRule = PlanRule.model_construct()
    """Reviewed plans."""
    new_tenants: v.Count | None = None
    """At most so many new tenants a run."""
    portal_access: Literal["ready"] | None = None
    """`ready`: portal access goes on only for a customer who can order."""
    approvals: tuple[Approval, ...] = ()
    """What needs one more approval."""
    freeze: tuple[Freeze, ...] = ()
    """When nothing is changed."""

    @property
    def lines(self) -> dict[str, str]:
        """Every rule as a line, for digests and for telling a change: path -> value. Without rules: none."""
        data = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        return dict(_lines(data, ""))


def _lines(value: Any, above: str) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [line for name, one in value.items() for line in _lines(one, f"{above}.{name}" if above else name)]
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [line for number, one in enumerate(value) for line in _lines(one, f"{above}.{number}")]
    return [(above, ", ".join(map(str, value)) if isinstance(value, list) else str(value))]

"""The part of Pulumi.<stack>.yaml that declares an estate (config key ``csp:estate``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.model.base import Declared
from schemas.model.policy import Policy

CONFIG_KEY = "csp:estate"


class StackEstate(Declared):
    """The estate of one stack. Paths are relative to the folder of the stack file."""

    defaults: Mapping[str, Any] = {}
    """Any part of a customer file; what a customer file says itself comes first."""
    include: tuple[str, ...] = ()
    """Patterns of customer files (`customers/*.yaml`)."""
    customers: tuple[Mapping[str, Any], ...] = ()
    """Customers declared here instead of in files of their own."""
    policy: Policy = Policy.model_construct()
    """Rules over what a run may do."""

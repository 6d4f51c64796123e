"""A next step as people read it, from any of its forms. Names stay placeholders where no customer is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onboarding.core.contract import NextStep
from onboarding.steps import text
from onboarding.steps.model import About, Instructions
from onboarding.steps.registry import instructions, read

ANYBODY = About("{customer}", "{email}", "{admin}", "{admin_email}")


def as_told(step: NextStep | Instructions | Mapping[str, Any] | None) -> dict[str, Any]:
    """Its JSON. `step`: of an outcome, of a verdict, or as a state holds it."""
    assert step is not None, "there is no next step"
    if isinstance(step, Mapping):
        step = read(step)
    return text.as_dict(instructions(step, ANYBODY) if isinstance(step, NextStep) else step)

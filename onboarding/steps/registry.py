"""Every kind of step is one function, registered under its name, which is the code that state keeps.

Calling the function makes a `NextStep`: the code and its parameters, nothing else. `instructions` looks the function up
again when the step is shown, so that a renamed screen is right in every old state too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from onboarding.core.contract import OWNERS, NextStep, Owner
from onboarding.steps.model import About, Instructions

P = ParamSpec("P")
Build = Callable[Concatenate[About, P], Instructions]
BUILDERS: dict[str, Callable[..., Instructions]] = {}
"""Code -> the function that looks up screens and labels."""


def step(owner: Owner) -> Callable[[Build[P]], Callable[P, NextStep]]:
    """Register a kind of step. Its parameters are texts, booleans, and lists or mappings of texts; `owner` acts."""

    def register(build: Build[P]) -> Callable[P, NextStep]:
        code, signature = build.__name__, inspect.signature(build)
        BUILDERS[code] = build

        @wraps(build)
        def make(*args: P.args, **kwargs: P.kwargs) -> NextStep:
            given = dict(list(signature.bind(None, *args, **kwargs).arguments.items())[1:])
            told = {name: value for name, value in given.items() if value != signature.parameters[name].default}
            return NextStep(code, owner, told)

        return make

    return register


def for_anybody(code: str) -> Callable[[Callable[..., Instructions]], Callable[..., Instructions]]:
    """Register a kind of step whose owner is not always the same; it is made by hand."""

    def register(build: Callable[..., Instructions]) -> Callable[..., Instructions]:
        BUILDERS[code] = build
        return build

    return register


def instructions(step_: NextStep, about: About) -> Instructions:
    """What to do, for the customer. Raises ValueError for a step of a release that this one does not know."""
    build = BUILDERS.get(step_.code)
    if build is None:
        raise ValueError(f"its next step {step_.code!r} is of another release; run `csp up`")
    try:
        made = build(about, **step_.values)
    except TypeError as odd:
        raise ValueError(f"its next step {step_.code!r} has parameters of another release ({odd})") from None
    return replace(made, code=step_.code, owner=step_.owner)


def read(kept: Mapping[str, Any]) -> NextStep:
    """The step that a state holds: of this release, or the text of 0.1.0. Raises ValueError for anything else."""
    code = "written_by_0_1_0" if "where" in kept else kept.get("code")
    values = {name: text for name, text in kept.items() if name != "owner"} if "where" in kept else kept.get("values")
    owner = kept.get("owner")
    if not isinstance(code, str) or owner not in OWNERS:
        raise ValueError("next_step")
    if not isinstance(values, Mapping | None):
        raise ValueError("next_step")
    return NextStep(code, owner, dict(values or {}))

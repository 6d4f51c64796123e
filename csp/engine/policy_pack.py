"""The rules of a stack's policy as a CrossGuard policy pack: `pulumi up --policy-pack policy` (docs/plan.md).

The rules are those of `csp plan` and `csp up` (`ruling.of_state`), each a policy of the pack with the name that it has
in the stack file. They are asked at the guard, the first resource of every run, so that a refusal stops everybody.
What the platform configures a policy with holds in the place of the stack's own rule: nobody lifts it by a change.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

import schemas
from csp.engine import ruling
from csp.engine import start as engines
from csp.errors import CommandError
from csp.project import Project
from onboarding.allowed import reviewed
from onboarding.core.names import GUARD_TYPE, ONLY
from onboarding.look import engine_run
from onboarding.plan import policy
from onboarding.plan.report import Refusal
from schemas.command import shown
from schemas.model.policy import Policy
from schemas.plain import plain

if TYPE_CHECKING:
    from pulumi_policy import ReportViolation, ResourceValidationArgs, ResourceValidationPolicy

NAME = "csp-onboarding"
_RULES: dict[str, object] = {"type": "array", "items": {"type": "object"}}
RULES: Mapping[str, tuple[str, dict[str, object]]] = {
    "freeze": ("Days on which nothing is changed.", _RULES),
    "approvals": ("Changes of some customers need one more approval.", _RULES),
    "new_tenants": ("At most so many new tenants a run.", {"type": "integer", "minimum": 0}),
    "portal_access": ("Portal access only for who can order.", {"type": "string", "enum": ["ready"]}),
    "plan": ("Whether a run needs a reviewed plan.", {"type": "object"}),
}
"""Rule -> what it says, and the shape of its value as a platform asks for it; `Policy` decides what is right."""


def serve() -> None:
    """Answer the engine that started this process, until it ends us."""
    from pulumi_policy import PolicyPack

    PolicyPack(NAME, list(policies()))


def policies() -> list[ResourceValidationPolicy]:
    """For a pack that holds policies of others too."""
    from pulumi_policy import EnforcementLevel, PolicyConfigSchema, ResourceValidationPolicy

    return [
        ResourceValidationPolicy(
            rule, told, _asked(rule), EnforcementLevel.MANDATORY, PolicyConfigSchema({rule: dict(shape)})
        )
        for rule, (told, shape) in RULES.items()
    ]


def _asked(rule: str) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type != GUARD_TYPE:
            return
        stack = args.urn.split("::")[0].rpartition(":")[2]
        for one in _refusals(rule, stack, args.get_config()):
            told = plain(shown(f"{one.customer}: {one.text}" if one.customer else one.text, stack=stack))
            report(told, args.urn)

    return validate


def _refusals(rule: str, stack: str, config: Mapping[str, Any]) -> list[Refusal]:
    """What one rule refuses of this run. What cannot be judged is refused."""
    try:
        estate, state = _subject(stack)
        rules = _of_rule(rule, policy.in_force(estate), config)
    except schemas.DeclarationErrors as errors:
        return [Refusal(rule, "", f"the declaration has errors: {errors.findings[0]}")]
    except (CommandError, ValueError) as why:
        return [Refusal(rule, "", f"it cannot be told: {why}")]
    running = engine_run.verb() in engine_run.UP
    if rule == "plan":
        without = running and not os.environ.get(reviewed.PLAN)
        return [policy.unplanned(stack)] if without and rules.plan.required else []
    return ruling.of_state(rules, estate, state, running=running, only=os.environ.get(ONLY, ""))


@functools.lru_cache(maxsize=1)
def _subject(stack: str) -> tuple[schemas.Estate, Mapping[str, Any]]:
    """What is declared, and the state from which the run starts. Raises DeclarationErrors, CommandError."""
    project = Project.find(Path.cwd())
    estate = project.estate(stack)
    return estate, engines.choose(project, stack, estate).export()


def _of_rule(rule: str, declared: Policy, config: Mapping[str, Any]) -> Policy:
    """This rule alone: as configured in the platform, else the stack's own. Raises ValueError for a value that is
    none."""
    if rule not in config:
        return Policy().model_copy(update={rule: getattr(declared, rule)})
    try:
        return Policy.model_validate({rule: _whole(config[rule])})
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"the policy is configured with {where}: {first['msg']}") from None


def _whole(value: Any) -> Any:
    """The protocol knows no whole numbers: 5 arrives as 5.0."""
    if isinstance(value, Mapping):
        return {name: _whole(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value

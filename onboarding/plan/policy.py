"""The rules of a stack's policy, applied to what is declared: each refusal one line with rule, customer and way out.

Where a base commit is named (`--policy-from`), its policy holds and not that of the change: variable POLICY carries it
to the processes of the run.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

import schemas
from onboarding.allowed import once
from onboarding.allowed.once import Step
from onboarding.core import contract
from onboarding.plan.report import Refusal
from onboarding.resources.digests import PORTAL
from schemas.command import command
from schemas.model.policy import Policy
from schemas.plain import count

POLICY, APPROVED = "CSP_POLICY", "CSP_APPROVED"
"""Variables: the policy that holds, as JSON; names of the environments that approved, with commas."""


def in_force(estate: schemas.Estate) -> Policy:
    """That of the base commit where one was named, else the stack's own. Raises ValueError for one that is none."""
    given = os.environ.get(POLICY, "")
    if not given:
        return estate.policy
    try:
        return Policy.model_validate_json(given)
    except ValidationError:
        raise ValueError(f"{POLICY} holds no policy") from None


def as_json(policy: Policy) -> str:
    """For POLICY."""
    return policy.model_dump_json(by_alias=True, exclude_none=True)


def unplanned(stack: str = "") -> Refusal:
    """Of a run that needs a reviewed plan and has none."""
    why = f"no run without a reviewed plan: make one ({command('plan', stack=stack)}), then run with --plan"
    return Refusal("policy plan", "", why)


def about(estate: schemas.Estate) -> dict[str, dict[str, str]]:
    """Customer -> what the rules ask about: pricebook, country, the new tenant that the file confirms ("" for none)."""
    found = {}
    for one in estate.customers:
        identity, tenant = one.identity, ""
        if isinstance(identity, schemas.NewIdentity) and identity.confirm_new_tenant == identity.domain_prefix:
            tenant = identity.initial_domain if estate.connection_of(one).calls_partner_center else ""
        country = one.profile.address.country
        found[one.key] = {"pricebook": one.cloud_provider.pricebook, "country": country, "tenant": tenant}
    return found


def declared(
    policy: Policy,
    old: Mapping[str, str],
    new: Mapping[str, str],
    facts: Mapping[str, Mapping[str, str]],
    *,
    running: bool,
) -> list[Refusal]:
    """Refusals that files and guard can tell. `old`, `new`: customer -> digest (onboarding.resources.digests); `facts`:
    see `about`; `running`: an `up` asks, which may write although no file changed."""
    changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    return [*_frozen(policy, changed, running=running), *_approvals(policy, changed, facts), *_many(policy, old, facts)]


def _frozen(policy: Policy, changed: Sequence[str], *, running: bool) -> Iterator[Refusal]:
    today = dt.date.fromisoformat(contract.now()[:10])
    for window in policy.freeze:
        if window.first <= today <= window.to and (changed or running):
            yield Refusal(
                "policy freeze",
                "",
                f"nothing is changed from {window.first} to {window.to} ({window.why}); run it from "
                f"{window.to + dt.timedelta(days=1)} on, or take the window out of the policy in a change of its own",
            )


def _approvals(policy: Policy, changed: Sequence[str], facts: Mapping[str, Mapping[str, str]]) -> Iterator[Refusal]:
    given = {name.strip() for name in os.environ.get(APPROVED, "").split(",")}
    for rule in policy.approvals:
        for key in changed if rule.environment not in given else ():
            one = facts.get(key, {})
            why = [one["pricebook"]] if one.get("pricebook") in rule.pricebooks else []
            why += [one["country"]] if one.get("country") in rule.countries else []
            if why:
                yield Refusal(
                    "policy approvals",
                    key,
                    f"{', '.join(why)} needs the approval of the environment {rule.environment}; run it there, where "
                    f"{APPROVED} names it",
                )


def _many(policy: Policy, old: Mapping[str, str], facts: Mapping[str, Mapping[str, str]]) -> Iterator[Refusal]:
    """Of customers who are new; for the others only a look tells whether their tenant is there (`planned`)."""
    yield from _tenants(policy, sorted(one["tenant"] for key, one in facts.items() if key not in old and one["tenant"]))


def _tenants(policy: Policy, domains: Sequence[str]) -> Iterator[Refusal]:
    most = policy.new_tenants
    if most is not None and len(domains) > most:
        some = ", ".join(domains[:5]) + (", ..." if domains[5:] else "")
        yield Refusal(
            "policy new_tenants",
            "",
            f"this makes {count(len(domains), 'new tenant')} ({some}), at most {most} a run; move the customers one by "
            f"one ({command('up')} with -k CUSTOMER), or split the change",
        )


def planned(policy: Policy, steps: Sequence[Step]) -> list[Refusal]:
    """Refusals that a look tells of. `steps`: what the run does and nobody can undo."""
    return list(_tenants(policy, [step.value for step in steps if step.kind == once.TENANT]))


def portal(
    policy: Policy, old: Mapping[str, str], new: Mapping[str, str], can_order: Mapping[str, bool]
) -> list[Refusal]:
    """Customers whose portal access goes on before they can order. `can_order`: by the last run."""
    if policy.portal_access != "ready":
        return []
    going_on = sorted(key for key, digest in new.items() if PORTAL in digest and PORTAL not in old.get(key, ""))
    return [
        Refusal(
            "policy portal_access",
            key,
            "portal access goes on before the customer can order; leave it off until "
            f"{command('status', k=key)} says that it can",
        )
        for key in going_on
        if not can_order.get(key)
    ]


def from_data(data: Any) -> Policy:
    """The policy of a stack file's estate part, as plain data; without one, no rules. Raises ValidationError."""
    found = data.get("policy") if isinstance(data, Mapping) else None
    return Policy.model_validate(json.loads(json.dumps(found, default=str)) if found else {})

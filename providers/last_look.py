"""Resource: the last of a connection, there only when something behind it could not be looked at. Its check fails.

So a plain `pulumi preview` or `up` that looked and could not see ends red, after everything else is done: an error
message alone ends with 0, and a failing customer would stop the others. It never enters the state, so that states of
earlier releases and quiet previews know nothing of it. `csp` ends with an exit code of its own instead (CSP_RUN).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult
from pulumi.dynamic import Resource as DynamicResource

import schemas
from onboarding.look import engine_run, run_notes
from providers import noted
from providers.by_reference import ByReference
from schemas.command import shown
from schemas.plain import plain

if TYPE_CHECKING:
    from onboarding.readiness.blind import Alarm, Unseen


class LastLookProvider(ByReference):
    """Refuses with the text that it is given."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        return CheckResult(news, [CheckFailure("", plain(news["unseen"]))])


def provider() -> LastLookProvider:
    """Pickled by reference, like the others."""
    return LastLookProvider(provider)


class LastLook(DynamicResource, module="csp", name="LastLook"):
    """Named by its connection."""

    def __init__(self, unseen: Alarm | Unseen, stack: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__(provider(), unseen.connection, {"unseen": shown(str(unseen), stack=stack)}, opts)


def declare(
    estate: schemas.Estate, connections: Mapping[str, pulumi.ProviderResource], others: list[pulumi.Resource]
) -> None:
    """End the run red if it could not look at everything; to be called when the engine is done with all `others`."""
    if os.environ.get(run_notes.RUN):
        return
    from onboarding.readiness import blind  # not where `csp` tells it

    blind_ones = blind.in_run(noted.of_this_run(), estate)
    before_an_up = pulumi.runtime.is_dry_run() and engine_run.verb() in engine_run.UP
    for unseen in blind_ones:
        # Failing the preview that an `up` begins with would end it before anything is done. And the CLI tells no more
        # than the first resource that fails.
        fails = not before_an_up and unseen.connection in connections
        if not fails or len(blind_ones) > 1:
            pulumi.log.warn(plain(shown(str(unseen), stack=estate.stack)))
        if not fails:
            continue
        LastLook(
            unseen, estate.stack, pulumi.ResourceOptions(provider=connections[unseen.connection], depends_on=others)
        )

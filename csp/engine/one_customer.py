"""`csp up -k CUSTOMER`: one customer with everything that it needs, and nobody else: for a first careful run.

The program declares this customer alone; the engine is aimed at its resources, the providers and the guard, so that it
forgets nobody. The guard takes this customer's declaration into account and keeps what it knew of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import schemas
from csp.engine.start import Engine
from csp.known import no_customer
from onboarding.adoption.state import guard_urn, provider_urn, urn
from onboarding.core.catalogue import RESOURCES
from onboarding.core.names import COMPONENT_TYPE, ONLY


def aim(engine: Engine, estate: schemas.Estate, state: Mapping[str, Any] | None, key: str) -> list[str]:
    """The flags that aim a run at one customer; its key goes to the program. `state`: as the engine exports it.

    Raises CommandError (2) for no customer of the stack.
    """
    declared = next((one for one in estate.customers if one.key == key), None)
    if declared is None:
        raise no_customer(engine.stack, key, estate)
    engine.environment[ONLY] = key
    stack, project = engine.stack, engine.project.name
    used = sorted({one.connection for one in estate.customers})
    aimed = [guard_urn(stack, project)]
    aimed += [provider_urn(stack, project, name) for name in dict.fromkeys((used[0], declared.connection))]
    known = {one.get("urn") for one in ((state or {}).get("deployment") or {}).get("resources") or []}
    aimed += _resources(stack, project, key)
    # An engine refreshes nothing that is not in state, and refuses to be aimed at it then. A resource looks before it
    # writes in any case.
    refresh = [] if known.issuperset(aimed) else ["--refresh=false"]
    former = [one for name in declared.previously for one in _resources(stack, project, name) if one in known]
    return [*(f"--target={one}" for one in (*aimed, *former)), *refresh]


def _resources(stack: str, project: str, key: str) -> list[str]:
    children = [urn(stack, project, f"{COMPONENT_TYPE}${one.type}", key) for one in RESOURCES.values()]
    return [urn(stack, project, COMPONENT_TYPE, key), *children]

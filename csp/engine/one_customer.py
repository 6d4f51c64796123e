"""`csp up -k CUSTOMER`: one customer with everything that it needs, and nobody else: for a first careful run.

The program declares this customer alone, and the engine is aimed at its resources, so that it forgets nobody. Providers
and guard belong to it where they are not there yet; the CLI refuses to be aimed at what other customers depend on while
the program does not declare those. So the guard hears of this customer in the next run of all, and csp asks the stack's
policy itself (`ruling.of_one`).
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
    shared = [guard_urn(stack, project)]
    shared += [provider_urn(stack, project, name) for name in dict.fromkeys((used[0], declared.connection))]
    known = {one.get("urn") for one in ((state or {}).get("deployment") or {}).get("resources") or []}
    aimed = [*(one for one in shared if one not in known), *_resources(stack, project, key)]
    # An engine refreshes nothing that is not in state, and refuses to be aimed at it then. A resource looks before it
    # writes in any case.
    refresh = [] if known.issuperset(aimed) else ["--refresh=false"]
    former = [one for name in declared.previously for one in _resources(stack, project, name) if one in known]
    return [*(f"--target={one}" for one in (*aimed, *former)), *refresh]


def _resources(stack: str, project: str, key: str) -> list[str]:
    children = [urn(stack, project, f"{COMPONENT_TYPE}${one.type}", key) for one in RESOURCES.values()]
    return [urn(stack, project, COMPONENT_TYPE, key), *children]

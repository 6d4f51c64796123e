"""Rules that ask only for what is sent: an error for a customer who is new or changed, a warning for the others.

Files alone cannot tell; the guard in the state of the last run knows every file by its digest.
"""

from dataclasses import replace
from typing import Any

import schemas
from csp.errors import CommandError
from csp.project import Project
from onboarding.core.names import GUARD_TYPE
from onboarding.resources.digests import digest, first_digests, unchanged


def judged(project: Project, stack: str, estate: schemas.Estate) -> tuple[schemas.Finding, ...]:
    """The findings of `estate.if_sent`, each as the error or the warning that it is. Where there is no state to read,
    every customer counts as new."""
    if not estate.if_sent:
        return ()
    declared = [one for one in estate.customers if one.key in estate.if_sent]
    new = {one.key: digest(one) for one in declared}
    old = _known(project, stack, estate)
    quiet = set(unchanged(old, new, {one.key: first_digests(one) for one in declared}))
    return tuple(
        replace(found, level="warning") if key in quiet else found
        for key, some in estate.if_sent.items()
        for found in some
    )


def _known(project: Project, stack: str, estate: schemas.Estate) -> dict[str, str]:
    """Customer key -> the digest of its file in the last run."""
    from csp.engine import start as engines  # most estates hold nothing that only a state can judge

    try:
        state = engines.choose(project, stack, estate).export_if_there() or {}
    except CommandError:
        return {}
    resources = (state.get("deployment") or {}).get("resources") or []
    guard: dict[str, Any] = next((one for one in resources if one.get("type") == GUARD_TYPE), {})
    known = {key: str(text) for key, text in ((guard.get("inputs") or {}).get("customers") or {}).items()}
    return {estate.renamed.get(key, key): text for key, text in known.items()}

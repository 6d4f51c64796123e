"""The file that a review is bound to: made of a plan, and compared with what is declared when it is carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import schemas
from onboarding.allowed.reviewed import Reviewed, sealed
from onboarding.core import contract
from onboarding.plan import intent
from onboarding.plan.intent import Difference
from onboarding.plan.preview import Preview
from onboarding.plan.report import Refusal

HOURS = 72
"""How long a plan may be carried out, unless the stack's policy says otherwise."""


def document(
    told: Preview, policy: Mapping[str, str], *, cut: bool, refused: Sequence[Refusal] = (), hours: int = HOURS
) -> dict[str, Any]:
    """The plan as it is kept. `cut`: what was shown to the reviewer left out what must be seen. `refused`: what only a
    plan's look can tell; all other refusals are asked for again by the run."""
    made = contract.now()
    ends = datetime.fromisoformat(made) + timedelta(hours=hours)
    return sealed(
        {
            "stack": told.estate.stack,
            "made_at": made,
            "expires_at": contract.stamp(ends),
            "reviewed": told.reviewed(policy),
            "starts": told.starts(),
            "allowed": [step.words for step in told.allowed()],
            "cut": cut,
            "refused": [str(one) for one in refused],
        }
    )


def differences(plan: Reviewed, estate: schemas.Estate, policy: Mapping[str, str]) -> list[Difference]:
    """What the files declare now otherwise than when the plan was reviewed, one line each; [] when nothing differs."""
    return intent.differences(plan.intent, intent.of_estate(estate, policy))

"""How many calls a run is going to make and how long that takes: rough, from the plan alone, so that it is the same on
every machine. The constants were read off runs on the sandbox, and nothing holds them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import schemas
from onboarding.core.contract import NEXT_RUN

LOOK, LOOK_PARTNER, PAGES = 1.0, 3.0, 4
"""Calls of a look: a customer of an indirect reseller, one where Partner Center is asked too; pages of lists and tokens
a connection, and one more for each PAGE customers."""
PAGE = 100
WRITES = {"Customer": 5, "ProviderAssociation": 5, "TenantIdentity": 14, "Attestation": 8}
"""Calls of a resource that is written: looks before and after it, and the write."""
TOUCHED = 2
"""Calls of a resource that only takes what is seen into state."""
SECONDS_A_CALL = 0.3
START_UP = 6
"""Seconds for the processes of a run."""


def expected(estate: schemas.Estate, planned: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> tuple[int, int]:
    """Calls and seconds of an `up`."""
    calls, seconds = 0, 0.0
    for name in sorted({one.connection for one in estate.customers}):
        connection = estate.connections[name]
        mine = [one.key for one in estate.customers if one.connection == name]
        looks = len(mine) * (LOOK_PARTNER if connection.calls_partner_center else LOOK)
        own = looks + PAGES + math.ceil(len(mine) / PAGE)
        for key in mine:
            for kind, one in planned.get(key, {}).items():
                own += WRITES[kind] if one["waiting_on"] == NEXT_RUN else TOUCHED
        calls += math.ceil(own)
        limits = connection.limits
        seconds = max(seconds, own / limits.requests_per_second, own * SECONDS_A_CALL / limits.concurrency)
    return calls, math.ceil(seconds) + START_UP

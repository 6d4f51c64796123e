"""Every process of ours that has this folder on PYTHONPATH lives at TEST_NOW: an old estate is as old as it was."""

import os
import sys
from datetime import UTC, datetime

_AHEAD = datetime.fromisoformat(os.environ["TEST_NOW"]) - datetime.now(UTC)


def _now() -> datetime:
    return datetime.now(UTC) + _AHEAD


if not any(name in sys.orig_argv for name in ("csp_sandbox", "dynamic_engine")):
    from clients.wire import clock
    from onboarding.core import contract

    clock.now = _now
    contract.now = lambda: _now().strftime("%Y-%m-%dT%H:%M:%SZ")

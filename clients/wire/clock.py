"""Time as a value: the wire waits and compares dates only through a `Clock`, so that tests run on virtual time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


def now() -> datetime:
    """The wall clock, timezone-aware UTC. Commands ask `clock.now()`, so that a test can set one clock for them all."""
    return datetime.now(UTC)


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall clock, timezone-aware UTC."""

    def monotonic(self) -> float:
        """Seconds, for durations and deadlines."""

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> datetime:
        return now()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

"""The sandbox's only source of time.

Nothing else in this package may ask the operating system for the time: tests move this clock by hours and weeks, and a
sandbox that restarts on its database goes on where it stood.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant as an aware UTC datetime; text without a zone is taken as UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def rfc3339(moment: datetime) -> str:
    """UTC with seconds and ``Z``, as ION writes its times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Clock:
    """Wall clock plus an offset, or a frozen instant."""

    def __init__(self, *, offset: float = 0.0, frozen_at: datetime | None = None) -> None:
        self.offset = offset
        self.frozen_at = frozen_at

    def now(self) -> datetime:
        """The sandbox's present moment, aware, UTC."""
        if self.frozen_at is not None:
            return self.frozen_at
        return datetime.fromtimestamp(time.time() + self.offset, UTC)

    def timestamp(self) -> float:
        """Seconds since 1970, for arithmetic on tokens."""
        return self.frozen_at.timestamp() if self.frozen_at is not None else time.time() + self.offset

    def set(self, moment: datetime, *, frozen: bool = False) -> None:
        """Jump to a moment; the clock then runs on, or stands still when frozen."""
        self.frozen_at = moment if frozen else None
        self.offset = moment.timestamp() - time.time()

    def advance(self, seconds: float) -> None:
        """Move forward (or back, with a negative number) by seconds."""
        if self.frozen_at is not None:
            self.frozen_at += timedelta(seconds=seconds)
        self.offset += seconds

    def dump(self) -> dict[str, str | float | None]:
        """What has to be kept across a restart."""
        return {"offset": self.offset, "frozen_at": self.frozen_at.isoformat() if self.frozen_at else None}

    @classmethod
    def load(cls, kept: dict[str, str | float | None]) -> Clock:
        """The clock that :meth:`dump` described."""
        frozen = kept.get("frozen_at")
        return cls(offset=float(kept.get("offset") or 0.0), frozen_at=parse_instant(str(frozen)) if frozen else None)

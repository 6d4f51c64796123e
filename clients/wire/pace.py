"""How fast we may call: concurrency and rate of this process, and pauses (Retry-After) that every process honours."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from clients.wire.bounded import WHOLE_SECONDS
from clients.wire.clock import Clock
from schemas.write.whole_file import write_beside_others


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one connection. Defaults stay far below the only published figure (Partner Center: 500 a minute)."""

    concurrency: int = 4
    requests_per_second: float = 8.0
    deadline_seconds: float = 1800.0  # of a run: after it nothing is sent any more
    call_seconds: float = 180.0  # of one call, waits and repeats included
    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    whole_seconds: float = WHOLE_SECONDS  # of one sending and its answer, however slowly it drips
    attempts: int = 4  # of a safe call


@dataclass
class CallStats:
    """Calls, repeats and seconds per system, printed at the end of a run. Thread-safe."""

    calls: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    waited: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, system: str, *, seconds: float = 0.0, calls: int = 1, waited: float = 0.0) -> None:
        with self._lock:
            self.calls[system] = self.calls.get(system, 0) + calls
            self.seconds[system] = self.seconds.get(system, 0.0) + seconds
            self.waited[system] = self.waited.get(system, 0.0) + waited

    def line(self) -> str:
        with self._lock:
            parts = [f"{name} {self.calls[name]} calls, {self.seconds[name]:.1f} s" for name in sorted(self.calls)]
        return "; ".join(parts)


LONGEST_PAUSE = 86_400.0
"""Seconds. A longer Retry-After is a mistake, and it is noted for every run of the machine."""


class Pauses:
    """Pauses ("do not call before"), one small file a scope: all threads and processes of a run honour one Retry-After.

    Times in the files are wall-clock seconds of `clock`. A scope is a system and account, or one customer of it,
    because Microsoft throttles both (partner-center.md 6.3).
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        # What this process was told holds for it also where the disk takes no note.
        self._told: dict[str, float] = {}

    def _path(self, scope: str) -> Path:
        return self._folder / f"{scope}.pause"

    def _noted(self, scope: str) -> float:
        try:
            return float(self._path(scope).read_text("utf-8"))
        except (OSError, ValueError):
            return 0.0

    def remaining(self, scope: str) -> float:
        """Seconds to wait before `scope` may be called; 0.0 when free."""
        now = self._clock.now().timestamp()
        left = [until - now for until in (self._noted(scope), self._told.get(scope, 0.0))]
        # A pause from a clock that has since been set back must not stop us for days.
        return max((one for one in left if 0.0 < one <= LONGEST_PAUSE + 1.0), default=0.0)

    def hold(self, scope: str, seconds: float) -> None:
        """Nobody calls `scope` for `seconds`; a longer pause that already stands is kept."""
        if seconds <= max(self.remaining(scope), 0.0):
            return
        # A little longer than asked: rounding here or there must not make us early.
        until = self._told[scope] = self._clock.now().timestamp() + seconds + 0.05
        with contextlib.suppress(OSError):
            write_beside_others(self._path(scope), f"{until:.3f}".encode())

    def close(self) -> None:
        """Files need no end."""


class PausesOf(Protocol):
    """Pauses ("do not call before") of a machine, or of all runners of a database."""

    def remaining(self, scope: str) -> float: ...
    def hold(self, scope: str, seconds: float) -> None: ...
    def close(self) -> None: ...


class Pace:
    """Shared by all worker threads of one system and account: at most `concurrency` calls at once, at most
    `requests_per_second` started, and none during a pause."""

    def __init__(self, scope: str, limits: Limits, pauses: PausesOf, clock: Clock) -> None:
        self.scope = scope
        self._limits = limits
        self._pauses = pauses
        self._clock = clock
        self._slots = threading.BoundedSemaphore(limits.concurrency)
        self._lock = threading.Lock()
        self._next_start = 0.0

    def wait_needed(self, *scopes: str) -> float:
        """Seconds until a call may start; reserves the start when that is now."""
        pause = max(self._pauses.remaining(scope) for scope in (self.scope, *scopes))
        if pause > 0:
            return pause
        with self._lock:
            now = self._clock.monotonic()
            # A short burst of `concurrency` starts is allowed, then the rate holds.
            burst = (self._limits.concurrency - 1) / self._limits.requests_per_second
            if self._next_start - burst > now:
                return self._next_start - burst - now
            self._next_start = max(self._next_start, now) + 1.0 / self._limits.requests_per_second
            return 0.0

    def pause(self, seconds: float, scope: str = "") -> None:
        self._pauses.hold(scope or self.scope, seconds)

    @contextlib.contextmanager
    def slot(self) -> Iterator[None]:
        with self._slots:
            yield

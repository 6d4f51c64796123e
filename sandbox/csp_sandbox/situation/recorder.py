"""What reached the sandbox: the last requests in full, and counters since the start or the last reset."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

KEEP = 50_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. ``write`` means that the operation may change something; ``rule`` names the row of a refusal."""

    n: int
    at: str
    system: str
    operation: str
    method: str
    path: str
    query: str
    status: int  # 0: the connection was cut
    write: bool
    owner: str
    request_id: str
    rule: str
    fault: str
    body: str


class Recorder:
    """A ring of entries and named counters. Neither is kept across a restart."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=KEEP)
        self.requests: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()
        self.marks: Counter[str] = Counter()
        self._n = 0
        self._not_before: dict[tuple[str, str, str], float] = {}

    def next_n(self) -> int:
        """The number of the next request."""
        self._n += 1
        return self._n

    def count(self, mark: str, by: int = 1) -> None:
        """Raise a named counter."""
        self.marks[mark] += by

    def told_to_wait(self, key: tuple[str, str, str], until: float) -> None:
        """Remember a Retry-After: (system, operation, path) should not come again before ``until``."""
        self._not_before[key] = until

    def arrived(self, key: tuple[str, str, str], now: float) -> None:
        """Count a retry that came before the Retry-After of the last refusal had passed."""
        until = self._not_before.pop(key, None)
        if until is not None and now < until:
            self.count("early_retries")

    def add(self, entry: Entry) -> None:
        """Keep a finished request."""
        self.entries.append(entry)
        self.requests[entry.system] += 1
        if entry.write:
            self.writes[entry.system] += 1

    def counters(self) -> dict[str, Any]:
        """All figures; those that must stay 0 in a healthy run are always present."""
        always = ("writes_without_request_id", "early_retries", "links_opened_by_others", "duplicate_creates")
        marks = {name: self.marks[name] for name in always} | dict(self.marks)
        return {
            **marks,
            "requests": dict(self.requests) | {"total": sum(self.requests.values())},
            "writes": dict(self.writes) | {"total": sum(self.writes.values())},
        }

    def list(
        self, *, since: int = 0, system: str = "", operation: str = "", writes: bool = False
    ) -> list[dict[str, Any]]:
        """Entries after number ``since``, oldest first."""
        return [
            asdict(e)
            for e in self.entries
            if e.n > since
            and (not system or e.system == system)
            and (not operation or e.operation == operation)
            and (e.write or not writes)
        ]

    def reset(self) -> None:
        """Forget everything but the running number."""
        self.entries.clear()
        for counter in (self.requests, self.writes, self.marks):
            counter.clear()
        self._not_before.clear()

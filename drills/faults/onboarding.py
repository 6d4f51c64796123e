"""Every fault at every call that onboarding makes, before and after it was carried out: whole runs on virtual time.

`python -m drills.faults.onboarding [--every N [--first K]]`, ends with `N cells, F failed`. The faults are those
of the wire matrix (tests/scenarios/faults/wire.json), the operations are the different calls of the example estates'
runs as the sandbox recorded them. A write is hit once. A read is hit every time in its run, as in an outage: the wire
matrix shows already that one lost answer to a read heals inside the call. A cell passes when

- the run ends by itself, and at most two more runs bring systems and state to where they are without a fault;
- nothing exists, was asked for or was sent twice; a further run writes nothing, an offline preview is empty;
- no call was repeated before its Retry-After, no secret is in the state or in an error.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from drills.faults.wire import FAULTS, raised
from drills.harness import Calls, Pipeline
from drills.kills.runs import CHAPTERS, LATER, Chapter, End, Run, _comparable, differences, undisturbed
from drills.remote import Remote
from providers.errors import OnboardingError

PLAYED = (
    "provider: first run",
    "provider: after the customers have accepted",
    "provider: edited files",
    "provider: relationship ends",
    "reseller: first run",
    "reseller: edited files",
)
READ_FAULTS = (
    "read time-out",
    "429 for longer than a call may take",
    "500",
    "HTML where JSON was due",
    "truncated JSON",
    "redirect",
)
"""One of each kind that is told apart: no answer, later, a sick service, three answers that are none."""
NOT_HIT = ("oauth/token", "/.well-known/")
"""ION's token belongs to the wire matrix and to the races; a domain's discovery page is a hint and nothing more."""


ENDING = "PATCH /partner-center/v1/customers/ID"
"""A removal has no state to wait in: it fails with one line, and the next run tries again."""


@dataclass
class Strike:
    """Stands before the sandbox's handlers and puts one fault in the place of calls of one operation."""

    remote: Remote
    fault: dict[str, Any]
    moment: str
    operation: str
    times: float
    struck: int = 0
    early: int = 0
    _not_before: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._real: Callable[[httpx.Request], httpx.Response] = self.remote.serve
        self.remote.serve = self  # type: ignore[method-assign]

    def end(self) -> None:
        """The outage is over; what was asked to wait for still counts."""
        self.times = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = f"{request.method} {request.url.path}"
        # Each account and each customer is throttled for itself, so a retry is the same call with the same body.
        whose = f"{name} {request.headers.get('Authorization')} {request.read()!r}"
        if self.remote.monotonic() < self._not_before.get(whose, 0.0):
            self.early += 1
        if template(name) != self.operation or self.struck >= self.times:
            return self._real(request)
        self.struck += 1
        wait = float(self.fault.get("headers", {}).get("Retry-After", 0))
        self._not_before[whose] = self.remote.monotonic() + wait
        answer = self._real(request) if self.moment == "after" else None
        return stricken(self.fault, request, answer)


def stricken(fault: dict[str, Any], request: httpx.Request, answer: httpx.Response | None) -> httpx.Response:
    """What the caller gets instead of the true answer. Raises the fault's httpx exception."""
    if "raise" in fault:
        raise raised(fault, request)
    status, content = fault.get("status", 200), fault.get("body", "").encode()
    headers = fault.get("headers")
    if answer is not None and (fault.get("cut") or fault.get("bom")):
        whole = answer.content
        status, content = answer.status_code, whole[: len(whole) // 2] if fault.get("cut") else b"\xef\xbb\xbf" + whole
        headers = {"Content-Type": "application/json"}
    return httpx.Response(status, content=content, headers=headers, request=request)


def template(name: str) -> str:
    """A call without the ids in its path."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "ID", name)
    text = re.sub(r"/domains/[^/]+$", "/domains/NAME", text)
    return re.sub(r"/\d{5,}", "/ID", text)


@dataclass(frozen=True)
class Cell:
    """One fault at one operation in one chapter."""

    fault: dict[str, Any]
    moment: str
    operation: str
    write: bool

    def __str__(self) -> str:
        return f"{self.operation}, {self.fault['name']}, {self.moment}"


def operations(run: Run, known: set[str]) -> list[tuple[str, bool]]:
    """The run's operations that no chapter before had, and which of them write."""
    writes = {template(name) for name in run.writes}
    found = [template(name) for name in run.names if name != "mail"]
    fresh = [name for name in dict.fromkeys(found) if name not in known and not any(part in name for part in NOT_HIT)]
    known.update(fresh)
    return [(name, name in writes) for name in fresh]


def cells(faults: list[dict[str, Any]], operation: str, write: bool) -> Iterator[Cell]:
    for fault in faults:
        if not write and fault["name"] not in READ_FAULTS:
            continue
        for moment in ("before", "after") if write else ("after" if "before" not in fault else "before",):
            if moment in fault and not (operation.startswith("HEAD") and fault.get("cut")):
                yield Cell(fault, moment, operation, write)


def play(start: Pipeline, chapter: Chapter, cell: Cell, end: End) -> list[str]:
    """One cell; what is wrong, empty when all is well."""
    pipeline = start.copy()
    pipeline.hook = Calls()
    strike = Strike(pipeline.remote, cell.fault, cell.moment, cell.operation, 1 if cell.write else float("inf"))
    wrong: list[str] = []
    with heard() as log:
        try:
            chapter.act(pipeline)
        except Exception as error:  # whatever else ends the run of an estate is a failed cell
            log.append(str(error))
            if cell.operation != ENDING or not isinstance(error, OnboardingError):
                wrong.append(f"the run was ended by {type(error).__name__}: {error}")
    if not strike.struck:
        wrong.append("the fault did not strike")
    strike.end()
    wrong += leaks(pipeline, [*wrong, *log])
    left: list[str] = []
    for _ in range(2):
        pipeline.remote.sleep(max(LATER, 1000.0))
        pipeline.up()
        left = differences("systems", end.picture, pipeline.remote.picture())
        left += differences("state", comparable(end.state), comparable(_comparable(pipeline)))
        if not left:
            break
    wrong += left
    before = pipeline.remote.writes()
    wrong += [f"preview: {line}" for line in pipeline.up()]
    wrong += ["the last run wrote"] * (pipeline.remote.writes() != before)
    wrong += [f"offline preview: {line}" for line in pipeline.preview(refresh=False)]
    wrong += [f"{strike.early} calls before Retry-After had passed"] * bool(strike.early)
    wrong += pipeline.remote.twice()
    pipeline.remove()
    return wrong


def comparable(state: dict[str, Any]) -> dict[str, Any]:
    """A state without the ids in links to the agreement's page: they follow the order in which was asked."""
    found: dict[str, Any] = json.loads(re.sub(r"(/attestation/)[0-9a-f-]{36}", r"\1ID", json.dumps(state)))
    return found


@contextmanager
def heard() -> Iterator[list[str]]:
    """What is logged meanwhile by whatever library, at any level."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(logging.Formatter().format(record))  # type: ignore[method-assign]
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def leaks(pipeline: Pipeline, lines: list[str]) -> list[str]:
    """Where a token or a one-time password stands that must stand nowhere. Microsoft's access tokens are JWTs."""
    secrets = [secret for secret in pipeline.remote.admin("GET", "secrets")["secrets"] if secret]
    places = {f"state of {key} {kind}": json.dumps(vars(kept)) for (key, kind), kept in pipeline.state.items()}
    places |= {f"line {line[:40]!r}": line for line in lines}
    return [
        f"a secret is in the {place}"
        for place, text in places.items()
        if re.search(r"eyJ[\w-]{20,}\.", text) or any(secret in text for secret in secrets)
    ]


def run(every: int = 1, first: int = 0, report: Callable[[str], None] = print) -> tuple[int, int, int]:
    """Operations, cells and failures. `every` N plays each N-th cell, from cell `first` on."""
    faults = json.loads(FAULTS.read_text("utf-8"))["faults"]
    known: set[str] = set()
    number = played = failed = 0
    for chapter in CHAPTERS:
        if chapter.name not in PLAYED:
            continue
        start = chapter.situation()
        whole = undisturbed(start, chapter)
        for operation, write in operations(whole, known):
            for cell in cells(faults, operation, write):
                number += 1
                if (number - 1) % every != first:
                    continue
                wrong = play(start, chapter, cell, whole.end)
                played += 1
                if wrong:
                    failed += 1
                    report(f"{chapter.name}, {cell}:\n  " + "\n  ".join(wrong[:6]))
        start.remove()
    return len(known), played, failed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    wanted = parser.parse_args()
    began = time.monotonic()
    found, played, failed = run(wanted.every, wanted.first)
    print(f"onboarding: {found} operations, {played} cells, {failed} failed ({time.monotonic() - began:.0f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

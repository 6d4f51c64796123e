"""The whole proof of the wire: `make faults`, or `python -m drills.faults [--races 1000]`.

The matrix (every fault at every call of the clients and of onboarding) and the races for one refresh token, each part a
process of its own, two at a time. One figure a line; the last line is `N cells, F failed`, a race counting as a cell.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

WORKERS = 2
PARTS = 3
"""Of the onboarding matrix, so that the two processes end at about the same time."""


@dataclass(frozen=True)
class Result:
    """What one part has counted; `said` are its lines about failures."""

    cells: int
    failed: int
    said: list[str]


def part(module: str, *arguments: str) -> Result:
    """Run a drill; a part that ends without its figure is a failure."""
    command = [sys.executable, "-m", f"drills.{module}", *arguments]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8")
    lines = ended.stdout.splitlines()
    counted = re.search(r"(\d+) (?:cells|races), (\d+) failed", lines[-1]) if lines else None
    if counted is None:
        return Result(0, 1, [f"{module} ended with code {ended.returncode}", *lines[-5:]])
    return Result(int(counted[1]), int(counted[2]), lines[:-1])


def chapter(title: str, commands: list[tuple[str, ...]]) -> Result:
    """Run the parts of a chapter, two at a time, and print its figure."""
    began = time.monotonic()
    with ThreadPoolExecutor(WORKERS) as pool:
        results = list(pool.map(lambda command: part(*command), commands))
    for result in results:
        for line in result.said:
            print(line)
    cells, failed = sum(r.cells for r in results), sum(r.failed for r in results)
    print(f"{title}: {cells}, {failed} failed ({time.monotonic() - began:.0f} s)", flush=True)
    return Result(cells, failed, [])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--races", type=int, default=1000)
    wanted = parser.parse_args()
    onboarding = [("faults.onboarding", "--every", str(PARTS), "--first", str(n)) for n in range(PARTS)]
    share = wanted.races // WORKERS
    results = [
        chapter(
            "fault x call of clients and onboarding x before/after", [*onboarding, ("faults.wire",), ("faults.vault",)]
        ),
        chapter("long estates", [("faults.long_lists",)]),
        chapter(
            "races of two processes for one refresh token",
            [("races.tokens", "--races", str(share), "--seed", str(seed + 1)) for seed in range(WORKERS)],
        ),
    ]
    failed = sum(result.failed for result in results)
    print(f"{sum(result.cells for result in results)} cells, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

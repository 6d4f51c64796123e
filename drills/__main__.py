"""Plays the drills of a part of the catalogue, two processes at a time: `python -m drills faults|drills [--only NAME]`.

What a drill prints comes as one piece when it ends; the last line counts drills, cells and failures. Without a part it
checks that README.md shows the catalogue; `--write` writes it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from drills.catalogue import CATALOGUE, README, TARGETS, Drill, page

WORKERS = 2


@dataclass(frozen=True)
class Result:
    """What one process of a drill has counted (0 where it counts nothing), whether it held, and what it said."""

    cells: int
    failed: int
    said: list[str]


def played(drill: Drill, arguments: tuple[str, ...]) -> Result:
    """One process of a drill. One that ends without its figure, or without a word, is a failure."""
    command = [sys.executable, "-m", f"drills.{drill.module}", *arguments]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8")
    lines = ended.stdout.splitlines()
    counted = re.search(rf"(\d+) {drill.counts}, (\d+) failed", lines[-1]) if lines and drill.counts else None
    if counted is not None:
        return Result(int(counted[1]), max(int(counted[2]), int(ended.returncode != 0)), lines)
    if ended.returncode or not lines or drill.counts:
        return Result(0, 1, [*lines, f"{drill.module} ended with code {ended.returncode}"])
    return Result(0, 0, lines)


def play(drills: list[Drill]) -> int:
    """The number of failures; prints what every drill says."""
    began = time.monotonic()
    results = []
    with ThreadPoolExecutor(WORKERS) as pool:
        tasks = {pool.submit(played, drill, arguments): drill for drill in drills for arguments in drill.full}
        for task in as_completed(tasks):
            results.append(task.result())
            print("\n".join(f"{tasks[task].module}: {line}" for line in task.result().said), flush=True)
    cells, failed = sum(result.cells for result in results), sum(result.failed for result in results)
    counted = f", {cells} cells" if cells else ""
    print(f"{len(drills)} drills{counted}, {failed} failed ({time.monotonic() - began:.0f} s)")
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m drills")
    parser.add_argument("target", nargs="?", choices=tuple(TARGETS))
    parser.add_argument("--only", default="", help="part of a drill's name")
    parser.add_argument("--write", action="store_true", help="write the catalogue of the README")
    given = parser.parse_args()
    if given.target:
        return 1 if play([d for d in CATALOGUE if d.target == given.target and given.only in d.module]) else 0
    text = README.read_text("utf-8")
    if given.write:
        README.write_text(page(text), "utf-8")
    elif text != page(text):
        print("drills/README.md does not show the catalogue; run make schemas")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

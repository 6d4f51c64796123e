"""The scale of the product on seeded estates, and the page of its numbers.

    python -m benchmarks.scale [--sizes 100 1000] [--only drift preview] [--latency 0 200] [--results FILE]
    python -m benchmarks.scale --page       (writes docs/numbers.md of the latest commit that has results)

It goes on where it stopped: results are lines of .csp/bench/scale.jsonl, by commit and cell.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.scale.cells import BY_NAME, LATENCIES, RESULTS, ROOT, SIZES, commit, commits, kept, matrix
from benchmarks.scale.page import page
from benchmarks.scale.play import play

PAGE = ROOT / "docs" / "numbers.md"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="customers")
    parser.add_argument("--only", nargs="+", choices=list(BY_NAME), default=list(BY_NAME), help="operations")
    parser.add_argument("--latency", type=int, nargs="+", default=list(LATENCIES), help="milliseconds a call")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file of the results")
    parser.add_argument("--page", action="store_true", help="write docs/numbers.md from the results, measure nothing")
    options = parser.parse_args(arguments)
    if options.page:
        known = commits(options.results)
        if not known:
            sys.exit(f"{options.results} holds no result: make bench")
        PAGE.write_text(page(kept(options.results, known[-1]), known[-1]), "utf-8")
        print(f"wrote docs/numbers.md from the results of {known[-1]}")
        return 0
    cells = list(matrix(options.sizes, options.only, options.latency))
    try:
        failed = play(cells, options.results, commit(), lambda line: print(line, flush=True))
    except KeyboardInterrupt:
        print("stopped; what was measured is kept, and the same command goes on with the rest")
        return 130
    print(f"{len(cells)} cells, {len(failed)} failed")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())

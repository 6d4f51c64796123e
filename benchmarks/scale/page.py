"""docs/numbers.md, from the results of one commit: only what was measured, beside what was wanted."""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.metadata import version

import psutil

from benchmarks.scale.cells import LATENCIES, OPERATIONS, SIZES, Cell, Operation, Result, matrix
from benchmarks.scale.marks import marks

Results = Mapping[Cell, Result]
HEAD = """# Numbers

Written by `make numbers` from what `make bench` measured on seeded estates; nothing else is on this page. Figures of
one machine compare with each other and with no other machine's: read the ratios.

| | |
|---|---|
"""
TERMS = """
*Cold*: without the answers that `drift` remembers from look to look (`CSP_HOME/observed`); nothing else that is
measured here remembers answers, so all else is measured once. *Calls* are requests that arrived at the simulated
systems, sign-in included; latency is that of every one. *Empty*: dynamic resources that do nothing, four for each
customer of the size and two more, on the same engine. *Vanilla*: as many that each read a customer by themselves, held
back only by the SDK's 4 workers. Our own rate limit is off. Memory is the peak of the largest process of a kind. A
ratio to a floor is of seconds / of seconds of processor of all processes (with the floor's seconds): on a machine that
others use, the second is the one to read.
"""
PROCESSES = ("csp", "engine", "program", "plugin")


def page(results: Results, commit: str) -> str:
    """The whole page. `commit`: that of the results, which are not empty."""
    parts = [HEAD, *_facts(results, commit), TERMS]
    for size in sorted({cell.size for cell in results}):
        parts.append(f"\n## {size:,} customers\n")
        parts += _size(results, size)
    parts += ["\n## Wanted\n", "\n| what | wanted | measured |\n|---|---|---|\n", *marks(results)]
    parts += ["\n## Not measured\n\n", *_absent(results)]
    return "".join(parts)


def _facts(results: Results, commit: str) -> Iterable[str]:
    loads = [one.load for one in results.values()]
    memory = psutil.virtual_memory().total / 2**30
    today = dt.datetime.now(dt.UTC).date().isoformat()
    yield f"| date | {today} |\n"
    yield f"| commit | {commit} |\n"
    yield f"| machine | {os.cpu_count()} processors, {memory:.0f} GB, {platform.system()} {platform.machine()} |\n"
    yield f"| load before a cell | {min(loads)} to {max(loads)}; what others did on the machine is in the seconds |\n"
    names = ", ".join(f"{name} {version(name)}" for name in ("pulumi", "grpcio", "pydantic", "httpx"))
    yield f"| versions | Python {platform.python_version()}, embedded engine, {names} |\n"


def _size(results: Results, size: int) -> Iterable[str]:
    for latency in sorted({cell.latency for cell in results if cell.size == size}):
        rows = [row for operation in OPERATIONS for row in _rows(results, size, latency, operation)]
        if not rows:
            continue
        yield f"\n{latency} ms a call:\n\n"
        yield "| operation | role | | calls | seconds | to empty | to vanilla | MB: csp, engine, program, plugin |\n"
        yield "|---|---|---|---|---|---|---|---|\n"
        yield from rows
    yield from _state(results, size)


def _rows(results: Results, size: int, latency: int, operation: Operation) -> Iterable[str]:
    for role in ("provider", "reseller"):
        for warm in (False, True):
            cell = Cell(size, operation.name, latency, warm, role)
            if (found := results.get(cell)) is None:
                continue
            empty = results.get(Cell(size, operation.name, who="empty")) if not latency else None
            bare = results.get(Cell(size, operation.name, latency, who="vanilla"))
            what = ("warm" if warm else "cold") if operation.warm else ""
            memory = ", ".join(f"{found.memory[one]:.0f}" if one in found.memory else "-" for one in PROCESSES)
            yield (
                f"| {operation.says} | {role} | {what} | {found.calls} | {found.seconds:.1f} | "
                f"{_against(found, empty)} | {_against(found, bare)} | {memory} |\n"
            )


def _against(ours: Result, floor: Result | None) -> str:
    if floor is None:
        return ""
    return f"{ours.seconds / floor.seconds:.2f} / {ours.used / floor.used:.2f} ({floor.seconds:.1f} s)"


def _state(results: Results, size: int) -> Iterable[str]:
    for role in ("provider", "reseller"):
        # A run writes what an import does not: which resource depends on which.
        held = results.get(Cell(size, "up", role=role)) or results.get(Cell(size, "preview", role=role))
        if held is not None and held.state:
            how = "after `up`" if held.cell.operation == "up" else "after `adopt`"
            yield (
                f"\nState {how} of the {role} estate, {held.customers} customers with {held.resources} dynamic "
                f"resources: inputs and outputs {held.state['ours']:.0f} bytes a resource, the SDK's provider in them "
                f"{held.state['pickled']:.0f}, the engine's own {held.state['engine']:.0f}.\n"
            )


def _absent(results: Results) -> Iterable[str]:
    """Sizes of the full matrix, and other ones that something was measured of, with what they lack."""
    full = {one.name for one in OPERATIONS}
    count = 0
    for size in sorted({*SIZES, *(cell.size for cell in results)}):
        cells = [cell for cell in matrix([size], sorted(full), LATENCIES) if cell not in results]
        count += len(cells)
        if cells and not any(cell.size == size for cell in results):
            yield f"- {size:,} customers: nothing ({len(cells)} cells).\n"
            continue
        by: dict[Cell, list[str]] = {}
        for cell in cells:
            by.setdefault(replace(cell, operation="", warm=False), []).append(
                cell.operation + (" (warm)" if cell.warm else "")
            )
        for place, names in by.items():
            who = place.role if place.who == "product" else place.who
            yield f"- {size:,} customers, {place.latency} ms, {who}: {', '.join(names)}.\n"
    yield "- 10,000 customers as ten stacks: `make bench` has no cell for it yet.\n"
    if count:
        yield f"\n{count} cells are missing: `make bench` goes on with them.\n"

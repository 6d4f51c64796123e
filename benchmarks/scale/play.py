"""Plays the cells that are still missing, one after another, and keeps each result as soon as it is there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from itertools import groupby
from pathlib import Path

from benchmarks.scale import estates, floor
from benchmarks.scale.cells import Cell, Result, keep, kept
from benchmarks.scale.state import bytes_a_resource, dynamic_resources
from benchmarks.scale.watch import Watched

Tell = Callable[[str], None]
A_CUSTOMER = 4
"""Dynamic resources of a customer: itself, its row, its tenant, its agreement."""
OTHERS = 2
"""Dynamic resources of a stack that are no customer's."""


def play(cells: Iterable[Cell], file: Path, commit: str, tell: Tell) -> list[Cell]:
    """Play what `file` does not hold of this commit yet; the cells that failed, each told with its reason."""
    there = kept(file, commit)
    missing = [cell for cell in cells if cell not in there]
    failed: list[Cell] = []
    for _, group in groupby(sorted(missing, key=_order), key=_place):
        for cell, result in _group(list(group), tell):
            if result is None:
                failed.append(cell)
                continue
            keep(file, commit, result)
            calls = "" if result.calls is None else f", {result.calls} calls"
            tell(f"{cell}: {result.seconds:.1f} s{calls}, load {result.load:.1f}")
    return failed


_WHO = ("product", "empty", "vanilla")
_OWN = ("adopt", "first")
"""Operations that need an estate of their own."""


def _place(cell: Cell) -> tuple[object, ...]:
    """What has to be made for a cell: cells of one place are played in it one after another."""
    own = (cell.operation, cell.latency) if cell.who == "product" and cell.operation in _OWN else ()
    return (cell.size, _WHO.index(cell.who), cell.role, own, cell.latency if cell.who == "vanilla" else 0)


def _order(cell: Cell) -> tuple[object, ...]:
    # The look that remembers nothing makes what the warm one remembers, so it comes directly before it. What changes
    # files comes last, the cheapest places first.
    place = _place(cell)
    return (*place[:3], str(place[3]), place[4], cell.operation == "up5", cell.latency, cell.operation, cell.warm)


def _group(cells: list[Cell], tell: Tell) -> Iterator[tuple[Cell, Result | None]]:
    """The results of cells of one place; None for one that failed."""
    with ExitStack() as opened:
        try:
            measure = _open(cells[0], opened)
        except (RuntimeError, AssertionError) as wrong:
            tell(f"{cells[0]}: the place to play it could not be made: {wrong}")
            yield from ((cell, None) for cell in cells)
            return
        for cell in cells:
            load = os.getloadavg()[0]
            try:
                result = measure(cell)
            except (RuntimeError, AssertionError) as wrong:
                tell(f"{cell}: {wrong}")
                yield cell, None
                continue
            result.load = round(load, 1)
            yield cell, result


def _open(first: Cell, opened: ExitStack) -> Callable[[Cell], Result]:
    resources = A_CUSTOMER * first.size + OTHERS
    if first.who == "empty":
        bare = opened.enter_context(floor.empty(resources))
        return lambda cell: _result(cell, bare.play(cell.operation), resources, first.size)
    if first.who == "vanilla":
        reading, sandbox = opened.enter_context(floor.vanilla(resources, first.size, first))

        def vanilla(cell: Cell) -> Result:
            before = int(sandbox.counters()["requests"]["total"])
            watched = reading.play(cell.operation)
            calls = int(sandbox.counters()["requests"]["total"]) - before
            return _result(cell, watched, resources, first.size, calls)

        return vanilla
    estate = opened.enter_context(_estate(first))

    def product(cell: Cell) -> Result:
        if cell.warm:
            estate.csp(cell.operation)  # also where the cold cell was measured in an earlier run
        watched, calls = estate.play(cell)
        held = dynamic_resources(estate.workspace.home, estate.workspace.stack)
        result = _result(cell, watched, len(held), estate.customers(), calls)
        result.state = bytes_a_resource(held)
        return result

    return product


def _estate(cell: Cell) -> AbstractContextManager[estates.Estate]:
    if cell.operation == "first":
        return estates.new(cell.size)
    make = estates.undeclared if cell.operation == "adopt" else estates.adopted
    return make(cell.size, cell.role)


def _result(cell: Cell, watched: Watched, resources: int, customers: int, calls: int | None = None) -> Result:
    return Result(cell, watched.seconds, watched.processor, watched.memory, resources, customers, calls)

"""What was wanted of the scale, beside what was measured. A mark whose cells are missing has no line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmarks.scale.cells import Cell, Result
from drills.seed.estate import Profile

Results = Mapping[Cell, Result]
BYTES = 1200.0
"""Inputs and outputs of a resource together."""
KEPT, MISSED = "kept", "**missed**"


def marks(results: Results) -> Iterable[str]:
    """A table row a mark that can be judged."""
    for size in sorted({cell.size for cell in results}):
        yield from _at(results, size)
    yield from _growth(results)


def _at(results: Results, size: int) -> Iterable[str]:
    label = f"{size:,} customers"
    preview = results.get(Cell(size, "preview"))
    if preview and (empty := results.get(Cell(size, "preview", who="empty"))):
        yield _row(f"{label}: preview to the empty provider's, 0 ms", 1.15, preview.seconds / empty.seconds)
        yield _row(f"{label}: the same in seconds of processor", 1.15, preview.used / empty.used)
    if (offline := results.get(Cell(size, "offline"))) and offline.calls is not None:
        yield _row(f"{label}: calls of an offline preview", 0, offline.calls)
    yield from _refresh(results, size, label)
    yield from _calls(results, size, label)
    if (held := results.get(Cell(size, "up"))) and held.state:
        yield _row(f"{label}: inputs and outputs, bytes a resource", BYTES, held.state["ours"])


def _refresh(results: Results, size: int, label: str) -> Iterable[str]:
    ours, bare = results.get(Cell(size, "refresh", 200)), results.get(Cell(size, "refresh", 200, who="vanilla"))
    if ours and bare:
        times = bare.seconds / ours.seconds
        wanted = "at least 8 times" if size == 1000 else "(8 times at 1,000)"
        verdict = f" {KEPT if times >= 8 else MISSED}" if size == 1000 else ""
        yield f"| {label}: refresh, faster than the vanilla one, 200 ms | {wanted} | {times:.1f} times{verdict} |\n"


def _calls(results: Results, size: int, label: str) -> Iterable[str]:
    """The marks are those of 1,000 customers; at another size there is nothing to hold the calls to."""
    if size != 1000:
        return
    limits: tuple[tuple[Profile, int], ...] = (("reseller", 1100), ("provider", 2200))
    for role, most in limits:
        cold = results.get(Cell(size, "drift", role=role))
        if cold and cold.calls is not None:
            yield _row(f"{label}: calls of a cold drift, {role}", most, cold.calls)
        warm = results.get(Cell(size, "drift", warm=True, role=role))
        if warm and warm.calls is not None:
            yield _row(f"{label}: calls of a warm drift, {role}", 80, warm.calls)


def _growth(results: Results) -> Iterable[str]:
    for name, warm in (("preview", False), ("up", False), ("drift", True), ("status", False)):
        small, large = (results.get(Cell(size, name, warm=warm)) for size in (1000, 5000))
        if small and large:
            ratio = (large.seconds / large.customers) / (small.seconds / small.customers)
            share = large.processor.get("program", 0.0) / large.used
            yield _row(f"{name}: a customer at 5,000 to one at 1,000 (the program's process: {share:.0%})", 1.1, ratio)


def _row(what: str, most: float, measured: float) -> str:
    verdict = KEPT if measured <= most else MISSED
    shown = f"{measured:.0f}" if most == 0 or most > 10 else f"{measured:.2f}"
    return f"| {what} | at most {most:g} | {shown} {verdict} |\n"

"""The verdicts in the words of the readiness table: its cells, and the footer that adds them up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from onboarding.core.contract import NEXT_RUN, NOT_CHECKED, OWNERS
from onboarding.readiness.counts import counts
from onboarding.readiness.verdicts import Readiness
from onboarding.steps import text
from schemas.model.gates import GATES, GateType


def heads(*, narrow: bool = False) -> tuple[str, ...]:
    """The heads of the gates' columns, in the order of the catalogue."""
    return tuple(_bracketed(gate, lambda one: one.narrow if narrow else one.column) for gate in _COLUMNS)


def _bracketed(gate: GateType, text: Callable[[GateType], str]) -> str:
    """The text of a gate, with those of the gates that stand beside it in brackets."""
    beside = [text(one) for one in GATES.values() if one.beside == gate.key]
    return f"{text(gate)} ({', '.join(beside)})" if beside else text(gate)


_COLUMNS = tuple(gate for gate in GATES.values() if gate.column and not gate.beside)
COLUMNS = ("Customer", "Can order", *heads(), "Waiting for", "Since", "Next step")
WAITS = {**OWNERS, NEXT_RUN: "next run", NOT_CHECKED: NOT_CHECKED, "": ""}
"""Whom a customer waits for, in words."""


def can_order_text(verdict: Readiness) -> str:
    """`yes`, `yes (2 gates on confirmation)`, `no`, or `leaving`; with `, not checked` where that is as last seen, and
    `not checked` alone where nothing was ever seen."""
    if verdict.ending:
        return "leaving"
    if verdict.never_seen:
        return NOT_CHECKED
    number, checked = verdict.on_confirmation, f", {NOT_CHECKED}" if verdict.unobserved else ""
    if not verdict.can_order:
        return f"no{checked}"
    return f"yes ({number} gate{'s' if number > 1 else ''} on confirmation){checked}" if number else f"yes{checked}"


def table_rows(verdicts: Iterable[Readiness]) -> list[tuple[str, ...]]:
    """The cells of the readiness table, one row a customer, in the order of COLUMNS."""
    rows: list[tuple[str, ...]] = []
    for v in verdicts:
        step = v.next_step
        told = f"{text.where(step)}. {text.action(step)}" if step else ("Next run" if v.waiting_on == NEXT_RUN else "")
        rows.append(
            (
                v.organization,
                can_order_text(v),
                *_cells(v),
                WAITS.get(v.waiting_on, v.waiting_on),
                v.since[:10],
                told,
            )
        )
    return rows


def _cells(verdict: Readiness) -> Iterator[str]:
    for gate in _COLUMNS:
        yield _bracketed(gate, lambda one: verdict.gates[one.key].state)


def footer(verdicts: Iterable[Readiness], neither: Mapping[str, int] = MappingProxyType({})) -> str:
    """`3 can order, 6 cannot: 4 wait for us, 1 for the customer, 1 for TD SYNNEX`. `neither`: word -> how many rows
    read neither yes nor no."""
    verdicts = list(verdicts)
    total = counts(verdicts)
    held = [
        f"{total[name.replace(' ', '_')]} for {WAITS[name]}"
        for name in ("us", "customer", "distributor", NEXT_RUN)
        if total.get(name.replace(" ", "_"))
    ]
    if held:
        first, _, rest = held[0].partition(" ")
        held[0] = f"{first} {'waits' if first == '1' else 'wait'} {rest}"
    never = sum(v.never_seen for v in verdicts if not v.ending)
    words = {"can order": total["can_order"], "cannot": total["cannot_order"] - never - sum(neither.values())}
    words |= {
        word: number for word, number in {**neither, NOT_CHECKED: neither.get(NOT_CHECKED, never)}.items() if number
    }
    line = ", ".join(f"{number} {word}" for word, number in words.items())
    line = f"{line}: {', '.join(held)}" if held else line
    as_before = total["unobserved"] - never - neither.get(NOT_CHECKED, 0)
    return f"{line} ({as_before} as last seen, {NOT_CHECKED} since)" if as_before else line

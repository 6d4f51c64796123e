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
    word, number = _can_order(verdict), verdict.on_confirmation
    if word == "yes" and number:
        word = f"yes ({number} gate{'s' if number > 1 else ''} on confirmation)"
    return f"{word}, {NOT_CHECKED}" if as_last_seen(verdict) else word


def can_order_narrow(verdict: Readiness) -> str:
    """The same for 80 columns: `yes`, `yes*` on confirmation, `no`, `leaving`; `?` alone or behind for not checked."""
    word = _can_order(verdict)
    word = "?" if word == NOT_CHECKED else f"{word}*" if word == "yes" and verdict.on_confirmation else word
    return f"{word}?" if as_last_seen(verdict) else word


def as_last_seen(verdict: Readiness) -> bool:
    """Whether yes or no is that of an earlier look, because the last one failed."""
    return verdict.unobserved and not verdict.ending and not verdict.never_seen


def _can_order(verdict: Readiness) -> str:
    if verdict.ending:
        return "leaving"
    if verdict.never_seen:
        return NOT_CHECKED
    return "yes" if verdict.can_order else "no"


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
        (total[name.replace(" ", "_")], f"for {WAITS[name]}")
        for name in ("us", "customer", "distributor", NEXT_RUN)
        if total.get(name.replace(" ", "_"))
    ]
    waits = [f"{number} {rest}" for number, rest in held]
    if held:
        number, rest = held[0]
        waits[0] = f"{number} {'waits' if number == 1 else 'wait'} {rest}"
    never = sum(v.never_seen for v in verdicts if not v.ending)
    words = {"can order": total["can_order"], "cannot": total["cannot_order"] - never - sum(neither.values())}
    words |= {
        word: number for word, number in {**neither, NOT_CHECKED: neither.get(NOT_CHECKED, never)}.items() if number
    }
    line = ", ".join(f"{number} {word}" for word, number in words.items())
    line = f"{line}: {', '.join(waits)}" if waits else line
    as_before = total["unobserved"] - never - neither.get(NOT_CHECKED, 0)
    return f"{line} ({as_before} as last seen, {NOT_CHECKED} since)" if as_before else line

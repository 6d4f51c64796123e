"""A plan on a terminal: one block a customer."""

from __future__ import annotations

from collections.abc import Iterator

from csp.say import count, folded
from onboarding.plan.report import DRIFT, SECTIONS, Change, Line, Report, Value
from schemas.command import NAME, command, shown
from schemas.plain import plain, some

WIDTH = 120
JSON = command("plan", format="json")


def text(report: Report) -> str:
    """The whole report; every value from elsewhere as one harmless line."""
    return "\n".join(shown(line, stack=report.stack) for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    for refusal in report.refusals:
        yield from _fold(f"REFUSED: {refusal}")
    for one in report.unlooked:
        yield from _fold(f"NOT LOOKED AT: {one}")
    if report.refusals or report.unlooked:
        yield ""
    yield plain(f"Plan of {report.stack}: {report.headline}")
    if report.portal_on:
        yield from _fold(f"Portal access goes on, and they can buy by themselves: {some(report.portal_on, 20)}")
    if report.lines:
        yield ""
        yield "Lines of connections that decide whom we trust"
        for name, how in report.lines.items():
            yield from _fold(f"{name}: {how}", "  ")
    for change in report.changes:
        yield ""
        yield from _customer(change)
    yield ""
    yield from _fold(footer(report))


def here(text: str, stack: str) -> str:
    """A text whose readers are elsewhere, in a review: commands as they stand in every installation."""
    return shown(text, stack=stack, start=NAME)


def footer(report: Report) -> str:
    """What it costs, what it allows beyond what is shown, and what names it."""
    told = f"A run of it takes about {report.calls} calls and {report.seconds} s."
    if not report.looked:
        told = "Nothing was looked at: what is out there, and what a run would really write, is not in this plan."
    if report.later:
        steps = count(len(report.later), "step")
        told += f" As people go on it may also lead to {steps} that nobody can undo ({JSON}: later)."
    return f"{told} csp-onboarding {report.version}, {report.digest}"


def _customer(change: Change) -> Iterator[str]:
    about = ", ".join(part for part in (change.name if change.name != change.key else "", change.file) if part)
    yield plain(f"{change.key}{f'  ({about})' if about else ''}")
    for line in change.lines:
        yield from _line(line)


def _line(line: Line) -> Iterator[str]:
    yield from _fold(f"{SECTIONS[line.section]}: {line.text}", "  ", "      ")
    if line.where:
        yield from _fold(line.where, "      ", "      ")
    for value in line.values:
        yield from _fold(value_text(value, line.section), "      ", "        ")


def value_text(value: Value, section: str) -> str:
    """`field: old -> new`."""
    before = f" (declared before: {value.before})" if value.before else ""
    because = " (somebody changed it)" if section == DRIFT else ""
    return f"{value.field}: {value.old or '(nothing)'} -> {value.new or '(nothing)'}{before}{because}"


def _fold(told: str, first: str = "", rest: str = "  ") -> list[str]:
    return folded(plain(told), WIDTH, first, rest)

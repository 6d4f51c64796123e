"""A plan as a comment: one that fits, in which nothing that a file or another system says can act.

Every word from elsewhere stands in a code span: no platform looks for people, issues, commands or markup in there.
What a reviewer must have seen (refusals, what cannot be undone, who leaves, whom we trust) comes first and is never
left out; the rest is folded, customer by customer, as far as it fits, and counted where it does not.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from csp.say import count
from csp.views.plan_text import footer, here, value_text
from onboarding.plan.report import IRREVERSIBLE, REMOVAL, SECTIONS, WORDS, Change, Report
from schemas.command import command
from schemas.plain import plain

LIMIT = 65_536
"""Characters of a comment on GitHub (UTF-16 code units), the narrowest of the platforms."""
RESERVE = 536
"""Characters that are left to whoever posts it, for a marker."""
_LONGEST = 400
"""Characters of one value; more is cut and counted."""


@dataclass(frozen=True, slots=True)
class Comment:
    """`left_out`: customers whose details did not fit. `cut`: something that must be seen did not fit, so that the plan
    does not count as reviewed."""

    text: str
    left_out: int = 0
    cut: bool = False


def code(text: object, longest: int = 0) -> str:
    """One value as a code span, whatever is in it; what is longer than `longest` (0: any length) is cut and counted."""
    told = plain(text)
    if longest and len(told) > longest:
        told = f"{told[:longest]}... ({len(told) - longest} more)"
    if not told.strip():
        return "(nothing)"
    fence = "`" * (max((len(run) for run in re.findall("`+", told)), default=0) + 1)
    pad = " " if told[0] in "` " or told[-1] in "` " else ""
    return f"{fence}{pad}{told}{pad}{fence}"


def comment(report: Report, limit: int = LIMIT) -> Comment:
    """The plan in at most `limit` characters, RESERVE of them left free."""
    room = limit - RESERVE
    must = [*_head(report), *_must(report)]
    end = ["", f"<sub>{code(here(footer(report), report.stack))}</sub>"]
    size = _size([*must, *end]) - 1
    if size > room:
        return Comment("\n".join(_too_large(report, room)), len(report.changes), cut=True)
    blocks = [_customer(change, report.stack) for change in report.changes]
    left = len(blocks)
    if size + sum(map(_size, blocks)) <= room:
        left = 0
    else:
        size += _size(["", _more(report, left)])
        while size + _size(blocks[len(blocks) - left]) <= room:
            size += _size(blocks[len(blocks) - left])
            left -= 1
    told = [line for block in blocks[: len(blocks) - left] for line in block]
    rest = ["", _more(report, left)] if left else []
    return Comment("\n".join([*must, *told, *rest, *end]), left)


def _size(lines: Iterable[str]) -> int:
    """In UTF-16 code units, as the platforms count characters."""
    return sum(len(line.encode("utf-16-le")) // 2 + 1 for line in lines)


def _head(report: Report) -> Iterator[str]:
    yield f"## Plan of {code(report.stack)}"
    yield ""
    if report.refusals:
        yield "> **A run of this is refused:**"
        yield from (f"> - {code(here(str(one), report.stack))}" for one in report.refusals)
        yield ""
    if report.unlooked:
        yield "> **Not everything could be looked at:**"
        yield from (f"> - {code(here(str(one), report.stack))}" for one in report.unlooked)
        yield ""
    yield f"**{plain(report.headline)}**"


def _must(report: Report) -> Iterator[str]:
    for section in (IRREVERSIBLE, REMOVAL):
        found = [(one.key, line.text) for one in report.changes for line in one.of(section)]
        if found:
            yield from ("", f"### {SECTIONS[section]} ({len(found)})")
            yield from (f"- {code(key)}: {code(text)}" for key, text in found)
    if report.portal_on:
        yield from ("", f"### Portal access goes on, and they can buy by themselves ({len(report.portal_on)})")
        yield f"- {code(', '.join(report.portal_on))}"
    if report.lines:
        yield from ("", f"### Lines that decide whom we trust ({len(report.lines)})")
        yield from (f"- {code(name)}: {code(how)}" for name, how in report.lines.items())
    if report.changes:
        yield from ("", "### Customer by customer", "")


def _customer(change: Change, stack: str) -> list[str]:
    counted: dict[str, int] = {}
    for line in change.lines:
        counted[SECTIONS[line.section].lower()] = counted.get(SECTIONS[line.section].lower(), 0) + 1
    about = f"{change.key}{f' ({change.name})' if change.name != change.key else ''}"
    summary = f"<code>{html.escape(plain(about))}</code>: {', '.join(counted)}"
    lines = [f"<details><summary>{summary}</summary>", ""]
    lines += [f"File: {code(change.file)}", ""] if change.file else []
    for line in change.lines:
        lines.append(f"- **{SECTIONS[line.section]}**: {code(here(line.text, stack), _LONGEST)}")
        lines += [f"  - {code(line.where, _LONGEST)}"] if line.where else []
        lines += [f"  - {code(value_text(value, line.section), _LONGEST)}" for value in line.values]
    return [*lines, "", "</details>"]


def _more(report: Report, left: int) -> str:
    return (
        f"**{count(left, 'customer')} more did not fit here.** The whole plan: "
        f"{here(command('plan'), report.stack)}, or what the pipeline kept of it."
    )


def _too_large(report: Report, room: int) -> Iterator[str]:
    """What fits of what must be seen, and that this is not enough."""
    told = [
        f"## Plan of {code(report.stack)}",
        "",
        "**CUT: not all that a reviewer must see fits here, so that this plan does not count as reviewed.** Split the "
        "change into several, or review another format and approve that.",
        "",
        f"**{plain(report.headline)}**",
        "",
        *(f"- {number} {WORDS[name]}" for name, number in report.counts.items()),
    ]
    size = _size(told) + 100
    rest = [line for line in [*_head(report), *_must(report)] if line and line not in told]
    for number, line in enumerate(rest):
        if size + _size([line]) > room:
            yield from told
            yield f"- and {count(len(rest) - number, 'line')} more"
            return
        told.append(line)
        size += _size([line])
    yield from told

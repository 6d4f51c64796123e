"""docs/behaviours.md from the ledger and the registered operations."""

from __future__ import annotations

from collections.abc import Iterable

from csp_sandbox.ledger import RULES, Rule, Switch
from csp_sandbox.serving.web import System

_HEAD = """# Behaviours of the sandbox

Written by `python -m csp_sandbox behaviours`; do not edit. Every operation and every refusal of the sandbox has a row.

Confidence: *documented* (vendor or Microsoft text), *seen in client code* (public clients or user reports), *inferred*
(our reading), *ours* (a convention of the sandbox or a contract of this project; no remote system does it).
**Nothing here was tried against the live systems.** Sources: `ion` and `pc` are the research notes on StreamOne ION and
Partner Center, with section numbers.

Inferred rules with more than one reading are switches: a profile or seed file chooses with
`"behaviours": {"<rule>": "<value>"}`, and `--strict` takes the harder reading.
"""
_INFERRED = """What to try first once somebody has a live account: no document and no client code says so, and a
test against the sandbox proves nothing about them."""
_CONFIDENCES = ("documented", "seen in client code", "inferred", "ours")


def _flat(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _flat(text).replace("|", "\\|")


def _row(rule: Rule) -> str:
    return f"| `{rule.id}` | {_cell(rule.text)} | {_cell(rule.source)} | {rule.confidence} | {rule.date} |"


def inferred() -> list[str]:
    """One line a rule that no text and no client code confirms, in the order of their names."""
    rows = sorted((row for row in RULES.values() if row.confidence == "inferred"), key=lambda row: row.id)
    return [f"`{row.id}`{' (switch)' if isinstance(row, Switch) else ''}: {_flat(row.text)}" for row in rows]


def markdown(systems: Iterable[System]) -> str:
    """The whole page."""
    lines = [_HEAD]
    switches = sorted((row for row in RULES.values() if isinstance(row, Switch)), key=lambda row: row.id)
    counts = {name: sum(row.confidence == name for row in RULES.values()) for name in _CONFIDENCES}
    lines += [", ".join(f"{number} {name}" for name, number in counts.items()) + f"; {len(switches)} switches.", ""]
    lines += [
        "## Switches",
        "",
        "| rule | behaviour | readings | default | strict | source |",
        "|---|---|---|---|---|---|",
    ]
    for row in switches:
        readings = "; ".join(f"`{value}`: {meaning}" for value, meaning in row.choices)
        cells = (
            f"`{row.id}`",
            _cell(row.text),
            _cell(readings),
            f"`{row.default}`",
            f"`{row.strict}`",
            _cell(row.source),
        )
        lines.append(f"| {' | '.join(cells)} |")
    used: set[str] = {row.id for row in switches}
    for system in systems:
        lines += [
            "",
            f"## {system.title}: operations",
            "",
            "| operation | call | behaviour | source | confidence | date |",
        ]
        lines.append("|---|---|---|---|---|---|")
        for operation in sorted(system.operations, key=lambda op: (op.path, op.method)):
            rule = operation.rule
            used.add(rule.id)
            call = f"`{operation.method} {system.base}{operation.path}`"
            cells = (f"`{operation.id}`", call, _cell(rule.text), _cell(rule.source), rule.confidence, rule.date)
            lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "## Refusals and other rules",
        "",
        "| rule | behaviour | source | confidence | date |",
        "|---|---|---|---|---|",
    ]
    lines += [_row(row) for row in sorted(RULES.values(), key=lambda row: row.id) if row.id not in used]
    lines += ["", "## Rules that rest on inference alone", "", _INFERRED, ""]
    lines += [f"- {line}" for line in inferred()]
    return "\n".join(lines) + "\n"

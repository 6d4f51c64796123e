"""A plan as a page of HTML, and as SARIF for tools that show findings in a diff."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

from csp.views.plan_text import footer, here
from onboarding.plan.report import (
    DECLARED,
    DRIFT,
    IRREVERSIBLE,
    RECORDED,
    REMOVAL,
    SECTIONS,
    STEP,
    STOPPED,
    WRITE,
    Line,
    Report,
)
from schemas.plain import plain
from schemas.read.yaml_source import Source, read
from schemas.report.sarif import log, result

_LEVELS = {
    IRREVERSIBLE: "warning",
    REMOVAL: "warning",
    STOPPED: "warning",
    WRITE: "note",
    STEP: "note",
    DRIFT: "note",
    RECORDED: "note",
    DECLARED: "note",
}


def html(report: Report) -> str:
    """One page; Jinja escapes every value."""
    pages = jinja2.Environment(
        loader=jinja2.PackageLoader("csp", "templates"),
        autoescape=True,
        finalize=lambda text: text if hasattr(text, "__html__") else plain(text),
        undefined=jinja2.StrictUndefined,
    )
    pages.filters["put"] = lambda text: here(str(text), report.stack)
    return pages.get_template("plan.html.j2").render(report=report, sections=SECTIONS, footer=footer(report))


def sarif(report: Report, root: Path) -> dict[str, Any]:
    """One result a line, at the field in the customer file; refusals at the stack file. `root`: the project folder."""
    stack = f"stacks/Pulumi.{report.stack}.yaml"
    sources: dict[str, Source | None] = {}
    results = [
        result("CSP-PLAN-REFUSED", "error", here(f"refused: {one}", report.stack), stack, startLine=1)
        for one in report.refusals
    ]
    for change in report.changes:
        file = change.file or stack
        if file not in sources:
            sources[file] = read(root / file, root, file) if (root / file).is_file() else None
        for line in change.lines:
            values = "; ".join(f"{v.field}: {v.old or '(nothing)'} -> {v.new or '(nothing)'}" for v in line.values)
            text = f"{change.key}: {line.text}{f' ({values})' if values else ''}"
            where = _line(line, sources[file]) if change.file else 1
            results.append(
                result(_rule(line.section), _LEVELS[line.section], here(text, report.stack), file, startLine=where)
            )
    used = {one["ruleId"] for one in results}
    rules = {_rule(name): title for name, title in SECTIONS.items()} | {"CSP-PLAN-REFUSED": "A run is refused"}
    notes = [{"level": "error", "message": {"text": plain(f"not looked at: {one}")}} for one in report.unlooked]
    return log(
        {rule: title for rule, title in rules.items() if rule in used},
        results,
        invocations=[{"executionSuccessful": not notes, "toolExecutionNotifications": notes}],
    )


def _rule(section: str) -> str:
    return f"CSP-PLAN-{section.upper()}"


def _line(line: Line, source: Source | None) -> int:
    """The line of the first field that the file itself names; else the first."""
    for value in line.values if source is not None else ():
        path = tuple(value.field.split("."))
        while path:
            if source is not None and source.has(path):
                return source.mark(path, True)[0]
            path = path[:-1]
    return 1

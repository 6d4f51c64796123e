"""A drift report as SARIF 2.1.0: one result a finding, at the line of the customer file that declares the field."""

from pathlib import Path
from typing import Any

from csp.views.drift import TITLES, next_run
from onboarding.drift.report import DriftReport, Finding
from schemas.plain import message
from schemas.read.yaml_source import Source, read
from schemas.report.sarif import log, result

LEVELS = {"drift": "error", "inconsistent": "warning", "unmanaged": "note", "progress": "note"}


def sarif(report: DriftReport, root: Path) -> dict[str, Any]:
    """`root`: the project folder that the files of findings are relative to. What cannot be seen is no result."""
    sources: dict[str, Source | None] = {}
    told = [found for found in report.findings if found.kind != "not_visible"]
    return log(
        {_rule(found): TITLES[found.kind] for found in told},
        [_result(found, root, sources) for found in told],
        invocations=[
            {
                "executionSuccessful": not report.not_checked,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": message(f"not checked: {what}: {why}")}}
                    for what, why in sorted(report.not_checked.items())
                ],
            }
        ],
    )


def _rule(found: Finding) -> str:
    return f"CSP-{found.kind.upper()}"


def _result(found: Finding, root: Path, sources: dict[str, Source | None]) -> dict[str, Any]:
    parts = [f"{found.customer or found.connection} {found.field}: declared {found.declared or '-'}, seen {found.seen}"]
    parts += [f"{label}: {text}" for label, text in (("where", found.where), ("changed by", found.who)) if text]
    # What no customer file declares stands at the connection: see schemas.report.sarif.result.
    file = found.file or f"stacks/connections/{found.connection}.yaml"
    if file not in sources:
        path = root / file
        sources[file] = read(path, root, file) if path.is_file() else None
    line = _line_of(found, sources[file]) if found.file else 1
    text = "; ".join([*parts, f"next run: {next_run(found)}"])
    return result(_rule(found), LEVELS[found.kind], text, file, startLine=line)


def _line_of(found: Finding, source: Source | None) -> int:
    """The line of the declared field; of its section when the field has a default; else the first."""
    path = tuple(found.field.split("."))
    while source is not None and path:
        if source.has(path):
            return source.mark(path, True)[0]
        path = path[:-1]
    return 1

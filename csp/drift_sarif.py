"""A drift report as SARIF 2.1.0: one result a finding, at the line of the customer file that declares the field."""

from pathlib import Path
from typing import Any

from csp.drift_shown import TITLES, next_run
from onboarding.drift_report import DriftReport, Finding
from schemas.yaml_source import Source, read

LEVELS = {"drift": "error", "inconsistent": "warning", "unmanaged": "note", "progress": "note"}


def sarif(report: DriftReport, root: Path) -> dict[str, Any]:
    """`root`: the project folder that the files of findings are relative to. What cannot be seen is no result."""
    sources: dict[str, Source | None] = {}
    told = [found for found in report.findings if found.kind != "not_visible"]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "csp-onboarding",
                        "rules": [
                            {"id": f"CSP-{kind.upper()}", "shortDescription": {"text": TITLES[kind]}}
                            for kind in sorted({found.kind for found in told})
                        ],
                    }
                },
                "results": [_result(found, root, sources) for found in told],
                "invocations": [
                    {
                        "executionSuccessful": not report.not_checked,
                        "toolExecutionNotifications": [
                            {"level": "error", "message": {"text": f"not checked: {what}: {why}"}}
                            for what, why in sorted(report.not_checked.items())
                        ],
                    }
                ],
            }
        ],
    }


def _result(found: Finding, root: Path, sources: dict[str, Source | None]) -> dict[str, Any]:
    parts = [f"{found.customer or found.connection} {found.field}: declared {found.declared or '-'}, seen {found.seen}"]
    parts += [f"{label}: {text}" for label, text in (("where", found.where), ("changed by", found.who)) if text]
    # What no customer file declares stands at the connection: a result without a place is refused by code scanning.
    file = found.file or f"stacks/connections/{found.connection}.yaml"
    if file not in sources:
        path = root / file
        sources[file] = read(path, file) if path.is_file() else None
    line = _line_of(found, sources[file]) if found.file else 1
    place = {"artifactLocation": {"uri": file}, "region": {"startLine": line}}
    return {
        "ruleId": f"CSP-{found.kind.upper()}",
        "level": LEVELS[found.kind],
        "message": {"text": "; ".join([*parts, f"next run: {next_run(found)}"])},
        "locations": [{"physicalLocation": place}],
    }


def _line_of(found: Finding, source: Source | None) -> int:
    """The line of the declared field; of its section when the field has a default; else the first."""
    path = tuple(found.field.split("."))
    while source is not None and path:
        if source.has(path):
            return source.mark(path, True)[0]
        path = path[:-1]
    return 1

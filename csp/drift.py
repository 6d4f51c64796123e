"""`csp drift`: what differs from the declaration in the live systems. Reads everything, writes nothing."""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import schemas
from clients.connection import Session
from csp import engines
from csp.access import told
from csp.errors import CommandError
from csp.options import Stack
from csp.other_stacks import elsewhere
from csp.project import Project
from onboarding import drift as domain
from onboarding import readiness
from onboarding.drift_report import KINDS, DriftReport, Finding, Rotation
from onboarding.drift_resources import Outputs
from schemas.yaml_source import Source, read

FORMATS = ("table", "markdown", "json", "sarif")
TITLES = {
    "drift": "Drift: somebody changed what the files declare",
    "progress": "Progress: a step was done",
    "unmanaged": "Not managed: nobody declares it",
    "inconsistent": "Contradictions between the systems",
}
COLUMNS = ("Customer", "Field", "Declared", "Seen", "Where", "Changed by", "Next run")
LEVELS = {"drift": "error", "inconsistent": "warning", "unmanaged": "note", "progress": "note", "not_visible": "none"}


def register(app: typer.Typer) -> None:
    app.command()(drift)


def drift(
    stack: Stack,
    format_: Annotated[str, typer.Option("--format", help="table, markdown, json or sarif.")] = "table",
    fail_on: Annotated[
        str, typer.Option(help=f"What exits with 7, separated by commas: {', '.join(KINDS)}.")
    ] = "drift",
    fresh: Annotated[bool, typer.Option(help="Ask everything again, use no answer of an earlier look.")] = False,
    state: Annotated[bool, typer.Option(help="Use the stack's state to tell a change from an open step.")] = True,
) -> None:
    """Compare every declared field with what ION and Partner Center show. Exit 0 none, 7 drift, 1 could not look."""
    if format_ not in FORMATS:
        raise CommandError(f"{format_!r} is no format: choose from {', '.join(FORMATS)}", 2)
    kinds = [kind.strip().replace("-", "_") for kind in fail_on.split(",") if kind.strip()]
    if wrong := [kind for kind in kinds if kind not in KINDS]:
        raise CommandError(f"--fail-on does not know {', '.join(wrong)}: choose from {', '.join(KINDS)}", 2)
    project = Project.find()
    estate = project.estate(stack)
    report = _look(project, stack, estate, _states(project, stack, estate) if state else {}, fresh)
    typer.echo(render(report, format_, project.root))
    raise typer.Exit(report.exit_code(kinds))


def _look(project: Project, stack: str, estate: schemas.Estate, states: dict[str, Outputs], fresh: bool) -> DriftReport:
    with ExitStack() as opened, told():
        sessions = {}
        for name in sorted({customer.connection for customer in estate.customers}):
            sessions[name] = Session.open(name, project_dir=project.root)
            opened.callback(sessions[name].close)
        others, left_out = elsewhere(project, stack, sessions)
        with _progress() as tell:
            now = datetime.now(UTC)
            report = domain.look(estate, sessions, states, now, fresh=fresh, elsewhere=others, tell=tell)
        report.left_out |= left_out
        return report


@contextmanager
def _progress() -> Iterator[domain.Tell]:
    """A bar on a terminal, nothing in a pipeline."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("looking", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _states(project: Project, stack: str, estate: schemas.Estate) -> dict[str, Outputs]:
    """What the last run left in state; without one the look goes on, and says so."""
    try:
        export = engines.choose(project, stack, estate).export()
    except CommandError as missing:
        print(f"csp: looking without state ({missing})", file=sys.stderr)
        return {}
    found = readiness.states_from_export(export, estate.renamed)
    return {key: {kind: one.outputs for kind, one in kinds.items()} for key, kinds in found.items()}


# --- rendering


def render(report: DriftReport, form: str, root: Path) -> str:
    """The report as text of one of FORMATS. `root`: the project folder that the files of findings are relative to."""
    if form == "json":
        return json.dumps(report.as_dict(), indent=2)
    if form == "sarif":
        return json.dumps(sarif(report, root), indent=2)
    return _markdown(report) if form == "markdown" else _tables(report)


def _cells(found: Finding) -> tuple[str, ...]:
    return (
        found.customer or "-",
        found.field,
        found.declared or "-",
        found.seen or "-",
        found.where,
        found.who or "-",
        found.will or "-",
    )


def _tables(report: DriftReport) -> str:
    console = Console(highlight=False, markup=False)
    with console.capture() as captured:
        for kind, title in TITLES.items():
            if findings := report.of(kind):
                console.print(f"\n{title} ({len(findings)})")
                table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
                for name in COLUMNS:
                    table.add_column(name, overflow="fold")
                for found in findings:
                    table.add_row(*_cells(found))
                console.print(table)
        for line in _footer(report):
            console.print(line, soft_wrap=True)
    return captured.get().strip()


def _markdown(report: DriftReport) -> str:
    lines = ["# Drift", ""]
    for kind, title in TITLES.items():
        if findings := report.of(kind):
            lines += [f"## {title} ({len(findings)})", "", _line(COLUMNS), _line(["---"] * len(COLUMNS))]
            lines += [_line(_cells(found)) for found in findings] + [""]
    return "\n".join([*lines, *(f"- {line}" for line in _footer(report))])


def _line(cells: Any) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _footer(report: DriftReport) -> list[str]:
    """What was looked at, what could not be seen, how old it is."""
    counts = Counter(found.kind for found in report.findings)
    lines = [
        f"{report.customers} customers, {report.fields} fields compared: {counts['drift']} drifted, "
        f"{counts['progress']} moved on, {report.pending} wait for a step (csp todo), "
        f"{counts['unmanaged']} not managed, {counts['inconsistent']} contradictions"
    ]
    for (name, confirmed), keys in sorted(_unseen(report).items()):
        told = "stated by a person" if confirmed else "nobody confirmed it"
        lines.append(f"Cannot be seen: {name} of {len(keys)} customers ({told})")
    for found in report.of("not_visible"):
        if "was seen as declared" in found.seen:
            lines.append(f"Out of sight now, was as declared before: {found.customer} {found.field}")
    for one in report.coverage:
        tenants = f", {one.tenants_declared} of {one.tenants} tenants" if one.tenants else ""
        lines.append(
            f"{one.connection}: {one.customers_declared} of {one.customers} ION customers declared"
            f"{_by_others(one.customers_elsewhere)} ({one.percent:g} %){tenants}{_by_others(one.tenants_elsewhere)}"
        )
    for stack, why in sorted(report.left_out.items()):
        lines.append(f"Stack {stack} was not taken into account, so that its customers may be listed here: {why}")
    calls = ", ".join(f"{system} {count}" for system, count in sorted(report.calls.items())) or "none"
    ages = ", ".join(f"{name} {at}" for name, at in sorted(report.oldest.items()))
    lines.append(f"Looked at {report.looked_at}; calls: {calls}; answers of earlier looks: {report.kept}")
    if report.kept:
        lines.append(f"Oldest answer: {ages} (csp drift --fresh asks everything again)")
    lines += [_records(name, rotation) for name, rotation in sorted(report.rotations.items())]
    lines += [f"Not checked: {what}: {why}" for what, why in sorted(report.not_checked.items())]
    return lines


def _by_others(counts: Mapping[str, int]) -> str:
    return "".join(f", {number} more by stack {stack}" for stack, number in sorted(counts.items()))


def _records(connection: str, rotation: Rotation) -> str:
    """How far the rotation got: whose contact and address was not looked at, and how old the others are."""
    earlier = rotation.of - rotation.now - len(rotation.never)
    line = f"{connection}: records of {rotation.of} tenants made by us: {rotation.now} read now"
    line += f", {earlier} of earlier looks (oldest {rotation.oldest})" if earlier else ""
    if rotation.never:
        some = ", ".join(rotation.never[:5]) + (", ..." if len(rotation.never) > 5 else "")
        line += f", {len(rotation.never)} not yet ({some}); they take turns, csp drift --fresh reads all"
    return line


def _unseen(report: DriftReport) -> dict[tuple[str, bool], set[str]]:
    found: dict[tuple[str, bool], set[str]] = {}
    for one in report.of("not_visible"):
        found.setdefault((one.field, one.seen.startswith("confirmed")), set()).add(one.customer)
    return found


def sarif(report: DriftReport, root: Path) -> dict[str, Any]:
    """SARIF 2.1.0: one result a finding, at the line of the customer file that declares the field."""
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
    result: dict[str, Any] = {
        "ruleId": f"CSP-{found.kind.upper()}",
        "level": LEVELS[found.kind],
        "message": {"text": "; ".join([*parts, f"next run: {found.will}"])},
    }
    if found.file:
        if found.file not in sources:
            path = root / found.file
            sources[found.file] = read(path, found.file) if path.is_file() else None
        place = {"artifactLocation": {"uri": found.file}, "region": {"startLine": _line_of(found, sources[found.file])}}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _line_of(found: Finding, source: Source | None) -> int:
    """The line of the declared field; of its section when the field has a default; else the first."""
    path = tuple(found.field.split("."))
    while source is not None and path:
        if source.has(path):
            return source.mark(path, True)[0]
        path = path[:-1]
    return 1

"""`csp drift`: what differs from the declaration in the live systems. Reads everything, writes nothing."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer

import schemas
from clients.errors import ClientError
from clients.session import Session
from clients.wire import clock
from csp.access import told
from csp.engine import start as engines
from csp.errors import CommandError, NewerStateError
from csp.options import Stack
from csp.other_stacks import elsewhere
from csp.project import Project
from csp.say import say, say_document
from csp.views.drift import markdown, terminal
from csp.views.drift_sarif import sarif
from csp.views.progress import progress
from csp.views.readiness import print_unseen
from onboarding.core.remedy import Trouble
from onboarding.drift import run as domain
from onboarding.drift.report import KINDS, DriftReport
from onboarding.drift.resources import Outputs
from onboarding.readiness.states import states_from_export
from schemas.command import shown
from schemas.plain import as_json

Format = Literal["table", "markdown", "json", "sarif"]
UNOBSERVED_ALONE = "unobserved"
"""For --fail-on: nothing but what could not be looked at."""


def register(app: typer.Typer) -> None:
    app.command()(drift)


def drift(
    stack: Stack,
    format_: Annotated[Format, typer.Option("--format")] = "table",
    fail_on: Annotated[
        str,
        typer.Option(
            help=f"What exits with 7, separated by commas: {', '.join(KINDS)}. What could not be looked at exits with "
            f"10 in any case; {UNOBSERVED_ALONE}: nothing but that."
        ),
    ] = "drift",
    fresh: Annotated[bool, typer.Option(help="Ask everything again, use no answer of an earlier look.")] = False,
    state: Annotated[bool, typer.Option(help="Use the stack's state to tell a change from an open step.")] = True,
) -> None:
    """Compare every declared field with what ION and Partner Center show.

    Exit 0 none, 7 drift, 10 no drift in what could be looked at, and not everything could.
    """
    kinds = [kind.strip().replace("-", "_") for kind in fail_on.split(",") if kind.strip()]
    if wrong := [kind for kind in kinds if kind not in (*KINDS, UNOBSERVED_ALONE)]:
        known = ", ".join((*KINDS, UNOBSERVED_ALONE))
        raise CommandError(f"--fail-on does not know {', '.join(wrong)}: choose from {known}", 2)
    project = Project.find()
    estate = project.estate(stack)
    report = _look(project, stack, estate, _states(project, stack, estate) if state else {}, fresh)
    if format_ in ("json", "sarif"):
        print_unseen(report.unseen, stack, err=True)
    say_document(render(report, format_, project.root, stack))
    raise typer.Exit(report.exit_code(kinds))


def _look(project: Project, stack: str, estate: schemas.Estate, states: dict[str, Outputs], fresh: bool) -> DriftReport:
    closed: dict[str, Trouble] = {}
    with ExitStack() as opened, told():
        sessions = {}
        for name in sorted({customer.connection for customer in estate.customers}):
            try:
                sessions[name] = Session.open(name, project_dir=project.root)
            except ClientError as error:
                closed[name] = Trouble.of(error, name)
                continue
            opened.callback(sessions[name].close)
        others, left_out = elsewhere(project, stack, sessions)
        with progress("looking") as tell:
            now = clock.now()
            report = domain.look(estate, sessions, states, now, fresh=fresh, elsewhere=others, closed=closed, tell=tell)
        report.left_out |= left_out
        return report


def _states(project: Project, stack: str, estate: schemas.Estate) -> dict[str, Outputs]:
    """What the last run left in state; without one the look goes on, and says so."""
    try:
        export = engines.choose(project, stack, estate).export()
    except NewerStateError:
        raise
    except CommandError as missing:
        say(f"csp: {shown(f'looking without state ({missing})', stack=stack)}", err=True)
        return {}
    found = states_from_export(export, estate.renamed)
    return {key: {kind: one.outputs for kind, one in kinds.items()} for key, kinds in found.items()}


def render(report: DriftReport, form: Format, root: Path, stack: str) -> str:
    """The report as text. `root`: the project folder that the files of findings are relative to."""
    if form == "json":
        return shown(as_json(report.as_dict()), stack=stack)
    if form == "sarif":
        return shown(as_json(sarif(report, root)), stack=stack)
    return markdown(report, stack) if form == "markdown" else terminal(report, stack)

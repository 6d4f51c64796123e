"""`csp plan`: what a run would do, customer by customer, for the person who approves it. Changes nothing."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from csp import exit_codes
from csp.engine import planning, ruling
from csp.engine import start as engines
from csp.errors import CommandError
from csp.options import Stack
from csp.project import Project
from csp.say import say, say_block, say_document
from csp.views import plan_markdown, plan_page, plan_text
from onboarding.allowed import reviewed
from onboarding.plan import file
from onboarding.plan.report import Report
from schemas.plain import as_json
from schemas.write.whole_file import write_whole

Format = Literal["text", "markdown", "html", "json", "sarif"]


def register(app: typer.Typer) -> None:
    app.command()(plan)


def plan(
    stack: Stack,
    format_: Annotated[Format, typer.Option("--format")] = "text",
    out: Annotated[str, typer.Option(help="Also write the file that `csp up --plan` keeps to.")] = "",
    refresh: Annotated[
        bool, typer.Option(help="--no-refresh looks at nothing and needs no credential: files against state.")
    ] = True,
    policy_from: Annotated[str, typer.Option(help="The commit whose policy holds; default: the stack's own.")] = "",
    files: Annotated[
        str,
        typer.Option(
            "--files", metavar="BASE", help="From the files alone, against this commit: no state, no credential."
        ),
    ] = "",
    limit: Annotated[int, typer.Option(min=4096, help="Characters of a comment, for markdown.")] = plan_markdown.LIMIT,
) -> None:
    """Show what `up` would do, customer by customer: what cannot be undone first.

    Exit 0 done, 1 a run of it would be refused, 10 not everything could be looked at.
    """
    if out and not refresh:
        raise CommandError("--out needs a look: a run is held to the facts that its changes start from", 2)
    project = Project.find()
    if files:
        _files_alone(project, stack, files, format_, out)
        return
    estate = project.estate(stack)
    engine = engines.choose(project, stack, estate)
    engine.environment.pop(reviewed.PLAN, None)
    rules = ruling.apply(engine, estate, policy_from)
    state = (engine.ensure_stack() if engines.estate_is_sandbox(estate) else engine.export()) or {}
    told, unseen = planning.preview(engine, estate, state, look=refresh)
    refused = ruling.of_plan(rules, told, state)
    report = told.report(unseen, rules.lines, refused, looked=refresh)
    comment = plan_markdown.comment(report, limit)
    cut = format_ == "markdown" and comment.cut
    if out:
        kept = file.document(told, rules.lines, cut=cut, refused=refused, hours=rules.plan.expires_hours)
        _write(Path(out), as_json(kept))
    say_document(comment.text if format_ == "markdown" else render(report, format_, project.root))
    if cut:
        say("csp: the plan was cut: it does not count as reviewed, and no run keeps to it", err=True)
    raise typer.Exit(code(report))


def _files_alone(project: Project, stack: str, base: str, form: str, out: str) -> None:
    from csp.review import files_alone
    from csp.views import plan_files

    if out or form not in ("text", "markdown"):
        raise CommandError("--files makes text or markdown, and no plan that a run could keep to", 2)
    found = files_alone.declared_otherwise(project, stack, base)
    if form == "markdown":
        say_document(plan_files.markdown(stack, found))
    else:
        say_block(plan_files.text(stack, found))


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path.absolute(), f"{text}\n".encode(), mode=0o600)
    except OSError as why:
        raise CommandError(f"{path} cannot be written: {why.strerror or why}") from None


def code(report: Report) -> int:
    """The strongest reason wins."""
    if report.refusals:
        return exit_codes.FAILED
    return exit_codes.BLIND if report.unlooked else exit_codes.DONE


def render(report: Report, form: str, root: Path) -> str:
    """The report as text of one of FORMATS, but for markdown."""
    if form == "json":
        return plan_text.here(as_json(report.as_dict()), report.stack)
    if form == "sarif":
        return as_json(plan_page.sarif(report, root))
    return plan_page.html(report) if form == "html" else plan_text.text(report)

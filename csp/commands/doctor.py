"""`csp doctor`: one screen that says whether everything a run needs is in place, and how to mend what is not."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

import schemas
from csp import access, options
from csp.diagnosis.check import Check, Options
from csp.diagnosis.connection import connection_checks
from csp.diagnosis.modes import lock_check, mode_check
from csp.engine import start as engines
from csp.errors import CommandError
from csp.estate.here import repository_checks
from csp.project import Project
from csp.say import cell, count, folded, say, say_json
from schemas.command import command
from schemas.plain import plain

COLOURS = {"pass": "green", "warn": "yellow", "fail": "red", "note": "cyan"}


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(
    stack: Annotated[
        str,
        typer.Option(
            "--stack", "-s", help="Check the engine and all connections of this stack.", autocompletion=options.stacks
        ),
    ] = "",
    connection: access.ConnectionName = "",
    format_: options.TextOrJson = "text",
    renew: Annotated[
        bool, typer.Option("--renew", help="Renew a token that has ended, so that its rights can be checked too.")
    ] = False,
) -> None:
    """Check addresses, clocks, tokens, rights, the reseller's authorisation, engine, handover and mail. Writes nothing.

    In a repository of csp init also what it pins, and what has to be set on its platform by hand; without a stack and
    a connection that is all.
    ION's refresh token is single-use, so a token that has ended is renewed only with --renew. Exit code 1 when a line
    fails.
    """
    project = Project.find()
    own = list(repository_checks(project.root))
    if not (stack or connection or own):
        raise CommandError("name a stack with -s, a connection with -c, or both", 2)
    checks = [*own, *_all(project, stack, connection, Options(renew=renew))]
    counts = {verdict: sum(c.verdict == verdict for c in checks) for verdict in ("pass", "warn", "fail")}
    if notes := sum(c.verdict == "note" for c in checks):
        counts["note"] = notes
    if format_ == "json":
        say_json({"checks": [asdict(c) for c in checks], "counts": counts})
    else:
        _print(checks, counts)
    raise typer.Exit(1 if counts["fail"] else 0)


def _all(project: Project, stack: str, connection: str, options: Options) -> Iterator[Check]:
    names = [connection] if connection else []
    if stack:
        try:
            estate = project.estate(stack)
        except schemas.DeclarationErrors as errors:
            found = f"{count(len(errors.findings), 'finding')}, the first: {errors.findings[0]}"
            yield Check(stack, "declaration", "fail", found, f"{command('validate', stack=stack)} shows all")
            # The connection files may still be right: whoever sets a machine up wants to know about those too.
            names = names or access.connection_names(project)
        else:
            yield Check(
                stack,
                "declaration",
                "pass",
                f"{count(len(estate.customers), 'customer')}, {count(len(estate.connections), 'connection')}",
            )
            yield _engine(project, stack, estate)
            names = names or sorted(estate.connections)
    yield from mode_check(project.home)
    yield from lock_check(project.home)
    for name in names:
        yield from connection_checks(project, name, options)


def _engine(project: Project, stack: str, estate: schemas.Estate) -> Check:
    """Which engine would run the stack. Raises nothing: no engine is a failed line."""
    try:
        engine = engines.choose(project, stack, estate)
    except CommandError as error:
        return Check(stack, "engine", "fail", str(error), "install the Pulumi CLI, or set CSP_ENGINE=embedded")
    backend = engine.environment.get("PULUMI_BACKEND_URL") or project.backend or "the one of `pulumi login`"
    found = f"{engine.why.removeprefix('engine: ')}; backend {backend}"
    if engine.name == "embedded" and not engines.estate_is_sandbox(estate):
        return Check(stack, "engine", "warn", found, "this machine keeps the state: back it up, run from nowhere else")
    return Check(stack, "engine", "pass", found)


def _print(checks: list[Check], counts: dict[str, int]) -> None:
    """One line a check, folded between words: paths and commands stay whole, however narrow the terminal is."""
    console, about = Console(), ""
    column = 8 + max(len(check.what) for check in checks)
    for check in checks:
        if check.about != about:
            about = check.about
            console.print(cell(f"      {about}", "bold"), soft_wrap=True)
        told = [f"{check.verdict}  {plain(check.what):{column - 8}}  {plain(check.found)}"]
        told += [f"{'':{column}}fix: {plain(check.fix)}"] if check.fix else []
        for number, text in enumerate(told):
            for part in folded(text[column:], console.width, text[:column], " " * column):
                line = cell(part)
                line.stylize(COLOURS[check.verdict], 0, 0 if number else len(check.verdict))
                console.print(line, soft_wrap=True)
    notes = f"; {count(counts['note'], 'setting')} that only the platform knows" if "note" in counts else ""
    say(f"{counts['pass']} pass, {counts['warn']} warn, {counts['fail']} fail{notes}")

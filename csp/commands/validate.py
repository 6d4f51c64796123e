"""`csp validate`: what is declared, checked without a word to any system. Nothing here changes anything."""

from typing import Annotated

import typer

import schemas
from csp.engine import if_sent
from csp.options import Stack
from csp.project import Project
from csp.say import count, say, say_block, say_document
from onboarding.people import letters
from schemas.report.findings import Format


def register(app: typer.Typer) -> None:
    app.command()(validate)


def validate(
    stack: Stack,
    format_: Annotated[Format, typer.Option("--format")] = "text",
) -> None:
    """Check every file of a stack: all errors at once, one line each. Sends nothing. Exit code 2 when there are any."""
    project = Project.find()
    try:
        estate = project.estate(stack)
        warnings = (*estate.warnings, *if_sent.judged(project, stack, estate), *_templates(project, estate))
        if schemas.errors(warnings):
            raise schemas.DeclarationErrors(warnings)
    except schemas.DeclarationErrors as errors:
        # Findings for people go to stderr like every error; machine formats are the command's answer.
        if format_ == "text":
            say_block(errors, err=True)
        else:
            say_document(schemas.format_findings(errors.findings, format_))
        raise typer.Exit(2) from None
    if format_ != "text":
        say_document(schemas.format_findings(sorted(warnings), format_))
    else:
        for found in sorted(warnings):
            say(str(found), err=True)
        number = len(warnings)
        told = count(number, "warning") if number else "nothing wrong"
        customers, connections = count(len(estate.customers), "customer"), count(len(estate.connections), "connection")
        say(f"{stack}: {customers} on {connections}, {told}")


def _templates(project: Project, estate: schemas.Estate) -> list[schemas.Finding]:
    """What is wrong with the mail templates of the connections, each line once: several may share a folder."""
    told = {}
    for connection in estate.connections.values():
        for line in letters.problems(connection, project.root):
            message = line.removeprefix(f"{connection.mail_templates}: ")
            told[message] = schemas.Finding(str(connection.mail_templates), 1, 1, "", "CSP-MAIL-004", message)
    return list(told.values())

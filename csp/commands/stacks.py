"""`csp stacks`: the stacks of the project, or those that a change touches, for the matrix of a pipeline."""

import json
from typing import Annotated

import typer

from csp.options import TextOrJson
from csp.project import Project
from csp.review.touched import changed_files, touched
from csp.say import say, say_document


def register(app: typer.Typer) -> None:
    app.command()(stacks)


def stacks(
    changed: Annotated[
        str, typer.Option("--changed", help="Only those that differ from this commit, or from where HEAD left it.")
    ] = "",
    stack: Annotated[list[str] | None, typer.Option("--stack", "-s", help="Only of these; may be repeated.")] = None,
    format_: TextOrJson = "text",
) -> None:
    """List the stacks, or those that a change touches.

    By stack file, customers, connections, mail templates; all by project, program or product pin. Sends nothing."""
    project = Project.find()
    names = list(dict.fromkeys(stack)) if stack else project.stacks()
    for name in names:
        project.stack_file(name)
    if changed:
        names = touched(project, names, changed_files(project.root, changed))
    if format_ == "json":
        say_document(json.dumps(names))
    else:
        for name in names:
            say(name)

"""`csp up|preview|refresh|destroy|env`: the engine's verbs, with the right engine and environment.

Everything after the verb goes to the engine as it is, so that what people know of `pulumi` holds here too.
"""

import os
import shlex

import typer

from csp import engines, interrupted, looking, removed
from csp.options import Stack
from csp.project import Project
from csp.say import say

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": ["--help"]}


def register(app: typer.Typer) -> None:
    app.command(context_settings=PASS_ON)(up)
    app.command(context_settings=PASS_ON)(preview)
    app.command(context_settings=PASS_ON)(refresh)
    app.command(context_settings=PASS_ON)(destroy)
    app.command()(env)


def up(context: typer.Context, stack: Stack) -> None:
    """Move every customer as far as an API can, and say who has to do the rest.

    With --yes the preview is left out: a default `up` would look at every customer twice.
    """
    arguments = list(context.args)
    if "--yes" in arguments or "-y" in arguments:
        arguments = [a for a in arguments if a != "--skip-preview"] + ["--skip-preview"]
    _run(stack, "up", arguments)


def preview(context: typer.Context, stack: Stack) -> None:
    """Show what `up` would do and what has drifted. --refresh=false looks at nothing and needs no credential."""
    _run(stack, "preview", context.args)


def refresh(context: typer.Context, stack: Stack) -> None:
    """Read the live systems into the state, change nothing else."""
    _run(stack, "refresh", context.args)


def destroy(context: typer.Context, stack: Stack) -> None:
    """Forget the estate. What is out there stays, unless a customer's file says on_remove: end-relationship."""
    _run(stack, "destroy", context.args)


def env(stack: Stack) -> None:
    """Print the variables with which a plain `pulumi` works on a stack: eval "$(csp env -s STACK)"."""
    project = Project.find()
    for name, value in engines.local_environment(project, project.estate(stack)).items():
        print(f"export {name}={shlex.quote(value)}")


def _run(stack: str, verb: str, arguments: list[str]) -> None:
    project = Project.find()
    estate = project.estate(stack)
    engine = engines.choose(project, stack, estate)
    if verb == "up" and engines.estate_is_sandbox(estate) and "PULUMI_BACKEND_URL" not in os.environ:
        state = engine.ensure_stack()
    else:
        state = engine.export()
    looking.before(state, estate)  # first, so that nobody overlooks it
    if "--json" not in arguments:
        say(engine.why, err=True)
    if state is not None and verb in removed.VERBS:
        removed.check(state, estate, verb, arguments)
    if verb in ("up", "refresh"):
        raise typer.Exit(interrupted.run(engine, estate, state, verb, arguments))
    raise typer.Exit(looking.run(engine, estate, verb, *arguments)[1])

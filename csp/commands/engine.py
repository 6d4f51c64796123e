"""`csp up|preview|refresh|destroy|env`: the engine's verbs, with the right engine and environment.

Flags are read as the Pulumi CLI reads them, variables included, so that what people know of `pulumi` holds here too and
csp knows whom a run comes to. The engine gets what was understood.
"""

import os
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from csp.engine import interrupted, keeping, looking, moving, one_customer, own_words, removed, ruling
from csp.engine import start as engines
from csp.engine import words as engine_words
from csp.engine.own_words import Own
from csp.engine.words import Asked
from csp.options import Stack
from csp.project import Project
from csp.say import say
from onboarding.allowed import reviewed

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": ["--help"]}


class EngineCommand(TyperCommand):
    """A command whose words are read by `engine_words`; the option parser sees the stack alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if ctx.resilient_parsing:  # a shell asks what may come next
            return super().parse_args(ctx, args)
        if "--help" in args:
            return super().parse_args(ctx, ["--help"])
        verb = str(ctx.command.name)
        ctx.meta["own"], args = own_words.split(args, verb)
        asked = engine_words.read(args, os.environ, verb)
        ctx.meta["asked"] = asked
        return super().parse_args(ctx, [f"--stack={asked.stack}"] if asked.stack else [])


def register(app: typer.Typer) -> None:
    for verb in (up, preview, refresh, destroy):
        app.command(cls=EngineCommand, context_settings=PASS_ON)(verb)
    app.command()(env)


def up(context: typer.Context, stack: Stack) -> None:
    """Move every customer as far as an API can, and say who has to do the rest.

    With --yes the preview is left out: a default `up` would look at every customer twice. --plan FILE writes nothing
    that the reviewed plan of `csp plan --out FILE` does not allow; --plan-digest DIGEST is the one that was approved.
    -k CUSTOMER moves one customer with everything it needs. --policy-from COMMIT: whose policy holds.
    """
    asked: Asked = context.meta["asked"]
    own: Own = context.meta["own"]
    own.plan = str(asked.flags.pop("plan", ""))
    if asked.yes:
        asked.flags["skip-preview"] = True
    _run(stack, "up", asked, own)


def preview(context: typer.Context, stack: Stack) -> None:
    """Show what `up` would do and what has drifted. --refresh=false looks at nothing and needs no credential."""
    _run(stack, "preview", context.meta["asked"])


def refresh(context: typer.Context, stack: Stack) -> None:
    """Read the live systems into the state, change nothing else. With --yes the preview is left out, as by `up`."""
    asked: Asked = context.meta["asked"]
    if asked.yes and not asked.flags.get("preview-only"):
        asked.flags["skip-preview"] = True
    _run(stack, "refresh", asked)


def destroy(context: typer.Context, stack: Stack) -> None:
    """Forget the estate. What is out there stays, unless a customer's file says on_remove: end-relationship."""
    _run(stack, "destroy", context.meta["asked"])


def env(stack: Stack, plan: Annotated[str, typer.Option(help="The reviewed plan that runs keep to.")] = "") -> None:
    """Print the variables with which a plain `pulumi` works on a stack: eval "$(csp env -s STACK)"."""
    project = Project.find()
    values = engines.local_environment(project, project.estate(stack))
    for name, value in (values | ({reviewed.PLAN: str(Path(plan).absolute())} if plan else {})).items():
        print(f"export {name}={shlex.quote(value)}")  # noqa: T201 - for a shell, which reads what is there


def _run(stack: str, verb: str, asked: Asked, own: Own | None = None) -> None:
    arguments = asked.arguments
    project = Project.find()
    estate = project.estate(stack)
    engine = engines.choose(project, stack, estate)
    rules = ruling.apply(engine, estate, own.policy_from if own else "")
    if own is not None:
        keeping.bind(engine, estate, own.plan, rules, own.digest)
    if verb == "up" and engines.estate_is_sandbox(estate) and "PULUMI_BACKEND_URL" not in os.environ:
        state = engine.ensure_stack()
    else:
        state = engine.export()
    if own is not None and own.customer:
        arguments += one_customer.aim(engine, estate, state, own.customer)
        ruling.of_one(rules, estate, state, own.customer)
    if state is not None:
        looking.fetch_ahead(engine, estate, state, engine_words.read(arguments))
    looking.before(state, estate)  # first, so that nobody overlooks it
    if not asked.json:
        say(engine.why, err=True)
    if verb == "up":
        raise typer.Exit(moving.up(engine, estate, state, rules, arguments))
    if state is not None and verb in removed.VERBS:
        removed.check(state, estate, verb, arguments)
    if verb == "refresh":
        raise typer.Exit(interrupted.run(engine, estate, state, verb, arguments))
    raise typer.Exit(looking.run(engine, estate, verb, *arguments)[1])

"""`csp recover`: after a run that was killed or whose machine is gone, one command until the stack is quiet again."""

from typing import Annotated

import typer

from csp import exit_codes
from csp.engine import interrupted, keeping, looking, moving, recovery, ruling
from csp.engine import start as engines
from csp.options import Stack
from csp.project import Project
from csp.say import count, say


def register(app: typer.Typer) -> None:
    app.command()(recover)


def recover(
    stack: Stack,
    lock: Annotated[
        str, typer.Option("--lock", help="A lock made on another machine, whose run you know to be gone.", metavar="ID")
    ] = "",
    plan: Annotated[str, typer.Option(help="The reviewed plan that the run goes on with.", metavar="FILE")] = "",
    plan_digest: Annotated[str, typer.Option(help="The digest that was approved.", metavar="DIGEST")] = "",
    wait: Annotated[
        float,
        typer.Option("--wait", help="Seconds for plugins of the dead run to finish the calls that they have begun."),
    ] = 180.0,
    look_only: Annotated[bool, typer.Option("--look-only", help="Say what is found and do nothing.")] = False,
) -> None:
    """Bring a stack back after a run that was killed: plugins, lock, unfinished operations.

    Ends with a quiet preview. Does nothing where nothing was left; never touches what may belong to a living run.
    """
    project = Project.find()
    estate = project.estate(stack)
    engine = engines.choose(project, stack, estate)
    state = engine.export()
    found, notes = recovery.locks(engine), list(recovery.begun(state))
    plugins = recovery.leftover_plugins(engine)
    for told in (
        *(f"plugin of a dead run: process {process.pid}" for process in plugins),
        *(f"lock: {one}" for one in found),
        *(f"begun and not finished: {operation} {urn.rpartition('::')[2]}" for operation, urn in notes),
    ):
        say(f"found {told}")
    stopped_here = interrupted.stopped_here(engine)
    if not plugins and not found and not notes and not stopped_here:
        say(f"{stack}: no run left anything behind")
        return
    recovery.judge(found, lock, stack)
    rules = ruling.apply(engine, estate, "")
    keeping.bind(engine, estate, plan, rules, plan_digest)
    if look_only:
        return
    if plugins:
        ended, killed = recovery.end(plugins, wait)
        say(f"{count(ended, 'plugin')} finished by itself" + (f", {killed} ended after {wait:g} s" if killed else ""))
    if found:
        cancelled = engine.capture("cancel", *([] if engine.name == "pulumi" else ["--stack"]), stack, "--yes")
        if cancelled.returncode:
            say(f"csp: the lock could not be removed: {(cancelled.stderr or cancelled.stdout).strip()}", err=True)
            raise typer.Exit(1)
        say(f"removed {count(len(found), 'lock')}")
    say(f"going on with {stack}: what was begun is looked for before it is made")
    code = moving.up(engine, estate, state, rules, ("--yes", "--skip-preview"))
    if code not in (exit_codes.DONE, exit_codes.BLIND, exit_codes.HELD):
        raise typer.Exit(code)
    if list(recovery.begun(engine.export())):
        # The engine keeps the note of a create for ever; by now the create was looked for and its resource is in state.
        code = max(code, looking.run(engine, estate, "refresh", "--yes", "--clear-pending-creates")[1])
    quiet = looking.run(engine, estate, "preview", "--expect-no-changes")[1]
    raise typer.Exit(quiet or code)

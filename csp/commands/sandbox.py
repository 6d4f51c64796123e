"""`csp sandbox ...`: a simulated ION, Partner Center, Entra and the people, to learn and to try on."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from clients.handover import make_local_recipient
from csp import sandbox
from csp.errors import CommandError
from csp.project import Project
from csp.say import say
from schemas.command import command
from schemas.write.whole_file import private_folder

app = typer.Typer(help="A simulated ION, Microsoft and their people on this machine.", no_args_is_help=True)


def register(above: typer.Typer) -> None:
    above.add_typer(app, name="sandbox")


Profile = Annotated[
    str, typer.Option(help="provider, reseller or empty: what kind of partner the sandbox takes us for.")
]


@app.command()
def start(
    profile: Profile = "provider",
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 picks a free one.")] = 0,
    seed_file: Annotated[Path | None, typer.Option(help="JSON added to the profile's situation.")] = None,
    db: Annotated[Path | None, typer.Option(help="SQLite file to keep the situation in.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Take the harder reading of every inferred rule.")] = False,
) -> None:
    """Run a sandbox here until it is stopped (Ctrl-C or SIGTERM). Prints one JSON line when it is ready.

    The same as csp-sandbox, and connections of this project find it.
    """
    home = Project.find().home
    private_folder(home / "sandbox")
    if running := sandbox.find(home, profile):
        raise CommandError(
            f"a {profile} sandbox runs already (pid {running.pid}): {command('sandbox', 'stop', profile=profile)}"
        )
    line = sandbox.command(home, profile, port, seed_file, db, strict)
    make_local_recipient(home)
    os.execv(line[0], line)


@app.command()
def stop(profile: Profile = "provider") -> None:
    """Stop the sandbox of a profile."""
    stopped = sandbox.stop(Project.find().home, profile)
    say(f"{profile} sandbox stopped" if stopped else f"no {profile} sandbox is running")


@app.command()
def show() -> None:
    """Show which sandboxes run and where their consoles are."""
    home = Project.find().home
    for profile in sandbox.PROFILES:
        if running := sandbox.find(home, profile):
            say(f"{profile:9} pid {running.pid:<7} console {running.ready['console']}")
        else:
            say(f"{profile:9} not running")


def running(profile: str) -> sandbox.Running:
    """The sandbox of a profile. Raises CommandError when none runs."""
    found = sandbox.find(Project.find().home, profile)
    if not found:
        raise CommandError(f"no {profile} sandbox is running: {command('sandbox', 'start', profile=profile)}")
    return found


@app.command()
def reset(profile: Profile = "provider") -> None:
    """Put a sandbox back to the situation it was seeded with."""
    running(profile).admin("POST", "reset", {})
    say(f"{profile} sandbox reset")


@app.command()
def clock(
    profile: Profile = "provider",
    advance: Annotated[int, typer.Option(help="Seconds to move the sandbox's clock forward.")] = 0,
) -> None:
    """Show or move the sandbox's clock."""
    answer: Any = running(profile).admin("POST", "clock", {"advance": advance}) if advance else None
    answer = answer or running(profile).admin("GET", "clock")
    say(answer["now"])

"""What commands that talk to an account share: naming a connection, opening it, telling a failure in one line."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated

import typer

from clients.errors import ClientError
from clients.session import Session
from csp import options
from csp.errors import CommandError
from csp.project import Project
from onboarding.core.remedy import Trouble

ConnectionName = Annotated[
    str,
    typer.Option(
        "--connection",
        "-c",
        help="The connection: stacks/connections/CONNECTION.yaml.",
        autocompletion=options.connections,
    ),
]
MINUTE, HOUR, DAY = 60, 3600, 86400


def connection_names(project: Project) -> list[str]:
    """The names of the connection files, sorted."""
    return sorted(file.stem for file in (project.root / "stacks" / "connections").glob("*.yaml"))


@contextmanager
def opened(name: str) -> Iterator[Session]:
    """The session of a connection (no name given: of the only one there is), closed at the end. Sends nothing.

    Raises CommandError when the name is missing or unknown and for every failure on the wire inside, one line each;
    schemas.DeclarationErrors for a wrong file.
    """
    project = Project.find()
    known = connection_names(project)
    if not name and len(known) == 1:
        name = known[0]
    if name not in known:
        wrong = f"there is no connection {name!r}" if name else "name a connection with -c"
        raise CommandError(f"{wrong}; connections here: {', '.join(known) or 'none'}", 2)
    with told(name), closing(Session.open(name, project_dir=project.root)) as session:
        yield session


@contextmanager
def told(connection: str = "") -> Iterator[None]:
    """Turn a failure on the wire into one line and exit code 1. `connection`: whose it is, for the command to run."""
    try:
        yield
    except ClientError as error:
        raise CommandError(Trouble.of(error, connection)) from None


def duration(seconds: float) -> str:
    """Seconds for people: "31 days", "1 h 58 min", "4 min", "20 s"."""
    whole = max(int(seconds), 0)
    if whole >= 2 * DAY:
        return f"{whole // DAY} days"
    if whole >= HOUR:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
    return f"{whole // MINUTE} min" if whole >= MINUTE else f"{whole} s"


def variable_part(name: str) -> str:
    """A connection's name as its environment variables spell it: upper case, - as _."""
    return name.upper().replace("-", "_")

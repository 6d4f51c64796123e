"""`csp init --move`: stacks out of a checkout of this product, with all that belongs to them.

Project name and backend stay, so the state of a stack is found where it was. What a local working folder holds (state,
token chains, hand-over, mails) is moved and never copied: a token chain that exists twice breaks.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import schemas
from csp import sandbox
from csp.engine import start as engines
from csp.errors import CommandError
from csp.estate.layout import SCHEMA_FOLDER
from csp.project import Project
from csp.say import count, say
from schemas.command import command
from schemas.read.inside import is_inside
from schemas.write.whole_file import private_folder

_MODELINE = re.compile(rb"(?m)^((?:\xef\xbb\xbf)?#\s*yaml-language-server:\s*\$schema=(?:\.\./)*)schemas/")
_STAYS = frozenset(("tool", "cli", "sbom.json"))
"""What `make` puts into the working folder of a checkout."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What is to be moved. `files`: path -> content there. `gone`: the files that the checkout then has no more.
    `home`: the working folder, None where it is outside the checkout and stays."""

    root: Path
    project: str
    backend: str
    stacks: tuple[str, ...]
    files: Mapping[str, bytes]
    gone: tuple[Path, ...]
    home: Path | None
    customers: Mapping[str, tuple[schemas.Customer, ...]]


def found(here: Path, folder: Path, stacks: tuple[str, ...]) -> Moved:
    """The stacks (default: all) of the checkout around `here`, for `folder`. Changes nothing.

    Raises CommandError for what must not be moved now, and schemas.DeclarationErrors for wrong files.
    """
    project = _checkout(here)
    chosen = stacks or tuple(project.stacks())
    if not chosen:
        raise CommandError(f"{project.root} has no stack to move", 2)
    estates = {name: project.estate_so_far(name) for name in chosen}
    rest = {name: _estate_or_none(project, name) for name in project.stacks() if name not in chosen}
    home = project.home if is_inside(project.home, project.root) else None
    if home is not None:
        _refuse_unsafe(home, folder, rest)
    paths = set().union(*(_files_of(project, name, estate) for name, estate in estates.items()))
    kept = set().union(*(_files_of(project, name, estate) for name, estate in rest.items() if estate), set())
    root = project.root.resolve()
    return Moved(
        root,
        project.name,
        _backend(project),
        chosen,
        {path.relative_to(root).as_posix(): _in_place(path.read_bytes()) for path in sorted(paths)},
        tuple(sorted(paths - kept)),
        home,
        {name: estate.customers for name, estate in estates.items()},
    )


def take(moved: Moved, folder: Path) -> None:
    """Make sure that the new place declares the same, then move the working folder. Raises CommandError."""
    for stack, before in moved.customers.items():
        if Project(folder).estate_so_far(stack).customers != before:
            raise CommandError(f"{stack} does not declare the same in {folder}; nothing was taken out of {moved.root}")
    if moved.home is None:
        return
    for entry in _entries(moved.home):
        shutil.move(entry, private_folder(folder / ".csp") / entry.name)


def leave(moved: Moved) -> None:
    """Take the files out of the checkout, and say so."""
    for path in moved.gone:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    say(f"{moved.root}: {', '.join(moved.stacks)} moved, {count(len(moved.gone), 'file')} gone there (Git has them)")
    if moved.home is None:
        say("the working folder stays where CSP_HOME says: set it for the new place too")


def _checkout(here: Path) -> Project:
    """The checkout around a folder, whichever `csp` looks at it."""
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").is_file():
            if not (folder / "providers" / "dynamic.py").is_file():
                raise CommandError(f"{folder} is no checkout of csp-onboarding: there is nothing to take out of it", 2)
            return Project(folder)
    raise CommandError(
        f"no Pulumi.yaml in {here} or above it: run this in the checkout whose stacks are to be moved", 2
    )


def _estate_or_none(project: Project, stack: str) -> schemas.Estate | None:
    try:
        return project.estate_so_far(stack)
    except schemas.DeclarationErrors:
        return None


def _refuse_unsafe(home: Path, folder: Path, rest: Mapping[str, schemas.Estate | None]) -> None:
    """The working folder goes as a whole: nobody may be at work in it, and no other live stack may need it."""
    for stack, estate in rest.items():
        if estate is None or (estate.connections and not engines.estate_is_sandbox(estate)):
            raise CommandError(f"{stack} would stay without its tokens and notes, which are in {home}: move it too", 2)
    for profile in sandbox.PROFILES:
        if sandbox.find(home, profile):
            stop = command("sandbox", "stop", profile=profile)
            raise CommandError(f"the {profile} sandbox runs in {home}: {stop} first", 2)
    if locks := [*(home / "state").rglob("locks/**/*.json")]:
        raise CommandError(f"a run holds {locks[0].parent.name} ({locks[0]}), or left it: let it end first", 2)
    for entry in _entries(home):
        if os.path.lexists(folder / ".csp" / entry.name):
            raise CommandError(f"{folder / '.csp' / entry.name} is there already, and {entry} as well", 2)


def _entries(home: Path) -> list[Path]:
    return sorted(one for one in home.iterdir() if one.name not in _STAYS) if home.is_dir() else []


def _files_of(project: Project, stack: str, estate: schemas.Estate) -> set[Path]:
    """Every file that a stack is made of."""
    root = project.root.resolve()
    found = {project.stack_file(stack).resolve(), *((root / file).resolve() for file in estate.sources.values())}
    for name, connection in estate.connections.items():
        found.add((root / "stacks" / "connections" / f"{name}.yaml").resolve())
        found |= {file for file in (root / connection.mail_templates).rglob("*") if file.is_file()}
        found |= set(_recipients(connection, root))
    return found


def _recipients(connection: schemas.Connection, root: Path) -> Iterator[Path]:
    """Files with public keys that a connection names, as far as they are in the project."""
    for one in connection.handover.recipients if connection.handover else ():
        path = root / one.removeprefix("file:")
        if one.startswith("file:") and "$CSP_HOME" not in one and path.is_file() and is_inside(path, root):
            yield path.resolve()


def _in_place(content: bytes) -> bytes:
    """A file whose first line names its schema, as it is found in the new place."""
    return _MODELINE.sub(rb"\g<1>" + SCHEMA_FOLDER.encode() + b"/", content)


def _backend(project: Project) -> str:
    """The backend that Pulumi.yaml names, "" for none. Raises CommandError for one that is relative to the checkout."""
    url = project.backend
    if url.startswith("file://") and not url.startswith(("file:///", "file://~")):
        raise CommandError(f"backend {url} of Pulumi.yaml is inside the checkout: move the folder, name it in full", 2)
    return url

"""`csp init`: an estate's repository in a folder of one's own, new or with the stacks of a checkout.

Everything is made up first, then compared with what is there; a file that says something else stops it before the first
write. A second run after one that was killed writes what is missing.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from csp.errors import CommandError
from csp.estate import asked, index, layout, pins, record, release
from csp.estate import move as moving
from csp.estate.layout import Answers
from csp.estate.placing import chosen_release, put, settle
from csp.estate.release import Release
from csp.review import surroundings
from csp.say import count, say
from schemas.command import command
from schemas.model.connection import Role
from schemas.plain import some


def register(app: typer.Typer) -> None:
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The repository: a new folder, or an empty one.")],
    role: Annotated[Role | None, typer.Option(help="What we are to Partner Center.")] = None,
    country: Annotated[str, typer.Option(help="Where our customers are: DE, Germany.")] = "",
    ci: Annotated[surroundings.Name | None, typer.Option(help="Who runs the pipelines.")] = None,
    backend: Annotated[
        str | None,
        typer.Option(help="Where state is kept: azblob://..., s3://...; empty: PULUMI_BACKEND_URL."),
    ] = None,
    owners: Annotated[
        str | None, typer.Option(help="Who reviews connections, templates and pipelines: @org/team.")
    ] = None,
    name: Annotated[str, typer.Option(help="The project's name in state. Default: the folder's name.")] = "",
    stack: Annotated[
        list[str] | None, typer.Option("--stack", "-s", help="The live stack (production); with --move: which ones.")
    ] = None,
    source: Annotated[
        str, typer.Option("--from", help="A package index, or a folder of wheels. Default: this product itself.")
    ] = "",
    move: Annotated[
        bool, typer.Option("--move", help="Take the stacks out of this folder, a checkout, with their state.")
    ] = False,
) -> None:
    """Make an estate repository: your customers as data, this product as a pinned dependency.

    Asks for what is not said. Sends nothing; an index is asked only if --from names one. Changes no file that is there.
    """
    folder, stacks = folder.resolve(), tuple(stack or ())
    if index.is_index(source):
        index.checked(source)
    moved = moving.found(Path.cwd(), folder, stacks) if move else None
    if moved:
        answers = asked.moved(moved, ci=ci, owners=owners, backend=backend)
    else:
        answers = asked.new(
            folder, role=role, country=country, ci=ci, backend=backend, owners=owners, name=name, stacks=stacks
        )
    with tempfile.TemporaryDirectory() as scratch:
        chosen = chosen_release(source, release.running_version(), Path(scratch))
        if index.is_index(source):
            answers = asked.with_source(answers, source)
        files = layout.written(answers)
        taken = moved.files if moved else {}
        _refuse_others(folder, {**files, **taken})
        chosen = settle(folder, chosen, answers)
    for path, content in {**files, **taken}.items():
        put(folder, path, content)
    if moved:
        moving.take(moved, folder)
    own = {path: record.digest(content) for path, content in files.items() if layout.is_renewed(path)}
    put(folder, record.NAME, record.text(record.Record(release.running_version(), answers, own)))
    if moved:
        moving.leave(moved)
    _told(folder, chosen, answers)


def _refuse_others(folder: Path, files: Mapping[str, bytes]) -> None:
    """Raises CommandError when a file that is to be written is there and says something else. What a killed run wrote
    says the same."""
    if (folder / record.NAME).exists():
        raise CommandError(f"{folder} is an estate's repository already: {command('upgrade')} changes it", 2)
    other = [path for path, content in files.items() if _is_other(folder / path, content)]
    other += [one for one in (pins.FILE, pins.LOCAL) if _is_other(folder / one, pins.MARK, begins=True)]
    if other:
        raise CommandError(f"{folder} holds {some(other, 5)} already, and nothing was written", 2)


def _is_other(file: Path, content: bytes, *, begins: bool = False) -> bool:
    """Whether something else is there. `begins`: the content is only how it begins."""
    if not os.path.lexists(file):
        return False
    there = file.read_bytes() if file.is_file() else None
    return there is None or not (there.startswith(content) if begins else there == content)


def _told(folder: Path, chosen: Release, answers: Answers) -> None:
    where = "its wheels in vendor/" if answers.source == "vendor" else f"from {answers.source}"
    say(f"{folder}: {count(len(answers.stacks), 'stack')} for {answers.ci}, csp {chosen.version} ({where})")
    missing = len(release.EXTRAS) + 1 - len(chosen.wheels)
    if missing:
        say("sandbox and embedded engine are not installed here, so the repository has none: name a source with --from")
    say(f"README.md says the next three steps. The first: cd {folder} && git init", err=not sys.stdout.isatty())

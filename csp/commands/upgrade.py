"""`csp upgrade`: another release for an estate's repository.

Two steps with an installation between them: the pins move, by whichever `csp` runs; and the files that nobody changed
since `csp init` are written again, by the release that brings them.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path
from typing import Annotated

import typer

from csp.errors import CommandError
from csp.estate import index, layout, pins, record, release, repack
from csp.estate.placing import chosen_release, put, settle
from csp.estate.record import Record
from csp.estate.release import PRODUCT, Release
from csp.project import Project
from csp.say import count, say, say_block, say_document
from schemas.command import command
from schemas.kinds.nearest import quoted

PAGE = command("docs", "estate-repository")


def register(app: typer.Typer) -> None:
    app.command()(upgrade)


def upgrade(
    source: Annotated[
        str, typer.Option("--from", help="A package index, or a folder of wheels. Default: the csp that runs.")
    ] = "",
    to: Annotated[str, typer.Option(help="The version. Default: the newest there; an older one has to be named.")] = "",
    show: Annotated[str, typer.Option(help="Print a file as this release writes it, and change nothing.")] = "",
) -> None:
    """Move an estate repository to another release, and tell what changes.

    Writes requirement files, vendor/ and the files that nobody changed since csp init. Installs nothing.
    """
    root = Project.find().root
    known = record.read(root)
    if known is None:
        raise CommandError(f"there is no {record.NAME} in {root}: this is no estate's repository ({PAGE})", 2)
    if show:
        _show(known, show)
        return
    before = pins.pinned(root)
    with tempfile.TemporaryDirectory() as scratch:
        chosen = _chosen(root, known, source, to, Path(scratch), before.get(PRODUCT, ""))
        if chosen is not None:
            kept = source if index.is_index(source) else "vendor" if source else known.answers.source
            known = replace(known, answers=replace(known.answers, source=kept))
            news = changes(chosen.changelog(), before.get(PRODUCT, ""), chosen.version)
            settle(root, chosen, known.answers)
            put(root, record.NAME, record.text(known))
            _told(before, pins.pinned(root), news)
    if pins.pinned(root).get(PRODUCT) == release.running_version():
        _renew(root, known)
    if chosen is None:
        say(f"csp {before.get(PRODUCT)} is what {pins.FILE} pins; --from names where another one is")


def _chosen(root: Path, known: Record, source: str, to: str, scratch: Path, now: str) -> Release | None:
    """The release to move to; None when it is the one that is pinned. Raises CommandError for an older one that nobody
    named."""
    from packaging.version import Version

    running = release.running_version()
    if not source and index.is_index(known.answers.source) and (to or running == now):
        source = known.answers.source
    if not source and running == now and repack.checkout_of(distribution(PRODUCT)) is None:
        return None  # it is the one that was installed from here
    if not source and to not in ("", running):
        raise CommandError(f"this is csp {running}: name where {quoted(to)} is, with --from", 2)
    chosen = chosen_release(source, to, scratch)
    if now and not to and Version(chosen.version) < Version(now):
        raise CommandError(f"{chosen.version} is older than {now}, which is pinned: name it with --to", 2)
    same = chosen.wheels[0].sha256 == pins.hash_of_product(root)
    return None if same else chosen


def _told(before: dict[str, str], after: dict[str, str], news: str) -> None:
    say(f"csp {before.get(PRODUCT, 'of an unknown version')} -> {after[PRODUCT]}")
    moved = [line for line in pins.moved(before, after) if not line.startswith((PRODUCT, *release.EXTRAS))]
    for line in moved:
        say(f"  {line}")
    say(
        f"  {count(len(moved), 'dependency', 'dependencies')} moved" if moved else "  the dependencies stay as they are"
    )
    if news:
        say_block(news)
    say(f"then: .venv/bin/pip install -r {pins.FILE}, and {command('upgrade')} once more for the other files")


def changes(changelog: str, old: str, new: str) -> str:
    """The sections of a changelog that are news to `old`; an "Unreleased" one only for a development version."""
    from packaging.version import InvalidVersion, Version

    kept = []
    for heading, body in _sections(changelog):
        try:
            if not old or Version(old) < Version(heading) <= Version(new):
                kept.append(f"{heading}\n{body}")
        except InvalidVersion:
            if Version(new).is_prerelease:
                kept.append(f"{heading}\n{body}")
    return "\n\n".join(kept)


def _sections(changelog: str) -> Iterator[tuple[str, str]]:
    """First word of each heading, and what stands below."""
    for part in re.split(r"(?m)^## ", changelog)[1:]:
        heading, _, body = part.partition("\n")
        yield (heading.split() or [""])[0].strip("[]"), body.strip()


def _renew(root: Path, known: Record) -> None:
    """Write the files of the repository as this release does, except what people have changed or removed."""
    files = dict(known.files)
    for path, content in layout.written(known.answers).items():
        if not layout.is_renewed(path):
            continue
        new, old, there = record.digest(content), files.get(path), root / path
        now = record.digest(there.read_bytes()) if there.is_file() else None
        if now == new:
            files[path] = new
        elif new == old:
            continue  # changed or removed by people, and this release brings nothing new
        elif now == old:  # also: neither written before nor there
            put(root, path, content)
            files[path] = new
            say(f"  {path} {'renewed' if old else 'is new'}")
        else:
            gone = "was removed here" if now is None else "was changed here"
            say(f"  {path} {gone} and stays; this release has another: {command('upgrade', show=path)}")
    put(root, record.NAME, record.text(Record(release.running_version(), known.answers, files)))


def _show(known: Record, path: str) -> None:
    made = layout.written(known.answers)
    if path not in made:
        raise CommandError(f"no file of this release: {quoted(path)}; there are {', '.join(sorted(made))}", 2)
    say_document(made[path].decode())

"""Where a release comes from, and how it and the other files come into a repository."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from csp.errors import CommandError
from csp.estate import index, pins, release
from csp.estate.layout import Answers
from csp.estate.release import Release
from schemas.write.whole_file import write_whole


def chosen_release(source: str, version: str, scratch: Path) -> Release:
    """The release that `--from` names, in `version` ("" for the newest); without it the one that runs."""
    if not source:
        return release.own(scratch)
    if index.is_index(source):
        return index.fetch(source, version, scratch)
    if not Path(source).is_dir():
        raise CommandError(f"--from {source}: neither a folder nor the address of an index", 2)
    return release.in_folder(Path(source), version)


def settle(folder: Path, chosen: Release, answers: Answers) -> Release:
    """Put the wheels into vendor/ where they belong there, and write the requirement files. Killed in between, the old
    lines still find their wheels."""
    vendor = folder / pins.VENDOR
    with _told():
        folder.mkdir(parents=True, exist_ok=True)
        if answers.source == "vendor":
            chosen = release.copy_to(chosen, vendor)
        for name, text in pins.files(chosen).items():
            write_whole(folder / name, text.encode())
        release.tidy(vendor, chosen)
    return chosen


def put(folder: Path, path: str, content: bytes) -> None:
    """Write one file of the repository, unless it is there already."""
    file = folder / path
    with _told():
        if not file.is_file() or file.read_bytes() != content:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, content)


@contextmanager
def _told() -> Iterator[None]:
    """A disk that takes nothing is one line."""
    try:
        yield
    except OSError as error:
        raise CommandError(f"{error.filename or 'the repository'} could not be written: {error.strerror}") from None

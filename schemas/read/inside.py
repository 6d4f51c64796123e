"""Reading what a pull request may name: regular files inside the project, bounded in number and size.

A reviewed change can add links and patterns but runs no code of its own, so every path is resolved first and opened
without following a link again. A pipe, a device, or a file elsewhere on the machine is refused in one line.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

MAX_BYTES = 1024 * 1024
"""Bytes of one file."""
MAX_FILES = 20_000
"""Files of one include pattern. More customers than that are several stacks."""
MAX_DEPTH = 40
"""Folders inside each other that a walk goes down."""
MAX_PATTERNS = 100
"""Include patterns of a stack, and parts of one pattern: each of them may walk all folders of the project."""


class UnreadableError(Exception):
    """A file that is not read; str() is the reason, without the file's name and without what a link points to."""


def is_inside(path: Path, root: Path) -> bool:
    """Whether ``path`` lies in the folder ``root`` once every link is resolved. A circle of links lies nowhere."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError):  # a circle of links, before Python 3.13; a null character
        return False


def read_inside(path: Path, root: Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a regular file of at most ``limit`` bytes that lies inside the folder ``root``.

    Raises ``UnreadableError`` for everything else.
    """
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError):
        raise UnreadableError("the link leads nowhere") from None
    if not resolved.is_relative_to(root.resolve()):
        raise UnreadableError("the link leads out of the project; only files of the project are read")
    try:
        # NONBLOCK: opening a pipe that nobody writes to must not wait.
        handle = os.open(resolved, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or type(error).__name__}") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):  # asked first: Python opens no folder as a stream
        os.close(handle)
        raise UnreadableError("no regular file")
    try:
        with os.fdopen(handle, "rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:  # a disk that fails while it is read
        raise UnreadableError(f"cannot be read: {error.strerror or type(error).__name__}") from None
    if len(content) > limit:
        raise UnreadableError(f"the file is larger than {limit // 1024} KiB")
    return content


def matching(base: Path, pattern: str, root: Path) -> tuple[list[Path], list[Path]]:
    """The files that a glob ``pattern`` matches below ``base``, sorted: those inside ``root``, and what a link leads
    out of it (files and folders; nothing behind such a folder is looked at).

    The walk visits every real folder once a part of the pattern, so that links that lead back to their own folder cost
    nothing. Raises ``UnreadableError`` for a pattern that matches more than ``MAX_FILES``.
    """
    *parts, last = _parts(pattern)
    outside: set[Path] = set()
    folders = [base]
    for part in parts:
        folders = _distinct(_below(folders, part), root, outside)
    inside: set[Path] = set()
    for folder in folders:
        here = is_inside(folder, root)
        for file in _named(folder, last):
            # A folder that is called like a file would hide the customer whose place it takes: it is read, and refused.
            if not last.endswith((".yaml", ".yml")) and file.is_dir():
                continue
            # What is no link lies where its folder lies; resolving a path takes as long as reading the file.
            (inside if (here and not file.is_symlink()) or is_inside(file, root) else outside).add(file)
            if len(inside) > MAX_FILES:
                raise UnreadableError(f"more than {MAX_FILES} files match; split the estate into several stacks")
    return sorted(inside), sorted(outside)


def _parts(pattern: str) -> list[str]:
    """The parts of a pattern; `**/**` finds what `**` finds. Raises UnreadableError."""
    if "\0" in pattern:
        raise UnreadableError("no path holds a null character")
    given = Path(pattern).parts or ("",)
    parts = [part for part, before in zip(given, ("", *given), strict=False) if not part == before == "**"]
    if len(parts) > MAX_PATTERNS:
        raise UnreadableError(f"more than {MAX_PATTERNS} parts")
    return parts


def _below(folders: Iterable[Path], part: str) -> Iterator[Path]:
    """The folders that one part of a pattern leads to."""
    for folder in folders:
        if part == "..":
            yield folder.parent
        elif part == "**":
            for here, _files in walked(folder):
                yield here
        else:
            yield from (child for child in _named(folder, part) if child.is_dir())


def walked(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder below one, itself first, with the names of its files; no link is followed, and nothing below
    ``MAX_DEPTH`` folders is looked at: resolving a path takes as many steps as it has parts."""
    depth = len(folder.parts)
    for place, names, files in os.walk(folder):
        here = Path(place)
        names.sort()
        if len(here.parts) - depth >= MAX_DEPTH:
            names.clear()
        yield here, sorted(files)


def _named(folder: Path, part: str) -> Iterator[Path]:
    """The entries of a folder whose names a part of a pattern matches."""
    if not any(sign in part for sign in "*?["):
        if part and os.path.lexists(folder / part):
            yield folder / part
        return
    if folder.is_dir():
        yield from (entry for entry in folder.iterdir() if fnmatch.fnmatchcase(entry.name, part))


def _distinct(folders: Iterable[Path], root: Path, outside: set[Path]) -> list[Path]:
    """Each real folder once; those outside ``root`` go to ``outside``."""
    real: dict[Path, Path] = {}
    for folder in folders:
        if is_inside(folder, root):
            real.setdefault(folder.resolve(), folder)
        else:
            outside.add(folder)
    return list(real.values())

"""Replace a file as a whole: whoever reads it, and whatever kills the writer, finds the old content or the new one."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path


def draft_of(path: Path) -> Path:
    """Where the new content of a file is before it takes the file's place; a killed writer may leave it behind."""
    return path.with_name(f".{path.name}.new")


def write_whole(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """On disk when this returns. `mode`: permissions; None keeps those of the file. Not for two writers at once.

    Raises OSError."""
    path = path.resolve()  # a link stays one
    if mode is None and path.exists():
        mode = path.stat().st_mode & 0o7777
    draft = draft_of(path)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666 if mode is None else mode)
    with os.fdopen(handle, "wb") as out:
        if mode is not None:
            os.fchmod(handle, mode)
        out.write(content)
        out.flush()
        os.fsync(handle)
    draft.replace(path)
    sync_folder(path.parent)


def write_beside_others(path: Path, content: bytes) -> None:
    """For several writers at once: what one of them wrote, whole, readable by this user only; the last one's stays. Not
    on disk when this returns, so for what may be lost. The folder is made. Raises OSError."""
    handle, draft = tempfile.mkstemp(dir=private_folder(path.parent), prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as out:
            os.fchmod(handle, 0o600)  # the umask may take some of it
            out.write(content)
        Path(draft).replace(path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise


def private_folder(folder: Path) -> Path:
    """Make a folder, and those above it that are missing, for this user alone, whatever the umask. One that is there
    stays as it is: `csp doctor` tells when others can read it. Raises OSError."""
    missing = []
    above = folder
    while not above.exists():
        missing.append(above)
        above = above.parent
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)  # another process may have been faster
        one.chmod(0o700)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    return folder


def sync_folder(folder: Path) -> None:
    """The names in a folder are on disk when this returns: a rename is not before."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

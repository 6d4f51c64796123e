"""A disk on which file operations below some folders fail: injected, since not every machine may mount a small one."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

FAILURES = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.ENOENT)
"""A full disk, a read-only one, a forbidden one, a broken one, a folder that vanished."""
_BY_PATH = ("replace", "rename", "link", "unlink", "mkdir", "chmod")
_BY_HANDLE = ("fsync", "fchmod", "ftruncate")


class FailingDisk:
    """Operations that change something below `folders` are counted; from number `at` (from 1) on, `count` of them fail
    with `error`."""

    def __init__(self, folders: Sequence[Path], at: int = 0, count: int = 0, error: int = errno.ENOSPC) -> None:
        self.folders, self.at, self.count, self.error = tuple(folders), at, count, error
        self.seen: list[str] = []

    @property
    def failed(self) -> list[str]:
        """The operations that failed."""
        return self.seen[self.at - 1 : self.at - 1 + self.count] if self.at else []

    def step(self, name: str, where: object) -> None:
        """Raises OSError when it is this one's turn."""
        if not isinstance(where, str | os.PathLike):
            return
        path = Path(os.fspath(where))
        if not any(path.is_relative_to(folder) for folder in self.folders):
            return
        self.seen.append(f"{name} {path.name}")
        if self.at <= len(self.seen) < self.at + self.count:
            raise OSError(self.error, os.strerror(self.error))

    @contextmanager
    def inserted(self) -> Iterator[None]:
        """This process works on the disk inside the block."""
        names: dict[int, str] = {}
        real = {name: getattr(os, name) for name in ("open", *_BY_PATH, *_BY_HANDLE)}

        def opened(path: Any, flags: int, *more: Any, **named: Any) -> int:
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self.step("open", path)
            handle: int = real["open"](path, flags, *more, **named)
            names[handle] = str(path)
            return handle

        def by_path(name: str) -> Any:
            def call(path: Any, *more: Any, **named: Any) -> Any:
                self.step(name, path)
                return real[name](path, *more, **named)

            return call

        def by_handle(name: str) -> Any:
            def call(handle: Any, *more: Any, **named: Any) -> Any:
                self.step(name, names.get(handle))
                return real[name](handle, *more, **named)

            return call

        with ExitStack() as patches:
            patches.enter_context(patch.object(os, "open", opened))
            for name in _BY_PATH:
                patches.enter_context(patch.object(os, name, by_path(name)))
            for name in _BY_HANDLE:
                patches.enter_context(patch.object(os, name, by_handle(name)))
            yield

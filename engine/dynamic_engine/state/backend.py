"""Pulumi's file backend, project layout (version 1): checkpoints, locks, history, backups under one folder."""

from __future__ import annotations

import getpass
import gzip
import json
import os
import shutil
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from dynamic_engine.errors import EngineError, StackNotFoundError, UnsupportedError
from dynamic_engine.printed import command
from dynamic_engine.state.resource import timestamp

_PIECES = 1000  # in one call; systems take 1,024
ORGANIZATION = "organization"  # the literal name that file backends use


@dataclass(frozen=True)
class Backend:
    """The folder behind a ``file://`` URL. Every path below is a function of project and stack."""

    root: Path
    project: str

    @classmethod
    def open(cls, url: str, project: str, base: Path) -> Backend:
        """The backend of *url*; relative URLs start at *base*. Raises :class:`EngineError` when the folder is missing,
        :class:`UnsupportedError` for other backends and for the old layout without projects."""
        if not url.startswith("file://"):
            raise UnsupportedError(f"the backend {url.partition('://')[0] or 'Pulumi Cloud'}://")
        text = unquote(url.removeprefix("file://").partition("?")[0])
        if urlsplit(url).netloc not in ("", "~", ".", ".."):
            text = url.removeprefix("file://")
        folder = (base / Path(text).expanduser()).resolve()
        if not folder.is_dir():
            raise EngineError(f"unable to open the state folder of {url}: no such directory")
        root = folder / ".pulumi"
        meta = root / "meta.yaml"
        if meta.exists():
            if "version: 1" not in meta.read_text("utf-8"):
                raise UnsupportedError("the state folder's layout (only version 1, with projects)")
        elif any(root.glob("stacks/*.json*")):
            raise UnsupportedError("the old state folder layout without projects (run `pulumi state upgrade`)")
        return cls(root, project)

    # -- places ---------------------------------------------------------------------------------------------------

    def _stack_file(self, stack: str) -> Path:
        return self.root / "stacks" / self.project / f"{stack}.json"

    def _lock_folder(self, stack: str) -> Path:
        return self.root / "locks" / ORGANIZATION / self.project / stack

    # -- checkpoints ----------------------------------------------------------------------------------------------

    def stacks(self) -> list[str]:
        """Names of the project's stacks."""
        names = set()
        for path in (self.root / "stacks" / self.project).glob("*.json*"):
            stem, _, suffix = path.name.partition(".json")
            if suffix in ("", ".gz", ".zst"):
                names.add(stem)
        return sorted(names)

    def read(self, stack: str) -> dict[str, Any]:
        """The checkpoint document. Raises :class:`StackNotFoundError`, or :class:`EngineError` when it is no JSON."""
        path = self._newest(stack)
        if path is None:
            raise StackNotFoundError(f"no stack named '{stack}' found")
        if path.suffix == ".zst":
            raise UnsupportedError("checkpoints compressed with zstd")
        raw = path.read_bytes()
        try:
            document = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
        except (ValueError, OSError):
            raise EngineError(f"the checkpoint of stack '{stack}' is damaged; see its .bak file") from None
        if not isinstance(document, dict):
            raise EngineError(f"the checkpoint of stack '{stack}' is damaged; see its .bak file")
        return document

    def exists(self, stack: str) -> bool:
        """Whether the stack has a checkpoint."""
        return self._newest(stack) is not None

    def _newest(self, stack: str) -> Path | None:
        base = self._stack_file(stack)
        found = [path for suffix in ("", ".gz", ".zst") if (path := Path(f"{base}{suffix}")).exists()]
        return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)

    def write(self, stack: str, text: bytes) -> None:
        """Replace the checkpoint atomically; the previous file stays as ``.bak``."""
        self.writer(stack)([text])

    def writer(self, stack: str) -> Callable[[Sequence[bytes]], None]:
        """What replaces the checkpoint, atomically, as often as it is called in one run. The file from before the run
        stays as ``.bak``: a checkpoint of one step ago (the CLI keeps that) would help nobody."""
        path = self._stack_file(stack)
        first = True

        def write(text: Sequence[bytes]) -> None:
            nonlocal first
            if first:
                meta = self.root / "meta.yaml"
                if not meta.exists():
                    _write(meta, [b"version: 1\n"])
                if path.exists():
                    _keep(path)
            _write(path, text)
            if first:
                for suffix in (".gz", ".zst", ".attrs", ".gz.attrs"):
                    Path(f"{path}{suffix}").unlink(missing_ok=True)
                first = False

        return write

    def remove(self, stack: str, *, backups: bool = False) -> None:
        """Remove the stack with its history and tags. As with the CLI the last checkpoint becomes ``.bak``; that and
        the backups go only when *backups* says so."""
        base = self._stack_file(stack)
        if backups:
            Path(f"{base}.bak").unlink(missing_ok=True)
            shutil.rmtree(self.root / "backups" / self.project / stack, ignore_errors=True)
        elif base.exists():
            base.replace(f"{base}.bak")
        for suffix in ("", ".gz", ".zst", ".attrs", ".gz.attrs", ".bak.attrs"):
            Path(f"{base}{suffix}").unlink(missing_ok=True)
        for suffix in ("", ".attrs"):
            base.with_name(f"{stack}.pulumi-tags{suffix}").unlink(missing_ok=True)
        shutil.rmtree(self.root / "history" / self.project / stack, ignore_errors=True)

    # -- history --------------------------------------------------------------------------------------------------

    def record(self, stack: str, entry: Mapping[str, Any]) -> None:
        """Write the history pair of one operation and a backup of the checkpoint."""
        stamp = time.time_ns()
        history = self.root / "history" / self.project / stack / f"{stack}-{stamp}"
        _write(Path(f"{history}.history.json"), [json.dumps(entry, ensure_ascii=False, indent=4).encode()])
        if (current := self._newest(stack)) is not None and current.suffix == ".json":
            backup = self.root / "backups" / self.project / stack / f"{stack}.{stamp}.json"
            backup.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(current, Path(f"{history}.checkpoint.json"))
            shutil.copyfile(current, backup)

    def history(self, stack: str) -> list[dict[str, Any]]:
        """The history entries, newest first."""
        found = []
        for path in (self.root / "history" / self.project / stack).glob("*.history.json*"):
            if path.suffix in (".json", ".gz"):
                raw = path.read_bytes()
                entry = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
                found.append((path.name, entry))
        found.sort(key=lambda item: item[0])
        return [entry for _name, entry in reversed(found)]

    # -- locks ----------------------------------------------------------------------------------------------------

    @contextmanager
    def lock(self, stack: str) -> Iterator[None]:
        """Hold the stack's lock. Raises :class:`EngineError` when somebody else has it."""
        folder = self._lock_folder(stack)
        mine = folder / f"{uuid.uuid4()}.json"
        content = {
            "pid": os.getpid(),
            "username": _user(),
            "hostname": socket.gethostname(),
            "timestamp": timestamp(),
        }
        self._refuse_locks(folder, mine)
        _write(mine, [json.dumps(content).encode()])
        try:
            # Two processes may have written at the same moment: look again, as the CLI does.
            self._refuse_locks(folder, mine)
            yield
        finally:
            mine.unlink(missing_ok=True)

    def _refuse_locks(self, folder: Path, mine: Path) -> None:
        others = [path for path in sorted(folder.glob("*.json")) if path != mine]
        if not others:
            return
        try:
            owner = json.loads(others[0].read_text("utf-8"))
            who = f"{owner['username']}@{owner['hostname']} (pid {owner['pid']}) at {owner['timestamp']}"
        except (OSError, ValueError, KeyError):
            who = "an unreadable lock file"
        raise EngineError(
            f"the stack is currently locked by {len(others)} lock(s): created by {who}; "
            f"either wait for the other process to end or remove the lock with {command('cancel', stack=folder.name)}"
        )

    def cancel(self, stack: str) -> int:
        """Remove all locks of the stack and say how many there were."""
        locks = list(self._lock_folder(stack).glob("*.json"))
        for path in locks:
            path.unlink(missing_ok=True)
            Path(f"{path}.attrs").unlink(missing_ok=True)
        return len(locks)


def _keep(path: Path) -> None:
    """Keep *path* as ``.bak``. The file itself is never changed in place, so a second link is as good as a copy."""
    temporary = path.with_name(f".{path.name}.bak.{uuid.uuid4().hex}.tmp")
    try:
        temporary.hardlink_to(path)
    except OSError:  # file systems without links
        shutil.copyfile(path, temporary)
    temporary.replace(Path(f"{path}.bak"))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _write(path: Path, text: Sequence[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    with temporary.open("wb", buffering=0) as file:
        # Few calls for many pieces: after each of them this thread would wait for its turn again.
        rest = [memoryview(part) for part in text if part]
        while rest:
            written = os.writev(file.fileno(), rest[:_PIECES])
            while rest and written >= len(rest[0]):
                written -= len(rest.pop(0))
            if written:
                rest[0] = rest[0][written:]
        os.fsync(file.fileno())
    temporary.replace(path)

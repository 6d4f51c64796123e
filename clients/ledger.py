"""What a reviewed plan allows once, and which call took it: kept where all runs of that plan see it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

import filelock

from schemas.read.json_text import json_of
from schemas.write.whole_file import private_folder, write_whole


class Ledger(Protocol):
    """A file of a folder, or rows of a database."""

    def take(self, plan: str, step: str, call: str) -> bool:
        """Whether `call` may take this step of this plan: nobody took it, or the same call did. `plan`: its seal.
        Durable when this returns. Raises RetryLater where that cannot be told."""


class FileLedger:
    """A file a plan, below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, plan: str, step: str, call: str) -> bool:
        folder = private_folder(self._folder)
        with filelock.FileLock(str(folder / "allowed.lock"), timeout=60, mode=0o600):
            file = folder / f"allowed-{plan[-16:]}.json"
            used: dict[str, str] = json_of(file.read_text("utf-8")) if file.exists() else {}
            if used.get(step, call) != call:
                return False
            write_whole(file, json.dumps(used | {step: call}).encode(), mode=0o600)
        return True

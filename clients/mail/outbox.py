"""Sends a mail at most once, whatever happens between the send and the moment at which its result is kept.

A marker file is written and flushed to disk before the text of the mail goes out (before DATA) and completed after it.
A marker that was never completed means that the process ended in between: nobody knows whether the mail left, so it is
`maybe` and not sent again. What ends before DATA leaves no marker: certainly nothing was sent.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, get_args

from clients.errors import RetryLater
from clients.mail.sender import Message, SendResult
from clients.wire.clock import Clock
from schemas.read.json_text import json_of
from schemas.write.whole_file import private_folder, write_whole

SENDING = "sending"


class Sender(Protocol):
    """What is needed of a mail sender."""

    @property
    def last_error(self) -> str: ...
    def send(self, message: Message, before_text: Callable[[], None]) -> SendResult: ...


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of one mail. `at`: RFC 3339, UTC. `why`: one line when it was not sent for sure."""

    result: SendResult
    at: str
    why: str = ""


class UnmarkedError(Exception):
    """The marker cannot be written, so that the mail must not be sent."""


class Markers(Protocol):
    """Sent markers by Message-ID: files of one folder, or rows of a database."""

    def read(self, message_id: str) -> Mapping[str, Any] | None:
        """None when there is none. Raises OSError or ValueError for one that cannot be read."""

    def write(self, message_id: str, marker: Mapping[str, Any]) -> None:
        """Whole and durable when this returns. Raises OSError."""


class FileMarkers:
    """Marker files of one working folder, one a Message-ID."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, message_id: str) -> Mapping[str, Any] | None:
        try:
            data = json_of(self._file(message_id).read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not isinstance(data, dict):
            raise ValueError("a marker is a mapping")
        return data

    def write(self, message_id: str, marker: Mapping[str, Any]) -> None:
        private_folder(self._folder)
        write_whole(self._file(message_id), json.dumps(marker).encode(), mode=0o600)

    def _file(self, message_id: str) -> Path:
        return self._folder / f"{hashlib.sha256(message_id.encode()).hexdigest()[:24]}.json"


class Outbox:
    """Sends each mail at most once. `check` raises RetryLater right before a mail when its lock was lost."""

    def __init__(self, markers: Path | Markers, clock: Clock, check: Callable[[], None] = lambda: None) -> None:
        """`markers`: where they are kept; a folder means files."""
        self._markers: Markers = FileMarkers(markers) if isinstance(markers, Path) else markers
        self._clock = clock
        self._check = check

    def post(self, message: Message, sender: Sender, *, doubtful: bool = False) -> Posted:
        """Send unless a marker says that it was, or may have been, sent. The caller holds a lock on the Message-ID.

        `doubtful`: a run was stopped on another machine, whose markers are not here; then what is not marked here may
        have left there.

        Raises ValueError for a message without a Message-ID of its own.
        """
        if not message.message_id:
            raise ValueError("a mail that is sent once needs a Message-ID")
        before = self._read(message)
        if before is not None and before.result != "failed":
            return before
        if doubtful:
            try:
                self._mark(message, "maybe")
            except UnmarkedError as error:
                return Posted("failed", self._now(), str(error))
            return Posted("maybe", self._now(), "a run was stopped on another machine while it may have been sent")
        result = sender.send(message, lambda: self._mark(message, SENDING))
        with contextlib.suppress(OSError):  # then the marker still says `sending`, and that is the careful answer
            self._write(message, result)
        return Posted(result, self._now(), sender.last_error)

    def _mark(self, message: Message, what: str) -> None:
        try:
            self._check()
            self._write(message, what)
        except RetryLater as lost:
            raise UnmarkedError(lost.problem.message) from None
        except OSError as error:
            raise UnmarkedError(f"its marker cannot be written: {error.strerror or error}") from None

    def _read(self, message: Message) -> Posted | None:
        """The marker of a mail, None when there is none."""
        interrupted = "the run was stopped while it was sent"
        try:
            data = self._markers.read(message.message_id)
            if data is None:
                return None
            result, at = data["result"], str(data["at"])
        except (OSError, ValueError, KeyError, TypeError):
            return Posted("maybe", self._now(), interrupted)
        if result in get_args(SendResult):
            return Posted(result, at, "the connection ended while it was sent" if result == "maybe" else "")
        return Posted("maybe", at, interrupted)

    def _write(self, message: Message, result: str) -> None:
        """Replace the marker so that it is whole on disk when this returns. Raises OSError."""
        marker = {
            "message_id": message.message_id,
            "to": message.to,
            "subject": message.subject,
            "result": result,
            "at": self._now(),
        }
        self._markers.write(message.message_id, marker)

    def _now(self) -> str:
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")

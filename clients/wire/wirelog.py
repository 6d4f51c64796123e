"""The debug log: one JSON line a call, on request (`CSP_DEBUG_LOG=<file>`), redacted before it is written."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clients.redact import redact, redact_data, redact_url

VARIABLE = "CSP_DEBUG_LOG"


class WireLog:
    """Appends to one file. Several processes may append to the same file: a line is one small write."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @classmethod
    def from_environment(cls) -> WireLog:
        name = os.environ.get(VARIABLE, "")
        return cls(Path(name) if name else None)

    def write(self, *, url: str, body: object = None, answer: object = None, **facts: Any) -> None:
        """`body` and `answer` are JSON-like; secrets and personal data in them are replaced."""
        if self._path is None:
            return
        line = {**_plain(facts), "url": redact_url(url)}
        if body is not None:
            line["body"] = redact_data(body)
        if answer is not None:
            line["answer"] = redact_data(answer)
        text = json.dumps(line, default=str, ensure_ascii=False) + "\n"
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, text.encode())
        finally:
            os.close(handle)


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: redact(value) if isinstance(value, str) else value for name, value in facts.items()}

"""JSON from a disk or another system, which may be cut, no JSON, or nested without an end."""

from __future__ import annotations

import json
from typing import Any


def json_of(text: str | bytes) -> Any:
    """The document. Raises ValueError for everything that is none: Python raises another error for what is nested
    deeper than it can follow, which nobody who reads a file thinks of."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested deeper than can be read") from None

"""Suggestions: the nearest of the words that were possible."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable


def nearest(word: str, possible: Iterable[str]) -> str:
    """The possible word most like ``word``, or an empty string."""
    return next(iter(difflib.get_close_matches(word, list(possible), n=1, cutoff=0.6)), "")


def quoted(text: str) -> str:
    """``text`` in double quotes, on one line, at most 60 characters of it."""
    return json.dumps(text if len(text) <= 60 else f"{text[:57]}...", ensure_ascii=False)

"""Property paths (``a.b``, ``a[0]``, ``a["k.k"]``, ``*``) and the input diff that is made of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dynamic_engine.errors import EngineError
from dynamic_engine.protocol.values import Properties, Secret, Value, equal

Path = tuple[str | int, ...]
Kind = Literal["add", "delete", "update"]
Details = dict[str, "PropertyDiff"]

_SEGMENT = re.compile(r"""\.?(?:(?P<name>[^.\[\]"]+)|\[(?P<index>\d+)\]|\["(?P<quoted>(?:[^"\\]|\\.)*)"\]|\[\*\])""")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_$-]+\Z")


@dataclass(frozen=True, slots=True)
class PropertyDiff:
    """How one path changed. ``kind`` is ``add``, ``delete`` or ``update``, with ``-replace`` when it forces one."""

    kind: str
    input_diff: bool = True


def parse(text: str) -> Path:
    """Parse a property path. Raises :class:`EngineError` for text that is none."""
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        match = _SEGMENT.match(text, position)
        if match is None:
            raise EngineError(f"not a property path: {text!r}")
        if match["index"] is not None:
            parts.append(int(match["index"]))
        elif match["quoted"] is not None:
            parts.append(json.loads(f'"{match["quoted"]}"'))
        else:
            parts.append(match["name"] if match["name"] is not None else "*")
        position = match.end()
    return tuple(parts)


def render(path: Path) -> str:
    """The text of a path, keys quoted only where they are no plain names."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_NAME.match(part):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part, ensure_ascii=False)}]"
    return text


def matches(pattern: Path, path: Path) -> bool:
    """Whether *path* is *pattern* or lies below it; ``*`` stands for any one segment."""
    return len(path) >= len(pattern) and all(want in ("*", have) for want, have in zip(pattern, path, strict=False))


def lookup(value: Value, path: Path) -> Value:
    """The value at *path*, or None. Looks through secret marks."""
    for part in path:
        inner = value.value if isinstance(value, Secret) else value
        if isinstance(inner, Mapping) and isinstance(part, str):
            value = inner.get(part)
        elif isinstance(inner, list) and isinstance(part, int) and part < len(inner):
            value = inner[part]
        else:
            return None
    return value


def reset(new: Properties, old: Properties, patterns: Sequence[str]) -> Properties:
    """``ignoreChanges``: *new* with the value at each pattern put back to what *old* has (removed if absent there)."""
    result: Value = new
    for pattern in patterns:
        result = _reset(result, old, parse(pattern))
    return result  # type: ignore[no-any-return]


_ABSENT = object()


def _reset(new: Value, old: Value, path: Path) -> Value:
    if not path:
        return old
    if isinstance(new, Secret) or isinstance(old, Secret):
        inner = _reset(
            new.value if isinstance(new, Secret) else new, old.value if isinstance(old, Secret) else old, path
        )
        return Secret(inner) if isinstance(new, Secret) else inner
    head, rest = path[0], path[1:]
    if isinstance(new, dict) and isinstance(head, str):
        source = old if isinstance(old, dict) else {}
        keys = (new.keys() | source.keys()) if head == "*" else {head}
        result = dict(new)
        for key in keys:
            if rest and key not in new:
                continue  # nothing below an absent parent can be reset
            value = _reset(new.get(key, _ABSENT), source.get(key, _ABSENT), rest)
            if value is _ABSENT:
                result.pop(key, None)
            else:
                result[key] = value
        return result
    if isinstance(new, list) and isinstance(old, list) and (isinstance(head, int) or head == "*"):
        indexes = range(min(len(new), len(old))) if head == "*" else [head]
        items = list(new)
        for index in indexes:
            if isinstance(index, int) and index < min(len(new), len(old)):
                items[index] = _reset(new[index], old[index], rest)
        return items
    return new


def diff(old: Value, new: Value) -> dict[Path, Kind]:
    """The paths at which two unwrapped values differ. Lists are compared by index; an unknown always differs."""
    found: dict[Path, Kind] = {}
    _diff(old, new, (), found)
    return found


def _diff(old: Value, new: Value, path: Path, found: dict[Path, Kind]) -> None:
    if old is None and new is None:
        return
    if old is None or new is None:
        found[path] = "add" if old is None else "delete"
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            _diff(old.get(key), new.get(key), (*path, key), found)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            if index < len(old) and index < len(new) and (before is None) != (after is None):
                found[(*path, index)] = "update"
            else:
                _diff(before, after, (*path, index), found)
    elif not equal(old, new):
        found[path] = "update"

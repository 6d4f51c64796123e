"""The file of a reviewed plan: read, checked, and asked by every process of the run that has to keep to it.

It holds what was declared by field, the facts from which each change starts, and the steps that cannot be undone; no
secret. `digest` is that of canonical JSON over what was declared and the values that are overwritten, the same
whichever engine made the plan, without clocks and progress; `seal` covers the whole file.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from onboarding.core import contract
from schemas.command import command

PLAN = "CSP_PLAN"
"""Variable: path of the plan that a run has to keep to."""
FORMAT = 1
MOST = 256 * 2**20
"""Bytes of a plan file."""


class Unusable(Exception):  # noqa: N818 - says what happened, as the caller prints it
    """A plan that allows nothing: one line."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A plan that was checked. seal: names this very file. intent: what was declared, see onboarding.plan.intent.
    starts: customer -> kind -> the deciding facts that its change starts from. once: [customer, kind, value] of what
    cannot be undone."""

    stack: str
    digest: str
    seal: str
    expires_at: str
    intent: Mapping[str, Any]
    starts: Mapping[str, Mapping[str, Mapping[str, str]]]
    once: list[list[str]]


def canonical(value: Any) -> str:
    """One text for equal values: sorted names, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest_of(value: Any) -> str:
    """`sha256:` and 64 hex digits."""
    return f"sha256:{hashlib.sha256(canonical(value).encode()).hexdigest()}"


def sealed(document: Mapping[str, Any]) -> dict[str, Any]:
    """A plan document with its digest and its seal. `reviewed` is what the digest covers."""
    whole = {"format": FORMAT, **document, "digest": digest_of(document["reviewed"])}
    return whole | {"seal": digest_of(whole)}


def load(path: Path) -> Reviewed:
    """Raises Unusable for a plan that is missing, unreadable, doctored, cut or expired."""
    again = f"make and review a new one ({command('plan')})"
    try:
        if path.stat().st_size > MOST:
            raise Unusable(f"the plan {path} is larger than {MOST // 2**20} MiB: {again}")
        found = json.loads(path.read_text("utf-8"))
    except OSError as why:
        raise Unusable(f"the plan {path} cannot be read ({why.strerror or why}): {again}") from None
    except (ValueError, RecursionError):
        raise Unusable(f"{path} is no plan: {again}") from None
    if not isinstance(found, dict) or "reviewed" not in found or "seal" not in found:
        raise Unusable(f"{path} is no plan: {again}")
    if found.get("format") != FORMAT:
        raise Unusable(f"the plan {path} is of format {found.get('format')!r}, this release reads {FORMAT}: {again}")
    rest = {name: value for name, value in found.items() if name != "seal"}
    if digest_of(rest) != found["seal"] or digest_of(found["reviewed"]) != found.get("digest"):
        raise Unusable(f"the plan {path} was changed after it was made: {again}")
    try:
        return _checked(path, found, again)
    except (KeyError, TypeError, ValueError):  # a seal that somebody made for something else
        raise Unusable(f"{path} is no plan: {again}") from None


def _checked(path: Path, found: Mapping[str, Any], again: str) -> Reviewed:
    """Raises Unusable; KeyError, TypeError or ValueError for a document of another shape."""
    if found["refused"]:
        raise Unusable(f"the plan {path} was refused ({'; '.join(found['refused'])}): {again}")
    if found["cut"]:
        raise Unusable(f"the plan {path} was cut, so that nobody saw the whole of it: {again}")
    if datetime.fromisoformat(contract.now()) >= datetime.fromisoformat(found["expires_at"]):
        raise Unusable(f"the plan {path} expired on {found['expires_at']}: {again}")
    if not isinstance(found["reviewed"]["intent"]["customers"], dict) or not isinstance(found["starts"], dict):
        raise TypeError
    return Reviewed(
        stack=found["stack"],
        digest=found["digest"],
        seal=found["seal"],
        expires_at=found["expires_at"],
        intent=found["reviewed"]["intent"],
        starts=found["starts"],
        once=[list(step) for step in found["allowed"]],
    )


def of_this_run() -> Reviewed | None:
    """The plan that this run has to keep to, None without one. Raises Unusable."""
    given = os.environ.get(PLAN, "")
    return _kept(given, _stamp(Path(given))) if given else None


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


@functools.lru_cache(maxsize=4)
def _kept(given: str, _changed: tuple[int, int]) -> Reviewed:
    return load(Path(given))

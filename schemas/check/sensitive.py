"""The lines of a connection that decide whom we trust: where credentials, one-time passwords and mails go, who counts
as one of us, which links a mail may hold, what a person vouched for.

They are all settings of `schemas.model.connection` but those marked Harmless, so that a new setting is a line unless
somebody says that it is none. The guard (providers/estate.py) keeps them in state, so that a plan shows a change of
one by its name, old and new. Addresses and names are in clear, recipients and mail templates as digests; no secret is
among them.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.model.connection import Connection
from schemas.model.traits import Digested, Harmless, NaturalKey, Trait, models_of
from schemas.plain import plain
from schemas.read.inside import UnreadableError, is_inside, read_inside

NOTHING = "(none)"
POLICY = "stack policy"
"""Stands beside the names of connections, which have no blank, for the rules of the stack."""


def lines_of(connection: Connection, project_dir: Path) -> dict[str, str]:
    """Name of the line as it stands in the file -> its value, defaults included. A line without value is left out
    unless it has one where the file says nothing."""
    told = dict(_lines(connection, "", project_dir))
    told |= _templates(project_dir, connection.mail_templates)
    return {name: plain(value) for name, value in told.items() if value or defaults().get(name)}


def changes(old: Mapping[str, Mapping[str, str]], new: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """ "CONNECTION: LINE" -> "OLD -> NEW", of connections that were there and of new ones; sorted.

    A line that an earlier release did not know yet, at its default, is no change: a new setting makes no noise."""
    told = {}
    for name in sorted({*old, *new}):
        before, after = old.get(name, {}), new.get(name, {})
        if name not in new:
            if name != POLICY:
                told[f"{name}: connection"] = "no customer uses it any more"
                continue
            new = {**new, name: {}}
        for line in sorted({*before, *after}):
            was, is_now = before.get(line) or NOTHING, after.get(line) or NOTHING
            unknown_then = name in old and line not in before and is_now == defaults().get(line)
            if was != is_now and not unknown_then:
                told[f"{name}: {line}"] = (
                    f"{was} -> {is_now}" if name in (*old, POLICY) else f"{is_now} (new connection)"
                )
    return told


def _marked(info: FieldInfo, trait: type[Trait]) -> bool:
    return any(isinstance(mark, trait) for mark in info.metadata)


def _settings(model: type[BaseModel]) -> Iterator[tuple[str, str, FieldInfo]]:
    """Attribute, name in the file and field of every setting that is not marked Harmless."""
    for attribute, info in model.model_fields.items():
        if not _marked(info, Harmless):
            yield attribute, info.alias or attribute, info


def _lines(model: BaseModel, above: str, project_dir: Path) -> Iterator[tuple[str, str]]:
    for attribute, name, info in _settings(type(model)):
        value = getattr(model, attribute)
        if isinstance(value, BaseModel):
            yield from _lines(value, f"{above}{name}.", project_dir)
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            for number, one in enumerate(value):
                yield from _of_a_list(one, f"{above}{name}", number, project_dir)
        elif _marked(info, Digested):
            yield f"{above}{name}", ", ".join(_recipient(str(one), project_dir) for one in value)
        else:
            yield f"{above}{name}", _text(value)


def _of_a_list(one: BaseModel, name: str, number: int, project_dir: Path) -> Iterator[tuple[str, str]]:
    """The lines of a member of a list, which is named by its natural key, else by its place."""
    keys = [a for a, info in type(one).model_fields.items() if _marked(info, NaturalKey)]
    label = f"{name} {' '.join(_text(getattr(one, key)) or 'all' for key in keys)}" if keys else f"{name}.{number}"
    for line, value in _lines(one, "", project_dir):
        if line not in keys:
            yield f"{label} {line}", value


def _text(value: Any) -> str:
    """A value as one text; two different values never have the same."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ", ".join(f"{_item(name)}={_item(member)}" for name, member in sorted(value.items()))
    if isinstance(value, tuple | list):
        return ", ".join(_item(one) for one in value)
    return str(value)


def _item(value: Any) -> str:
    """One of several: in quotes where it could be read as more than one."""
    text = _text(value)
    return json.dumps(text, ensure_ascii=False) if not text or any(sign in text for sign in ',="') else text


@functools.cache
def defaults(model: type[BaseModel] = Connection, above: str = "") -> Mapping[str, str]:
    """Name of a line -> what it is where the file says nothing."""
    told = {}
    for _, name, info in _settings(model):
        if not info.is_required() and not isinstance(info.default, BaseModel):
            told[f"{above}{name}"] = plain(_text(info.default))
        for inner in models_of(info.annotation):
            if inner is not model:  # a confirmation holds confirmations
                told |= defaults(inner, f"{above}{name}.")
    return told


def _recipient(declared: str, project_dir: Path) -> str:
    """The digest of a public key. Of a file in the project, which is reviewed like the line, with what is in it."""
    content = b""
    if declared.startswith("file:") and "$" not in declared:
        content = _content(project_dir / declared.removeprefix("file:"), project_dir)
    return _digest(declared.encode() + content)


def _templates(project_dir: Path, folder: str) -> dict[str, str]:
    """Our own mail templates, each with its digest."""
    place = project_dir / folder
    if not folder or not is_inside(place, project_dir):
        return {}
    return {f"{folder}/{path.name}": _digest(_content(path, project_dir)) for path in sorted(place.glob("*.j2"))}


def _content(path: Path, project_dir: Path) -> bytes:
    """b"" for what is no regular file of the project."""
    try:
        return read_inside(path, project_dir)
    except UnreadableError:
        return b""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]

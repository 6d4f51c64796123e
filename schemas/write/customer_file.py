"""Write a customer file from what was found, for adoption: stable, and a second run changes no byte."""

from __future__ import annotations

import os
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from schemas.dotted import value_at
from schemas.model.customer import Customer
from schemas.read.yaml_source import looks_like_text
from schemas.write.editing import CannotEditError, edited, editor, load
from schemas.write.whole_file import write_whole

SCHEMAS = (Path(".schemas/customer.schema.json"), Path("schemas/customer.schema.json"))
"""Where a project has it: an estate's repository, a checkout of this one."""


class CannotWriteError(ValueError):
    """The file that is there cannot be edited; str() is one line that says why."""


def write_customer(
    customer: Customer,
    path: Path,
    marks: Mapping[str, str] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> bool:
    """Write ``customer`` to ``path`` and say whether the file changed.

    A new file holds what differs from the defaults, in the order of the field table. In a file that is there only
    values that differ are changed: comments, order, formatting, and keys that this customer does not set, stay; names
    leave ``unknown`` once the file holds a value for them. ``marks`` (name in ``customer.unknown`` -> what to fill in)
    become comments beside those names. ``defaults`` are the stack's: a value that they would change is written although
    it is the schema's default, and a connection that they name is left out.

    Raises ``CannotWriteError`` when the file that is there is no YAML mapping.
    """
    data = customer.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if data.get("key") == path.stem:
        del data["key"]
    if defaults:
        _against(defaults, customer.model_dump(mode="json", by_alias=True), data, customer.unknown)
    before = path.read_bytes() if path.exists() else None
    root = CommentedMap() if before is None else _there(before, path)
    if before is None:
        _name_schema(root, path)
    _update(root, data)
    _unknown(root, customer.unknown, marks or {})
    after = _new(root) if before is None else _changed(before, root, path)
    if after == before:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, after)
    return True


def _against(
    defaults: Mapping[str, Any], full: Mapping[str, Any], data: dict[str, Any], unknown: tuple[str, ...], at: str = ""
) -> None:
    """Write out what the defaults would change, so that the file means the same below them."""
    for name, value in defaults.items():
        own, path = full.get(name), f"{at}{name}"
        if path == "connection" and own == value:
            data.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(own, Mapping):
            inner = data.get(name, {})
            _against(value, own, inner, unknown, f"{path}.")
            if inner:
                data[name] = inner
        elif name in full and own != value and own is not None and path not in unknown:
            data.setdefault(name, own)


def _name_schema(root: CommentedMap, path: Path) -> None:
    """The line that tells editors the schema, when the project holds it."""
    folder = path.resolve().parent
    for parent in folder.parents:
        if schema := next((parent / one for one in SCHEMAS if (parent / one).is_file()), None):
            relative = Path(os.path.relpath(schema, folder)).as_posix()
            root.yaml_set_start_comment(f"yaml-language-server: $schema={relative}")
            return


def _there(raw: bytes, path: Path) -> CommentedMap:
    try:
        return load(raw, path.name)
    except CannotEditError as error:
        raise CannotWriteError(str(error)) from None


def _new(root: CommentedMap) -> bytes:
    out = StringIO()
    editor().dump(root, out)
    return out.getvalue().encode()


def _changed(before: bytes, root: CommentedMap, path: Path) -> bytes:
    try:
        return edited(before, root, path.name)
    except CannotEditError as error:
        raise CannotWriteError(str(error)) from None


def _update(node: CommentedMap, wanted: Mapping[str, Any]) -> None:
    for name, value in wanted.items():
        if name == "unknown":
            continue
        found = node.get(name)
        if isinstance(value, Mapping) and isinstance(found, CommentedMap):
            _update(found, value)
        elif isinstance(value, Mapping):
            node[name] = CommentedMap()
            _update(node[name], value)
        elif found is None or _plain(found) != _plain(value):
            node[name] = _styled(value)


def _plain(value: Any) -> Any:
    """A value as it is compared: dates and quoted texts are texts."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, bool | int | float) or value is None else str(value)


def _styled(value: Any) -> Any:
    if isinstance(value, str) and not looks_like_text(value):
        return DoubleQuotedScalarString(value)
    if isinstance(value, list):
        items = CommentedSeq(_styled(item) for item in value)
        items.fa.set_flow_style()
        return items
    return value


def _unknown(root: CommentedMap, names: tuple[str, ...], marks: Mapping[str, str]) -> None:
    """The names that nobody has filled in, each with its mark; the list goes away with the last of them."""
    open_names = [name for name in names if not _filled(root, name)]
    found = root.get("unknown")
    if isinstance(found, CommentedSeq) and [str(item) for item in found] == open_names:
        return
    if not open_names:
        root.pop("unknown", None)
        return
    items = CommentedSeq(open_names)
    for index, name in enumerate(open_names):
        if name in marks:
            items.yaml_add_eol_comment(f"fill in: {marks[name]}", index, column=len(name) + 6)
    if "unknown" in root:
        root["unknown"] = items
    else:
        before = [name for name in root if name in ("key", "connection", "group", "previously", "lifecycle")]
        root.insert(len(before), "unknown", items)


def _filled(root: CommentedMap, name: str) -> bool:
    return value_at(root, name) not in (None, "")

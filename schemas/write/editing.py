"""Change values in a YAML file and nothing else: line endings, a byte order mark, comments, order, indentation, quotes
and spaces of what does not change stay byte for byte.

The wanted content is made with ruamel.yaml, which knows styles; the positions of PyYAML's nodes say where it goes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import StringIO
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

BOM = "\ufeff"


class CannotEditError(ValueError):
    """The file cannot be edited; str() is one line that says why."""


def editor() -> YAML:
    """The round-trip YAML of this project: wide lines, quotes kept, lists indented below their key."""
    found = YAML(typ="rt")
    found.preserve_quotes = True
    found.width = 4096
    found.indent(mapping=2, sequence=4, offset=2)
    return found


def load(raw: bytes, name: str) -> CommentedMap:
    """The content of a file, for changing it. Raises CannotEditError when it is no YAML mapping in UTF-8."""
    try:
        root = editor().load(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise CannotEditError(f"{name} is not UTF-8 text") from None
    except YAMLError as error:
        raise CannotEditError(f"{name} is not readable YAML: {' '.join(str(error).split())[:120]}") from None
    if not isinstance(root, CommentedMap):
        raise CannotEditError(f"{name} holds no mapping")
    return root


def edited(raw: bytes, wanted: CommentedMap, name: str) -> bytes:
    """The file ``raw`` with the content of ``wanted``. Raises CannotEditError when it has no place for a change."""
    text = raw.decode("utf-8")
    mark = BOM if text.startswith(BOM) else ""
    text = text.removeprefix(BOM)
    old = load(raw, name)
    edits = _Edits(text)
    edits.mapping(yaml.compose(text, Loader=yaml.SafeLoader), old, wanted)
    result = (mark + edits.apply()).encode()
    if _data(load(result, name)) != _data(wanted):
        raise CannotEditError(f"{name} is written in a way that cannot be changed safely; change it by hand")
    return result


def _data(value: Any) -> Any:
    """Content without styles."""
    if isinstance(value, Mapping):
        return {str(key): _data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_data(item) for item in value]
    return value if isinstance(value, bool | int | float) or value is None else str(value)


class _Edits:
    """Replacements of spans of a text, collected and then made at once."""

    def __init__(self, text: str) -> None:
        self.text = text
        ending = re.search(r"\r\n|\n|\r", text)
        self.ending = ending[0] if ending else "\n"
        self._made: list[tuple[int, int, str]] = []

    def apply(self) -> str:
        """The text with all replacements. Of two at one place the first that was asked for comes first."""
        result = self.text
        for start, end, new in sorted(self._made, key=lambda one: one[:2], reverse=True):
            result = result[:start] + new + result[end:]
        return result

    def mapping(self, node: Any, old: Any, new: Any) -> None:
        """Make a mapping say `new`."""
        if old == new and _data(old) == _data(new):
            return
        entries = {key.value: (key, value) for key, value in node.value}
        gone, added = [k for k in old if k not in new], [k for k in new if k not in old]
        if node.flow_style and gone:
            self._replace(node.start_mark.index, node.end_mark.index, _flow(new))
            return
        for name in gone:
            key, value = entries[name]
            self._remove_lines(key.start_mark.index, self._end(value, key))
        for name in new:
            if name in old:
                self._value(*entries[name], old[name], new[name])
        if added and node.flow_style:
            told = _flow_pairs(CommentedMap({name: new[name] for name in added}))
            at = node.value[-1][1].end_mark.index if node.value else node.start_mark.index + 1
            self._replace(at, at, (", " if node.value else "") + told)
        elif added:
            self._add_entries(node, entries, new, added)

    def _add_entries(self, node: Any, entries: Mapping[str, Any], new: Any, added: list[str]) -> None:
        """New keys of a block mapping, each group behind the key that it follows in `new`."""
        if not node.value:
            raise CannotEditError("an empty mapping has no place for a new key; change it by hand")
        column = node.value[0][0].start_mark.column
        order, group, behind = list(new), CommentedMap(), ""
        for name in order:
            if name in added:
                group[name] = new[name]
            else:
                self._insert(entries, behind, group, column)
                group, behind = CommentedMap(), name
        self._insert(entries, behind, group, column)

    def _insert(self, entries: Mapping[str, Any], behind: str, group: CommentedMap, column: int) -> None:
        if not group:
            return
        lines = self._indented(_block(group), column)
        if behind:
            key, value = entries[behind]
            self._add_lines(self._end(value, key), lines)
        else:
            first = min(key.start_mark.index for key, _ in entries.values())
            at = first - column
            self._replace(at, at, lines)

    def _value(self, key: Any, node: Any, old: Any, new: Any) -> None:
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            self.mapping(node, old, new)
        elif _data(old) == _data(new):
            return
        elif isinstance(old, list) and isinstance(new, list) and not node.flow_style:
            self._sequence(node, old, new)
        elif node.start_mark.index == node.end_mark.index:  # nothing stands there
            at = self.text.index(":", key.end_mark.index) + 1
            self._replace(at, at, f" {_flow(new)}")
        elif (isinstance(node, yaml.CollectionNode) and not node.flow_style) or getattr(node, "style", None) in (
            "|",
            ">",
        ):
            raise CannotEditError("a block has no place for another value; change it by hand")
        else:
            self._replace(node.start_mark.index, node.end_mark.index, _flow(new))

    def _sequence(self, node: Any, old: Any, new: Any) -> None:
        left = [item for item in old if _data(item) in [_data(other) for other in new]]
        if len(new) < len(old) or (len(left) < len(old) and not any(isinstance(item, Mapping) for item in old)):
            for item, value in zip(old, node.value, strict=True):
                if _data(item) not in [_data(other) for other in left]:
                    start = self.text.rindex("-", 0, value.start_mark.index)
                    self._remove_lines(start, self._end(value, None))
            kept = len(left)
        else:
            kept = len(old)
            for value, one, other in zip(node.value, old, new, strict=False):
                self._value(None, value, one, other)
        if more := new[kept:]:
            lines = self._indented(_block(CommentedSeq(more)), node.start_mark.column)
            self._add_lines(self._end(node.value[-1], None), lines)

    # --- text

    def _end(self, node: Any, key: Any) -> int:
        """Where the content of a node ends; blank lines and comments behind a block are not its content."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self._end(last[1], last[0]) if isinstance(last, tuple) else self._end(last, None)
        end = int(node.end_mark.index)
        if end == node.start_mark.index and key is not None:
            return int(key.end_mark.index) + 1
        while end > node.start_mark.index and self.text[end - 1] in "\r\n":
            end -= 1
        return end

    def _line_end(self, at: int) -> int:
        """Behind the line break of the line that holds `at`; the end of the text where there is none."""
        found = re.compile(r"\r\n|\n|\r").search(self.text, at)
        return found.end() if found else len(self.text)

    def _add_lines(self, behind: int, lines: str) -> None:
        at = self._line_end(behind)
        if at == len(self.text) and not self.text.endswith(("\n", "\r")):
            lines = self.ending + lines.removesuffix(self.ending)
        self._replace(at, at, lines)

    def _remove_lines(self, start: int, end: int) -> None:
        begin = max(self.text.rfind("\n", 0, start), self.text.rfind("\r", 0, start)) + 1
        self._replace(begin, self._line_end(end), "")

    def _replace(self, start: int, end: int, new: str) -> None:
        self._made.append((start, end, new))

    def _indented(self, lines: str, column: int) -> str:
        return "".join(" " * column + line + self.ending for line in lines.splitlines())


def _block(value: Any) -> str:
    out = StringIO()
    found = editor()
    if isinstance(value, list):
        found.indent(mapping=2, sequence=2, offset=0)
    found.dump(value, out)
    return out.getvalue()


def _flow(value: Any) -> str:
    """A value on one line, as it stands inside a flow mapping or behind a key."""
    return _flow_pairs(CommentedMap(k=value)).removeprefix("k: ")


def _flow_pairs(pairs: CommentedMap) -> str:
    """`name: value, ...` on one line."""
    pairs.fa.set_flow_style()
    out = StringIO()
    editor().dump(pairs, out)
    return out.getvalue().strip()[1:-1]

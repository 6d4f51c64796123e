"""YAML with positions: plain Python data, and the line and column of every key and value.

PyYAML's C parser reads the text (a thousand files in a tenth of a second); scalars are resolved here by the YAML
1.2 core rules, so that ``NO`` stays a text and ``on`` is not silently true. Anything odd becomes a Finding.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from schemas.read.inside import UnreadableError, read_inside
from schemas.report.findings import Finding, Level

Path_ = tuple[str | int, ...]
Mark = tuple[int, int]
V = TypeVar("V")

MAX_DEPTH = 50
MAX_VALUES = 100_000
"""Of one file, which fits twice as many only with values of a letter or two; each costs some microseconds."""

_NULL = re.compile(r"^(~|null|Null|NULL|)$")
_BOOL = re.compile(r"^(true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"^([-+]?[0-9]{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,16})$")
_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def dotted(path: Path_) -> str:
    """``("identity", "contact", "email")`` as ``identity.contact.email``."""
    return ".".join(str(part) for part in path)


@dataclass(slots=True)
class Source:
    """One file: its data, where each part stands, and what was wrong with the YAML itself."""

    file: str
    data: Any = None
    keys: dict[Path_, Mark] = field(default_factory=dict)
    values: dict[Path_, Mark] = field(default_factory=dict)
    texts: dict[Path_, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    size: int = 0
    """Bytes of the file."""

    def mark(self, path: Path_, key: bool = False) -> Mark:
        """Line and column (from 1) of the value at ``path`` (or of its key), else of its nearest parent."""
        if key and path in self.keys:
            return self.keys[path]
        if path in self.values:
            return self.values[path]
        while path:
            path = path[:-1]
            if path in self.keys:
                return self.keys[path]
            if path and path in self.values:
                return self.values[path]
        return (1, 1)

    def has(self, path: Path_) -> bool:
        """Whether the file itself holds a value at ``path``."""
        return path in self.values

    def add(
        self,
        path: Path_,
        rule: str,
        message: str,
        suggestion: str = "",
        key: bool = False,
        level: Level = "error",
    ) -> None:
        """Record a finding at ``path``."""
        self.findings.append(Finding(self.file, *self.mark(path, key), dotted(path), rule, message, suggestion, level))

    def below(self, path: Path_) -> Source:
        """The part of this file below ``path`` as a source of its own, with the same file and marks."""
        *parents, last = path
        return self.parts(tuple(parents), [last])[last]

    def parts(self, path: Path_, names: Iterable[str | int]) -> dict[str | int, Source]:
        """The named parts of the mapping or list at ``path``, each as a source of its own, all in one pass."""
        data = self.data
        for part in path:
            data = data[part]
        keys, values, texts = _by_part(self.keys, path), _by_part(self.values, path), _by_part(self.texts, path)
        return {
            name: Source(
                self.file,
                data[name],
                keys.get(name, {}) | {(): self.mark((*path, name), True)},
                values.get(name, {}),
                texts.get(name, {}),
            )
            for name in names
        }


def _by_part(marks: Mapping[Path_, V], path: Path_) -> dict[str | int, dict[Path_, V]]:
    """What stands below ``path``, by its next part; the places are those inside that part."""
    size = len(path)
    found: dict[str | int, dict[Path_, V]] = {}
    for place, value in marks.items():
        if len(place) > size and place[:size] == path:
            found.setdefault(place[size], {})[place[size + 1 :]] = value
    return found


def from_data(file: str, data: Any) -> Source:
    """Data that came without a file (stack config handed over by the engine): every place is 1:1."""
    return Source(file, dict(data) if isinstance(data, Mapping) else data)


def read(path: Path, root: Path, shown_as: str) -> Source:
    """Read a regular file inside ``root``; problems are findings of the answer, never exceptions."""
    source = Source(shown_as)
    try:
        raw = read_inside(path, root)
    except UnreadableError as why:
        source.add((), "CSP-YAML-007", str(why))
        return source
    source.size = len(raw)
    return parse(raw, source)


def parse(raw: bytes, source: Source) -> Source:
    """Parse the bytes of one YAML file into ``source``."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        source.findings.append(
            Finding(source.file, line, column, "", "CSP-YAML-007", "not UTF-8 text", "save the file as UTF-8")
        )
        return source
    try:
        source.data = _Builder(source, text).document()
    except _RefusedError:
        return source
    except yaml.MarkedYAMLError as error:
        source.findings.append(_syntax(source.file, text, error))
        return source
    except yaml.reader.ReaderError as error:
        before = text[: error.position] if isinstance(error.position, int) else ""
        place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
        source.findings.append(
            Finding(source.file, *place, "", "CSP-YAML-001", "a control character that YAML does not allow")
        )
        return source
    if source.data is None and not source.findings:
        source.add((), "CSP-YAML-004", "the file is empty")
    return source


def _syntax(file: str, text: str, error: yaml.MarkedYAMLError) -> Finding:
    problem = " ".join(str(error.problem or error.context or "not well-formed").split())
    mark = error.problem_mark or error.context_mark
    if "end of stream" in problem and "quoted" in str(error.context) and error.context_mark:
        mark, problem = error.context_mark, "a quoted text that is never closed"
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.splitlines()
    here = lines[line] if line < len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())]:
        column = here.index("\t")
        return Finding(
            file, line + 1, column + 1, "", "CSP-YAML-002", "a tab where YAML wants spaces", "replace it with spaces"
        )
    return Finding(file, line + 1, column + 1, "", "CSP-YAML-001", problem)


class _RefusedError(Exception):
    """The rest of the file is not worth reading."""


class _Builder:
    """Builds data from parser events. Events, not PyYAML's nodes: they show aliases and written tags as they stand."""

    def __init__(self, source: Source, text: str) -> None:
        self.source = source
        self.events: Iterator[Any] = iter(yaml.parse(text, Loader=_LOADER))

    def document(self) -> Any:
        """The data of the one document; None for an empty file."""
        data = None
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._report(event, (), "CSP-YAML-006", "a second document starts here")
                    raise _RefusedError
                data = self._node(next(self.events), ())
        return data

    def _report(self, event: Any, path: Path_, rule: str, message: str, suggestion: str = "") -> None:
        self.source.findings.append(Finding(self.source.file, *_mark(event), dotted(path), rule, message, suggestion))

    def _node(self, event: Any, path: Path_) -> Any:
        self.source.values[path] = _mark(event)
        if len(path) > MAX_DEPTH:
            self._report(event, (), "CSP-YAML-001", f"nested deeper than {MAX_DEPTH} levels")
            raise _RefusedError
        if len(self.source.values) > MAX_VALUES:
            self._report(event, (), "CSP-YAML-007", f"more than {MAX_VALUES:,} values in one file".replace(",", " "))
            raise _RefusedError
        if isinstance(event, yaml.AliasEvent):
            self._report(event, path, "CSP-YAML-005", f"alias *{event.anchor}", "write the value out")
            return None
        if event.tag is not None and event.tag != "!":
            self._report(event, path, "CSP-YAML-008", f"YAML tag {event.tag}", "remove it")
        if isinstance(event, yaml.ScalarEvent):
            self.source.texts[path] = event.value
            return _scalar(event.value) if event.implicit[0] else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(path)

    def _sequence(self, path: Path_) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path_) -> dict[str, Any]:
        built: dict[str, Any] = {}
        while not isinstance(key_event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(key_event, yaml.ScalarEvent):
                self._report(key_event, path, "CSP-YAML-009", "a key that is no plain text")
                if not isinstance(key_event, yaml.AliasEvent):
                    raise _RefusedError
                key = f"*{key_event.anchor}"
            else:
                key = key_event.value
            inner = (*path, key)
            if key in built:
                first = self.source.keys[inner][0]
                self._report(key_event, inner, "CSP-YAML-003", f"key given twice, first in line {first}")
                inner = (*path, f"{key} ")  # read on, keep the marks of the first
                self._node(next(self.events), inner)
                continue
            self.source.keys[inner] = _mark(key_event)
            built[key] = self._node(next(self.events), inner)
        return built


def _mark(event: Any) -> Mark:
    return (event.start_mark.line + 1, event.start_mark.column + 1)


def _scalar(text: str) -> Any:
    """A plain scalar by the YAML 1.2 core rules; dates stay texts."""
    if _NULL.match(text):
        return None
    if _BOOL.match(text):
        return text.lower() == "true"
    if _INT.match(text):
        return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
    if _FLOAT.match(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def looks_like_text(value: str) -> bool:
    """Whether ``value`` written without quotes would be read as a text, by YAML 1.2 and by older readers (``on``)."""
    return isinstance(_scalar(value), str) and value.lower() not in ("yes", "no", "on", "off", "y", "n")

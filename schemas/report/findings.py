"""What is wrong with a declaration: one line a finding, and the formats of programs and platforms."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from schemas.plain import as_json, plain
from schemas.report import sarif
from schemas.report.rules import RULES

Report = Callable[..., None]
"""``report(path, rule, message, suggestion, key=False)`` takes down a finding."""
Level = Literal["error", "warning"]
Format = Literal["text", "json", "sarif", "github", "gitlab", "azure"]
MORE = "CSP-MORE-001"
"""The rule of a finding that counts what is not listed."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong, with its place. ``line`` and ``column`` count from 1; ``path`` is dotted.

    A warning stops nothing; errors do.
    """

    file: str
    line: int
    column: int
    path: str
    rule: str
    message: str
    suggestion: str = ""
    level: Level = "error"

    @property
    def text(self) -> str:
        """The message with its suggestion."""
        return f"{self.message}; {self.suggestion}" if self.suggestion else self.message

    def __str__(self) -> str:
        told = f"warning: {self.text}" if self.level == "warning" else self.text
        return plain(f"{self.file}:{self.line}:{self.column}  {self.path or '(file)'}  {self.rule}  {told}")


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Those that are no warnings."""
    return [found for found in findings if found.level == "error"]


MAX_IN_FILE, MAX_IN_ALL = 100, 1000


def capped(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Sorted findings, at most ``MAX_IN_FILE`` of a file and ``MAX_IN_ALL`` in all; what is left out is counted in a
    finding of its own."""
    told = 0
    for file, group in itertools.groupby(findings, lambda found: found.file):
        of_file = list(group)
        if told >= MAX_IN_ALL:
            left_out = [f for f in findings if f.file >= file]
            files = len({f.file for f in left_out})
            message = f"{len(left_out)} more findings in {files} more {'file' if files == 1 else 'files'}"
            yield Finding(file, 1, 1, "", MORE, message, "mend those above first")
            return
        yield from of_file[:MAX_IN_FILE]
        told += min(len(of_file), MAX_IN_FILE)
        if len(of_file) > MAX_IN_FILE:
            last, more = of_file[MAX_IN_FILE - 1], len(of_file) - MAX_IN_FILE
            message = f"{more} more {'finding' if more == 1 else 'findings'} in this file"
            yield Finding(file, last.line, last.column, "", MORE, message, "mend those above first")


class DeclarationErrors(Exception):  # noqa: N818 - it carries several errors
    """The declaration is not valid. ``findings`` holds all that is wrong, sorted by place; str() is one line each,
    whatever is in a key or a value."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(capped(sorted(set(findings))))
        super().__init__("\n".join(str(f) for f in self.findings))


def format_findings(findings: Sequence[Finding], form: Format = "text") -> str:
    """The findings as text (a line each), JSON (a list), SARIF 2.1.0, workflow commands of GitHub or Azure DevOps (a
    line each), or a code quality report of GitLab."""
    if form == "json":
        return as_json([asdict(f) for f in findings])
    if form == "sarif":
        return as_json(_sarif(findings))
    if form == "github":
        return "\n".join(_github(f) for f in findings)
    if form == "azure":
        return "\n".join(_azure(f) for f in findings)
    if form == "gitlab":
        return as_json([_code_quality(f) for f in findings])
    return "\n".join(str(f) for f in findings)


def _github(found: Finding) -> str:
    place = f"file={_property(found.file)},line={found.line},col={found.column},title={_property(found.rule)}"
    return f"::{found.level} {place}::{_data(f'{found.path}: {found.text}' if found.path else found.text)}"


def _azure(found: Finding) -> str:
    """learn.microsoft.com: logging commands, task.logissue."""
    file, rule = _issue(found.file), _issue(found.rule)
    place = f"sourcepath={file};linenumber={found.line};columnnumber={found.column};code={rule};"
    text = f"{found.path}: {found.text}" if found.path else found.text
    return f"##vso[task.logissue type={found.level};{place}]{_issue(text)}"


def _issue(text: str) -> str:
    return plain(text).replace("%", "%AZP25").replace(";", "%3B").replace("]", "%5D")


def _code_quality(found: Finding) -> dict[str, Any]:
    """docs.gitlab.com: code quality report format. The fingerprint stays when lines move."""
    text = f"{found.path}: {found.text}" if found.path else found.text
    print_of = hashlib.sha256("\0".join((found.rule, found.file, found.path, found.text)).encode()).hexdigest()
    return {
        "description": plain(text),
        "check_name": found.rule,
        "fingerprint": print_of,
        "severity": "major" if found.level == "error" else "minor",
        "location": {"path": found.file, "lines": {"begin": found.line}},
    }


def _data(text: str) -> str:
    return plain(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif(findings: Sequence[Finding]) -> dict[str, Any]:
    return sarif.log(
        {f.rule: RULES[f.rule].title for f in findings if f.rule in RULES},
        [
            sarif.result(
                f.rule,
                f.level,
                f"{f.path}: {f.text}" if f.path else f.text,
                f.file,
                startLine=f.line,
                startColumn=f.column,
            )
            for f in findings
        ],
    )

"""Every command that code or docs hold is one that the command line takes, with its options in one order."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clients.errors import PersonMustAct, Problem
from csp import kept
from csp.commands import adopt, drift
from csp.engine import start as engines
from csp.errors import CommandError
from equipment.workspace import ROOT
from onboarding.adoption import match as adoption
from schemas.command import START, command, shown
from tests.printed import BARE, IN_BACKTICKS, PLACEHOLDER, found, wrong

PACKAGES = ("csp", "onboarding", "providers", "clients", "schemas")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
HELP = frozenset(("help", "rich_help_panel"))
"""Arguments of the command line's own help, where a synopsis stands."""


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text of a module that can be printed: no docstring, no help. What is filled in reads `x`."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
        if isinstance(node, ast.keyword) and node.arg in HELP:
            skipped |= {id(one) for one in ast.walk(node.value)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(one) for one in node.values}
            parts = [one.value if isinstance(one, ast.Constant) else "x" for one in node.values]
            yield node.lineno, "".join(str(part) for part in parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_texts_of_code_write_their_commands_in_one_way(file: Path) -> None:
    tree = ast.parse(file.read_text("utf-8"))
    for line, text in _texts(tree):
        assert not BARE.search(text), f"{file.name}:{line}: write it with schemas.command.command: {text!r}"
        for one in found(shown(text, stack="s", connection="c", start="csp")):
            if one.split()[1] == "x":  # the verb itself is filled in: a page about all of them
                continue
            assert not wrong(one), f"{file.name}:{line}: {one}: {wrong(one)}"
            assert not PLACEHOLDER.search(one), f"{file.name}:{line}: {one} does not run as printed"


def _calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every call of `command` and `pasted`, as the text that it makes; what is computed reads `x`."""
    from schemas.command import command

    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)):
            continue
        if isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") not in ("shown", "command"):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        if name not in ("command", "pasted") or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        words = [str(one.value) if isinstance(one, ast.Constant) else "x" for one in node.args]
        words = ["ion" if (at, word, words[0]) == (1, "x", "auth") else word for at, word in enumerate(words)]
        options = {
            one.arg: one.value.value if isinstance(one.value, ast.Constant) else "x" for one in node.keywords if one.arg
        }
        yield node.lineno, command(*words, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_commands_that_code_builds_are_commands(file: Path) -> None:
    for line, written in _calls(ast.parse(file.read_text("utf-8"))):
        if file.name == "sandbox_commands.py" and "sandbox" not in written:
            continue
        (one,) = found(shown(written, stack="s", connection="c", start="csp"))
        assert not wrong(one), f"{file.name}:{line}: {one}: {wrong(one)}"


DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_LINE = re.compile(r"^\s*(?:\$ )?((?:[A-Z_]+=\S+ )*(?:\.venv/bin/|uv run )?csp [^#|>\n]+)", re.MULTILINE)
_FENCED = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_examples_of_the_docs_are_commands(page: Path) -> None:
    """In fenced blocks; prose names commands without their arguments."""
    for block in _FENCED.findall(page.read_text("utf-8")):
        for example in _LINE.findall(block):
            line = re.split(r"\s{2,}", example.strip())[0].rstrip("\\;)\"' ")
            filled = line.replace("[", "").replace("]", "").replace("...", "x")
            assert not wrong(filled), f"{page.name}: {line}: {wrong(filled)}"


def test_the_finder_finds() -> None:
    text = "run `.venv/bin/csp confirm a tenant -s us`, or `csp up -s us`; `uv run csp todo -s us`"
    assert len(found(text)) == 3
    assert wrong("csp confirm a tenant") != ""
    assert wrong("csp confirm a tenant --ref x -s us") != ""
    assert wrong("csp nothing -s us") != ""
    assert BARE.search("then run csp up and look")
    assert not BARE.search("`csp up -s x`")
    assert IN_BACKTICKS.search("`CSP_ALLOW_REMOVALS=1 .venv/bin/csp up -s us`")


def test_what_a_usage_error_prints_can_be_run() -> None:
    """Its `Try '... --help'` starts csp as its reader does, who need not have it on PATH."""
    script = Path(sys.executable).with_name("csp")
    nowhere = {name: value for name, value in os.environ.items() if name not in ("PATH", START)}
    ask: Any = {"cwd": ROOT, "env": nowhere, "capture_output": True, "text": True, "encoding": "utf-8", "timeout": 60}
    wrong = subprocess.run([script, "adopt", "--nope"], check=False, **ask)
    told = re.search(r"Try '(.+) adopt --help'", wrong.stderr)
    assert wrong.returncode == 2
    assert told is not None, wrong.stderr
    assert subprocess.run([ROOT / told[1], "adopt", "--help"], check=True, **ask).stdout.startswith(
        f"Usage: {told[1]} adopt"
    )


def test_what_an_error_says_is_shown_as_its_reader_starts_csp(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines that hold the text of an error, whose commands are still as they were written."""
    refused = Problem("tokens", "load", None, "x", "no vault")
    monkeypatch.setenv(START, "uv run csp")
    monkeypatch.setattr(engines, "choose", raising(CommandError(f"no state: run {command('up')} first")))
    drift._states(SimpleNamespace(), "us", SimpleNamespace())  # type: ignore[arg-type]
    monkeypatch.setattr(
        kept,
        "open_handover",
        raising(PersonMustAct(refused, owner="us", action=f"run {command('auth', 'ion', 'login')}")),
    )
    customer = SimpleNamespace(key="contoso", connection="ca")
    estate = SimpleNamespace(customers=[customer], connections={"ca": None}, stack="us", renamed={})
    kept.entries_of(SimpleNamespace(home=Path()), estate)  # type: ignore[arg-type]
    plan = adoption.Plan(inactive=0)
    plan.left_out["it@contoso.com"] = f"could not look: run {command('doctor', connection='ca')}"
    adopt._tell_plan(plan, [], Path("x"), "y")
    told = capsys.readouterr()
    for wanted in ("`uv run csp up -s us`", "`uv run csp auth ion login -c ca`", "`uv run csp doctor -c ca`"):
        assert wanted in told.out + told.err


def raising(error: Exception) -> Any:
    def fail(*_arguments: object, **_more: object) -> Any:
        raise error

    return fail

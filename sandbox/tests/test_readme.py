"""The README says what is true: its fixture runs, its options and their defaults are those of both start commands."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from csp_sandbox.__main__ import start
from csp_sandbox.seeds.file import SeedFile

README = Path(__file__).parents[1] / "README.md"


def block(kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_its_test_fixture_runs_as_printed(tmp_path: Path) -> None:
    (tmp_path / "test_printed.py").write_text(block("python"), "utf-8")
    alone = ["-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *alone],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # it needs none, and they take longer than the test
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout


def test_its_seed_is_one() -> None:
    assert SeedFile.model_validate(json.loads(block("json"))).customers


def options(command: object) -> dict[str, object]:
    """Option names and defaults of a typer function."""
    found = inspect.signature(command).parameters.values()  # type: ignore[arg-type]
    return {f"--{p.name.replace('_', '-')}": p.default for p in found if p.default is not inspect.Parameter.empty}


def test_every_option_and_default_is_in_the_table() -> None:
    shown = dict(re.findall(r"^\| `(--[a-z-]+)` \| `?(\w+)`? \|", README.read_text("utf-8"), re.MULTILINE))
    told = {"None": "none", "False": "off"}
    assert shown == {name: told.get(str(default), str(default)) for name, default in options(start).items()}


def test_both_start_commands_mean_the_same() -> None:
    commands = pytest.importorskip("csp.commands.sandbox")
    ours = options(start)
    del ours["--ready-file"]  # csp chooses it
    assert options(commands.start) == ours

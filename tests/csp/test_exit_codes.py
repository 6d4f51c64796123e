"""One page holds every exit code of every command, and no command ends with another."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from csp import exit_codes
from csp.engine import looking
from csp.engine.start import Engine
from csp.errors import CommandError
from csp.main import app
from csp.project import Project
from equipment.workspace import ROOT
from schemas import Estate


def names(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    if not hasattr(command, "commands"):
        yield " ".join(path)
        return
    for name, one in command.commands.items():
        yield from names(one, (*path, name))


def test_the_page_is_made_of_the_data_and_names_every_command() -> None:
    assert (ROOT / "docs" / "exit-codes.md").read_text("utf-8") == exit_codes.page(), "python -m csp.exit_codes"
    assert sorted(exit_codes.COMMANDS) == sorted(names(typer.main.get_command(app)))


@pytest.mark.parametrize("file", sorted((ROOT / "csp").rglob("*.py")), ids=lambda file: str(file.relative_to(ROOT)))
def test_no_command_ends_with_a_code_that_the_page_does_not_know(file: Path) -> None:
    for call in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        given = call.args[1:2] if name == "CommandError" else call.args[:1] if name == "Exit" else []
        for code in given:
            if isinstance(code, ast.Constant):
                assert code.value in exit_codes.MEANINGS, f"{file.name}:{code.lineno}"


@pytest.mark.parametrize(("engines", "ours"), [(0, 0), (1, 1), (7, 7), (255, 1), (-9, 137)])
def test_what_an_engine_ends_with_is_one_of_ours(tmp_path: Path, engines: int, ours: int) -> None:
    class Ends(Engine):
        def run(self, *arguments: str) -> int:
            return engines

    engine = Ends("pulumi", (), "", Project(tmp_path), "live", {})
    assert looking.run(engine, Estate("live", tmp_path, (), {}), "up") == (engines, ours)


def test_no_stack_says_how_to_make_it(tmp_path: Path) -> None:
    engine = Engine("pulumi", ("sh", "-c", "exit 6"), "", Project(tmp_path), "live", {})
    first = r'`eval "\$\(.*csp env -s live\)" && pulumi stack init live`'
    with pytest.raises(CommandError, match=f"the stack live has no state yet: run {first} first") as told:
        engine.run("preview")
    assert told.value.exit_code == exit_codes.WRONG

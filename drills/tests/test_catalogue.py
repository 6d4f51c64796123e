"""The catalogue holds every drill that there is, and names tests that play them."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.__main__ import played
from drills.catalogue import CATALOGUE, README, TARGETS, Drill, page

TOP = README.parent
EQUIPMENT = {"catalogue", "database", "harness", "remote", "faults.failing_disk", "kills.killing"}
"""Modules that drills use; rooms of equipment (`seed`, `kills/moments`) hold no drill."""


def modules() -> Iterator[str]:
    for file in sorted(TOP.rglob("*.py")):
        parts = file.relative_to(TOP).with_suffix("").parts
        if not file.name.startswith("__") and not {"tests", "seed", "moments"} & set(parts):
            yield ".".join(parts)


def test_every_module_is_a_drill_a_part_of_one_or_equipment() -> None:
    named = [name for drill in CATALOGUE for name in (drill.module, *drill.parts)]
    assert sorted([*named, *EQUIPMENT]) == sorted(modules())


def test_the_readme_shows_the_catalogue() -> None:
    text = README.read_text("utf-8")
    assert text == page(text)
    assert {drill.target for drill in CATALOGUE} == set(TARGETS)


@pytest.mark.parametrize("drill", CATALOGUE, ids=lambda drill: drill.module)
def test_a_drill_can_be_played_and_its_sample_plays_it(drill: Drill) -> None:
    room, _, name = drill.module.rpartition(".")
    source = (TOP / room / f"{name}.py").read_text("utf-8")
    assert "def main() -> int:" in source
    for flag in {part for arguments in drill.full for part in arguments if part.startswith("--")}:
        assert f'add_argument("{flag}"' in source, flag
    sample = (TOP.parent / drill.sample).read_text("utf-8")
    wanted = [drill.module, *drill.parts]
    found = set(re.findall(r"^from drills\.(\w+)\.(\w+) import", sample, re.MULTILINE))
    found |= {
        (room, name.split()[0])
        for room, names in re.findall(r"^from drills\.(\w+) import ([\w, ]+)", sample, re.MULTILINE)
        for name in names.split(",")
    }
    assert found & {tuple(one.split(".")) for one in wanted}, f"{drill.sample} plays nothing of {wanted}"


@pytest.mark.parametrize(
    ("program", "counts", "expected"),
    [
        ("print('7 cells, 0 failed (3 s)')", "cells", (7, 0)),
        ("print('7 cells, 2 failed (3 s)'); exit(1)", "cells", (7, 2)),
        ("print('7 cells, 0 failed (3 s)'); exit(1)", "cells", (7, 1)),
        ("print('half'); exit(0)", "cells", (0, 1)),
        ("print('a figure')", "", (0, 0)),
        ("print('a figure'); exit(1)", "", (0, 1)),
        ("pass", "", (0, 1)),
    ],
)
def test_a_drill_that_ends_without_its_figure_is_a_failure(
    program: str, counts: str, expected: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "python"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{program}"\n', "utf-8")
    command.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(command))
    result = played(Drill("x", "drills", "", "", counts=counts), ())
    assert (result.cells, result.failed) == expected

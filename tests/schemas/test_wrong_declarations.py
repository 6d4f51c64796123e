"""Wrong declarations as data: each case is a change of the base estate, and the exact lines that must be told."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import schemas
from tests.schemas.estates import copy_base

TABLE = Path(__file__).parent.parent / "scenarios" / "declarations" / "wrong.yaml"
CASES: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(TABLE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"].replace(" ", "-"))
def test_wrong_declaration_is_told_line_by_line(case: dict[str, Any], tmp_path: Path) -> None:
    stack = copy_base(tmp_path, case["change"])
    with pytest.raises(schemas.DeclarationErrors) as caught:
        schemas.load_estate(stack, tmp_path, today=dt.date(2026, 11, 22))
    assert str(caught.value).splitlines() == case["told"]


def test_every_case_has_a_name_of_its_own() -> None:
    names = [case["name"] for case in CASES]
    assert len(set(names)) == len(names)
    assert len(names) >= 40

"""A function above the limit is found, unless its reason stands beside it."""

import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parent.parent / "tools" / "complexity.py"
MANY = "\n".join(f"    if x == {n}:\n        return {n}" for n in range(31))


@pytest.mark.parametrize(
    ("above", "inside", "reason"),
    [("", "", ""), ("# complexity: a table\n", "", "a table"), ("", "    # complexity: a table\n", "a table")],
)
def test_a_reason_is_read(above: str, inside: str, reason: str) -> None:
    spec = importlib.util.spec_from_file_location("complexity_tool", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    source = f"x = 1\n\n\n{above}def long(x):\n{inside}{MANY}\n    return 0\n\n\ndef short(x):\n    return x\n"
    found = {one.name: (one.complexity, one.reason) for one in tool.measured(source, "a.py")}
    assert found == {"long": (32, reason), "short": (1, "")}
    assert tool.MOST == 30

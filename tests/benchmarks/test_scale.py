"""`make bench`: it plays real processes, goes on where it stopped, and prints nothing that was not measured."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.scale.cells import BY_NAME, Cell, Result, commits, keep, kept, matrix
from benchmarks.scale.page import page
from benchmarks.scale.play import play
from equipment.workspace import ROOT

ALL = list(BY_NAME)


def result(cell: Cell, seconds: float = 2.0, calls: int | None = 3) -> Result:
    return Result(cell, seconds, {"plugin": 1.0}, {"engine": 50.0}, 4 * cell.size, cell.size, calls)


def test_two_commands_on_three_customers_and_a_second_time_nothing(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    cells = [Cell(3, "status"), Cell(3, "drift", warm=True)]
    told: list[str] = []
    assert play(cells, file, "abc", told.append) == []
    found = kept(file, "abc")
    assert set(found) == set(cells)
    assert found[cells[0]].calls == 0
    drift = found[cells[1]]
    assert drift.calls is not None
    assert drift.calls > 0
    assert drift.memory["csp"] > 20
    assert drift.resources > 3
    assert drift.state["ours"] > 100
    told.clear()
    assert play(cells, file, "abc", told.append) == []
    assert told == []


def test_results_are_those_of_a_commit_and_a_torn_line_is_none(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    cell = Cell(100, "preview")
    keep(file, "one", result(cell, 1.0))
    keep(file, "two", result(cell, 2.0))
    keep(file, "one", result(cell, 3.0))
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({"commit": "one"})[:9])
    assert kept(file, "one")[cell].seconds == 3.0
    assert commits(file) == ["two", "one"]
    assert kept(file, "three") == {}


def test_the_large_size_plays_few_operations_warm_and_without_latency() -> None:
    cells = list(matrix([5000], ALL, [0, 200]))
    assert {c.operation for c in cells} == {"preview", "up", "drift", "status"}
    assert {c.latency for c in cells} == {0}
    assert {c.who for c in cells} == {"product", "empty"}
    assert all(c.warm for c in cells if c.operation == "drift")


@pytest.mark.parametrize(("seconds", "said"), [(2.2, "1.10 kept"), (4.0, "2.00 **missed**")])
def test_a_mark_is_printed_beside_its_ratio(seconds: float, said: str) -> None:
    ours, floor = Cell(1000, "preview"), Cell(1000, "preview", who="empty")
    text = page({ours: result(ours, seconds), floor: result(floor, 2.0, None)}, "abc")
    assert f"| at most 1.15 | {said} |" in text


def test_what_was_not_measured_has_no_figure_and_is_named() -> None:
    cell = Cell(100, "status")
    text = page({cell: result(cell)}, "abc")
    wanted = text.partition("## Wanted")[2].partition("## Not measured")[0]
    assert wanted.count("\n|") == 2, "the head of the table alone"
    assert "- 100 customers, 0 ms, empty: offline, preview, refresh, up, up5, first." in text
    assert "- 1,000 customers: nothing" in text


def test_the_readme_quotes_the_page() -> None:
    readme, numbers = ((ROOT / name).read_text("utf-8") for name in ("README.md", "docs/numbers.md"))
    quoted = re.findall(r"\d+\.\d|\d{4}", readme.partition("Three of the numbers")[2].partition("\n\n")[0])
    assert len(quoted) == 3
    assert [figure for figure in quoted if figure not in numbers] == []

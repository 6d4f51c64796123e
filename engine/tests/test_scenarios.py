"""Every scenario on every engine present; where the Pulumi CLI is on PATH, the two must agree in everything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scenario_trace import comparable, masked, plan
from scenarios import SCENARIOS, Scenario
from scenarios_selection import SELECTION
from workbench import ENGINES, Workbench


@pytest.mark.parametrize("scenario", [*SCENARIOS, *SELECTION], ids=lambda scenario: scenario.name.replace(" ", "-"))
def test_scenario(scenario: Scenario, tmp_path: Path) -> None:
    traces = {engine: play(scenario, tmp_path, engine) for engine in ENGINES}
    first, *others = traces.values()
    for other in others:
        for index, (left, right) in enumerate(zip(first, other, strict=True)):
            for key in left.keys() - scenario.differs:
                assert left[key] == right[key], f"act {index + 1}: {key}"


def play(scenario: Scenario, folder: Path, engine: str) -> list[dict[str, Any]]:
    """Run all acts, check what each must do, and return what can be compared."""
    (folder / engine).mkdir()
    bench = Workbench(folder / engine, engine)
    trace = []
    for number, act in enumerate(scenario.acts, 1):
        where = f"{engine}, act {number}: {' '.join(act.words)}"
        if act.program is not None:
            bench.case(act.program)
        if act.before is not None:
            act.before(bench)
        entry: dict[str, Any] = {}
        words = [*act.words, "--parallel", "1"]
        if act.summary is not None and (len(ENGINES) > 1 or act.planned_more):
            digest = bench.digest("preview")
            assert digest.get("changeSummary", {}) == act.summary, where
            entry["plan"] = plan(digest)
            bench.calls()
        elif act.summary is not None:
            # Nothing to compare with: the operation's own document says the same and saves a run.
            words.append("--json")
        result = bench.run(*words)
        if "--json" in words:
            assert json.loads(result.out).get("changeSummary", {}) == act.summary, where
        assert result.code == act.code, f"{where}\n{result.text}"
        assert act.says in result.text, f"{where}\n{result.text}"
        calls = bench.calls()
        if act.calls is not None:
            assert [word(call) for call in calls if call["call"] != "configure"] == list(act.calls), where
        entry["code"] = result.code
        entry["calls"] = sorted(json.dumps(masked(call), sort_keys=True) for call in calls)
        entry["state"] = comparable(bench.export())
        trace.append(entry)
    return trace


def word(call: dict[str, Any]) -> str:
    name = call.get("name") or call.get("props", {}).get("name") or call.get("id", "")
    return f"{call['call']} {str(name).removeprefix('id-')}"

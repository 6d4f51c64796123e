"""Every row of the flag table on every engine present, and the surface against the CLI's description of itself."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from dynamic_engine.commands.flags import BOOL, GLOBAL, LISTS, NUMBER, REFUSED, TEXT, Verb
from dynamic_engine.commands.verbs import VERBS
from flag_table import ROWS, Row
from workbench import EMBEDDED, ENGINES, PULUMI, Workbench

pytestmark = pytest.mark.xdist_group("flags")

KINDS = {"boolean": {BOOL}, "int": {NUMBER}, "string": {TEXT}, "array": set(LISTS)}


@pytest.fixture(scope="module", params=ENGINES)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    bench = Workbench(tmp_path_factory.mktemp(request.param), request.param)
    assert bench.up('Thing("a", {"color": "red"})\nThing("b", {"color": "red"})').code == 0
    bench.calls()
    # Rows come in any order when several workers share the suite: what one needs is there before the first.
    assert bench.run("stack", "init", "other", "--no-select").code == 0
    return bench


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.words} {' '.join(row.variables)}".strip())
def test_row(bench: Workbench, row: Row) -> None:
    bench.words()
    words = shlex.split(row.words)
    refused = row.refused and bench.engine == EMBEDDED
    result = bench.run(*words, **row.variables)
    asked = sorted(bench.words())
    assert result.code == (1 if refused else row.code), result.text
    if refused:
        assert row.refused in result.err
        assert result.err.count("\n") == 1
        assert asked == []
    elif row.calls is not None:
        assert asked == sorted(row.calls), result.text
    assert row.says in result.text
    if result.code and bench.engine == EMBEDDED:
        assert "Traceback" not in result.text


@pytest.mark.skipif(PULUMI not in ENGINES, reason="no Pulumi CLI on PATH")
def test_the_surface_is_that_of_the_cli(tmp_path: Path) -> None:
    """No verb, flag or kind of ours that the CLI does not have, and none of the CLI's that we do not know of."""
    spec = json.loads(
        subprocess.run(
            ["pulumi", "generate-cli-spec"],
            env={**os.environ, "PULUMI_DEBUG_COMMANDS": "true", "PULUMI_HOME": str(tmp_path),
                 "PULUMI_SKIP_UPDATE_CHECK": "true"},
            capture_output=True, encoding="utf-8", check=True,
        ).stdout
    )  # fmt: skip
    theirs = _commands(spec)
    ours = {verb.path: verb for verb in VERBS}
    assert set(ours) <= set(theirs) | {("watch",)}, "verbs that the CLI does not have"
    unknown = [path for path in theirs if not any(path[: len(known)] == known for known in ours) and path]
    assert unknown == []
    for path, verb in {**ours, (): Verb((), flags=GLOBAL)}.items():
        if verb.how == REFUSED and not verb.flags:
            continue
        flags = {flag.name: flag for flag in verb.flags}
        inherited = {name: what for depth in range(1, len(path)) for name, what in theirs[path[:depth]].items()}
        described = theirs[path]
        assert set(described) - set(flags) == set(), f"{path}: flags that this engine does not know of"
        assert set(flags) - set(described) - set(inherited) == set(), f"{path}: flags that the CLI does not have"
        for name, what in described.items():
            kind = "array" if what.get("repeatable") else what["type"]
            assert flags[name].kind in KINDS[kind], f"{path} --{name}: {kind}"


def _commands(node: dict[str, Any], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], dict[str, Any]]:
    found = {path: node.get("flags") or {}}
    for name, below in (node.get("commands") or {}).items():
        found |= _commands(below, (*path, name))
    return found

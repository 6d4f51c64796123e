"""`make up`, again, `make people`, `make down`, without make."""

import subprocess
import sys
from pathlib import Path

from tests.workspace import copy_project, environment


def first_run(root: Path, engine: str, verb: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "csp.first_run", verb],
        cwd=root,
        env=environment(root / ".csp", engine),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=400,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_from_nothing_to_the_tables_and_a_second_time_to_nothing(engine: str, tmp_path: Path) -> None:
    root = copy_project(tmp_path, engine)
    try:
        shown = first_run(root, engine, "up")
        assert shown.startswith("This is a simulated ION and a simulated Microsoft. Nothing leaves this machine.\n")
        assert "4 can order, 0 cannot" in shown
        assert "1 can order, 7 cannot: 5 wait for us, 1 for the customer, 1 for TD SYNNEX" in shown
        assert "Three things to try:" in shown

        again = first_run(root, engine, "up")
        assert "Already up: this run changed nothing." in again
        assert "create" not in again

        people = first_run(root, engine, "people")
        assert "csp confirm adatum pricebook -s reseller" in people
    finally:
        down = first_run(root, engine, "down")
    assert "provider sandbox stopped" in down
    assert "reseller sandbox stopped" in down

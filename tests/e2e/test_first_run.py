"""`make up`, again, `make people`, `make down`, without make."""

import re
import subprocess
import sys
import time
from pathlib import Path

from equipment.workspace import copy_project, environment
from onboarding.readiness.blind import UNOBSERVED


def run(root: Path, engine: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=root,
        env=environment(root / ".csp", engine) | more,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=400,
    )


def first_run(root: Path, engine: str, verb: str, **more: str) -> str:
    result = run(root, engine, "csp.first_run", verb, **more)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_from_nothing_to_the_tables_and_a_second_time_to_nothing(engine: str, tmp_path: Path) -> None:
    root = copy_project(tmp_path, engine)
    try:
        began = time.time()
        set_up = 90  # seconds that `make` had taken before
        shown = first_run(root, engine, "up", CSP_STARTED=str(int(began) - set_up))
        waited = time.time() - began + set_up
        ((minutes, seconds),) = re.findall(r"^Up in (\d+) min (\d+) s\.$", shown, re.MULTILINE)
        assert set_up < 60 * int(minutes) + int(seconds) <= waited + 2
        assert shown.startswith("This is a simulated ION and a simulated Microsoft. Nothing leaves this machine.\n")
        assert "4 can order, 0 cannot" in shown
        assert "1 can order, 7 cannot: 5 wait for us, 1 for the customer, 1 for TD SYNNEX" in shown
        assert "Three things to try:" in shown

        again = first_run(root, engine, "up")
        assert "Already up: this run changed nothing." in again
        assert "create" not in again

        first_run(root, engine, "down")
        blind = run(root, engine, "csp.main", "up", "--stack", "reseller", "--yes")
        assert blind.returncode == UNOBSERVED, blind.stdout + blind.stderr
        sighted = first_run(root, engine, "up")
        assert "NOT LOOKED AT" not in sighted.split("estate\n")[-1]  # what was not seen is looked at again
        assert "1 can order, 7 cannot: 5 wait for us, 1 for the customer, 1 for TD SYNNEX\n" in sighted

        people = first_run(root, engine, "people")
        assert "csp confirm adatum pricebook -s reseller" in people
    finally:
        down = first_run(root, engine, "down")
    assert "provider sandbox stopped" in down
    assert "reseller sandbox stopped" in down

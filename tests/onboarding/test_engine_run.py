"""All processes of one engine run know it by the same name, and what the engine was started for."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from onboarding.look import engine_run

ASK = "from onboarding.look import engine_run; print(engine_run.name(), engine_run.verb())"


def children(*engine: str) -> list[str]:
    """What two children of one parent process say, the second one behind a wrapper script."""
    script = (
        "import subprocess, sys\n"
        f"ask = [sys.executable, '-c', {ASK!r}]\n"
        "for command in (ask, ask): print(subprocess.run(command, capture_output=True, text=True).stdout.strip())\n"
    )
    clean = {k: v for k, v in os.environ.items() if k != "CSP_RUN"}
    answer = subprocess.run([sys.executable, "-c", script, *engine], capture_output=True, text=True, env=clean)
    return answer.stdout.splitlines()


@pytest.mark.parametrize(
    ("arguments", "verb"),
    [
        (("up", "--yes"), "up"),
        (("--stack", "up", "preview"), "preview"),
        (("-s", "preview", "update", "-y"), "update"),
        (("stack", "ls"), ""),
    ],
)
def test_children_of_one_engine_agree(arguments: tuple[str, ...], verb: str) -> None:
    first, second = children(*arguments)
    assert first == second
    name, _, told = first.partition(" ")
    assert name.count("-") == 1
    assert told == verb
    assert children(*arguments)[0].split(" ")[0] != name, "another run has another name"


def test_what_csp_says_wins() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", ASK], capture_output=True, text=True, env={**os.environ, "CSP_RUN": "abc"}
    )
    assert answer.stdout.split(" ")[0].strip() == "abc"


def test_without_proc_ps_tells_the_same_for_every_process(monkeypatch: pytest.MonkeyPatch) -> None:
    name, command, above = engine_run._process_by_ps(os.getpid())
    assert name.startswith(f"{os.getpid()}-")
    assert command
    assert above == os.getppid()
    assert engine_run._process_by_ps(2**22 + 1) == ("", "", 0)

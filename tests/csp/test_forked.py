"""What a test gets of a forked `csp` is what it gets of one that was started."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from equipment import forked
from equipment.workspace import CSP, copy_project, environment


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--version",), 0),
        (("--help",), 0),
        (("validate", "-s", "provider"), 0),
        (("validate", "-s", "absent"), 2),
        (("status", "--no-such-option"), 2),
        (("status", "-s", "provider"), None),
        (("docs", "no-such-page"), None),
    ],
)
def test_a_fork_says_what_a_start_says(words: tuple[str, ...], code: int | None, tmp_path: Path) -> None:
    root = copy_project(tmp_path, "embedded")
    env = environment(root / ".csp", "embedded")
    started = subprocess.run(
        [*CSP, *words], cwd=root, env=env, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8"
    )
    fork = forked.run(words, root, env, timeout=60)
    assert (fork.returncode, fork.stdout, fork.stderr) == (started.returncode, started.stdout, started.stderr)
    assert code is None or fork.returncode == code


def test_what_only_a_start_reads_asks_for_a_start(tmp_path: Path) -> None:
    env = environment(tmp_path, "embedded")
    assert forked.possible(env) == (sys.platform != "win32")
    assert not forked.possible({**env, "PYTHONUTF8": "0"})
    assert not forked.possible({**env, "FAKETIME": "+1d"})
    with ThreadPoolExecutor(1) as pool:
        assert not pool.submit(forked.possible, env).result()


def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        forked.run(("--version",), tmp_path, environment(tmp_path, "embedded"), timeout=0)

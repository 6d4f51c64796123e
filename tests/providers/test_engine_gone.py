"""A plugin process ends with its engine, after its running call: real processes, a real pipe."""

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

CHILD = """
import os, sys, threading
from providers import engine_gone

def work(name):
    try:
        with engine_gone.call():
            os.write(2, f"{name} begun\\n".encode())
            os.read(0, 1)
            os.write(2, f"{name} done\\n".encode())
    except engine_gone.EngineGoneError:
        os.write(2, f"{name} not begun\\n".encode())

engine_gone.watch()
engine_gone.watch()
for name in sys.argv[1:]:
    threading.Thread(target=work, args=(name,)).start()
threading.Event().wait()  # as the SDK does
"""


@pytest.fixture
def plugin(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    names = request.param if hasattr(request, "param") else []
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, *names],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        assert pipe is not None
        pipe.close()


def engine_dies(plugin: subprocess.Popen[str]) -> None:
    """All that a plugin sees of it: nobody holds the other end of its output any more."""
    assert plugin.stdout is not None
    plugin.stdout.close()


def test_an_idle_plugin_ends_at_once(plugin: subprocess.Popen[str]) -> None:
    assert plugin.poll() is None
    engine_dies(plugin)
    assert plugin.wait(60) == 0


@pytest.mark.parametrize("plugin", [["create"], ["create", "read"]], indirect=True)
def test_running_calls_are_finished_first(plugin: subprocess.Popen[str]) -> None:
    assert plugin.stdin is not None
    assert plugin.stderr is not None
    assert isinstance(plugin.args, list)
    names = plugin.args[3:]
    assert {plugin.stderr.readline().strip() for _ in names} == {f"{name} begun" for name in names}
    engine_dies(plugin)
    with pytest.raises(subprocess.TimeoutExpired):
        plugin.wait(0.5)
    plugin.stdin.write("\n" * len(names))
    plugin.stdin.flush()
    assert plugin.wait(60) == 0
    assert {plugin.stderr.readline().strip() for _ in names} == {f"{name} done" for name in names}


def test_a_plugin_of_the_sdk_that_never_had_a_call_ends_too() -> None:
    """It has loaded nothing of ours but the line that `make setup` puts beside our packages (plugin_start.pth)."""
    command = [sys.executable, "-u", "-m", "pulumi.dynamic", "127.0.0.1:0"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as plugin:
        assert plugin.stdout is not None
        assert int(plugin.stdout.readline())
        plugin.stdout.close()
        try:
            assert plugin.wait(60) == 0
        finally:
            plugin.kill()


def test_a_call_that_waits_for_its_turn_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    from providers import engine_gone
    from providers.errors import OnboardingError, handed_over

    monkeypatch.setattr(engine_gone, "_gone", True)
    begun = threading.Event()
    with pytest.raises(OnboardingError, match="not begun: the engine of this run is gone"):
        handed_over(begun.set)()
    assert not begun.is_set()


@pytest.mark.parametrize(("output", "threads"), [(subprocess.DEVNULL, "1"), (subprocess.PIPE, "2")])
def test_output_that_is_no_pipe_is_not_watched(output: int, threads: str) -> None:
    code = (
        "from providers import engine_gone as e; e.watch(); import sys, threading as t; sys.exit(str(t.active_count()))"
    )
    ended = subprocess.run([sys.executable, "-c", code], stdout=output, stderr=subprocess.PIPE, text=True, timeout=60)
    assert ended.stderr.strip() == threads

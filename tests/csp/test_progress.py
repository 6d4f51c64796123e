"""Progress of long commands, as a pipeline's log shows it."""

from __future__ import annotations

import io

import pytest

from csp import first_run
from csp.views.progress import lines, progress


class Clock:
    """Time that passes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def run(steps: int, seconds: float) -> list[str]:
    """What is printed while `steps` of 100 pass, each after `seconds`."""
    stream, clock = io.StringIO(), Clock()
    tell = lines("reading", stream, clock)
    for done in range(steps + 1):
        tell(done, 100)
        clock.now += seconds
    return stream.getvalue().splitlines()


def test_a_line_every_ten_percent() -> None:
    assert run(100, 5.0) == [f"reading: {n} of 100 ({n} %)" for n in (10, 20, 30, 40, 50, 60, 70, 80, 90, 100)]


def test_a_short_command_says_nothing() -> None:
    assert run(100, 0.05) == []


def test_a_slow_one_says_something_every_minute() -> None:
    assert run(4, 30.0) == ["reading: 2 of 100 (2 %)", "reading: 4 of 100 (4 %)"]


def test_no_total_is_no_error() -> None:
    clock = Clock()
    tell = lines("reading", io.StringIO(), clock)
    clock.now = 100.0
    tell(0, 0)


def test_without_a_terminal_lines_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("reading") as tell:
        tell(1, 10)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-3.0, "Up in 0 s."),
        (23.6, "Up in 24 s."),
        (59.6, "Up in 1 min 0 s."),
        (134.2, "Up in 2 min 14 s."),
        (3700, "Up in 61 min 40 s."),
    ],
)
def test_how_long_somebody_waited(seconds: float, told: str) -> None:
    assert first_run._how_long(seconds) == told

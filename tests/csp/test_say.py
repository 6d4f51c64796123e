"""What commands print on a terminal of 80 columns, and of how many."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import pytest

from csp.commands.doctor import _print
from csp.diagnosis.check import Check
from csp.say import count, folded, say
from csp.views.readiness import print_rows

COMMAND = "`/some/where/very/long/indeed/.venv/bin/csp auth ion try-again -c us`"
TEXT = (
    f"it was interrupted, so nobody knows: either {COMMAND}, or read /some/path/that/is/longer/than/the/column/itself"
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    return Terminal()


def test_words_and_commands_stay_whole() -> None:
    for width in (20, 40, 80):
        lines = folded(TEXT, width, "found: ", "       ")
        assert " ".join(line.strip() for line in lines) == f"found: {TEXT}"
        assert all(len(line) <= width or " " not in line.replace(COMMAND, "").strip(" ,") for line in lines[1:])
        assert any(COMMAND in line for line in lines)


def test_a_long_line_is_folded_on_a_terminal_and_nowhere_else(terminal: Terminal) -> None:
    with redirect_stdout(terminal):
        say(f"  {TEXT}")
        say("short   and as it is")
    *lines, last = terminal.getvalue().splitlines()
    assert len(lines) > 2
    assert any(COMMAND in line for line in lines)
    assert all(line.startswith("  ") for line in lines)
    assert last == "short   and as it is"
    with redirect_stdout(io.StringIO()) as pipe:
        say(f"  {TEXT}")
    assert pipe.getvalue() == f"  {TEXT}\n"


def test_the_screen_of_the_doctor(terminal: Terminal) -> None:
    with redirect_stdout(terminal):
        checks = [Check("us", "ION token", "fail", TEXT, TEXT), Check("us", "partner agreement", "pass", "[red] a")]
        _print(checks, {"pass": 1, "warn": 0, "fail": 1})
    lines = terminal.getvalue().splitlines()
    assert lines[0].split() == ["us"]
    assert lines[1].startswith("fail  ION token          it was interrupted,")
    assert lines[-2].endswith("partner agreement  [red] a")
    assert set(TEXT.split()) <= set(terminal.getvalue().split())
    assert any(COMMAND in line for line in lines)
    assert all(len(line) <= 80 or COMMAND in line for line in lines)


def test_the_readiness_table(terminal: Terminal) -> None:
    name = "The Considerably Long Name of Contoso Holding & Sons 株式会社 Ltd"
    gates = ("confirmed (confirmed)", "confirmed", "seen", "wrong")
    with redirect_stdout(terminal):
        print_rows([(name, "yes (confirmed)", "seen", *gates, "the customer", "2026-11-02")] * 2, ["yes"] * 2)
    assert max(map(len, terminal.getvalue().splitlines())) <= 80
    assert "…" not in terminal.getvalue()
    assert set(name.split()) <= set(terminal.getvalue().split())


def test_one_is_singular() -> None:
    assert [count(number, "customer") for number in (0, 1, 2)] == ["0 customers", "1 customer", "2 customers"]
    assert [count(number, "box", "boxes") for number in (1, 2)] == ["1 box", "2 boxes"]

"""Commands inside texts: written once, shown so that they run where they are read."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from schemas.command import START, Command, command, for_connection, named, packed, parts, shown, started, unpacked


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (command("confirm", "contoso", "tenant"), "`csp confirm contoso tenant -s us`"),
        (command("up"), "`csp up -s us`"),
        (command("up", before="CSP_ALLOW_REMOVALS=1"), "`CSP_ALLOW_REMOVALS=1 csp up -s us`"),
        (command("todo", live=True, connection="ion"), "`csp todo -c ion --live`"),
        (command("validate", stack="other"), "`csp validate -s other`"),
        (command("invite", "send", "a", by_hand=True), "`csp invite send a -s us --by-hand`"),
        (command("adopt", c="ion"), "`csp adopt -s us -c ion`"),
        (command("handover", "lost", "a", why="the screen was closed"), None),
        (command("auth", "ion", "login"), "`csp auth ion login -c ion`"),
        (command("auth", "ion", "login", connection="ca"), "`csp auth ion login -c ca`"),
        (command("sandbox", "start", profile="reseller"), "`csp sandbox start --profile reseller`"),
    ],
)
def test_a_command_gets_its_place_and_its_start(written: str, expected: str | None) -> None:
    expected = expected or "`csp handover lost a -s us --why 'the screen was closed'`"
    assert shown(f"Do: {written}.", stack="us", connection="ion", start="csp") == f"Do: {expected}."


def test_options_stand_in_one_order_and_values_are_quoted() -> None:
    line = command("handover", "lost", "a", stack="us", why="it's gone", by="").strip("`")
    assert shlex.split(line) == ["csp", "handover", "lost", "a", "-s", "us", "--why", "it's gone"]


def test_what_is_no_command_of_ours_stays() -> None:
    text = "`pulumi up` and csp-onboarding, `csp` alone, /x/csp up"
    assert shown(text, stack="us", start="x/csp") == text


def test_a_line_is_texts_and_commands() -> None:
    line = f"run {command('confirm', 'contoso', 'tenant')}, not `pulumi up`; `csp 'torn"
    assert [part for part in parts(line) if isinstance(part, Command)] == [command("confirm", "contoso", "tenant")]
    assert "".join(parts(line)) == line
    assert command("up", before="A=1").at(stack="us").arguments("uv run csp") == [
        "env", "A=1", "uv", "run", "csp", "up", "-s", "us",
    ]  # fmt: skip


def test_a_sentence_survives_a_file() -> None:
    line = ("run ", command("up", before="A=1"), " or ", command("handover", "lost", "a", why="it's gone"), ".")
    kept = packed(line)
    assert kept == [
        "run ",
        ["env", "A=1", "csp", "up"],
        " or ",
        ["csp", "handover", "lost", "a", "--why", "it's gone"],
        ".",
    ]
    assert unpacked(json.loads(json.dumps(kept))) == line
    assert "".join(named((command("auth", "ion", "login"), " now"), "us")) == "`csp auth ion login -c us` now"


def test_shown_twice_is_shown_once() -> None:
    once = shown(command("retry", "a"), stack="us", start=".venv/bin/csp")
    assert shown(once, stack="ca", start="csp") == once
    below_uv = shown(command("retry", "a"), stack="us", start="uv run csp")
    assert shown(below_uv, stack="ca", start="csp") == below_uv


def test_a_connection_is_filled_in_and_the_stack_left_open() -> None:
    text = f"{command('auth', 'ion', 'login')}, then {command('up')}"
    assert for_connection(text, "ca") == "`csp auth ion login -c ca`, then `csp up`"


def test_how_it_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / ".venv" / "bin" / "csp"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n", "utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script.with_name("python")))
    monkeypatch.chdir(tmp_path)
    assert started({"PATH": "/nowhere"}) == ".venv/bin/csp"
    (tmp_path / "stacks").mkdir()
    monkeypatch.chdir(tmp_path / "stacks")
    assert started({"PATH": "/nowhere"}) == "../.venv/bin/csp"
    assert started({"PATH": str(script.parent)}) == "csp"
    assert started({"PATH": str(script.parent), "UV_RUN_RECURSION_DEPTH": "1"}) == "uv run csp"
    assert started({START: "tools/csp"}) == "tools/csp"
    script.unlink()
    assert started({"PATH": str(script.parent)}).endswith("python -m csp.main")

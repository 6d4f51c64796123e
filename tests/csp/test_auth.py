"""`csp auth ion`: no token is lost, none is shown, and every dead end says what a person must do."""

from __future__ import annotations

import json
import os
import pty
import select
import stat
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from csp.views.readiness import pasted
from tests.csp.conftest import Desk

LOGIN = ("auth", "ion", "login", "--stdin", "--own-user", "-c")


def store(desk: Desk, name: str) -> Path:
    return desk.home / "tokens" / f"{name}.json"


def logged_in(desk: Desk) -> str:
    name = desk.plain_connection()
    assert desk.csp(*LOGIN, name, given=desk.new_refresh_token() + "\n").code == 0
    return name


def test_login_stores_the_successor_proves_it_and_shows_no_secret(reseller_desk: Desk) -> None:
    name, token = reseller_desk.plain_connection(), reseller_desk.new_refresh_token()
    said = reseller_desk.csp(*LOGIN, name, given=f"  {token}\n")
    assert said.code == 0, said.all
    kept = store(reseller_desk, name)
    chain = json.loads(kept.read_text("utf-8"))
    assert chain["refresh_token"] not in ("", token)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert not kept.with_name(f"{kept.name}.previous").exists(), "a proven chain needs no earlier generation"
    assert "31 days left (by ION)" in said.out
    assert "may read the customers of account 20501" in said.out
    assert token not in said.all


def test_login_asks_first_whether_the_user_is_used_by_no_other_tool(reseller_desk: Desk) -> None:
    name = reseller_desk.plain_connection()
    said = reseller_desk.csp("auth", "ion", "login", "--stdin", "-c", name, given="ion-rt-something\n")
    assert said.code == 2
    assert "may end those of another tool" in said.err
    assert "--own-user" in said.err
    assert reseller_desk.asked("ion.oauth.token") == 0
    assert not store(reseller_desk, name).exists()


@pytest.mark.parametrize(
    ("arguments", "given", "told"),
    [
        (("--stdin",), "\n", "nothing was entered"),
        (("--stdin",), "two words\n", "holds no spaces"),
        (("--from-env",), None, "CSP_PLAIN_ION_REFRESH_TOKEN is empty"),
        ((), None, "no terminal to ask at"),
        (("--stdin", "--from-env"), "x\n", "one source"),
    ],
)
def test_login_without_a_usable_token_stores_nothing(
    reseller_desk: Desk, arguments: tuple[str, ...], given: str | None, told: str
) -> None:
    name = reseller_desk.plain_connection()
    said = reseller_desk.csp("auth", "ion", "login", "--own-user", *arguments, "-c", name, given=given)
    assert (said.code, told in said.err) == (2, True), said.all
    assert not store(reseller_desk, name).exists()


def test_login_from_the_environment(reseller_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    name = reseller_desk.plain_connection()
    monkeypatch.setenv("CSP_PLAIN_ION_REFRESH_TOKEN", reseller_desk.new_refresh_token())
    assert reseller_desk.csp("auth", "ion", "login", "--from-env", "--own-user", "-c", name).code == 0
    before = reseller_desk.asked("ion.oauth.token")
    assert reseller_desk.csp("auth", "ion", "status", "-c", name).code == 0
    assert reseller_desk.asked("ion.oauth.token") == before, "the variable that is still set must not start a new chain"


def test_a_mistyped_token_does_not_cost_the_one_that_works(reseller_desk: Desk) -> None:
    name = logged_in(reseller_desk)
    said = reseller_desk.csp(*LOGIN, name, given="ion-rt-mistyped\n")
    assert said.code == 1
    assert "not copied whole" in said.err
    assert "stored before are kept" in said.err
    assert reseller_desk.csp("auth", "ion", "keepalive", "-c", name).code == 0


def test_status_tells_life_and_rights_and_renews_nothing(reseller_desk: Desk) -> None:
    name = logged_in(reseller_desk)
    asked = reseller_desk.asked("ion.oauth.token")
    facts = reseller_desk.csp("auth", "ion", "status", "-c", name, "--format", "json").json
    assert (facts["state"], facts["account"], facts["rights_ok"], facts["told_by"]) == ("good", "20501", True, "ION")
    assert 7000 < facts["access_seconds"] <= 7200
    assert 31 * 86400 < facts["refresh_seconds"] <= 32 * 86400
    reseller_desk.sandbox.admin("POST", "clock", {"advance": 3 * 3600})
    facts = reseller_desk.csp("auth", "ion", "status", "-c", name, "--format", "json").json
    assert (facts["access_seconds"], facts["rights_ok"]) == (0, None)
    assert facts["told_by"] == "our own clock, at 30 days", "no valid access token, so ION cannot be asked"
    assert reseller_desk.asked("ion.oauth.token") == asked


def test_status_of_nothing_and_of_a_connection_that_is_not_there(reseller_desk: Desk) -> None:
    name = reseller_desk.plain_connection()
    said = reseller_desk.csp("auth", "ion", "status", "-c", name)
    assert (said.code, f"csp auth ion login -c {name}" in said.out) == (1, True)
    said = reseller_desk.csp("auth", "ion", "status", "-c", "elsewhere")
    assert (said.code, "connections here: " in said.err) == (2, True)


def test_keepalive_keeps_an_idle_chain_alive(reseller_desk: Desk) -> None:
    name = logged_in(reseller_desk)
    for _ in range(3):
        reseller_desk.sandbox.admin("POST", "clock", {"advance": 25 * 86400})
        said = reseller_desk.csp("auth", "ion", "keepalive", "-c", name)
        assert said.code == 0, said.all
        assert "31 days left" in said.out
    reseller_desk.sandbox.admin("POST", "clock", {"advance": 33 * 86400})
    said = reseller_desk.csp("auth", "ion", "keepalive", "-c", name)
    assert said.code == 1
    assert f"Request New Credentials, then run {pasted('auth', 'ion', 'login', connection='plain')}" in said.err


def test_not_reached_is_not_lost(reseller_desk: Desk) -> None:
    name = logged_in(reseller_desk)
    before = store(reseller_desk, name).read_text("utf-8")
    # Port 9 (discard) of loopback: nobody listens.
    reseller_desk.plain_connection(name, ion="http://127.0.0.1:9/ion")
    said = reseller_desk.csp("auth", "ion", "keepalive", "-c", name)
    assert (said.code, "nothing is lost" in said.err) == (1, True), said.all
    assert json.loads(store(reseller_desk, name).read_text("utf-8")) == json.loads(before)
    reseller_desk.plain_connection(name)
    assert reseller_desk.csp("auth", "ion", "keepalive", "-c", name).code == 0


def test_an_unknown_outcome_stops_everything_until_a_person_decides(reseller_desk: Desk) -> None:
    name = logged_in(reseller_desk)
    reseller_desk.fault("ion.oauth.token", "cut_after")
    said = reseller_desk.csp("auth", "ion", "keepalive", "-c", name)
    assert said.code == 1
    assert f"csp auth ion try-again -c {name}" in said.err
    assert "Request New Credentials" in said.err
    asked = reseller_desk.asked("ion.oauth.token")
    assert reseller_desk.csp("auth", "ion", "keepalive", "-c", name).code == 1
    assert reseller_desk.csp("auth", "ion", "status", "-c", name).code == 1
    assert reseller_desk.asked("ion.oauth.token") == asked, "nothing is sent before a person decided"
    # The request had arrived, so ION refuses the spent token; only new credentials help.
    said = reseller_desk.csp("auth", "ion", "try-again", "-c", name)
    assert (said.code, f"csp auth ion login -c {name}" in said.err) == (1, True)
    assert "try-again" not in said.err
    assert reseller_desk.csp(*LOGIN, name, given=reseller_desk.new_refresh_token() + "\n").code == 0


def test_try_again_when_the_request_never_arrived(reseller_desk: Desk) -> None:
    name = logged_in(reseller_desk)
    assert reseller_desk.csp("auth", "ion", "try-again", "-c", name).code == 2, "nothing was interrupted"
    reseller_desk.fault("ion.oauth.token", "cut_before")
    assert reseller_desk.csp("auth", "ion", "keepalive", "-c", name).code == 1
    said = reseller_desk.csp("auth", "ion", "try-again", "-c", name)
    assert said.code == 0, said.all
    assert "had not arrived" in said.out


def test_a_login_whose_answer_was_lost_says_both_ways_out(reseller_desk: Desk) -> None:
    name = reseller_desk.plain_connection()
    reseller_desk.fault("ion.oauth.token", "cut_after")
    said = reseller_desk.csp(*LOGIN, name, given=reseller_desk.new_refresh_token() + "\n")
    assert said.code == 1
    assert f"csp auth ion try-again -c {name}" in said.err


def test_a_token_of_another_account_is_told_at_once(provider_desk: Desk) -> None:
    name = provider_desk.plain_connection(account="10501")
    said = provider_desk.csp(*LOGIN, name, given=provider_desk.new_refresh_token("10502") + "\n")
    assert said.code == 1
    assert "permission denied to access accounts/10501" in said.all
    status = provider_desk.csp("auth", "ion", "status", "-c", name)
    assert status.code == 1
    assert "token    good" not in status.out, "good is said of a token that ION takes"
    assert provider_desk.csp("auth", "ion", "status", "-c", name, "--format", "json").json["state"] == "refused"


def test_a_sandbox_connection_needs_no_login(reseller_desk: Desk) -> None:
    said = reseller_desk.csp("auth", "ion", "status", "-c", "reseller-us")
    assert (said.code, "not used yet" in said.out) == (0, True)
    assert reseller_desk.csp("auth", "ion", "keepalive", "-c", "reseller-us").code == 0


@pytest.mark.parametrize("answer", ["n", "y"])
def test_at_a_terminal_the_question_comes_first_and_the_token_is_not_echoed(reseller_desk: Desk, answer: str) -> None:
    name, token = reseller_desk.plain_connection(), reseller_desk.new_refresh_token()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "csp.main", "auth", "ion", "login", "-c", name],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=reseller_desk.root,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        start_new_session=True,
    )
    os.close(theirs)
    screen = answered(ours, "no other tool?", f"{answer}\n")
    if answer == "y":
        screen += answered(ours, "Refresh token (not shown)", f"{token}\n", hidden=True)
    screen += answered(ours, "", "")
    os.close(ours)
    assert process.wait(30) == (0 if answer == "y" else 1), screen
    assert token not in screen
    assert ("Settings (triple bar, top right) > Users" in screen) == (answer == "n")
    assert store(reseller_desk, name).exists() == (answer == "y")


def answered(terminal: int, question: str, answer: str, *, hidden: bool = False) -> str:
    """What the screen shows until the question ("": until the process ends), which is then answered."""
    screen, deadline = "", time.monotonic() + 90
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1.0)[0]:
            continue
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux tells the end of a terminal this way
            return screen
        screen += piece.decode()
        if question and question in screen:
            # Turning the echo off throws away what was typed before, as a person would not.
            while hidden and termios.tcgetattr(terminal)[3] & termios.ECHO and time.monotonic() < deadline:
                time.sleep(0.01)
            os.write(terminal, answer.encode())
            return screen
        if not piece:
            return screen
    raise AssertionError(f"never asked {question!r}: {screen}")

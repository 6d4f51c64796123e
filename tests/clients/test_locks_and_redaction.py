"""Locks per natural key, and words that must never come out."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from clients.errors import Problem, RetryLater
from clients.locks import KeyLocks
from clients.redact import SECRETS, redact, redact_data, redact_url


def test_one_key_one_holder(tmp_path: Path) -> None:
    locks = KeyLocks(tmp_path, "10501/tenant", timeout_seconds=0.05)
    with locks.hold("ion.customer", "it@contoso.example"):
        with pytest.raises(RetryLater, match="another run"), locks.hold("ion.customer", " IT@Contoso.example"):
            pass
        with locks.hold("ion.customer", "it@fabrikam.example"), locks.hold("tenant", "it@contoso.example"):
            pass
        with KeyLocks(tmp_path, "10502/tenant", timeout_seconds=0.05).hold("ion.customer", "it@contoso.example"):
            pass
    with locks.hold("ion.customer", "it@contoso.example"):
        pass


def test_threads_take_turns(tmp_path: Path) -> None:
    locks, inside, worst = KeyLocks(tmp_path, "x"), 0, 0

    def work() -> None:
        nonlocal inside, worst
        with locks.hold("ion.customer", "it@contoso.example"):
            inside += 1
            worst = max(worst, inside)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert worst == 1


@pytest.mark.parametrize(
    "text",
    [
        "grant_type=refresh_token&refresh_token=canary-1",
        '{"access_token": "canary-1", "token_type": "Bearer"}',
        "{'client_secret': 'canary-1'}",
        "Authorization: Bearer canary-1-long-enough",
        "the password=canary-1; next",
        "eyJhbGciOiJub25lIn0.eyJjYW5hcnktMSI6MX0.sig",
        "AGE-SECRET-KEY-1CANARY1",
        '"refreshToken":"canary-1 with \\" quote"',
    ],
)
def test_patterns_of_secrets_are_hidden(text: str) -> None:
    hidden = redact(text)
    assert "canary-1" not in hidden.lower()
    assert "eyJhbGci" not in hidden
    assert "[hidden]" in hidden


def test_a_known_secret_is_hidden_wherever_it_stands() -> None:
    SECRETS.add("opaque-value-4711")
    assert redact("could not store opaque-value-4711 in x") == "could not store [hidden] in x"
    assert "opaque" not in Problem("ion", "x", 400, "", "cannot validate opaque-value-4711").line()


def test_structured_data_keeps_its_shape() -> None:
    place = {"street": "Road 1", "city": "Oslo"}
    data = {"customerEmail": "a@b.example", "customerAddress": place, "list": [{"password": "x"}]}
    assert redact_data(data) == {
        "customerEmail": "[hidden]",
        "customerAddress": {"street": "[hidden]", "city": "Oslo"},
        "list": [{"password": "[hidden]"}],
    }


def test_urls_keep_no_person_and_no_login() -> None:
    url = "https://user:secret@ion.example/x?filter.customerEmail=a@b.example&pageSize=5"
    assert redact_url(url) == "https://ion.example/x?filter.customerEmail=[hidden]&pageSize=5"


def test_an_error_is_one_line() -> None:
    problem = Problem("ion", "get", 500, "X", "first\n  second\tthird", "req", "corr", shown_at="ION")
    assert problem.line() == "ion get: 500 X first second third (see ION) [request id req, correlation id corr]"

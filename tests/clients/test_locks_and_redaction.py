"""Locks per natural key, and words that must never come out."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import pytest

from clients.errors import Problem, RetryLater
from clients.locks import KeyLocks
from clients.redact import HIDDEN, SECRETS, Secrets, redact, redact_data, redact_url


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


OPAQUE = "0.AXoA-b5a3c2809c0e801186dd7792d0b3dd0bc9b4b159b9be73da"


@pytest.mark.parametrize(
    "told",
    [
        OPAQUE[:30],
        OPAQUE[-24:],
        f"x{OPAQUE[7:40]}y",
        OPAQUE.encode().hex(),
        *(base64.b64encode(before + OPAQUE.encode() + b"&more=1").decode() for before in (b"", b"a=", b"ab=", b"t=x")),
        base64.urlsafe_b64encode(f"??>{OPAQUE}".encode()).decode(),
    ],
)
def test_a_secret_is_hidden_cut_and_in_other_codings(told: str) -> None:
    secrets = Secrets()
    secrets.add(OPAQUE)
    assert secrets.in_text(told)
    hidden = secrets.hide(f"cannot read {told} here")
    assert "[hidden]" in hidden
    assert len(hidden) < 50, "a sign or two at the edge may stay"


def test_a_page_mark_that_begins_like_a_token_stays() -> None:
    """Any two JWT of one kind begin alike; an answer whose page mark is spoiled would end a list too early."""
    header, signature = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "q" * 20 + "Zk3" * 8
    secrets = Secrets()
    secrets.add(f"{header}.eyJpc3MiOiJodHRwczovL2lvbi5leGFtcGxlIn0.{signature}")
    mark = {"next": f"{header}.eyJpc3MiOiJodHRwczovL2lvbi5leGFtcGxlIiwicCI6Mn0.{'r' * 43}", "id": OPAQUE[7:20]}
    assert secrets.hide_data(mark) == mark
    assert "Zk3" not in secrets.hide(f"...{signature}")


def test_the_longest_secret_that_fits_is_hidden_first() -> None:
    known = Secrets()
    known.add("inner-secret", "the-inner-secret-of-all", "longer-than-any-of-these-texts")
    assert known.hide("inner-secret") == HIDDEN
    assert known.hide("the-inner-secret-of-all") == HIDDEN
    assert known.hide("see the-inner-secret-of-all, inner-secret.") == f"see {HIDDEN}, {HIDDEN}."
    # In data only what is long enough for a token: a short password may be an ordinary word.
    assert known.hide_data({"a": "inner-secret", "b": "the-inner-secret-of-all"}) == {"a": "inner-secret", "b": HIDDEN}
    assert known.in_text("see inner-secret")
    assert not known.in_text("inner")


def test_a_secret_is_hidden_as_soon_as_it_is_known_by_any_thread() -> None:
    known = Secrets()
    told = [f"opaque-value-{number:05}" for number in range(400)]

    def learn(part: list[str]) -> None:
        for value in part:
            known.add(value)
            assert known.hide(value) == HIDDEN

    threads = [threading.Thread(target=learn, args=(told[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {known.hide(value) for value in told} == {HIDDEN}


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


def test_a_secret_that_is_a_word_of_a_name_does_not_show_the_value_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Secrets()
    known.add("access")
    monkeypatch.setattr("clients.redact.SECRETS", known)
    assert "canary-1" not in redact('{"access_token": "canary-1", "token_type": "Bearer"}')
    assert redact("the code access: refused").endswith(": refused")

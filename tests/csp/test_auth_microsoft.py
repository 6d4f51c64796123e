"""`csp auth microsoft`: device code with MFA, refusals that Microsoft tells by number only, told early."""

from __future__ import annotations

import json
import re

import pytest

from csp.commands import auth_microsoft
from tests.csp.conftest import Desk

LOGIN = ("auth", "microsoft", "login", "-c", "us")


def a_person_enters_the_code(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    show = auth_microsoft._show

    def act(message: str) -> None:
        show(message)
        code = re.search(r"code (\w+)", message)
        assert code, message
        desk.sandbox.admin("POST", "device-logins", {"user_code": code[1]})

    monkeypatch.setattr(auth_microsoft, "_show", act)


def test_device_code_sign_in_is_stored_and_checked(provider_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    a_person_enters_the_code(provider_desk, monkeypatch)
    said = provider_desk.csp(*LOGIN)
    assert said.code == 0, said.all
    assert "enter the code" in said.err
    assert "with MFA" in said.out
    assert "may read customers" in said.out
    chain = json.loads((provider_desk.home / "tokens" / "us.pc.json").read_text("utf-8"))
    assert chain["refresh_token"] not in ("", provider_desk.sandbox.ready["pc_refresh_token"])


def test_a_sign_in_without_mfa_is_told_at_once(provider_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    token = provider_desk.sandbox.ready["pc_refresh_token"]
    provider_desk.sandbox.admin("POST", "tokens", {"account": "10501", "system": "entra", "action": "no_mfa"})
    said = provider_desk.csp(*LOGIN, "--stdin", given=f"{token}\n")
    assert said.code == 1
    assert "900421" in said.err
    assert "csp auth microsoft login -c us" in said.err
    assert provider_desk.asked("pc.customers.list") == 0, "told before Partner Center refuses"


def test_a_given_refresh_token_is_proven_before_it_counts(provider_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSP_US_PC_REFRESH_TOKEN", "0.pc-rt-mistyped-value")
    said = provider_desk.csp(*LOGIN, "--from-env")
    assert said.code == 1, said.all
    assert "AADSTS" in said.err or "sign in" in said.err
    assert not (provider_desk.home / "tokens" / "us.pc.json").exists()
    monkeypatch.setenv("CSP_US_PC_REFRESH_TOKEN", provider_desk.sandbox.ready["pc_refresh_token"])
    assert provider_desk.csp(*LOGIN, "--from-env").code == 0


def test_status_shows_both_kinds_and_renews_only_when_told_to(provider_desk: Desk) -> None:
    said = provider_desk.csp("auth", "microsoft", "status", "-c", "us", "--format", "json")
    lines = {line["what"]: line for line in said.json}
    assert (said.code, lines["app-only token"]["verdict"], lines["App+User token"]["verdict"]) == (0, "pass", "warn")
    assert not (provider_desk.home / "tokens" / "us.pc.json").exists()
    said = provider_desk.csp("auth", "microsoft", "status", "-c", "us", "--renew")
    assert said.code == 0, said.all
    assert "with MFA" in said.out
    assert "renewing Microsoft's token" in said.err


def test_an_indirect_reseller_is_told_that_there_is_nothing_to_sign_in_to(reseller_desk: Desk) -> None:
    for verb in ("login", "status"):
        said = reseller_desk.csp("auth", "microsoft", verb, "-c", "reseller-us")
        assert (said.code, "indirect reseller" in said.err) == (2, True)

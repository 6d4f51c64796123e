"""`csp doctor`: every line has a verdict and a fix, nothing is renewed unasked, the exit code fits a pipeline."""

from __future__ import annotations

from typing import Any

import pytest

from csp.diagnosis import connection as checks
from csp.views.readiness import pasted
from tests.csp.conftest import Desk


def lines(desk: Desk, *arguments: str) -> tuple[int, dict[tuple[str, str], dict[str, Any]]]:
    said = desk.csp("doctor", "--format", "json", *arguments)
    found = said.json["checks"]
    assert all(line["fix"] for line in found if line["verdict"] != "pass"), "what is not right comes with a fix"
    assert {name: sum(line["verdict"] == name for line in found) for name in ("pass", "warn", "fail")} == said.json[
        "counts"
    ]
    return said.code, {(line["about"], line["what"]): line for line in found}


def test_a_fresh_provider_desk_before_and_after_a_renewal(provider_desk: Desk) -> None:
    code, found = lines(provider_desk, "-s", "provider")
    assert code == 0
    assert found["provider", "engine"]["verdict"] == "pass"
    assert {about for about, _ in found} == {"provider", "machine", "us", "ca"}
    assert found["us", "ION token"]["verdict"] == "warn"
    assert found["us", "reseller"]["verdict"] == "warn"
    assert provider_desk.asked("ion.oauth.token") == 0, "read-only: nothing is renewed unasked"
    assert not (provider_desk.home / "tokens").exists() or not list((provider_desk.home / "tokens").glob("*.json"))

    code, found = lines(provider_desk, "-s", "provider", "--renew")
    assert code == 0
    assert {line["verdict"] for line in found.values()} == {"pass"}
    assert "renewing ION's token" in provider_desk.said[-1].err
    assert "with MFA" in found["us", "App+User token"]["found"]
    assert found["us", "partner agreement"]["found"] == "the reseller has signed it"

    asked = provider_desk.asked("ion.oauth.token")
    assert lines(provider_desk, "-s", "provider")[0] == 0
    assert provider_desk.asked("ion.oauth.token") == asked
    assert provider_desk.sandbox.counters()["writes"]["total"] == 0


def test_the_screen_of_a_reseller(reseller_desk: Desk) -> None:
    said = reseller_desk.csp("doctor", "-s", "reseller")
    assert said.code == 0, said.all
    assert "program access" in said.out
    assert "confirmed by kim@examplereseller.example" in said.out
    assert "Partner Center" not in said.out, "no API access there, so no line about it"
    assert said.out.rstrip().endswith("0 fail")


def test_nobody_confirmed_the_program_access(reseller_desk: Desk) -> None:
    name = reseller_desk.plain_connection()
    code, found = lines(reseller_desk, "-c", name)
    assert found[name, "program access"]["verdict"] == "warn"
    assert "Programs" in found[name, "program access"]["fix"]
    assert found[name, "ION token"]["fix"] == pasted("auth", "ion", "login", connection=name)
    assert code == 1, "without a token nothing works"


def test_a_token_store_that_others_can_read_fails(reseller_desk: Desk) -> None:
    reseller_desk.csp("auth", "ion", "keepalive", "-c", "reseller-us")
    file = reseller_desk.home / "tokens" / "reseller-us.json"
    file.chmod(0o644)
    code, found = lines(reseller_desk, "-c", "reseller-us")
    assert (code, found["reseller-us", "ION token store"]["verdict"]) == (1, "fail")
    assert found["reseller-us", "ION token store"]["fix"] == f"chmod 600 {file}"


def test_an_interrupted_renewal_is_told_with_both_ways_out(reseller_desk: Desk) -> None:
    name = reseller_desk.plain_connection()
    reseller_desk.csp(
        "auth", "ion", "login", "--stdin", "--own-user", "-c", name, given=reseller_desk.new_refresh_token()
    )
    reseller_desk.fault("ion.oauth.token", "cut_after")
    reseller_desk.csp("auth", "ion", "keepalive", "-c", name)
    code, found = lines(reseller_desk, "-c", name, "--renew")
    assert (code, found[name, "ION token"]["verdict"]) == (1, "fail")
    assert f"csp auth ion try-again -c {name}" in found[name, "ION token"]["fix"]
    assert f"csp auth ion login -c {name}" in found[name, "ION token"]["fix"]


def test_a_token_near_its_end_is_a_warning(reseller_desk: Desk) -> None:
    reseller_desk.csp("auth", "ion", "keepalive", "-c", "reseller-us")
    reseller_desk.sandbox.admin("POST", "clock", {"advance": 100})
    _, found = lines(reseller_desk, "-c", "reseller-us")
    assert found["reseller-us", "ION token"]["verdict"] == "pass"
    reseller_desk.sandbox.admin("POST", "clock", {"advance": 28 * 86400})
    _, found = lines(reseller_desk, "-c", "reseller-us")
    assert found["reseller-us", "ION token"]["verdict"] == "warn"


def test_a_sandbox_that_does_not_run_and_an_address_that_does_not_answer(reseller_desk: Desk) -> None:
    code, found = lines(reseller_desk, "-c", "us")
    assert (code, found["us", "connection"]["verdict"]) == (1, "fail")
    assert found["us", "connection"]["found"] == "connection us: no running sandbox provider with account us"
    assert found["us", "connection"]["fix"].endswith("csp sandbox start --profile provider`")
    assert found["us", "connection"]["fix"].startswith("run `")
    _, found = lines(reseller_desk, "-c", "usa")
    assert found["usa", "connection"]["found"].startswith("there is no connection 'usa'; connections here: ")
    assert found["usa", "connection"]["fix"] == "name one of them"
    name = reseller_desk.plain_connection(ion="http://127.0.0.1:9/ion")
    code, found = lines(reseller_desk, "-c", name)
    assert (code, found[name, "ION address"]["verdict"]) == (1, "fail")


def test_a_wrong_file_is_a_line_and_the_connections_are_checked_nevertheless(reseller_desk: Desk) -> None:
    file = reseller_desk.root / "stacks" / "customers" / "reseller" / "contoso.yaml"
    text = file.read_text("utf-8")
    try:
        file.write_text(text.replace("email:", "emial:", 1), "utf-8")
        code, found = lines(reseller_desk, "-s", "reseller")
    finally:
        file.write_text(text, "utf-8")
    assert (code, found["reseller", "declaration"]["verdict"]) == (1, "fail")
    assert found["reseller-us", "connection"]["verdict"] == "pass"


def test_no_stack_and_no_connection(reseller_desk: Desk) -> None:
    assert reseller_desk.csp("doctor").code == 2


@pytest.mark.parametrize(
    ("skew", "verdict", "told"),
    [
        (0.4, "pass", "within 1 s"),
        (-29, "pass", "within 29 s"),
        (90, "warn", "1 min behind"),
        (-600, "fail", "10 min ahead of"),
    ],
)
def test_the_clock(skew: float, verdict: str, told: str) -> None:
    line = checks._clock("us", {"ION address": 0.0, "Partner Center": skew})
    assert (line.verdict, told in line.found) == (verdict, True), line.found

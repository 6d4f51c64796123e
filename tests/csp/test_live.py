"""`csp status --live`: what ION shows is in the table, what it does not show is never guessed, nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

import schemas
from clients.errors import CredentialsLost, Problem
from clients.ion.models import Address, CloudProfile, IonCustomer
from clients.session import Session
from csp import access
from csp.commands import live
from csp.errors import CommandError
from onboarding.look.snapshot import IonLook
from onboarding.readiness.blind import UNOBSERVED
from onboarding.readiness.live import LiveCustomer, look_at_account
from tests.csp.conftest import Desk

Look = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def look(capsys: pytest.CaptureFixture[str]) -> Look:
    """The JSON of a live status by e-mail."""

    def run(*connections: str, **more: Any) -> dict[str, dict[str, Any]]:
        live.live_status(connections, format_="json", **more)
        return {customer["key"]: customer for customer in json.loads(capsys.readouterr().out)["customers"]}

    return run


def test_every_customer_of_the_account_as_it_is(reseller_desk: Desk, look: Look) -> None:
    seen = look("reseller-us")
    assert sorted(seen) == ["it@contoso.example", "it@northwind.example", "it@tailspin.example", "it@wingtip.example"]
    contoso, wingtip = seen["it@contoso.example"], seen["it@wingtip.example"]
    assert {name: gate["state"] for name, gate in contoso["gates"].items()} == {
        "reseller": "confirmed",
        "profile": "seen",
        "cloud_provider": "seen",
        "pricebook": "open",
        "relationship": "open",
        "tenant": "seen",
        "agreement": "seen",
    }
    assert (contoso["can_order"], contoso["only_unseen"]) == (False, True), "no API shows the pricebook, so no promise"
    assert seen["it@tailspin.example"]["gates"]["agreement"]["state"] == "wrong"
    assert wingtip["blockers"] == ["pricebook", "relationship", "tenant", "agreement"]
    step = wingtip["next_step"]
    assert "leave it off" in step["action"], "portal access lets the customer buy: never switched on for our sake"
    assert reseller_desk.sandbox.counters()["writes"]["total"] == 0


def test_what_is_seen_is_true_at_the_checkout(reseller_desk: Desk, look: Look) -> None:
    for email, customer in look("reseller-us").items():
        refused = reseller_desk.sandbox.checkout(email)
        seen = {name for name, gate in customer["gates"].items() if gate["state"] in ("seen", "confirmed")}
        assert not seen.intersection(refused), email


def test_calls_are_the_list_pages_and_one_a_customer(reseller_desk: Desk, look: Look) -> None:
    look("reseller-us")
    assert reseller_desk.asked("ion.cloudProfiles.get") == 4
    assert reseller_desk.asked("ion.cloudProfile.get") == reseller_desk.asked("ion.products.pricing") == 0
    assert reseller_desk.asked("ion.oauth.token") == 1
    look("reseller-us")
    assert reseller_desk.asked("ion.oauth.token") == 1, "the access token is shared while it is valid"


@pytest.mark.parametrize("status", ["INACTIVE", "CUSTOMER_STATUS_UNSPECIFIED"])
def test_a_profile_that_is_not_active_is_the_distributors(reseller_desk: Desk, look: Look, status: str) -> None:
    change = {"do": "profile", "customer": "it@contoso.example", "set": {"status": status}}
    reseller_desk.sandbox.admin("POST", "changes", [change])
    contoso = look("reseller-us")["it@contoso.example"]
    assert contoso["gates"]["profile"]["state"] == "wrong"
    assert contoso["next_step"]["owner"] == "distributor"
    assert "needed: ACTIVE" in contoso["gates"]["profile"]["why"]


def test_a_customer_that_cannot_be_read_does_not_stop_the_others(
    reseller_desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal = json.dumps({"error": "PERMISSION_DENIED", "message": "User does not have access to this resource."})
    reseller_desk.fault("ion.cloudProfiles.get", "status", status=403, body=refusal)
    with pytest.raises(CommandError, match="1 of 4 customers could not be looked at"):
        live.live_status(["reseller-us"])
    shown = capsys.readouterr().out
    # Who is asked first, and so refused, is a race between the readers: what counts is one refused and three looked at.
    rows = [line for line in shown.splitlines() if "  seen  " in line]
    assert len(rows) == 4
    assert ["not checked" in row for row in rows].count(True) == 1


def test_the_table_and_the_list_of_steps(reseller_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    live.live_status(["reseller-us"])
    table = capsys.readouterr().out
    assert "Contoso Ltd" in table
    assert "0 can order, 2 cannot, 2 unclear: 4 wait for us" in table
    assert "unclear: nothing that ION shows stands against an order" in table
    live.live_todo(["reseller-us"])
    steps = capsys.readouterr().out
    assert "2 customers (for us): it@contoso.example, it@northwind.example" in steps
    assert "Customer > (customer) > Cloud Billing > Cloud Providers > Legacy Azure" in steps
    live.live_todo(["reseller-us"], owner="customer")
    assert "Nothing to do as far as ION shows." in capsys.readouterr().out
    with pytest.raises(CommandError, match="4 of 4 customers waiting"):
        live.live_status(["reseller-us"], fail_on="waiting")


def test_one_token_and_an_account_id_are_enough(
    reseller_desk: Desk, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = reseller_desk.plain_connection()
    monkeypatch.setenv("CSP_LIVE_ION_REFRESH_TOKEN", reseller_desk.new_refresh_token())
    ask = live._account_session

    def here(account: str) -> Session:
        """The same session, only that ION's address is the sandbox's."""
        real = ask(account)
        real.close()
        assert real.connection.ion is not None
        assert real.connection.ion.base_url == "https://ion.tdsynnex.com"
        nearby = real.connection.model_copy(update={"ion": None, "sandbox": schemas.SandboxRef(profile=profile)})
        return Session(nearby, real.home, {"CSP_LIVE_ION_REFRESH_TOKEN": reseller_desk.new_refresh_token()})

    monkeypatch.setattr(live, "_account_session", here)
    seen = look(account="20501")
    assert len(seen) == 4
    assert seen["it@contoso.example"]["gates"]["reseller"]["state"] == "open", "nobody confirmed the program access"
    assert (reseller_desk.home / "tokens" / "live.json").exists(), "a rotated token must be kept"


def test_an_account_without_a_token_says_where_to_get_one(reseller_desk: Desk) -> None:
    with pytest.raises(CommandError, match="set CSP_LIVE_ION_REFRESH_TOKEN"):
        live.live_status(account="20501")


class ManyCustomers:
    """An ION that answers from memory; the customer with id `lost_at` finds the token chain dead."""

    def __init__(self, number: int, lost_at: str = "") -> None:
        address = Address(street="", suite="", city="", state="", zip="", country="US")
        blank = dict.fromkeys(("title", "phone", "language", "uid", "created", "updated", "contact_name"), "")
        self._customers = [
            IonCustomer(
                id=str(n),
                account="1",
                organization=f"C{n}",
                address=address,
                email=f"c{n:05}@x.example",
                status="ACTIVE",
                **blank,
            )
            for n in range(number)
        ]
        self._lost_at = lost_at
        self.asked = 0

    def customers(self, *, status: str) -> list[IonCustomer]:
        return self._customers if status == "ACTIVE" else []

    def cloud_profiles(self, customer_id: str) -> list[CloudProfile]:
        self.asked += 1
        if customer_id == self._lost_at:
            raise CredentialsLost(Problem("ion", "oauth.token", None, "unknown", "lost"), action="log in")
        return [
            CloudProfile("1", "AWS", True, "", "", "", ""),
            CloudProfile("30", "Legacy Azure", True, "t", "d", "Accepted", ""),
        ]


def look_at(ion: ManyCustomers, progress: Callable[[int, int], None]) -> list[LiveCustomer]:
    session = SimpleNamespace(ion=ion, connection=SimpleNamespace(limits=SimpleNamespace(concurrency=8)))
    return look_at_account(IonLook(cast(Session, session)), progress)


def test_a_large_account_is_looked_at_once_in_order_with_progress() -> None:
    ion, told = ManyCustomers(2000), []
    sights = look_at(ion, lambda done, total: told.append((done, total)))
    assert [sight.customer.email for sight in sights] == sorted(sight.customer.email for sight in sights)
    assert (len(sights), ion.asked) == (2000, 2000)
    assert all(sight.row is not None and sight.row.tenant == "t" for sight in sights)
    assert (told[0], told[-1], len(told)) == ((0, 2000), (2000, 2000), 2001)


def test_lost_credentials_end_the_look_at_once() -> None:
    ion = ManyCustomers(2000, lost_at="5")
    with pytest.raises(CredentialsLost):
        look_at(ion, lambda done, total: None)
    assert ion.asked < 2000, "what was not asked yet is not asked any more"


@pytest.mark.parametrize("account", ["", "12a", "https://ion"])
def test_an_account_id_is_a_number(reseller_desk: Desk, account: str) -> None:
    with pytest.raises(CommandError):
        live.live_status(["reseller-us"] if not account else [], account=account or "20501")


def test_several_accounts_in_one_answer(provider_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    live.live_status(["us", "ca"], format_="json")
    answer = json.loads(capsys.readouterr().out)
    assert [one["account"] for one in answer["accounts"]] == ["10501", "10502"]
    assert answer["counts"]["customers"] == len(answer["customers"]) == 0


@pytest.mark.parametrize("format_", ["markdown", "html"])
def test_a_page_says_the_same_as_the_table(
    reseller_desk: Desk, look: Look, format_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = look("reseller-us")
    live.live_status(["reseller-us"], format_=format_)
    page = capsys.readouterr().out
    assert "Who can order: ION account 20501" in page
    assert "As ION shows it now." in page
    assert "As the last run saw it" not in page
    assert [key for key in seen if key not in page] == []


def test_the_commands_take_a_connection_and_write_nothing(reseller_desk: Desk) -> None:
    shown = reseller_desk.csp("status", "--live", "-c", "reseller-us")
    assert (shown.code, "ION account 20501" in shown.out) == (0, True)
    steps = reseller_desk.csp("todo", "--live", "-s", "reseller", "--format", "json")
    assert {step["owner"] for step in steps.json} == {"us"}
    assert reseller_desk.sandbox.counters()["writes"]["total"] == 0


def test_of_several_accounts_that_are_down_each_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def down(name: str) -> Session:
        raise CommandError(f"{name} is down")

    monkeypatch.setattr(access, "opened", down)
    for command in (live.live_status, live.live_todo):
        with pytest.raises(CommandError, match="no customer of ca, us could be looked at") as told:
            command(["ca", "us"])
        assert told.value.exit_code == UNOBSERVED
        out = capsys.readouterr().out
        assert [line.startswith("NOT LOOKED AT") for line in out.splitlines() if "is down" in line] == [True, True]
        assert "Nothing to do" not in out
    with pytest.raises(CommandError, match="us is down") as alone:
        live.live_status(["us"])
    assert alone.value.exit_code == 1

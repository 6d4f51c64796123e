"""The mapping of Pulumi's calls to the verbs, with a thing of a few lines instead of a real one."""

import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi.output import Unknown

import schemas
from clients.errors import CredentialsLost, OurBug, PersonMustAct, Problem, RetryLater, WrongAccount
from onboarding.core import contract
from onboarding.core.contract import NEXT_RUN, Facts, Field, Known, NextStep, Outcome, ready, waiting
from onboarding.core.state_format import FORMAT
from onboarding.look import snapshot
from providers import dynamic, removals, sessions
from providers.dynamic import Provider
from providers.errors import OnboardingError


class Address(schemas.Declared):
    city: str
    suite: str | None = None


class Inputs(schemas.Declared):
    key: str
    other_id: str = ""
    color: str
    address: Address = Address(city="x")
    on_remove: str = "keep"


class Thing:
    """A remote colour. `remote` None: absent."""

    Inputs = Inputs
    CARRIED = ("remote_id",)

    def __init__(self) -> None:
        self.remote: str | None = None
        self.writes = 0
        self.failure: Exception | None = None
        self.rejects = False

    def observe(self, desired: Inputs, known: Known, look: object) -> Facts:
        if self.failure:
            raise self.failure
        if self.remote is None:
            return Facts(seen={"thing": "absent"})
        match = self.remote == desired.color
        field = Field("match" if match else "mismatch", desired.color, self.remote, "remote")
        seen = {"thing": "there"} | ({} if match else {"color": self.remote})
        return Facts({"color": field}, seen, {} if match else {"color": self.remote})

    def assess(self, desired: Inputs, known: Known, facts: Facts, session: object) -> Outcome:
        if facts.seen == {"thing": "there"}:
            return ready(facts, carried={"remote_id": "r1"})
        return waiting(facts, NEXT_RUN, "to be written")

    def converge(self, desired: Inputs, known: Known, facts: Facts, session: object) -> Outcome:
        if self.assess(desired, known, facts, session).status == "ready":
            return self.assess(desired, known, facts, session)
        self.writes += 1
        if self.rejects:
            return contract.blocked(facts, "422: not this colour", NextStep("correct_file", "us"), final=True)
        self.remote = desired.color
        return self.assess(desired, known, self.observe(desired, known, None), session).but(final=True)

    def release(self, known: Known, session: object) -> Outcome:
        if self.failure:
            raise self.failure
        return ready(Facts())


def problem(text: str) -> Problem:
    return Problem("ion", "test", 500, "X", text)


@pytest.fixture
def thing() -> Thing:
    return Thing()


@pytest.fixture
def provider(thing: Thing, monkeypatch: pytest.MonkeyPatch) -> Provider:
    session = SimpleNamespace(account="10501", partner_tenant="pt", connection=SimpleNamespace(name="us"))
    monkeypatch.setattr(sessions, "session", lambda name: session)
    monkeypatch.setattr(sessions, "estate_look", lambda name: None)
    monkeypatch.setattr(snapshot, "Look", lambda session: None)
    made = Provider("thing", lambda: thing, lambda: made, from_others=("other_id",))
    made.session = session  # type: ignore[attr-defined]
    return made


def checked(provider: Provider, olds: dict[str, Any] | None = None, **news: Any) -> dict[str, Any]:
    result = provider.check(olds or {}, {"key": "contoso", "color": "red", **news})
    assert result.failures == []
    return result.inputs


def made(provider: Provider, **news: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    inputs = checked(provider, **news)
    result = provider.create(inputs)
    assert result.id == "10501/contoso"
    return inputs, result.outs


def test_check_is_idempotent_and_drops_what_is_absent(provider: Provider) -> None:
    inputs = checked(provider, address={"city": "Y", "suite": None})
    assert inputs["address"] == {"city": "Y"}
    assert provider.check(inputs, inputs).inputs == inputs


def test_check_tells_every_failure_without_naming_a_property_or_a_value(provider: Provider) -> None:
    failures = provider.check({}, {"key": "contoso", "color": 5, "extra": "secret"}).failures
    assert len(failures) == 2
    assert {f.property for f in failures} == {""}
    assert "secret" not in " ".join(f.reason for f in failures)


@pytest.mark.parametrize("news", [{}, {"other_id": ""}, {"other_id": Unknown()}])
def test_what_other_resources_carry_is_kept_while_it_is_not_known(provider: Provider, news: dict[str, Any]) -> None:
    assert checked(provider, **news)["other_id"] == ""
    assert checked(provider, {"other_id": "17"}, **news)["other_id"] == "17"


def test_a_wait_is_quiet_until_something_is_seen(provider: Provider, thing: Thing) -> None:
    inputs, outs = made(provider)
    assert outs["seen"] == outs["handled"] == {"thing": "there"}
    assert provider.diff("i", outs, inputs).changes is False
    read = provider.read("i", outs)
    assert provider.diff("i", read.outs, inputs).changes is False
    assert read.inputs == inputs


def test_a_declared_change_is_told_by_the_engine(provider: Provider) -> None:
    inputs, outs = made(provider)
    assert provider.diff("i", outs, inputs | {"color": "blue"}).changes is None


def test_drift_shows_as_a_live_input_once_and_is_repaired(provider: Provider, thing: Thing) -> None:
    inputs, outs = made(provider)
    thing.remote = "green"
    read = provider.read("i", outs)
    assert read.inputs == inputs | {"color": "green"}
    assert read.outs["facts"]["color"]["declared"] == "red"
    again = provider.read("i", read.outs)  # a refresh that was saved must not forget what is declared
    assert again.outs["facts"]["color"] == read.outs["facts"]["color"]
    assert provider.diff("i", again.outs, inputs).changes is None
    after = provider.update("i", again.outs, inputs).outs
    assert thing.remote == "red"
    assert after["color"] == "red"
    assert provider.diff("i", after, inputs).changes is False


def test_one_attempt_per_observation_and_retry_clears_it(
    provider: Provider, thing: Thing, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing.rejects = True
    inputs, outs = made(provider)
    assert (outs["status"], outs["attempt"], outs["rejected"]) == ("blocked", 1, "422: not this colour")
    read = provider.read("i", outs)
    assert read.outs["status"] == "blocked"
    assert read.outs["reason"] == "422: not this colour"
    assert provider.diff("i", read.outs, inputs).changes is False
    monkeypatch.setenv("CSP_RETRY", "contoso")
    assert provider.diff("i", read.outs, inputs).changes is True
    thing.rejects = False
    after = provider.update("i", read.outs, inputs).outs
    assert after["status"] == "ready"
    assert after["attempt"] == 2
    assert "rejected" not in after


def test_what_was_not_sent_is_tried_again_by_the_next_run(provider: Provider, thing: Thing) -> None:
    thing.failure = RetryLater(problem("busy"))
    inputs, outs = made(provider)
    assert outs["status"] == "unobserved"
    assert outs["unobserved"]["reason"] == "ion test: 500 X busy"
    assert provider.diff("i", outs, inputs).changes is True


def test_a_read_that_cannot_look_keeps_the_last_state_and_is_quiet(provider: Provider, thing: Thing) -> None:
    inputs, outs = made(provider)
    thing.failure = RetryLater(problem("busy"))
    read = provider.read("i", outs)
    assert read.id == "i"
    assert read.outs["status"] == "unobserved"
    assert read.outs["unobserved"]["status"] == "ready"
    assert read.outs["facts"] == outs["facts"]
    assert provider.diff("i", read.outs, inputs).changes is False
    thing.failure = None
    assert provider.read("i", read.outs).outs["status"] == "ready"
    assert "unobserved" not in provider.read("i", read.outs).outs


def test_a_read_never_raises(provider: Provider, thing: Thing) -> None:
    _, outs = made(provider)
    thing.failure = ZeroDivisionError("by zero")  # type: ignore[assignment]
    read = provider.read("i", outs)
    assert read.outs["status"] == "unobserved"
    assert "ZeroDivisionError" in read.outs["unobserved"]["reason"]
    assert read.outs["unobserved"]["do"]


@pytest.mark.parametrize("text", ["role: nobody\n", "{", ""])
def test_a_broken_connection_file_is_one_line_for_every_look(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stacks" / "connections").mkdir(parents=True)
    (tmp_path / "stacks" / "connections" / "broken.yaml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sessions, "_FAILED", {})
    for _ in range(2):
        with pytest.raises(sessions.CannotOpen, match=r"^connection broken: .*broken\.yaml") as told:
            sessions.session("broken")
        assert "\n" not in str(told.value)
        assert told.value.action == ("mend stacks/connections/broken.yaml",)


def test_another_account_is_refused_and_nothing_is_written(provider: Provider, thing: Thing) -> None:
    inputs, outs = made(provider)
    provider.session.account = "10502"  # type: ignore[attr-defined]
    writes = thing.writes
    read = provider.read("i", outs)
    assert read.outs["status"] == "blocked"
    assert "10501" in read.outs["reason"]
    assert "10502" in read.outs["reason"]
    after = provider.update("i", read.outs, inputs).outs
    assert after["account"] == "10501"
    assert thing.writes == writes
    assert provider.diff("i", after, inputs).changes is False


def test_a_definite_failure_of_a_look_stops_the_customer_not_the_run(provider: Provider, thing: Thing) -> None:
    thing.failure = OurBug(problem("malformed"))
    _, outs = made(provider)
    assert outs["status"] == "blocked"


def test_lost_credentials_stop_no_other_customer(provider: Provider, thing: Thing) -> None:
    """A create that fails would end everybody's run: it is noted as not looked at, and the next run tries again."""
    thing.failure = CredentialsLost(problem("chain is dead"), action="log in again")
    _, outs = made(provider)
    assert outs["status"] == "unobserved"
    assert (outs["unobserved"]["do"], outs["handled"]) == ("log in again", {"again": "yes"})
    assert "chain is dead" in outs["unobserved"]["reason"]


CLOSED = [
    PersonMustAct(problem("no running sandbox"), owner="us", action="start it"),
    sessions.CannotOpen("us", "us.yaml:1:7  role  CSP-DECL-001  no role"),
]
"""Why a connection cannot be opened."""


def closed(monkeypatch: pytest.MonkeyPatch, why: Exception, accounts: tuple[str, str] | Exception) -> None:
    """Nothing can be opened any more; `accounts`: what the connection file still tells."""

    def fail(error: Exception) -> Any:
        raise error

    monkeypatch.setattr(sessions, "session", lambda name: fail(why))
    monkeypatch.setattr(sessions, "accounts", lambda name: accounts if isinstance(accounts, tuple) else fail(accounts))


@pytest.mark.parametrize("why", CLOSED, ids=lambda why: type(why).__name__)
@pytest.mark.parametrize("accounts", [("10501", "pt"), CLOSED[0]], ids=["named", "unnamed"])
def test_a_connection_that_cannot_be_opened_stops_no_other_customer(
    provider: Provider, thing: Thing, monkeypatch: pytest.MonkeyPatch, why: Exception, accounts: Any
) -> None:
    """Every verb of a resource that exists goes on: the account is in state, whatever the connection file tells."""
    inputs, outs = made(provider)
    opened = sessions.session
    closed(monkeypatch, why, accounts)
    read = provider.read("i", outs)
    assert provider.diff("i", read.outs, inputs).changes is False
    blue = checked(provider, outs, color="blue")
    assert provider.diff("i", read.outs, blue).changes is None
    after = provider.update("i", read.outs, blue).outs
    assert (after["status"], after["color"], after["handled"]) == ("unobserved", "blue", {"again": "yes"})
    assert (after["account"], after["facts"]) == ("10501", outs["facts"])
    assert after["unobserved"]["do"] in ("start it", "mend stacks/connections/us.yaml")
    assert after["unobserved"]["since"] == read.outs["unobserved"]["since"]
    assert provider.diff("i", after, blue).changes is True, "the next run tries again"
    monkeypatch.setattr(sessions, "session", opened)
    assert provider.update("i", after, blue).outs["status"] == "ready"
    assert (thing.remote, thing.writes) == ("blue", 2)


@pytest.mark.parametrize(
    ("accounts", "id_"), [(("10501", ""), "10501/contoso"), (("", "pt"), "pt/contoso")], ids=["ion", "partner-center"]
)
def test_a_create_on_a_connection_that_cannot_be_opened_is_not_observed(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, accounts: tuple[str, str], id_: str
) -> None:
    closed(monkeypatch, CLOSED[0], accounts)
    result = provider.create(checked(provider))
    assert result.id == id_
    assert (result.outs["account"], result.outs["partner_tenant"]) == accounts
    assert (result.outs["status"], result.outs["unobserved"]["do"]) == ("unobserved", "start it")
    assert result.outs["facts"] == result.outs["seen"] == {}


@pytest.mark.parametrize("accounts", [("", ""), CLOSED[0]], ids=["none", "unreadable"])
def test_a_create_whose_account_nobody_knows_fails_with_one_line(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, accounts: Any
) -> None:
    closed(monkeypatch, CLOSED[0], accounts)
    with pytest.raises(Exception, match=r"^thing contoso: .*no running sandbox; next: start it$"):
        provider.create(checked(provider))


def test_an_account_that_is_another_one_ends_the_run_with_one_line(provider: Provider, thing: Thing) -> None:
    thing.failure = WrongAccount(problem("these tokens are of account 99"))
    with pytest.raises(Exception, match=r"thing contoso: .*account 99") as told:
        made(provider)
    assert type(told.value).__qualname__ == "csp-onboarding"
    assert "\n" not in str(told.value)


def test_since_is_the_day_of_the_transition(provider: Provider, thing: Thing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "now", lambda: "2026-01-01T00:00:00Z")
    _, outs = made(provider)
    monkeypatch.setattr(contract, "now", lambda: "2026-02-01T00:00:00Z")
    read = provider.read("i", outs).outs
    assert (read["since"], read["observed_at"]) == ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")


def test_endings_are_counted_in_the_plugin(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removals, "_ENDED", set())
    monkeypatch.setenv("CSP_ALLOW_REMOVALS", "1")
    _, outs = made(provider, on_remove="end-relationship")
    provider.delete("10501/contoso", outs)
    with pytest.raises(Exception, match="CSP_ALLOW_REMOVALS=2"):
        provider.delete("10501/other", outs)


def test_nothing_is_ended_without_the_declaration_or_in_another_account(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSP_ALLOW_REMOVALS", "9")
    _, outs = made(provider)
    with pytest.raises(Exception, match="was not applied before"):
        provider.delete("10501/contoso", outs)
    _, outs = made(provider, on_remove="end-relationship")
    provider.session.account = "10502"  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="belongs to account 10501"):
        provider.delete("10501/contoso", outs)


def test_an_ending_that_goes_wrong_in_any_way_is_one_line(
    provider: Provider, thing: Thing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removals, "_ENDED", set())
    monkeypatch.setenv("CSP_ALLOW_REMOVALS", "1")
    _, outs = made(provider, on_remove="end-relationship")
    thing.failure = UnicodeEncodeError("ascii", "ü", 0, 1, "not\nin range")
    with pytest.raises(OnboardingError, match=r"^thing contoso: .*UnicodeEncodeError") as told:
        provider.delete("10501/contoso", outs)
    assert "\n" not in str(told.value)


HOSTILE = "Nørd\x1b[2J\u202e\r\n::error::x ##vso[task.x]y"
SHOWN = r"Nørd\x1b[2J\u202e\r\n::error::x \x23#vso[task.x]y"


@pytest.mark.parametrize("failure", [WrongAccount(Problem("ion", "a", 400, "c", HOSTILE)), ValueError(HOSTILE)])
def test_what_the_engine_prints_of_a_provider_is_one_harmless_line(
    provider: Provider, thing: Thing, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.errors.in_plugin", lambda: True)
    monkeypatch.setattr(dynamic, "contained", contextlib.nullcontext)  # a bug outside of what is contained
    thing.failure = failure
    with pytest.raises(OnboardingError) as told:
        provider.create({"key": "a", "color": "red"})
    assert str(told.value).isprintable()
    assert "##" not in str(told.value)
    (refused,) = provider.check({}, {"key": "a", "color": "red", HOSTILE: "x"}).failures
    assert refused.reason.startswith(f"{SHOWN}: ")


def test_what_a_newer_release_wrote_is_neither_looked_at_nor_touched(provider: Provider, thing: Thing) -> None:
    inputs, outs = made(provider)
    assert outs["format"] == FORMAT
    newer, thing.failure = outs | {"format": FORMAT + 1}, AssertionError("looked")  # type: ignore[assignment]
    assert provider.read("i", newer).outs == newer
    assert provider.diff("i", newer, inputs | {"color": "blue"}).changes is False
    for method, arguments in ((provider.update, ("i", newer, inputs)), (provider.delete, ("i", newer))):
        with pytest.raises(OnboardingError, match=f"state format {FORMAT + 1}"):
            method(*arguments)  # type: ignore[operator]

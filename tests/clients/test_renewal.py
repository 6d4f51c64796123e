"""ION's single-use refresh token: one renewer, stored before used, never sent twice when its fate is unknown."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from clients.errors import CredentialsLost, OurBug, Problem, RetryLater, UnknownOutcome
from clients.ion.errors import LOGIN
from clients.tokens.ion import IonTokens, LoginRefused
from clients.tokens.renewal import Exchanged, Wanted, exchange_over, renew
from clients.tokens.renewer import run
from clients.tokens.store import Chain, FileTokenStore, digest
from equipment.running import RunningSandbox
from equipment.virtual import Script, VirtualClock, transport
from schemas.command import command


class FakeIon:
    """Refresh tokens rt-0, rt-1, ... each good once. `fate` may fail before or after the rotation."""

    def __init__(self) -> None:
        self.valid = "refresh-0"
        self.calls: list[str] = []
        self.before: Exception | None = None
        self.after: Exception | None = None

    def __call__(self, refresh_token: str) -> Exchanged:
        self.calls.append(refresh_token)
        if self.before:
            raise self.before
        if refresh_token != self.valid:
            problem = Problem("ion", "oauth.token", 400, "", "cannot validate token: redis: nil")
            raise CredentialsLost(problem, action=LOGIN)
        number = len(self.calls)
        self.valid = f"refresh-{number}"
        if self.after:
            raise self.after
        return Exchanged(f"access-{number}", self.valid, 7200)


Given = tuple[FakeIon, FileTokenStore, VirtualClock, Callable[..., IonTokens]]


@pytest.fixture
def given(tmp_path: Path) -> Given:
    ion, store, clock = FakeIon(), FileTokenStore(tmp_path / "tokens" / "us.json"), VirtualClock()

    def tokens(seed: str = "refresh-0", **more: bool) -> IonTokens:
        return IonTokens(store, lambda where, wanted: renew(where, ion, wanted, clock), clock=clock, seed=seed, **more)

    return ion, store, clock, tokens


def problem(code: str) -> Problem:
    return Problem("ion", "oauth.token", None, code, code)


def test_the_access_token_is_shared_until_shortly_before_its_end(given: Given) -> None:
    ion, _store, clock, tokens = given
    assert tokens().token() == "access-1"
    assert tokens().token() == "access-1"
    clock.sleep(7200 - 601)
    assert tokens().token() == "access-1"
    clock.sleep(2)
    assert tokens().token() == "access-2"
    assert ion.calls == ["refresh-0", "refresh-1"]


def test_the_new_token_is_stored_before_it_is_used(given: Given) -> None:
    _ion, store, _clock, tokens = given
    token = tokens().token()
    stored = store.load()
    assert stored is not None
    assert (stored.access_token, stored.refresh_token, stored.sent_at) == (token, "refresh-1", None)


def test_a_rejected_access_token_is_renewed_once_even_if_it_looks_good(given: Given) -> None:
    ion, _store, _clock, tokens = given
    one, other = tokens(), tokens()
    token = one.token()
    assert other.token() == token
    assert one.token(rejected=token) == "access-2"
    # the other process was refused too, and finds that somebody has renewed already
    assert other.token(rejected=token) == "access-2"
    assert len(ion.calls) == 2


def test_not_sent_leaves_the_chain_alone(given: Given) -> None:
    ion, store, _clock, tokens = given
    ion.before = RetryLater(problem("not-sent"))
    with pytest.raises(RetryLater):
        tokens().token()
    ion.before = None
    assert tokens().token() == "access-2"
    assert ion.calls == ["refresh-0", "refresh-0"]
    chain = store.load()
    assert chain is not None
    assert chain.sent_at is None


def test_a_dying_access_token_is_used_while_ion_cannot_be_reached(given: Given) -> None:
    ion, _store, clock, tokens = given
    token = tokens().token()
    clock.sleep(7200 - 300)
    ion.before = RetryLater(problem("not-sent"))
    assert tokens().token() == token
    clock.sleep(299)
    with pytest.raises(RetryLater):
        tokens().token()


def test_an_unknown_outcome_stops_everything_and_says_what_to_do(given: Given) -> None:
    ion, _store, _clock, tokens = given
    ion.after = UnknownOutcome(problem("no-answer"))
    for _ in range(3):
        with pytest.raises(CredentialsLost, match="nobody knows whether") as caught:
            tokens().token()
        assert command("auth", "ion", "login") in caught.value.action
    assert ion.calls == ["refresh-0"]


def test_a_person_may_decide_to_try_once_more(given: Given) -> None:
    ion, _store, _clock, tokens = given
    ion.before = UnknownOutcome(problem("no-answer"))  # in truth it never arrived
    with pytest.raises(CredentialsLost):
        tokens().token()
    ion.before = None
    tokens().try_again()
    assert tokens().token() == "access-2"


def test_a_definite_refusal_is_remembered(given: Given) -> None:
    ion, _store, _clock, tokens = given
    ion.valid = "somebody-elses"
    for _ in range(2):
        with pytest.raises(CredentialsLost):
            tokens().token()
    assert len(ion.calls) == 1


def test_an_answer_that_does_not_concern_the_token_keeps_it(given: Given) -> None:
    ion, _store, _clock, tokens = given
    ion.before = OurBug(problem("redirect"))
    with pytest.raises(OurBug):
        tokens().token()
    ion.before = None
    assert tokens().token() == "access-2"


def test_a_login_starts_a_new_chain_and_an_old_seed_does_not_end_it(given: Given) -> None:
    ion, _store, _clock, tokens = given
    ion.after = UnknownOutcome(problem("no-answer"))
    with pytest.raises(CredentialsLost):
        tokens().token()
    ion.after, ion.valid = None, "from-the-console"
    tokens().login("from-the-console")
    assert tokens().token() == "access-2"
    assert tokens(seed="from-the-console").token() == "access-2"
    assert ion.calls == ["refresh-0", "from-the-console"]


def test_a_mistyped_token_costs_nothing_that_works(given: Given) -> None:
    _ion, store, _clock, tokens = given
    tokens().token()
    with pytest.raises(LoginRefused) as caught:
        tokens().login("mistyped")
    assert caught.value.kept
    assert tokens().token() == "access-1"
    assert store.load().refresh_token == "refresh-1"  # type: ignore[union-attr]


def test_a_login_that_was_not_tried_out_keeps_the_new_token(given: Given) -> None:
    ion, store, _clock, tokens = given
    tokens().token()
    ion.before = RetryLater(problem("connect"))
    with pytest.raises(RetryLater):
        tokens().login("from-the-console")
    assert store.load().refresh_token == "from-the-console"  # type: ignore[union-attr]


@pytest.mark.parametrize("fate", ["rejected", "unknown", "none"])
def test_credentials_that_do_not_work_are_not_put_back(given: Given, fate: str) -> None:
    ion, store, _clock, tokens = given
    if fate == "rejected":
        with pytest.raises(CredentialsLost):
            tokens(seed="wrong").token()
    if fate == "unknown":
        ion.after = UnknownOutcome(problem("no-answer"))
        with pytest.raises(CredentialsLost):
            tokens().token()
        ion.after = None
    with pytest.raises(LoginRefused) as caught:
        tokens().login("mistyped")
    assert not caught.value.kept
    assert store.load().rejected  # type: ignore[union-attr]


def test_a_newer_seed_in_the_environment_replaces_a_dead_chain(given: Given) -> None:
    ion, _store, _clock, tokens = given
    ion.valid = "new-seed"
    with pytest.raises(CredentialsLost):
        tokens().token()
    assert tokens(seed="new-seed").token() == "access-2"


def test_a_sandbox_that_started_afresh_is_entered_with_its_seed(given: Given) -> None:
    ion, _store, clock, tokens = given
    tokens(seed_again=True).token()
    ion.valid = "refresh-0"  # the sandbox was reset: its first token is good again
    clock.sleep(7200)
    assert tokens(seed_again=True).token() == "access-3"


def test_keepalive_renews_although_the_access_token_is_good(given: Given) -> None:
    ion, _store, _clock, tokens = given
    tokens().token()
    tokens().keepalive()
    assert tokens().token() == "access-2"
    assert len(ion.calls) == 2


def test_without_any_token_the_login_is_named(given: Given) -> None:
    with pytest.raises(CredentialsLost, match="csp auth ion login"):
        given[3](seed="").token()


def test_a_store_that_fails_once_is_tried_again(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    _ion, store, _clock, tokens = given
    real, failures = FileTokenStore.save, [OSError("disk full")]

    def save(self: FileTokenStore, chain: Chain) -> None:
        if chain.access_token and failures:
            raise failures.pop()
        real(self, chain)

    monkeypatch.setattr(FileTokenStore, "save", save)
    assert tokens().token() == "access-1"
    stored = store.load()
    assert stored is not None
    assert stored.refresh_token == "refresh-1"


def test_a_store_that_keeps_failing_never_hands_the_token_out(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    _ion, _store, _clock, tokens = given
    real = FileTokenStore.save

    def save(self: FileTokenStore, chain: Chain) -> None:
        if chain.access_token:
            raise OSError("disk full")
        real(self, chain)

    monkeypatch.setattr(FileTokenStore, "save", save)
    with pytest.raises(CredentialsLost, match="could not be stored"):
        tokens().token()


def test_threads_renew_once(given: Given) -> None:
    ion, _store, _clock, tokens = given
    shared, seen = tokens(), []
    threads = [threading.Thread(target=lambda: seen.append(shared.token())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["access-1"] * 16
    assert len(ion.calls) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(400, json={"error": "cannot validate token: redis: nil"}), CredentialsLost),
        (httpx.Response(500), UnknownOutcome),
        (httpx.Response(200, text="<html>"), UnknownOutcome),
        (httpx.Response(200, json={"access_token": "a"}), UnknownOutcome),
        (httpx.Response(200, json={"access_token": 5, "refresh_token": ["x"]}), UnknownOutcome),
        (httpx.ReadTimeout("slow"), UnknownOutcome),
        (httpx.ConnectError("refused"), RetryLater),
        (httpx.Response(429, headers={"Retry-After": "9999"}), RetryLater),
    ],
)
def test_the_token_call_is_never_repeated_blindly(answer: httpx.Response | Exception, kind: type[Exception]) -> None:
    script = Script(answer)
    with pytest.raises(kind):
        exchange_over(transport(script), "http://ion.example")("refresh-secret")
    if kind is not RetryLater:
        assert len(script.requests) == 1


def test_a_token_in_an_answer_never_reaches_a_message() -> None:
    script = Script(httpx.Response(400, json={"error": "cannot validate token refresh-canary-12345"}))
    with pytest.raises(CredentialsLost) as caught:
        exchange_over(transport(script), "http://ion.example")("refresh-canary-12345")
    assert "canary" not in str(caught.value)


def test_job_and_outcome_of_the_renewal_process_are_data(provider: RunningSandbox) -> None:
    store = FileTokenStore(provider.home / "tokens" / "detached.json")
    job = {
        "store": store.spec(),
        "base_url": provider.ready["ion"],
        "wanted": {"seed": provider.ready["accounts"]["ca"]["ion_refresh_token"], "seed_again": True},
        "pauses": str(provider.home / "locks"),
        "trust_env": False,
    }
    assert run(job) == {"ok": True}
    chain = store.load()
    assert chain is not None
    assert chain.access_token
    # a spent seed: told as a lost credential, as data that crosses the process boundary
    store.save(replace(chain, refresh_token="spent-token", expires_at=0.0, seed=digest("spent-token")))
    answer = run({**job, "wanted": {"seed": "spent-token"}})
    assert answer["error"]["kind"] == "CredentialsLost"


def test_renewal_in_a_process_of_its_own(provider: RunningSandbox) -> None:
    from clients.session import Session
    from equipment.running import connection

    session = Session(connection("provider", "ca", name="own-process"), provider.home, {})
    try:
        assert session.ion is not None
        assert session.ion.customers() == []
        assert session.ion_tokens is not None
        life = session.ion_tokens.life(session.ion_transport(), session.endpoints.ion)
        assert life.state == "good"
        assert life.access_seconds is not None
        assert 7000 < life.access_seconds <= 7200
        assert life.refresh_seconds is not None
        assert life.refresh_seconds > 25 * 86400
        assert not (provider.home / "tokens" / "own-process.json.previous").exists()
    finally:
        session.close()


def test_a_missing_seed_is_not_the_wanted_one() -> None:
    assert "refresh" not in repr(Wanted(seed="refresh-canary", rejected="access-canary"))

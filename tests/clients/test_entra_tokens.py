"""Partner Center tokens by msal, against the sandbox's Entra over a socket."""

from __future__ import annotations

import base64
import datetime as dt
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from clients.entra.discovery import describe
from clients.errors import CredentialsLost, OurBug, PersonMustAct, RetryLater, WrongAccount
from clients.tokens.entra import AppCredential, Authority, EntraTokens
from clients.tokens.store import Chain, FileTokenStore
from clients.wire.clock import SystemClock
from clients.wire.pace import CallStats, Limits, Pace, Pauses
from clients.wire.transport import Transport
from equipment.running import RunningSandbox
from equipment.tls import certificate_in
from equipment.virtual import Script, VirtualClock
from tests.clients.conftest import Opener

_HTTP: list[httpx.Client] = []


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    while _HTTP:
        _HTTP.pop().close()


def http(transport: httpx.BaseTransport | None = None) -> httpx.Client:
    _HTTP.append(httpx.Client(trust_env=False, transport=transport))
    return _HTTP[-1]


def wire(carrier: httpx.BaseTransport | None = None, clock: VirtualClock | None = None) -> Transport:
    clock, limits = clock or VirtualClock(), Limits(requests_per_second=1000)
    pace = Pace("entra", limits, Pauses(Path(tempfile.mkdtemp()), clock), clock)
    return Transport(
        "entra", http(carrier), clock=clock, pace=pace, limits=limits, stats=CallStats(), describe=describe
    )


def tokens(running: RunningSandbox, app: AppCredential | None = None, **more: object) -> EntraTokens:
    ready = running.ready
    return EntraTokens(
        Authority(ready["entra"], ready["pc_tenant"]),
        app or AppCredential(ready["pc_client_id"], ready["pc_client_secret"]),
        wire(),
        clock=SystemClock(),
        **more,  # type: ignore[arg-type]
    )


def jwt(**claims: object) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.sig"


def test_app_only_with_a_secret(provider: RunningSandbox) -> None:
    credential = tokens(provider)
    claims = credential.claims()
    assert claims["aud"] == "https://api.partnercenter.microsoft.com"
    assert "scp" not in claims
    assert credential.token() == credential.token()
    assert credential.token(rejected=credential.token())


def test_app_only_with_a_federated_token(provider: RunningSandbox, tmp_path: Path) -> None:
    file = tmp_path / "oidc"
    app = AppCredential(provider.ready["pc_client_id"], token_file=str(file))
    with pytest.raises(PersonMustAct, match="cannot be read"):
        tokens(provider, app).token()
    soon = int(dt.datetime.now(dt.UTC).timestamp()) + 7 * 86400
    file.write_text(
        jwt(sub="repo:reseller/csp:ref:refs/heads/main", aud="api://AzureADTokenExchange", exp=soon) + "\n", "utf-8"
    )
    assert tokens(provider, app).claims()["appid"] == provider.ready["pc_client_id"]
    file.write_text(jwt(sub="x", exp=1), "utf-8")
    with pytest.raises(PersonMustAct):
        tokens(provider, app).token()


def test_app_only_with_a_certificate(provider: RunningSandbox, tmp_path: Path) -> None:
    file = certificate_in(tmp_path, rsa.generate_private_key(public_exponent=65537, key_size=2048))
    assert tokens(provider, AppCredential(provider.ready["pc_client_id"], certificate_file=str(file))).token()
    file.write_text("nothing", "utf-8")
    with pytest.raises(PersonMustAct, match="holds no PEM certificate"):
        tokens(provider, AppCredential(provider.ready["pc_client_id"], certificate_file=str(file))).token()


def test_app_and_user_keeps_the_new_refresh_token_and_shares_the_access_token(
    provider: RunningSandbox, tmp_path: Path
) -> None:
    store = FileTokenStore(tmp_path / "us.pc.json")
    seed = provider.ready["pc_refresh_token"]
    first = tokens(provider, store=store, seed=seed)
    assert "mfa" in first.claims()["amr"]
    chain = store.load()
    assert chain is not None
    assert chain.refresh_token != seed
    assert tokens(provider, store=store, seed=seed).token() == first.token()
    assert first.token(rejected=first.token()) == store.load().access_token  # type: ignore[union-attr]


def test_a_wrong_secret_names_the_page(provider: RunningSandbox) -> None:
    app = AppCredential(provider.ready["pc_client_id"], "wrong-secret-canary")
    with pytest.raises(PersonMustAct, match="AADSTS7000215") as caught:
        tokens(provider, app).token()
    assert "canary" not in str(caught.value)
    assert "App registrations" in str(caught.value)


def test_a_dead_refresh_token_asks_for_a_login(provider: RunningSandbox, tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "us.pc.json")
    store.save(Chain("dead-refresh-token"))
    with pytest.raises(CredentialsLost, match="csp auth microsoft login"):
        tokens(provider, store=store).token()


def test_without_a_refresh_token_the_login_is_named(provider: RunningSandbox, tmp_path: Path) -> None:
    with pytest.raises(CredentialsLost, match="no refresh token"):
        tokens(provider, store=FileTokenStore(tmp_path / "none.json")).token()


def test_an_unreachable_token_service_is_a_matter_of_time(tmp_path: Path) -> None:
    dead = EntraTokens(
        Authority("http://127.0.0.1:9/entra", "contoso"),
        AppCredential("app", "secret-value"),
        wire(),
        clock=SystemClock(),
    )
    with pytest.raises(RetryLater):
        dead.token()


DISCOVERY = {
    "issuer": "https://login.example/t/v2.0",
    "authorization_endpoint": "https://login.example/t/authorize",
    "token_endpoint": "https://login.example/t/token",
}


@pytest.mark.parametrize(
    ("answer", "kind", "match"),
    [
        ({"access_token": jwt(aud="https://graph.windows.net"), "expires_in": 3600}, PersonMustAct, "graph.windows"),
        (
            {
                "access_token": jwt(aud="https://api.partnercenter.microsoft.com", amr=["pwd"]),
                "expires_in": 3600,
                "refresh_token": "r",
            },
            CredentialsLost,
            "without MFA",
        ),
        (
            {
                "access_token": jwt(aud="https://api.partnercenter.microsoft.com", tid="another-tenant"),
                "expires_in": 3600,
            },
            WrongAccount,
            "another-tenant",
        ),
        ({"unexpected": True}, OurBug, "token"),
    ],
)
def test_audience_and_mfa_are_checked_before_the_token_is_used(
    tmp_path: Path, answer: dict[str, object], kind: type[Exception], match: str
) -> None:
    script = Script(httpx.Response(200, json=DISCOVERY), httpx.Response(200, json=answer))
    store = FileTokenStore(tmp_path / "x.json")
    store.save(Chain("refresh-token"))
    credential = EntraTokens(
        Authority("https://login.example", "65ca02a9-7350-519d-920c-4009767b19ec"),
        AppCredential("app", "secret-value"),
        wire(httpx.MockTransport(script)),
        clock=SystemClock(),
        store=store,
    )
    with pytest.raises(kind, match=match):
        credential.token()


class Impatient(SystemClock):
    def sleep(self, seconds: float) -> None:
        """Virtual."""


def test_device_code_with_mfa(provider: RunningSandbox, open_session: Opener) -> None:
    session = open_session(provider, connection={"name": "device"}, clock=Impatient())
    assert session.user_tokens is not None
    shown: list[str] = []

    def sign_in(message: str) -> None:
        shown.append(message)
        provider.admin("POST", "people", {"mode": "auto"})

    session.user_tokens.login(sign_in)
    assert shown
    assert "mfa" in session.user_tokens.claims()["amr"]
    assert session.partner_center is not None
    assert session.partner_center.customers()


SECRET = "eyJhbGciOiJub25lIn0.half-an-answer"
TOKEN = {"access_token": jwt(aud="https://api.partnercenter.microsoft.com"), "expires_in": 3600}


def signing(clock: VirtualClock, *answers: httpx.Response | Exception) -> tuple[EntraTokens, Script]:
    """App-only tokens from a token service that gives these answers in turn."""
    script = Script(*answers)

    def handler(request: httpx.Request) -> httpx.Response:
        return script(request) if request.method == "POST" else httpx.Response(200, json=DISCOVERY)

    app = AppCredential("app", "secret-value")
    where = wire(httpx.MockTransport(handler), clock)
    return EntraTokens(Authority("https://login.example", "contoso"), app, where, clock=clock), script


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(500, json={"error": "server_error"}),
        httpx.Response(503, headers={"Retry-After": "20"}),
        httpx.Response(429),
        httpx.Response(200, text="<html>maintenance</html>"),
        httpx.Response(200, content=f'{{"access_token": "{SECRET}", "sco'.encode()),
        httpx.ReadTimeout("read"),
    ],
)
def test_a_sick_token_service_is_asked_again(trouble: httpx.Response | Exception) -> None:
    credential, script = signing(VirtualClock(), trouble, httpx.Response(200, json=TOKEN))
    assert credential.token() == TOKEN["access_token"]
    assert len(script.requests) == 2


def test_nobody_asks_for_a_token_before_retry_after() -> None:
    clock = VirtualClock()
    credential, script = signing(clock, httpx.Response(429, headers={"Retry-After": "900"}))
    for _ in range(5):
        with pytest.raises(RetryLater):
            credential.token()
    assert len(script.requests) == 1
    clock.sleep(1000)
    with pytest.raises(RetryLater):
        credential.token()
    assert len(script.requests) == 2


def test_half_an_answer_brings_no_token_into_any_log(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """msal logs an answer that it cannot read, and Python prints what nobody asked to log."""
    credential, _ = signing(VirtualClock(), httpx.Response(200, content=f'{{"access_token": "{SECRET}", "s'.encode()))
    with pytest.raises(RetryLater) as caught:
        credential.token()
    said = capfd.readouterr()
    assert SECRET not in said.out + said.err + caplog.text + str(caught.value)

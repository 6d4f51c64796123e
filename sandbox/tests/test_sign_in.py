"""The authorization code flow, by hand with httpx and with Microsoft's own client (msal), and the device code page."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from .conftest import Box, Running

Run = Callable[..., AbstractContextManager[Running]]
RESOURCE = "https://api.partnercenter.microsoft.com"
REDIRECT = "http://localhost:8400/"
VERIFIER = "v" * 43


def ask(box: Box, version: str = "/v2.0", **change: str) -> httpx.Response:
    query = {
        "client_id": box.ready["pc_client_id"],
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "state": "s 1&2",
        "scope" if version else "resource": f"{RESOURCE}/.default openid offline_access" if version else RESOURCE,
        **change,
    }
    tenant = box.ready["pc_tenant"]
    params = {key: value for key, value in query.items() if value}
    return box.http.get(f"/entra/{tenant}/oauth2{version}/authorize", params=params)


def told(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 302, answer.text
    where = answer.headers["location"]
    assert where.startswith(REDIRECT)
    return {key: values[0] for key, values in parse_qs(urlsplit(where).query or urlsplit(where).fragment).items()}


def redeem(box: Box, code: str, version: str = "/v2.0", **change: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": box.ready["pc_client_id"],
        "client_secret": box.ready["pc_client_secret"],
        "code": code,
        "redirect_uri": REDIRECT,
        **change,
    }
    form = {key: value for key, value in form.items() if value}
    return box.http.post(f"/entra/{box.ready['pc_tenant']}/oauth2{version}/token", data=form)


def test_the_documented_flow_ends_in_a_token_that_partner_center_takes(box: Box) -> None:
    answer = told(ask(box, "", prompt="login"))
    assert answer["state"] == "s 1&2"
    tokens = redeem(box, answer["code"], "", resource=RESOURCE).json()
    assert (tokens["scope"], tokens["expires_in"]) == ("user_impersonation", "3600")
    assert tokens["refresh_token"]
    assert tokens["id_token"]
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert (claims["aud"], claims["amr"]) == (RESOURCE, ["pwd", "mfa"])
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert box.http.get("/partner-center/v1/profiles/organization", headers=headers).status_code == 200


def test_a_person_signs_in_on_the_page(box: Box) -> None:
    box.admin("POST", "/people", json={"mode": "hand"})
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    page = ask(box, code_challenge=challenge, code_challenge_method="S256", nonce="n-1", response_mode="fragment")
    assert page.status_code == 200
    action = re.search(r'action="([^"]+)"', page.text)
    assert action is not None
    hidden = dict(re.findall(r'name="([^"]*)" value="([^"]*)"', page.text))
    answer = told(box.http.post(action[1], data={key: html.unescape(value) for key, value in hidden.items()}))
    assert answer["state"] == "s 1&2"
    # a public client: PKCE instead of a secret
    wrong = redeem(box, answer["code"], client_secret="", code_verifier="w" * 43)
    assert wrong.json()["error_codes"] == [501481]
    assert redeem(box, answer["code"], client_secret="").json()["error_codes"] == [50148]
    tokens = redeem(box, answer["code"], client_secret="", code_verifier=VERIFIER).json()
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert (claims["nonce"], claims["aud"]) == ("n-1", box.ready["pc_client_id"])


def test_without_offline_access_v2_gives_no_refresh_token(box: Box) -> None:
    tokens = redeem(box, told(ask(box, scope=f"{RESOURCE}/user_impersonation"))["code"]).json()
    assert "refresh_token" not in tokens
    assert "id_token" not in tokens


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({"code": "x"}, 9002313),
        ({"code": ""}, 900144),
        ({"redirect_uri": "http://localhost:9/"}, 500112),
        ({"client_secret": "wrong"}, 7000215),
        ({"scope": "https://elsewhere.test/.default"}, 500011),
    ],
)
def test_a_wrong_redemption_is_refused_and_spends_nothing(box: Box, change: dict[str, str], number: int) -> None:
    code = told(ask(box))["code"]
    assert redeem(box, **{"code": code, **change}).json()["error_codes"] == [number]
    if number != 500011:
        assert redeem(box, code).status_code == 200


def test_a_code_is_redeemed_once_and_in_time(box: Box) -> None:
    code = told(ask(box))["code"]
    assert redeem(box, code).status_code == 200
    assert redeem(box, code).json()["error_codes"] == [54005]
    late = told(ask(box))["code"]
    box.admin("POST", "/clock", json={"advance": 600})
    assert redeem(box, late).json()["error_codes"] == [70008]
    keys = box.ready["accounts"]["ca"]
    other = redeem(box, late, client_id=keys["pc_client_id"], client_secret=keys["pc_client_secret"])
    assert other.json()["error_codes"] == [700016]  # an app of another tenant


@pytest.mark.parametrize(
    "uri",
    [
        "https://attacker.example/",
        "http://localhost.attacker.example/",
        "javascript:alert(1)",
        "http://[",
        "",
        "ftp://localhost/",
    ],
)
def test_nobody_is_sent_elsewhere(box: Box, uri: str) -> None:
    answer = ask(box, redirect_uri=uri)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "AADSTS50011" in answer.text if uri else "AADSTS900144" in answer.text


def test_errors_go_back_to_the_app(box: Box) -> None:
    assert told(ask(box, response_type="token"))["error"] == "unsupported_response_type"
    assert told(ask(box, scope="https://elsewhere.test/.default"))["error"] == "invalid_resource"
    assert ask(box, client_id="11111111-1111-1111-1111-111111111111").status_code == 400
    page = ask(box, response_mode="form_post", state='"><script>')
    assert "<script>" not in page.text
    assert f'action="{REDIRECT}"' in page.text


def test_the_page_of_a_device_code_is_there(boxes: Callable[..., Box]) -> None:
    box = boxes("empty")
    for version in ("/v2.0", ""):
        start = box.http.post(
            f"/entra/{box.ready['pc_tenant']}/oauth2{version}/devicecode", data={"client_id": box.ready["pc_client_id"]}
        ).json()
        page = start["verification_uri"].removeprefix(box.world.base)
        assert box.http.get(page).status_code == 200
        assert "did not work" in box.http.post(page, data={"user_code": "NOTACODE"}).text
        assert "signed in" in box.http.post(page, data={"user_code": start["user_code"].lower()}).text


def test_discovery_of_nobodys_tenant_and_at_a_host_of_its_own(
    run: Callable[..., AbstractContextManager[Running]],
) -> None:
    with run() as sandbox:
        ready = sandbox.ready
        for tenant in ("common", "organizations"):
            found = httpx.get(f"{ready['hosts']['entra']}/{tenant}/v2.0/.well-known/openid-configuration").json()
            assert found["issuer"].endswith("/{tenantid}/v2.0")
            assert found["token_endpoint"] == f"{ready['hosts']['entra']}/{tenant}/oauth2/v2.0/token"
        form = {"grant_type": "refresh_token", "refresh_token": ready["ion_refresh_token"]}
        token = httpx.post(f"{ready['hosts']['ion']}/oauth/token", data=form).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        path = f"/api/v3/accounts/{ready['ion_account_id']}/customers?pageSize=1"
        assert httpx.get(ready["hosts"]["ion"] + path, headers=headers).status_code == 200
        # each address is one system's, and a page link behind /v1/ works there too
        assert httpx.get(f"{ready['hosts']['partner_center']}/v1//customers").status_code == 401
        assert httpx.get(ready["hosts"]["entra"] + path, headers=headers).status_code == 404
        assert httpx.get(f"{ready['hosts']['ion']}/_sandbox/secrets").status_code == 404


class Carried:
    """msal takes https authorities only: what it sends to Microsoft's login host is carried to the sandbox, Host and
    all."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._http = httpx.Client(timeout=20)

    def _send(self, method: str, url: str, **more: Any) -> Any:
        more = {key: more[key] for key in ("params", "data", "headers") if more.get(key) is not None}
        parts = urlsplit(url)
        assert parts.scheme == "https"
        place = self._address + parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {**more.pop("headers", {}), "Host": parts.netloc}
        return self._http.request(method, place, headers=headers, **more)

    def get(self, url: str, **more: Any) -> Any:
        return self._send("GET", url, **more)

    def post(self, url: str, **more: Any) -> Any:
        return self._send("POST", url, **more)

    def close(self) -> None:
        self._http.close()


@pytest.fixture(params=["default", "strict"])
def msal_app(
    request: pytest.FixtureRequest, run: Callable[..., AbstractContextManager[Running]]
) -> Iterator[tuple[Any, Running]]:
    msal = pytest.importorskip("msal")
    arguments = ["--strict"] if request.param == "strict" else []
    with run(*arguments) as sandbox:
        carrier = Carried(sandbox.ready["admin"].removesuffix("/_sandbox"))
        app = msal.ConfidentialClientApplication(
            sandbox.ready["pc_client_id"],
            client_credential=sandbox.ready["pc_client_secret"],
            authority=f"https://login.microsoftonline.com/{sandbox.ready['pc_tenant']}",
            http_client=carrier,
        )
        yield app, sandbox
        carrier.close()


def test_msal_signs_in_by_code_by_secret_and_by_refresh_token(msal_app: tuple[Any, Running]) -> None:
    app, sandbox = msal_app
    scope = f"{RESOURCE}/user_impersonation"
    flow = app.initiate_auth_code_flow([scope], redirect_uri=REDIRECT, response_mode="form_post")
    page = httpx.get(
        sandbox.ready["hosts"]["entra"] + flow["auth_uri"].removeprefix("https://login.microsoftonline.com")
    )
    posted = re.findall(r'name="([^"]*)" value="([^"]*)"', page.text)
    back = {html.unescape(name): html.unescape(value) for name, value in posted}
    found = app.acquire_token_by_auth_code_flow(flow, back)
    assert found.get("refresh_token"), found
    assert app.get_accounts()
    again = app.acquire_token_by_refresh_token(found["refresh_token"], [f"{RESOURCE}/.default"])
    assert again.get("access_token"), again
    app_only = app.acquire_token_for_client([f"{RESOURCE}/.default"])
    base = f"{sandbox.ready['hosts']['partner_center']}/v1"
    for token in (found, again, app_only):
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        assert httpx.get(f"{base}/customers?size=1", headers=headers).status_code == 200
    with pytest.raises(ValueError, match="state"):
        app.acquire_token_by_auth_code_flow(flow, {**back, "state": "other"})

"""The login service: tokens, AADSTS errors, discovery."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from csp_sandbox.entra.tokens import read_token

from .conftest import Box

RESOURCE = "https://api.partnercenter.microsoft.com"


def ask(box: Box, version: str = "/v2.0", tenant: str = "", **change: str) -> Any:
    form = {
        "grant_type": "client_credentials",
        "client_id": box.ready["pc_client_id"],
        "client_secret": box.ready["pc_client_secret"],
        "scope": f"{RESOURCE}/.default",
        **change,
    }
    form = {key: value for key, value in form.items() if value}
    return box.http.post(f"/entra/{tenant or box.ready['pc_tenant']}/oauth2{version}/token", data=form)


def claims(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def test_app_only_token(box: Box) -> None:
    answer = ask(box).json()
    assert answer["expires_in"] == 3600
    found = claims(answer["access_token"])
    assert (found["aud"], found["tid"], found["idtyp"]) == (RESOURCE, box.ready["pc_tenant"], "app")
    assert "amr" not in found
    assert "refresh_token" not in answer


def test_v1_has_numbers_as_text_and_takes_the_domain_as_tenant(box: Box) -> None:
    answer = ask(box, "", "tdsynnexus.onmicrosoft.com", scope="", resource=RESOURCE).json()
    assert (answer["expires_in"], answer["resource"]) == ("3600", RESOURCE)
    assert int(answer["expires_on"]) - int(answer["not_before"]) == 3600


def test_user_token_carries_mfa_and_a_fresh_refresh_token(box: Box) -> None:
    answer = ask(box, grant_type="refresh_token", refresh_token=box.ready["pc_refresh_token"]).json()
    found = claims(answer["access_token"])
    assert (found["scp"], found["amr"]) == ("user_impersonation", ["pwd", "mfa"])
    assert answer["refresh_token"] != box.ready["pc_refresh_token"]
    again = ask(box, grant_type="refresh_token", refresh_token=box.ready["pc_refresh_token"])
    assert again.status_code == 200


def test_consent_without_mfa(box: Box) -> None:
    box.admin("POST", "/tokens", json={"account": box.account, "system": "entra", "action": "no_mfa"})
    answer = ask(box, grant_type="refresh_token", refresh_token=box.ready["pc_refresh_token"]).json()
    assert claims(answer["access_token"])["amr"] == ["pwd"]


@pytest.mark.parametrize(
    ("change", "status", "number"),
    [
        ({"client_secret": "wrong"}, 401, 7000215),
        ({"client_secret": ""}, 401, 7000218),
        ({"client_id": "11111111-1111-1111-1111-111111111111"}, 400, 700016),
        ({"tenant": "adventureworks.onmicrosoft.com"}, 400, 700016),
        ({"tenant": "nobody.test"}, 400, 90002),
        ({"scope": "https://elsewhere.test/.default"}, 400, 500011),
        ({"scope": ""}, 400, 900144),
        ({"grant_type": "password"}, 400, 50076),
        ({"grant_type": "magic"}, 400, 70003),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, 9002313),
        ({"client_secret": "", "client_assertion": "x"}, 401, 700027),
    ],
)
def test_aadsts_errors(box: Box, change: dict[str, str], status: int, number: int) -> None:
    answer = ask(box, **change)
    assert (answer.status_code, answer.json()["error_codes"]) == (status, [number])
    assert answer.json()["error_description"].startswith(f"AADSTS{number}: ")


def test_refresh_token_of_another_client_and_dead_ones(box: Box) -> None:
    other = box.ready["accounts"]["ca"]["pc_refresh_token"]
    assert ask(box, grant_type="refresh_token", refresh_token=other).json()["error_codes"] == [700007]
    box.admin("POST", "/tokens", json={"account": box.account, "system": "entra", "action": "revoke"})
    dead = ask(box, grant_type="refresh_token", refresh_token=box.ready["pc_refresh_token"])
    assert (dead.json()["error"], dead.json()["error_codes"]) == ("interaction_required", [50078])


def test_tokens_expire_by_the_sandbox_clock(box: Box) -> None:
    token = ask(box).json()["access_token"]
    assert read_token(box.world, token) is not None
    box.admin("POST", "/clock", json={"advance": 3600})
    assert read_token(box.world, token) is None
    assert read_token(box.world, token + "x") is None


def test_workload_federation_assertion(box: Box) -> None:
    key = "k" * 32
    now = int(box.world.clock.timestamp())
    good = jwt.encode({"iss": "https://token.ci.test", "sub": "repo:x", "exp": now + 600}, key, algorithm="HS256")
    old = jwt.encode({"iss": "https://token.ci.test", "sub": "repo:x", "exp": now - 1}, key, algorithm="HS256")
    assert ask(box, client_secret="", client_assertion=good).status_code == 200
    assert ask(box, client_secret="", client_assertion=old).json()["error_codes"] == [700027]


def test_device_login_by_hand(boxes: Callable[..., Box]) -> None:
    box = boxes("empty")
    tenant = box.ready["pc_tenant"]
    start = box.http.post(
        f"/entra/{tenant}/oauth2/v2.0/devicecode", data={"client_id": box.ready["pc_client_id"]}
    ).json()
    poll = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": start["device_code"],
        "client_secret": "",
    }
    assert ask(box, **poll).json()["error"] == "authorization_pending"
    assert ask(box, **poll).json()["error"] == "authorization_pending"
    assert box.admin("POST", "/device-logins", json={"user_code": start["user_code"]}).status_code == 200
    answer = ask(box, **poll).json()
    assert claims(answer["access_token"])["amr"] == ["pwd", "mfa"]
    assert ask(box, **poll).json()["error_codes"] == [70000]


def test_discovery_by_domain_and_guid(box: Box) -> None:
    by_domain = box.http.get("/entra/MapleGrove.onmicrosoft.com/v2.0/.well-known/openid-configuration").json()
    guid = by_domain["issuer"].split("/")[3]
    assert box.http.get(f"/entra/{guid}/v2.0/.well-known/openid-configuration").json() == by_domain
    assert {"issuer", "authorization_endpoint", "token_endpoint"} <= set(by_domain)
    unknown = box.http.get("/entra/nobody.test/v2.0/.well-known/openid-configuration")
    assert (unknown.status_code, unknown.json()["error"]) == (400, "invalid_tenant")


def test_clouds_are_told_as_msal_asks_for_them(box: Box) -> None:
    asked = {
        "api-version": "1.1",
        "authorization_endpoint": "https://login.microsoftonline.com/x/oauth2/v2.0/authorize",
    }
    answer = box.http.get("/entra/common/discovery/instance", params=asked)
    assert answer.status_code == 200
    assert "login.microsoftonline.com" in answer.json()["metadata"][0]["aliases"]

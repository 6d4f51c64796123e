"""A server that echoes what it was given, in any field of any answer: no canary comes out of a client."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from clients.errors import ClientError
from clients.redact import SECRETS
from tests.clients.test_fuzz import OPERATIONS
from tests.hostile.accounts import Wire, live, session_of

CANARY = 'canary+bearer/4711"quoted=='
STATUSES = (200, 400, 401, 404, 429, 500)
TO_BE_READ = ("password", "access_token", "refresh_token")


def spellings(secret: str = CANARY) -> list[str]:
    return [secret, quote(secret, safe=""), json.dumps(secret)[1:-1], base64.b64encode(secret.encode()).decode()]


def everywhere(value: Any, echo: str) -> Any:
    """A body that holds the echo in every text and beside every member, as a name too."""
    if isinstance(value, str):
        return f"{value} {echo}"
    if isinstance(value, list):
        return [everywhere(member, echo) for member in value]
    if isinstance(value, dict):
        filled = {
            name: everywhere(member, echo) if name not in TO_BE_READ else member for name, member in value.items()
        }
        return {**filled, "echo": echo, f"name {echo}": 1, "more": [{"deep": echo}]}
    return value


def errors(echo: str) -> list[Any]:
    """Error bodies of every shape that the references name, and a text that is long enough to be cut."""
    text = f"cannot use {echo}"
    return [
        {"error": text, "error_description": text, "trace_id": text, "correlation_id": text},
        {"code": 3, "message": text, "details": [{"@type": text, "reason": text, "metadata": {"a": text}}]},
        {"code": text, "description": text, "data": [text], "source": text},
        {"error": {"code": text, "message": text, "details": [{"target": text, "message": text}]}},
        {"Message": "x" * 180 + echo + "x" * 180},
        text,
    ]


def told(act: Callable[[], Any]) -> str:
    """All that a caller can print of what came back."""
    try:
        result = act()
    except ClientError as failure:
        return f"{failure} {failure.problem!r} {getattr(failure, 'action', '')} {failure.args!r}"
    return json.dumps(asdict(result) if is_dataclass(result) else result, default=repr) + repr(result)


@pytest.mark.parametrize(("name", "act", "body"), OPERATIONS, ids=[name for name, _, _ in OPERATIONS])
def test_no_answer_of_any_operation_brings_a_token_back(
    name: str, act: Callable[[Callable[[httpx.Request], httpx.Response]], Any], body: Any
) -> None:
    SECRETS.add(CANARY)
    plain, *others = (*spellings(), "".join(f"\\u{ord(letter):04x}" for letter in CANARY))
    answers = [(plain, status, answer) for status in STATUSES for answer in (everywhere(body, plain), *errors(plain))]
    answers += [(echo, 200, everywhere(body, echo)) for echo in others]
    answers += [(echo, 400, errors(echo)[1]) for echo in others]
    for echo, status, answer in answers:
        text = json.dumps(answer).replace("\\\\u", "\\u")
        headers = {"MS-RequestId": quote(echo), "Retry-After": "0", "WWW-Authenticate": quote(echo)}
        said = told(lambda: act(lambda _: httpx.Response(status, text=text, headers=headers)))  # noqa: B023
        for secret in spellings():
            assert secret not in said, (name, status, answer, said)


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_token_calls_do_not_bring_it_back_either(status: int, tmp_path: Any) -> None:
    given = {
        "CSP_US_ION_REFRESH_TOKEN": "canary-ion-refresh-4711",
        "CSP_US_PC_REFRESH_TOKEN": "canary-pc-refresh-4711",
        "CSP_US_PC_CLIENT_SECRET": "canary-client-secret-4711",
    }

    def answer(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/token"):
            return None
        sent = request.read().decode() + " " + " ".join(given.values())
        echo = {"error": f"invalid_grant {sent}", "error_description": f"AADSTS70008: {sent}", "expires_in": sent}
        return httpx.Response(status, json={**echo, "token_type": sent, "scope": sent, sent: sent})

    session = session_of(live(), tmp_path, Wire(answer), given)
    for tokens in (session.ion_tokens, session.user_tokens, session.app_tokens):
        assert tokens is not None
        said = told(tokens.token)
        for secret in given.values():
            assert secret not in said
    session.close()


def test_a_credential_that_a_server_makes_is_known_at_once() -> None:
    """The password of a new tenant, the tokens of an answer that nobody can read: hidden before anybody asks."""
    body = {"a": [{"userCredentials": {"password": "canary-made-password"}}], "refresh_token": "canary-made-refresh"}
    SECRETS.learn(body)
    assert SECRETS.hide(json.dumps(body)).count("[hidden]") == 2

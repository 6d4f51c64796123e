"""Connections of live accounts, and a wire that takes every request and notes where it went."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

import schemas
from clients.session import Session

TENANT = "66666666-7777-4888-9999-000000000000"
RESELLER = "11111111-2222-4333-8444-555555555555"


def live(**changed: Any) -> dict[str, Any]:
    """The content of a connection file of an indirect provider, with members replaced (`a__b=...`: member b of a)."""
    content: dict[str, Any] = {
        "role": "indirect-provider",
        "partner_center_region": "us",
        "ion": {"account_id": "10501"},
        "partner_center": {"tenant_id": TENANT},
        "reseller": {"tenant_id": RESELLER, "partner_id": "1234567"},
        "countries": ["US"],
        "currencies": ["USD"],
    }
    for path, value in changed.items():
        *parents, last = path.split("__")
        place = content
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = value
    return content


class Wire(httpx.BaseTransport):
    """Answers as ION, Entra and Partner Center would. `sent` holds every request, `answers` may replace an answer."""

    def __init__(self, answers: Callable[[httpx.Request], httpx.Response | None] = lambda request: None) -> None:
        self.sent: list[httpx.Request] = []
        self._answers = answers
        self._tokens = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        request.read()
        return self._answers(request) or self._usual(request)

    def hosts(self) -> set[str]:
        return {request.url.host for request in self.sent}

    def _usual(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("openid-configuration"):
            base = f"{request.url.scheme}://{request.url.host}/{TENANT}"
            return httpx.Response(
                200,
                json={
                    "issuer": f"{base}/v2.0",
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                },
            )
        if path.endswith("/token"):
            self._tokens += 1
            return httpx.Response(
                200,
                json={
                    "access_token": f"access-token-{self._tokens}",
                    "refresh_token": f"refresh-token-{self._tokens}",
                    "expires_in": 7200,
                    "token_type": "Bearer",
                },
            )
        if path.endswith("/validateAccess"):
            return httpx.Response(200, json={"access_expires_in": 7000, "refresh_expires_in": 2000000})
        return httpx.Response(200, json={"customers": [], "items": [], "totalCount": 0})


def session_of(
    content: Mapping[str, Any], home: Path, wire: Wire, environment: Mapping[str, str] | None = None, name: str = "us"
) -> Session:
    """As a run opens it, on this wire; no process of its own renews."""
    connection = schemas.Connection.model_validate({"name": name, **content})
    given = {"CSP_US_PC_CLIENT_ID": "client-id", "CSP_US_PC_CLIENT_SECRET": "client-secret-canary"}
    return Session(connection, home, {**given, **(environment or {})}, detached=False, carrier=wire, project=home)


def store(home: Path, file: str = "us.json", **more: Any) -> Path:
    """A token file with an access token that is good for two hours."""
    path = home / "tokens" / file
    path.parent.mkdir(mode=0o700, exist_ok=True)
    chain = {
        "format": 1,
        "refresh_token": "stored-refresh-canary",
        "access_token": "stored-access-canary",
        "expires_at": time.time() + 7200,
        "obtained_at": time.time(),
        "seed": "",
        "sent_at": None,
        "rejected": "",
        **more,
    }
    path.write_text(json.dumps(chain, sort_keys=True), "utf-8")
    path.chmod(0o600)
    return path

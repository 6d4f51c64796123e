"""Fixtures: a sandbox inside this process (fast), and a real one on a socket."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from csp_sandbox.people import move_in
from csp_sandbox.ready import ready_line
from csp_sandbox.seeds import situation as seed
from csp_sandbox.serving.server import build_app
from csp_sandbox.situation.clock import parse_instant
from csp_sandbox.situation.world import World
from csp_sandbox.systems import SYSTEMS
from starlette.types import ASGIApp, Message

NOW = "2026-11-22T12:00:00Z"


@dataclass
class Box:
    """A sandbox inside this process: its world, a client, and the ready line."""

    world: World
    http: httpx.Client
    ready: dict[str, Any]

    @property
    def account(self) -> str:
        return str(self.ready["ion_account_id"])

    def admin(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.http.request(method, f"/_sandbox{path}", **more)

    def ion_token(self, key: str = "us") -> str:
        """An access token of an account, from its current refresh token."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": ready_line(self.world)["accounts"][key]["ion_refresh_token"],
        }
        answer = self.http.post("/ion/oauth/token", data=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def ion(self, method: str, path: str, token: str, **more: Any) -> httpx.Response:
        """A call below the account's path."""
        headers = {"Authorization": f"Bearer {token}"}
        return self.http.request(method, f"/ion/api/v3/accounts/{self.account}{path}", headers=headers, **more)

    def pc_token(self, *, user: bool = True, key: str = "us") -> str:
        """A Partner Center token: of the partner user with MFA, or app-only."""
        keys = self.ready["accounts"][key]
        form = {
            "client_id": keys["pc_client_id"],
            "client_secret": keys["pc_client_secret"],
            "scope": "https://api.partnercenter.microsoft.com/.default",
            "grant_type": "refresh_token" if user else "client_credentials",
        }
        if user:
            form["refresh_token"] = keys["pc_refresh_token"]
        answer = self.http.post(f"/entra/{keys['pc_tenant']}/oauth2/v2.0/token", data=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


class InProcess(httpx.BaseTransport):
    """Calls an ASGI application without a socket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        scope = {
            "type": "http",
            "method": request.method,
            "path": unquote(request.url.raw_path.decode().partition("?")[0]),
            "query_string": request.url.query,
            "headers": [(key.lower(), value) for key, value in request.headers.raw],
            "root_path": "",
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": request.read()}

        async def send(message: Message) -> None:
            sent.append(message)

        self._loop.run_until_complete(self._app(scope, receive, send))
        content = b"".join(message.get("body", b"") for message in sent[1:])
        return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=content, request=request)

    def close(self) -> None:
        self._loop.close()


def make_box(profile: str = "provider", *, strict: bool = False, db: Path | None = None) -> Box:
    """A sandbox on a frozen clock."""
    world = World(profile=profile, strict=strict, db=db, base="http://sandbox.test")
    world.clock.set(parse_instant(NOW), frozen=True)
    seed.prepare(world, None)
    move_in(world)
    client = httpx.Client(
        transport=InProcess(build_app(world, SYSTEMS)),
        base_url=world.base,
        # As a browser that opened the console: administration and console let it in, the systems do not look at it.
        cookies={"csp-sandbox-80": world.token},
    )
    return Box(world, client, ready_line(world))


@pytest.fixture
def box() -> Iterator[Box]:
    """Profile provider."""
    made = make_box()
    yield made
    made.http.close()
    made.world.store.close()


@pytest.fixture
def boxes() -> Iterator[Callable[..., Box]]:
    """A factory of boxes of any profile; closes them all."""
    made: list[Box] = []

    def make(profile: str = "provider", **more: Any) -> Box:
        made.append(make_box(profile, **more))
        return made[-1]

    yield make
    for each in made:
        each.http.close()
        each.world.store.close()


@dataclass
class Running:
    """A sandbox process."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]

    def admin(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.ready['token']}"}
        return httpx.request(method, f"{self.ready['admin']}/{path}", headers=headers, timeout=30, **more)


@contextmanager
def running(*arguments: str) -> Iterator[Running]:
    """Start ``csp-sandbox`` and stop it at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "csp_sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield Running(process, json.loads(line))
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=20)
        process.stdout.close()
        process.stderr.close()


@pytest.fixture
def run() -> Callable[..., AbstractContextManager[Running]]:
    """``with run("--profile", "empty") as sandbox: ...``"""
    return running

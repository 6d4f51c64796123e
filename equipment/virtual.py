"""Virtual time and an in-process wire for unit tests."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from clients.ion.errors import describe
from clients.wire.pace import CallStats, Limits, Pace, Pauses
from clients.wire.transport import AuthorizedTransport, Describe, Transport
from clients.wire.wirelog import WireLog

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class VirtualClock:
    """Sleeping moves it. `on_sleep` may move another clock along (a sandbox's)."""

    def __init__(self, start: datetime = START, on_sleep: Callable[[float], None] | None = None) -> None:
        self.time = start
        self.slept: list[float] = []
        self._on_sleep = on_sleep

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)
        if self._on_sleep:
            self._on_sleep(seconds)


class FixedToken:
    """A credential for tests: `tokens` in turn."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens or ("token-one",))
        self.proven: list[str] = []

    def token(self, *, rejected: str = "") -> str:
        if rejected and len(self.tokens) > 1:
            self.tokens.pop(0)
        return self.tokens[0]

    def worked(self, token: str) -> None:
        self.proven.append(token)


Handler = Callable[[httpx.Request], httpx.Response]


def transport(
    handler: Handler,
    *,
    clock: VirtualClock | None = None,
    system: str = "ion",
    limits: Limits | None = None,
    folder: Path | None = None,
    describe: Describe = describe,
    log: WireLog | None = None,
) -> Transport:
    clock = clock or VirtualClock()
    limits = limits or Limits(requests_per_second=1000, concurrency=8)
    pauses = Pauses(folder or Path(tempfile.mkdtemp()), clock)
    return Transport(
        system,
        httpx.Client(transport=httpx.MockTransport(handler)),
        clock=clock,
        pace=Pace(system, limits, pauses, clock),
        limits=limits,
        stats=CallStats(),
        describe=describe,
        log=log,
    )


def authorized(handler: Handler, *tokens: str, **more: Any) -> AuthorizedTransport:
    return AuthorizedTransport(transport(handler, **more), FixedToken(*tokens))


class Script:
    """Answers requests in turn: responses, exceptions, or functions of the request. Keeps what was asked."""

    def __init__(self, *steps: httpx.Response | Exception | Handler) -> None:
        self.steps = list(steps)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        if isinstance(step, httpx.Response):
            return httpx.Response(step.status_code, headers=step.headers, content=step.content)
        return step(request)

"""A real sandbox process on a socket, and sessions that talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from clients.session import Session
from equipment.running import RunningSandbox, connection, start_sandbox, stop_sandbox


@pytest.fixture(scope="session")
def provider_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    running = start_sandbox("provider", tmp_path_factory.mktemp("provider-home"))
    yield running
    stop_sandbox(running)


@pytest.fixture
def provider(provider_process: RunningSandbox) -> RunningSandbox:
    """The provider sandbox, as fresh as after its start."""
    provider_process.reset()
    return provider_process


@pytest.fixture(scope="session")
def reseller_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    running = start_sandbox("reseller", tmp_path_factory.mktemp("reseller-home"))
    yield running
    stop_sandbox(running)


@pytest.fixture
def reseller(reseller_process: RunningSandbox) -> RunningSandbox:
    reseller_process.reset()
    return reseller_process


Opener = Callable[..., Session]


@pytest.fixture
def open_session() -> Iterator[Opener]:
    opened: list[Session] = []

    def make(running: RunningSandbox, account: str = "us", **more: Any) -> Session:
        profile = str(running.ready["profile"])
        session = Session(
            connection(profile, account, **more.pop("connection", {})),
            running.home,
            more.pop("environment", {}),
            detached=False,
            **more,
        )
        opened.append(session)
        return session

    yield make
    for session in opened:
        session.close()

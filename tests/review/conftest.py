"""A job of a pull request, or of a schedule, on each of the three platforms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from csp.review import wire
from tests.review.platforms import Server, serving


@pytest.fixture(params=["github", "gitlab", "azure"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with serving(request.param) as running:
        yield running


@pytest.fixture
def job(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This process stands in the folder of the job and has its variables; nothing waits long."""
    monkeypatch.chdir(tmp_path)
    for variable in ("GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD"):
        monkeypatch.delenv(variable, raising=False)
    for name, value in server.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(wire, "LONGEST_WAIT", 0.05)
    return tmp_path

"""Fixtures that several folders of tests share."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("equipment.workspace")

from equipment.workspace import Workspace  # noqa: E402  (after the rewrite is registered)

ENGINES = os.environ.get("CSP_TEST_ENGINES", "").split() or [
    "embedded",
    *(["pulumi"] if shutil.which("pulumi") else []),
]
"""The embedded engine always, the Pulumi CLI too where one is on PATH; `make test-cli` asks for the CLI alone."""


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def workspace(tmp_path: Path, engine: str) -> Iterator[Callable[..., Workspace]]:
    """Makes project folders: `workspace("provider")`, with further arguments for the sandbox."""
    made: list[Workspace] = []

    def make(profile: str, *sandbox_arguments: str) -> Workspace:
        folder = tmp_path / f"w{len(made)}"
        folder.mkdir()
        made.append(Workspace.make(folder, engine, profile, *sandbox_arguments))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def _ready_estates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Workspace]:
    return {}


@pytest.fixture
def ready_provider(
    tmp_path: Path, engine: str, _ready_estates: dict[str, Workspace], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    """The `provider` estate after its people have acted: four customers that can order.

    Brought up once a test process and engine, then copied: the same as a fresh one, in a fraction of the time.
    """
    if engine not in _ready_estates:
        first = Workspace.make(tmp_path_factory.mktemp(f"ready-{engine}"), engine, "provider")
        try:
            first.up()
            first.sandbox.act()
            first.up()
            first.assert_all_can_order()
        finally:
            first.close()
        _ready_estates[engine] = first
    copy = _ready_estates[engine].copy_to(tmp_path)
    yield copy
    copy.close()


@pytest.fixture
def provider(workspace: Callable[..., Workspace]) -> Workspace:
    return workspace("provider")


@pytest.fixture
def reseller(workspace: Callable[..., Workspace]) -> Workspace:
    return workspace("reseller")

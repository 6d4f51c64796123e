"""After an upgrade nothing has changed: 100 customers of each role, as the first release left them."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from equipment.workspace import Workspace
from tests.upgrade.replay import HERE, replay

FIRST = "v0.1.0"
ROLES = ["provider", "reseller"]


@pytest.fixture(params=ROLES)
def old(request: pytest.FixtureRequest, tmp_path: Path, engine: str) -> Iterator[Workspace]:
    at = replay(FIRST, request.param, tmp_path, engine)
    yield at
    at.close()


def resources(profile: str) -> list[dict[str, Any]]:
    state = json.loads((HERE / FIRST / profile / "state.json").read_text("utf-8"))
    found: list[dict[str, Any]] = state["deployment"]["resources"]
    return found


def test_nothing_has_changed(old: Workspace) -> None:
    before = old.sandbox.writes()
    assert "nothing wrong" in old.csp("validate", "-s", old.stack)
    assert "unchanged" in old.plain("preview", "--expect-no-changes", "--refresh=false")
    assert "unchanged" in old.plain("preview", "--expect-no-changes")
    told = old.plain("up", "--yes", "--skip-preview")
    assert not [line for line in told.splitlines() if line.strip().startswith(("~  update", "+  create", "-  delete"))]
    assert old.sandbox.writes() == before
    old.plain("preview", "--expect-no-changes", "--refresh=false")


@pytest.mark.parametrize("profile", ROLES)
def test_the_estate_holds_every_situation(profile: str) -> None:
    """Else the test above would prove little."""
    outputs = [one.get("outputs") or {} for one in resources(profile)]
    keys = {one["key"] for one in outputs if "key" in one}
    assert len(keys) == 100
    assert {o.get("status") for o in outputs} >= {"ready", "waiting", "blocked", "unobserved"}
    assert {o.get("lifecycle") for o in outputs} >= {"active", "leaving", "left"}
    assert {o["identity"]["method"] for o in outputs if "identity" in o} == {"new", "existing", "invite"}
    waits = Counter(o.get("waiting_on") for o in outputs)
    assert min(waits["customer"], waits["us"], waits["earlier step"]) > 0
    sections = [o.get(name) or {} for o in outputs for name in ("cloud_provider", "identity", "attestation")]
    assert any(section.get("confirmed") for section in sections)
    assert {section.get("portal_access") for section in sections} >= {True, False}
    memory = {name.partition("_")[0] for o in outputs for name in (o.get("memory") or {})}
    assert memory >= {"discovered", "domain", "invited", "agreed"}

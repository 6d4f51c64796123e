"""What `csp up` knows of a run that was stopped: on this machine its markers tell, on another one nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

import schemas
from csp.engine import interrupted
from csp.engine.start import Engine
from csp.errors import CommandError
from csp.project import Project
from onboarding.core.names import TYPE_PREFIX

ESTATE = cast("schemas.Estate", type("Estate", (), {"renamed": {"old": "new"}, "customers": ()})())


def resource(key: str, kind: str = "TenantIdentity") -> dict[str, Any]:
    return {"urn": f"urn:pulumi:s::p::{TYPE_PREFIX}{kind}::{key}", "type": f"{TYPE_PREFIX}{kind}"}


def state(*pending: tuple[str, dict[str, Any]], there: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    operations = [{"type": how, "resource": one} for how, one in pending]
    return {"deployment": {"resources": list(there), "pending_operations": operations}}


class FakeEngine(Engine):
    """Ends with `code`, or leaves the machine by `raising`."""

    def run(self, *arguments: str) -> int:
        assert arguments[1:3] == ("--stack", "live")
        assert (self.project.home / "runs" / "live.running").exists()
        outcome = self.environment["outcome"]
        if outcome == "stopped":
            raise KeyboardInterrupt
        return int(outcome)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CSP_HOME", raising=False)
    monkeypatch.delenv(interrupted.INTERRUPTED, raising=False)
    return tmp_path / ".csp"


def run(home: Path, state: Mapping[str, Any] | None, outcome: str = "0", verb: str = "up", *more: str) -> str:
    """What the plugin is told."""
    engine = FakeEngine("embedded", (), "", Project(home.parent), "live", {"outcome": outcome})
    if outcome == "stopped":
        with pytest.raises(KeyboardInterrupt):
            interrupted.run(engine, ESTATE, state, verb, more)
    else:
        ours = {"255": 1, "-9": 137}.get(outcome, int(outcome))  # docs/exit-codes.md
        assert interrupted.run(engine, ESTATE, state, verb, more) == ours
    return engine.environment[interrupted.INTERRUPTED]


def test_what_mails_and_was_under_way_counts() -> None:
    found = interrupted.customers(
        state(
            ("creating", resource("b")),
            ("updating", resource("a", "Attestation")),
            ("updating", resource("old")),
            ("updating", resource("c", "Customer")),
            ("creating", resource("d")),
            ("deleting", resource("e")),
            there=(resource("d"), resource("a", "Attestation"), resource("e")),
        ),
        ESTATE.renamed,
    )
    assert found == ["a", "b", "new"]
    assert interrupted.customers({}, {}) == []


def test_a_run_that_was_stopped_elsewhere_is_told_to_the_plugin(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stopped = state(("creating", resource("a")))
    with pytest.raises(CommandError, match=r"worked on a, .* run `csp up -s live` first"):
        run(home, stopped, verb="refresh")
    for others in (("--target", "**::b"), ("-t=**::b", "--yes")):
        with pytest.raises(CommandError, match=r"worked on a, .* run `csp up -s live` first"):
            run(home, stopped, "0", "up", *others)
    assert run(home, stopped, "0", "up", "--yes", "--target", "**::b", "--target=**::a") == "a"
    assert run(home, stopped) == "a"
    assert "counts as one that may have been sent" in capsys.readouterr().err
    assert run(home, state()) == run(home, None) == ""


@pytest.mark.parametrize("how", ["stopped", "-9"])
def test_after_a_run_that_was_stopped_here_the_markers_decide(home: Path, how: str) -> None:
    run(home, state(), how)
    stopped = state(("updating", resource("a")))
    assert run(home, stopped, "255") == "", "the lock of the dead run is still there"
    assert run(home, stopped) == ""
    assert run(home, stopped) == "a", "the run before it ended: this note is not ours"


def test_a_run_that_failed_is_no_run_that_was_stopped(home: Path) -> None:
    run(home, state(), "1")
    assert run(home, state(("updating", resource("a")))) == "a"

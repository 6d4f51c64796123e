"""`csp recover`: after a killed run one command, and never into a living one. Real engines, plugins and locks."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

from equipment.workspace import Workspace


def lock_files(provider: Workspace) -> list[Path]:
    return sorted((provider.home / "state" / ".pulumi" / "locks").glob("*/*/provider/*.json"))


def test_from_a_killed_run_to_a_quiet_preview(provider: Workspace) -> None:
    provider.killed_in_a_create(seconds=3)
    told = provider.csp("recover", "-s", "provider")
    for word in ("found lock: ", "found begun and not finished: creating ", "removed 1 lock"):
        assert word in told
    assert provider.plugins() == []
    assert lock_files(provider) == []
    emails = [c["email"] for c in provider.sandbox.state()["ion_customers"]]
    assert len(emails) == len(set(emails)) == 4
    assert provider.sandbox.counters()["duplicate_creates"] == 0
    assert "found begun" not in provider.csp("recover", "-s", "provider", "--look-only")
    provider.assert_quiet()
    assert "no run left anything behind" in provider.csp("recover", "-s", "provider")


def test_a_lock_that_may_live_is_left_alone(provider: Workspace) -> None:
    provider.up("--target", "**none**", expect=None)
    (folder,) = (provider.home / "state" / ".pulumi").glob("stacks/*")
    place = provider.home / "state" / ".pulumi" / "locks" / "organization" / folder.name / "provider"
    place.mkdir(parents=True, exist_ok=True)
    lock = place / "6f1b4f0e-0000-4000-8000-000000000000.json"
    content = {
        "pid": os.getpid(),
        "username": "me",
        "hostname": socket.gethostname(),
        "timestamp": "2999-01-01T00:00:00Z",
    }

    lock.write_text(json.dumps(content), "utf-8")
    assert "a run of provider is under way" in provider.csp("recover", "-s", "provider", expect=1)

    lock.write_text(json.dumps(content | {"hostname": "runner-7"}), "utf-8")
    refused = provider.csp("recover", "-s", "provider", expect=1)
    assert f"--lock {lock.stem}" in refused
    assert "no lock other" in provider.csp("recover", "-s", "provider", "--lock", "other", expect=2)
    assert lock.exists(), "nothing was removed"

    # A process of the same number that began after the lock was made is another one.
    lock.write_text(json.dumps(content | {"timestamp": "2001-01-01T00:00:00Z"}), "utf-8")
    assert "removed 1 lock" in provider.csp("recover", "-s", "provider", expect=None)
    assert not lock.exists()

    lock.write_text(json.dumps(content | {"hostname": "runner-7"}), "utf-8")
    assert "removed 1 lock" in provider.csp("recover", "-s", "provider", "--lock", lock.stem, expect=None)
    assert not lock.exists()

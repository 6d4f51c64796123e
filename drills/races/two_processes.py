"""Two real `csp up` at once, and a killed engine whose plugin lives on (part of `drills.races.two_pipelines`)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.workspace import CSP, Workspace

CREATES = 5.0
"""Seconds that ION keeps back the answer to a create."""


def _start(workspace: Workspace, stack: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*CSP, "up", "-s", stack, "--yes"],
        cwd=workspace.root,
        env=workspace.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def _end(process: subprocess.Popen[str]) -> tuple[int, str]:
    text, _ = process.communicate(timeout=300)
    return process.returncode, text


def _twice(workspace: Workspace) -> list[str]:
    """Creates that were one too many, done or refused."""
    emails = [c["email"] for c in workspace.sandbox.state()["ion_customers"]]
    domains = [t["initial_domain"] for t in workspace.sandbox.state()["tenants"]]
    found = [f"{name} twice" for names in (emails, domains) for name in set(names) if names.count(name) > 1]
    if len(emails) != 4:
        found.append(f"{len(emails)} customers instead of 4")
    refused = workspace.sandbox.counters()["duplicate_creates"]
    return found + ([f"{refused} creates of what was there"] if refused else [])


def _settled(workspace: Workspace, *stacks: str) -> list[str]:
    """After one more run every stack is quiet."""
    workspace.sandbox.admin("POST", "clock", {"advance": 120})
    wrong = []
    for stack in stacks:
        workspace.csp("up", "-s", stack, "--yes")
    for stack in stacks:
        text = workspace.csp("preview", "-s", stack, "--expect-no-changes", expect=None)
        if "error" in text:
            wrong.append(f"{stack} is not quiet")
    return wrong


def one_stack(folder: Path) -> list[str]:
    """two runs of one stack."""
    workspace = Workspace.make(folder, "embedded", "provider")
    try:
        workspace.up("--target", "**none**", expect=None)  # makes the stack
        workspace.sandbox.fault("ion.customers.create", "latency", seconds=CREATES)
        results = [_end(process) for process in [_start(workspace, "provider"), _start(workspace, "provider")]]
        wrong = _twice(workspace)
        refused = [text for code, text in results if code]
        if len(refused) != 1 or "locked" not in refused[0]:
            wrong.append(f"exit codes {[code for code, _ in results]}: {refused}")
        return wrong + _settled(workspace, "provider")
    finally:
        workspace.close()


def two_stacks(folder: Path) -> list[str]:
    """two stacks that declare the same customers."""
    workspace = Workspace.make(folder, "embedded", "provider")
    try:
        stacks = workspace.root / "stacks"
        shutil.copy(stacks / "Pulumi.provider.yaml", stacks / "Pulumi.twin.yaml")
        workspace.sandbox.fault("ion.customers.create", "latency", seconds=2.0, times=4)
        results = [_end(process) for process in [_start(workspace, name) for name in ("provider", "twin")]]
        wrong = [text for code, text in results if code] + _twice(workspace)
        return wrong + _settled(workspace, "provider", "twin")
    finally:
        workspace.close()


def orphan(folder: Path) -> list[str]:
    """an engine that was killed while its plugin creates, and the next run at once."""
    workspace = Workspace.make(folder, "embedded", "provider")
    try:
        workspace.up("--target", "**none**", expect=None)
        workspace.sandbox.fault("ion.customers.create", "latency", seconds=CREATES)
        process = _start(workspace, "provider")
        workspace.wait_until(lambda: len(workspace.sandbox.state()["ion_customers"]) >= 1, seconds=90)
        engine = subprocess.run(
            ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, encoding="utf-8", check=False
        )
        for pid in [*engine.stdout.split(), str(process.pid)]:
            os.kill(int(pid), signal.SIGKILL)
        process.wait(10)
        if process.stdout:
            process.stdout.close()
        workspace.csp("cancel", "-s", "provider", "--yes")
        workspace.up()
        return _twice(workspace) + _settled(workspace, "provider")
    finally:
        workspace.close()


def everything_killed(folder: Path) -> list[str]:
    """a run that was killed with its plugins after a tenant was made."""
    workspace = Workspace.make(folder, "embedded", "provider")
    try:
        workspace.sandbox.fault("pc.customers.create", "latency", seconds=CREATES)
        process = _start(workspace, "provider")
        workspace.wait_until(
            lambda: any(t["initial_domain"].startswith("blueyonder") for t in workspace.sandbox.state()["tenants"]),
            seconds=90,
        )
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        if process.stdout:
            process.stdout.close()
        workspace.csp("cancel", "-s", "provider", "--yes")
        workspace.sandbox.admin("POST", "clock", {"advance": 120})
        workspace.up()
        return _twice(workspace) + _settled(workspace, "provider")
    finally:
        workspace.close()


PROOFS: tuple[Callable[[Path], list[str]], ...] = (one_stack, two_stacks, orphan, everything_killed)

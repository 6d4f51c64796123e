"""Two real `csp up` at once, and a killed engine whose plugin lives on (part of `drills.races.two_pipelines`)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clients.shared.postgres import VARIABLE
from csp import exit_codes
from drills import database
from equipment.workspace import CSP, Workspace

CREATES = 5.0
"""Seconds that ION keeps back the answer to a create."""


def _start(workspace: Workspace, stack: str) -> subprocess.Popen[str]:
    return _started(workspace, {}, "up", "-s", stack, "--yes")


def _started(workspace: Workspace, env: dict[str, str], *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*CSP, *words],
        cwd=workspace.root,
        env={**workspace.env, **env},
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


# Runners on two machines: each has a CSP_HOME and a state of its own; `address` is that of the database they share.


@dataclass
class Runner:
    """One of two runners on the estate `provider`."""

    workspace: Workspace
    env: dict[str, str]

    def start(self, *words: str) -> subprocess.Popen[str]:
        return _started(self.workspace, self.env, "up", "-s", "provider", "--yes", *words)

    def csp(self, *words: str, expect: int | None = 0) -> str:
        return self.workspace.csp(*words, env=self.env, expect=expect)


def _runners(folder: Path, address: str) -> tuple[Runner, Runner]:
    """They share the token store too, as a Key Vault would be, and the sandbox."""
    workspace = Workspace.make(folder, "embedded", "provider")
    for file in (workspace.root / "stacks" / "connections").glob("*.yaml"):
        file.write_text(f"{file.read_text('utf-8').rstrip()}\ncoordination: postgresql\n", "utf-8")
    homes = [workspace.home, folder / "other-home"]
    shutil.copytree(homes[0], homes[1])
    (homes[0] / "tokens").mkdir(exist_ok=True)
    (homes[1] / "tokens").symlink_to(homes[0] / "tokens", target_is_directory=True)
    one, two = (Runner(workspace, {"CSP_HOME": str(home), VARIABLE: address}) for home in homes)
    for runner in (one, two):
        runner.csp("up", "-s", "provider", "--yes", "--target", "**none**", expect=None)  # makes the stack
    return one, two


def _both_quiet(runners: tuple[Runner, Runner]) -> list[str]:
    workspace = runners[0].workspace
    workspace.sandbox.admin("POST", "clock", {"advance": 120})
    for runner in runners:
        runner.csp("up", "-s", "provider", "--yes", expect=None)
    told = [runner.csp("preview", "-s", "provider", "--expect-no-changes", expect=None) for runner in runners]
    return ["a runner is not quiet" for text in told if "error" in text]


def two_machines(address: str, folder: Path) -> list[str]:
    """two runs at once that share a database alone."""
    runners = _runners(folder, address)
    workspace = runners[0].workspace
    try:
        workspace.sandbox.fault("ion.customers.create", "latency", seconds=2.0, times=4)
        results = [_end(process) for process in [runner.start() for runner in runners]]
        return [text for code, text in results if code] + _twice(workspace) + _both_quiet(runners)
    finally:
        workspace.close()


def one_plan(address: str, folder: Path) -> list[str]:
    """one reviewed plan carried out by two runners, and an invitation renewed by the second."""
    runners = _runners(folder, address)
    workspace = runners[0].workspace
    plan = str(folder / "plan.json")
    try:
        runners[0].csp("plan", "-s", "provider", "--out", plan)
        results = [_end(process) for process in [runner.start("--plan", plan) for runner in runners]]
        wrong = [text for code, text in results if code] + _twice(workspace)
        runners[0].csp("up", "-s", "provider", "--yes", "--plan", plan)  # a mail server that was busy is asked again
        mails = workspace.sandbox.admin("GET", "mailbox")["mails"]
        told = [f"{one['to']} {one['subject']}" for one in mails]
        wrong += [f"mailed twice: {one}" for one in sorted(set(told)) if told.count(one) > 1]
        if not any("maplegrove" in one for one in told):
            wrong.append("nobody was invited")
        # A second invitation is another mail than the one that was reviewed, and the other runner sent that.
        late = _end(_started(workspace, {**runners[1].env, "CSP_RENEW_INVITATION": "maplegrove"},
                             "up", "-s", "provider", "--yes", "--plan", plan))  # fmt: skip
        if late[0] != exit_codes.HELD or "allows it once, and it was done" not in late[1]:
            wrong.append(f"a second invitation of one plan: {late}")
        if len(workspace.sandbox.admin("GET", "mailbox")["mails"]) != len(mails):
            wrong.append("a second invitation left")
        return wrong + _both_quiet(runners)
    finally:
        workspace.close()


def fail_over(address: str, folder: Path) -> list[str]:
    """all connections to the database end again and again during a run."""
    runners = _runners(folder, address)
    workspace = runners[0].workspace
    try:
        workspace.sandbox.fault("ion.customers.list", "latency", seconds=0.5, times=8)
        processes = [runner.start() for runner in runners]
        cut = 0
        while any(process.poll() is None for process in processes):
            if database.locks_held(address):
                cut += database.end_connections(address)
        results = [_end(process) for process in processes]
        wrong = [text for code, text in results if code not in (exit_codes.DONE, exit_codes.BLIND)]
        emails = [c["email"] for c in workspace.sandbox.state()["ion_customers"]]
        wrong += [f"{name} twice" for name in set(emails) if emails.count(name) > 1]
        if not cut or not any("the shared database does not answer" in text for _, text in results):
            wrong.append(f"no run lost a lock ({cut} connections ended)")
        return wrong + _both_quiet(runners) + _twice(workspace)
    finally:
        workspace.close()


APART: tuple[Callable[[str, Path], list[str]], ...] = (two_machines, one_plan, fail_over)
PROOFS: tuple[Callable[[Path], list[str]], ...] = (one_stack, two_stacks, orphan, everything_killed)

"""The policy pack: the CLI runs it; without one the test speaks the engine's protocol to the pack's own process."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from equipment.workspace import ROOT, Workspace
from onboarding.core.names import GUARD_TYPE

PACK = ROOT / "csp" / "estate" / "files" / "policy-pack"
STRICT = """
    policy:
      new_tenants: 0
      portal_access: ready
      approvals: [{environment: finance, pricebooks: [US Standard]}]
      freeze: [{from: 2020-01-01, to: 2099-01-01, why: year end}]
"""
Said = set[tuple[str, str]]
"""(rule, text) of what a pack refuses."""


def pack_in(workspace: Workspace) -> None:
    """As docs/plan.md says; only the environment is where the test's is."""
    shutil.copytree(PACK, workspace.root / "policy")
    file = workspace.root / "policy" / "PulumiPolicy.yaml"
    file.write_text(file.read_text("utf-8").replace("../.venv", sys.prefix), "utf-8")


def by_cli(workspace: Workspace, config: dict[str, Any]) -> Said:
    (workspace.root / "config.json").write_text(json.dumps(config), "utf-8")
    words = ("--policy-pack", "policy", *(("--policy-pack-config", "config.json") if config else ()))
    text = workspace.plain("preview", *words, expect=None)
    shown = text.partition("Policies:")[2].partition("Diagnostics:")[0]
    found = re.findall(r"- \[mandatory\]  (\w+)  \(.*\n.*\n +(.*(?:\n {10}\S.*)*)", shown)
    assert bool(found) == ("\u274c csp-onboarding" in shown), text
    return {(rule, line.strip()) for rule, lines in found for line in lines.splitlines()}


def by_protocol(workspace: Workspace, config: dict[str, Any]) -> Said:
    process = subprocess.Popen(
        [sys.executable, "-u", "policy", "127.0.0.1:1"],
        cwd=workspace.root,
        env=workspace.env,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
            pack = analyzer_pb2_grpc.AnalyzerStub(channel)
            rules = [one.name for one in pack.GetAnalyzerInfo(empty_pb2.Empty(), timeout=60).policies]
            asked = analyzer_pb2.ConfigureAnalyzerRequest()
            for rule in rules:
                asked.policyConfig[rule].enforcementLevel = analyzer_pb2.MANDATORY
                asked.policyConfig[rule].properties.update(config.get(rule, {}))
            pack.Configure(asked, timeout=60)
            urn = f"urn:pulumi:{workspace.stack}::csp-onboarding::{GUARD_TYPE}::estate"
            guard = analyzer_pb2.AnalyzeRequest(urn=urn, type=GUARD_TYPE, name="estate")
            customer = analyzer_pb2.AnalyzeRequest(urn=urn, type="pulumi-python:dynamic/csp:Customer", name="estate")
            assert not pack.Analyze(customer, timeout=60).diagnostics
            found = pack.Analyze(guard, timeout=60).diagnostics
        assert all(one.enforcementLevel == analyzer_pb2.MANDATORY and one.urn == urn for one in found)
        return {(one.policyName, one.message.partition("\n")[2] or one.message) for one in found}
    finally:
        process.terminate()
        process.communicate(timeout=20)


def here(said: Iterable[tuple[str, str]]) -> Said:
    """With commands as every reader knows them."""
    return {(rule, re.sub(r"`\S*csp ", "`csp ", text)) for rule, text in said}


@pytest.fixture
def refused(provider: Workspace) -> Callable[..., Said]:
    """Asks the pack what it refuses; configuration of the platform as a keyword a rule."""
    pack_in(provider)
    ask = by_cli if provider.engine == "pulumi" else by_protocol
    return lambda **config: ask(provider, {rule: {rule: value} for rule, value in config.items()})


def test_the_pack_says_what_the_plan_says(provider: Workspace, refused: Callable[..., Said]) -> None:
    provider.csp("plan", "-s", "provider")  # makes the stack
    assert refused() == set()

    file = provider.root / "stacks" / "Pulumi.provider.yaml"
    file.write_text(file.read_text("utf-8").rstrip() + STRICT, "utf-8")
    provider.edit("adventure", "identity:", "cloud_provider: {portal_access: true}\nidentity:")
    plan = provider.csp_result("plan", "-s", "provider", "--format", "json")
    assert plan.returncode == 1, plan.stdout + plan.stderr
    told = here(
        (one["rule"].removeprefix("policy "), f"{one['customer']}: {one['text']}" if one["customer"] else one["text"])
        for one in json.loads(plan.stdout)["refusals"]
    )
    assert {rule for rule, _ in told} == {"new_tenants", "portal_access", "approvals", "freeze"}
    # The plan has looked and counts what is made now: one tenant waits for a person. The pack counts what is declared.
    way_out = (
        "at most 0 a run; move the customers one by one (`csp up -s provider` with -k CUSTOMER), or split the change"
    )
    alpine, blueyonder = (f"{name}.onmicrosoft.com" for name in ("alpineskihouse", "blueyonderus"))
    seen = {("new_tenants", f"this makes 1 new tenant ({blueyonder}), {way_out}")}
    declared = {("new_tenants", f"this makes 2 new tenants ({alpine}, {blueyonder}), {way_out}")}
    assert seen <= told
    assert here(refused()) == told - seen | declared


def test_what_the_platform_configures_holds_in_the_place_of_the_stacks_rule(
    provider: Workspace, refused: Callable[..., Said]
) -> None:
    provider.csp("plan", "-s", "provider")
    ((rule, text),) = refused(new_tenants=1, portal_access="ready")
    assert rule == "new_tenants"
    assert "at most 1 a run" in text
    ((rule, text),) = refused(freeze=[{"from": "tomorrow"}])
    assert rule == "freeze"
    assert "it cannot be told: the policy is configured with freeze.0" in text
    provider.customer_file("adventure").write_text("- no customer\n", "utf-8")
    if provider.engine != "pulumi":  # the CLI's program ends before it asks anybody
        assert {text[:34] for _, text in refused()} == {"the declaration has errors: stacks"}


def test_the_pin_of_the_pack_is_that_of_the_lock_file() -> None:
    known = {one["name"]: one for one in tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]}
    pin = re.findall(r"^pulumi-policy==(\S+) .*\n +--hash=(\S+)$", (PACK / "requirements.txt").read_text("utf-8"), re.M)
    ours = known["pulumi-policy"]
    assert pin == [(ours["version"], ours["wheels"][0]["hash"])]

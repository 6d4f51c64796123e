"""`csp plan` and `csp up --plan` with the real plugin on each engine."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from equipment.workspace import Workspace

FORMATS = ("text", "markdown", "html", "json", "sarif")


def plan(workspace: Workspace, *more: str, expect: int = 0, **env: str) -> Any:
    answer = workspace.csp_result("plan", "-s", workspace.stack, "--format", "json", *more, env=env)
    assert answer.returncode == expect, answer.stdout + answer.stderr
    return json.loads(answer.stdout)


def lines(found: Any, key: str) -> dict[str, list[str]]:
    """Section -> texts of a customer."""
    told: dict[str, list[str]] = {}
    for change in found["changes"]:
        for line in change["lines"] if change["key"] == key else ():
            told.setdefault(line["section"], []).append(line["text"])
    return told


def values(found: Any, key: str) -> dict[str, tuple[str, str]]:
    return {
        value["field"]: (value["old"], value["new"])
        for change in found["changes"]
        if change["key"] == key
        for line in change["lines"]
        for value in line.get("values", ())
    }


def test_a_new_estate_one_customer_first_and_then_what_was_reviewed(provider: Workspace) -> None:
    found = plan(provider, "--out", "plan.json")
    assert provider.sandbox.writes() == 0
    assert lines(found, "blueyonder")["irreversible"] == [
        "makes the Microsoft tenant blueyonderus.onmicrosoft.com for ever: nobody can remove it or use its prefix "
        "again",
        "mails the agreement to it@blueyonder.example",
    ]
    assert lines(found, "maplegrove")["irreversible"] == ["mails the invitation to admin@maplegrove.example"]
    assert values(found, "adventure")["profile.phone"] == ("", "+14255550110")
    assert list(Path(provider.home / "runs").glob("*.plan")) == []  # what it was made of: people's names

    provider.up("-k", "adventure", "--plan", "plan.json")
    assert [one["email"] for one in provider.sandbox.state()["ion_customers"]] == ["it@adventure.example"]
    provider.csp("up", "-s", "provider", "--yes", "-k", "nobody", expect=2)
    provider.up("-k", "maplegrove")  # beside one who is there
    provider.up("-k", "adventure")
    assert len(provider.sandbox.state()["ion_customers"]) == 2

    provider.up("--plan", "plan.json")  # what was done in between is no obstacle
    assert len(provider.sandbox.state()["ion_customers"]) == 4
    assert "blueyonderus.onmicrosoft.com" in json.dumps(provider.sandbox.state()["tenants"])
    assert plan(provider)["changes"] == []
    provider.assert_quiet()


def test_edits_drift_progress_and_removals_each_in_their_place(ready_provider: Workspace) -> None:
    provider = ready_provider
    provider.edit("adventure", "phone:", 'phone: "+1 425 555 0155" #')
    provider.customer_file("maplegrove").unlink()
    provider.sandbox.change(
        {"do": "profile", "customer": "it@alpine.example", "set": {"phone": "+1 206 555 0199"}},
        {"do": "end_relationship", "tenant": "blueyonderus.onmicrosoft.com", "account": "10501"},
    )
    writes = provider.sandbox.writes()
    found = plan(provider)
    assert values(found, "adventure") == {"profile.phone": ("+14255550110", "+1 425 555 0155")}
    assert list(lines(found, "adventure")) == ["write"]
    assert values(found, "alpine") == {"profile.phone": ("+1 206 555 0199", "+14255550111")}
    assert list(lines(found, "alpine")) == ["drift"]
    assert list(lines(found, "blueyonder")) == ["step", "recorded"]
    assert list(lines(found, "maplegrove")) == ["removal"]
    assert found["lines"] == {"ca: connection": "no customer uses it any more"}
    assert provider.sandbox.writes() == writes

    # The same estate, the same bytes: again, and on the other engine where there is one.
    other = {"CSP_ENGINE": "embedded"} if shutil.which("pulumi") and provider.engine == "pulumi" else {}
    for form in FORMATS if other else FORMATS[:2]:
        asked = [provider.csp_result("plan", "-s", "provider", "--format", form, env=env) for env in ({}, other)]
        assert asked[0].stdout == asked[1].stdout, form
        assert "__provider" not in asked[0].stdout


def test_the_guard_reports_in_a_plan_and_the_whole_plan_is_shown(ready_provider: Workspace) -> None:
    provider = ready_provider
    for key in ("maplegrove", "alpine", "blueyonder"):
        provider.customer_file(key).unlink()
    provider.edit("adventure", "phone:", 'phone: "+1 425 555 0155" #')
    answer = provider.csp_result("plan", "-s", "provider")
    assert answer.returncode == 1
    assert answer.stdout.startswith("REFUSED: guard: this removes 3 of 4 customers")
    assert all(f"\n{key}" in answer.stdout for key in ("adventure", "alpine", "blueyonder", "maplegrove"))
    assert plan(provider, CSP_ALLOW_MASS_REMOVAL="3")["refusals"] == []


def test_what_cannot_be_looked_at_and_what_nobody_looks_at(ready_provider: Workspace) -> None:
    provider = ready_provider
    provider.edit("adventure", "phone:", 'phone: "+1 425 555 0155" #')
    provider.sandbox.stop()
    found = plan(provider, "--no-refresh")
    assert list(lines(found, "adventure")) == ["declared"]
    assert not found["looked"]
    found = plan(provider, expect=10)
    assert {one["connection"] for one in found["unlooked"]} == {"ca", "us"}
    for wrong in (("--format", "yaml"), ("--out", "p.json", "--no-refresh"), ("--policy-from", "-x")):
        assert provider.csp("plan", "-s", "provider", *wrong, expect=2).count("\n") == 1


def test_what_was_not_reviewed_is_refused_before_the_first_write(ready_provider: Workspace) -> None:
    provider = ready_provider
    provider.edit("adventure", "phone:", 'phone: "+1 425 555 0155" #')
    digest = plan(provider, "--out", "plan.json")["digest"]
    writes, original = provider.sandbox.writes(), provider.customer_file("adventure").read_text("utf-8")

    provider.edit("adventure", "0155", "0177")
    answer = provider.csp_result("up", "-s", "provider", "--yes", "--plan", "plan.json")
    assert answer.returncode == 8
    assert json.loads(answer.stdout)["differences"] == [
        {"about": "adventure", "field": "profile.phone", "reviewed": "+1 425 555 0155", "now": "+1 425 555 0177"}
    ]
    assert "adventure: profile.phone: reviewed +1 425 555 0155, now +1 425 555 0177" in answer.stderr
    # A plain engine, which csp has not looked over beforehand.
    provider.extra_env["CSP_PLAN"] = str(provider.root / "plan.json")
    assert "not what was reviewed: adventure: profile.phone" in provider.plain(
        "up", "--yes", "--skip-preview", expect=1
    )
    del provider.extra_env["CSP_PLAN"]
    provider.customer_file("adventure").write_text(f"# a comment\n{original}", "utf-8")

    doctored = (provider.root / "plan.json").read_text("utf-8").replace("0155", "0177")
    (provider.root / "doctored.json").write_text(doctored, "utf-8")
    for wrong in (("--plan", "none.json"), ("--plan", "doctored.json"), ("--plan", "plan.json", "--plan-digest", "x")):
        assert provider.csp("up", "-s", "provider", "--yes", *wrong, expect=8).count("\n") == 1
    assert provider.sandbox.writes() == writes

    provider.sandbox.change({"do": "profile", "customer": "it@alpine.example", "set": {"phone": "+1 206 555 0199"}})
    told = provider.up("--plan", "plan.json", "--plan-digest", digest, expect=9)
    assert "HELD BACK: alpine: somebody changed what was reviewed (phone:" in told
    assert told.count("HELD BACK") == 1
    profiles = plan(provider)
    assert list(lines(profiles, "alpine")) == ["write"]
    assert lines(profiles, "adventure") == {}  # it was written


def test_rules_of_the_stack_and_whose_they_are(ready_provider: Workspace) -> None:
    provider = ready_provider
    stack = provider.root / "stacks" / "Pulumi.provider.yaml"
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@t.example", "-C", str(provider.root))
    rules = "    policy:\n      approvals: [{environment: finance, pricebooks: [US Premium]}]\n"
    stack.write_text(stack.read_text("utf-8") + rules, "utf-8")
    for words in (("init", "-q"), ("add", "stacks"), ("commit", "-qm", "base")):
        subprocess.run([*git, *words], check=True)
    provider.edit("adventure", "identity:\n", "cloud_provider: {pricebook: US Premium}\nidentity:\n")
    stack.write_text(stack.read_text("utf-8").replace("US Premium", "None"), "utf-8")

    free = plan(provider)
    assert free["refusals"] == []
    assert free["lines"] == {
        "stack policy: approvals.0.environment": "(none) -> finance",
        "stack policy: approvals.0.pricebooks": "(none) -> None",
    }
    (refusal,) = plan(provider, "--policy-from", "HEAD", expect=1)["refusals"]
    assert (refusal["rule"], refusal["customer"]) == ("policy approvals", "adventure")
    writes = provider.sandbox.writes()
    refused = provider.csp("up", "-s", "provider", "--yes", "--policy-from", "HEAD", expect=1)
    assert "policy approvals: adventure: US Premium needs the approval of the environment finance" in refused
    assert provider.sandbox.writes() == writes
    assert plan(provider, "--policy-from", "HEAD", CSP_APPROVED="finance")["refusals"] == []

    stack.write_text(stack.read_text("utf-8") + "      plan: {required: true}\n", "utf-8")
    assert "no run without a reviewed plan" in provider.up(expect=8)
    assert "no run without a reviewed plan" in provider.plain("up", "--yes", "--skip-preview", expect=1)
    assert provider.sandbox.writes() == writes

"""`csp drift` as a process, on generated customer files and a sandbox."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drills.reading.drift import Bench, bench
from drills.seed.estate import SHARES
from equipment.workspace import CSP, ROOT

STACK = """config:
  csp:estate:
    include: [customers/*.yaml]
"""
PHONE = {"do": "profile", "customer": "it@c00001.example", "set": {"phone": "+12065550100"}}
CAPITALS = {"do": "profile", "customer": "it@c00001.example", "set": {"email": "IT@C00001.EXAMPLE"}}


@dataclass
class Project:
    """A project folder whose stack `drill` declares a generated estate."""

    root: Path
    bench: Bench

    def drift(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("CSP_", "PULUMI_"))}
        return subprocess.run(
            [*CSP, "drift", "-s", "drill", *arguments],
            cwd=self.root,
            env={**clean, "CSP_HOME": str(self.bench.home), "COLUMNS": "220", "CSP_ENGINE": "embedded"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
        )


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    stacks = tmp_path / "stacks"
    shutil.copytree(ROOT / "stacks" / "connections", stacks / "connections")
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path / "Pulumi.yaml")
    (stacks / "Pulumi.drill.yaml").write_text(STACK, "utf-8")
    with bench(len(SHARES), "reseller", tmp_path) as made:
        made.generated.write_files(stacks / "customers")
        yield Project(tmp_path, made)


def test_from_quiet_to_drift_in_every_format(project: Project) -> None:
    quiet = project.drift("--format", "json")
    assert quiet.returncode == 0, quiet.stdout + quiet.stderr
    assert project.drift("--no-state").stdout.startswith("No drift: everything that can be seen is as declared")
    assert "looking without state" in quiet.stderr
    report = json.loads(quiet.stdout)
    assert (report["drift"], report["progress"], report["not_checked"]) == ([], [], [])
    assert report["counts"]["customers"] == len(SHARES) - 2  # leaving and left are out of it
    assert report["coverage"][0]["customers_declared"] == len(SHARES) - 1  # INACTIVE ones are not counted

    writes = project.bench.sandbox.counters()["writes"]["total"]
    project.bench.sandbox.admin("POST", "changes", [PHONE])
    found = project.drift("--no-state", "--format", "json")
    assert found.returncode == 7
    (drift,) = json.loads(found.stdout)["drift"]
    assert (drift["customer"], drift["field"], drift["seen"]) == ("c00001", "profile.phone", "+12065550100")
    assert drift["will"] == "the next run corrects phone in ION"
    assert "last saved" in drift["who"]
    assert project.bench.sandbox.counters()["writes"]["total"] == writes

    table = project.drift("--no-state")
    assert table.returncode == 7
    assert "Drift: somebody changed what the files declare (1)" in table.stdout
    assert table.stdout.startswith("Drift in 1 field of 1 customer.")
    assert "seen        +12065550100 (ION customer profile)" in table.stdout
    assert "Cannot be seen, a person stated it: " in table.stdout
    assert "cloud_provider.pricebook (10)" in table.stdout
    for word in ("converge", "mismatch", "not visible", "facts"):
        assert word not in table.stdout.replace("not_visible", "")
    markdown = project.drift("--no-state", "--format", "markdown").stdout
    assert "| c00001 | profile.phone | +14255550001 | +12065550100 |" in markdown
    (result,) = _results(project.drift("--no-state", "--format", "sarif").stdout)
    everything = json.loads(project.drift("--no-state", "--format", "sarif").stdout)["runs"][0]["results"]
    assert all(one["locations"] for one in everything)  # code scanning refuses a result without a place
    place = result["locations"][0]["physicalLocation"]
    assert result["ruleId"] == "CSP-DRIFT"
    assert place["artifactLocation"]["uri"] == "stacks/customers/c00001.yaml"
    line = (project.root / place["artifactLocation"]["uri"]).read_text("utf-8").splitlines()
    assert "phone:" in line[place["region"]["startLine"] - 1]


def _results(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["runs"][0]["results"]
    return [one for one in found if one["level"] == "error"]


def test_what_fails_is_chosen_and_capitals_are_no_drift(project: Project) -> None:
    assert project.drift("--no-state").returncode == 0
    project.bench.sandbox.admin("POST", "changes", [CAPITALS])
    assert project.drift("--no-state", "--fail-on", "drift,progress,inconsistent").returncode == 0
    assert project.drift("--no-state", "--fail-on", "unmanaged").returncode == 7  # the profile's own customers
    wrong = project.drift("--fail-on", "sometimes")
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1


def test_could_not_look(project: Project) -> None:
    project.bench.sandbox.admin(
        "POST",
        "faults",
        [{"system": "ion", "operation": "ion.cloudProfiles.get", "kind": "status", "status": 403, "times": 1}],
    )
    partly = project.drift("--no-state", "--format", "json")
    assert partly.returncode == 10, partly.stdout
    assert json.loads(partly.stdout)["counts"]["not_checked"] == 1
    (unseen,) = json.loads(partly.stdout)["not_looked_at"]
    assert (len(unseen["customers"]), unseen["do"]) == (1, "check the rights of the API user")
    assert partly.stderr.startswith("NOT LOOKED AT since ")
    project.bench.sandbox.stop()
    gone = project.drift("--no-state")
    assert gone.returncode == 10
    assert gone.stdout.startswith("NOT LOOKED AT since ")
    assert project.drift("--no-state", "--fail-on", "unobserved").returncode == 10
    assert "Traceback" not in gone.stderr


def test_what_another_stack_declares_is_declared(project: Project) -> None:
    stacks = project.root / "stacks"
    (stacks / "Pulumi.west.yaml").write_text(STACK.replace("customers/*", "west/*"), "utf-8")
    (stacks / "west").mkdir()
    for key in ("c00001", "c00003"):
        (stacks / "customers" / f"{key}.yaml").rename(stacks / "west" / f"{key}.yaml")
    both = json.loads(project.drift("--no-state", "--format", "json").stdout)
    (coverage,) = both["coverage"]
    assert coverage["customers_elsewhere"] == {"west": 2}
    assert both["stacks_left_out"] == []
    declared_elsewhere = ("c00001", "c00003")
    assert not [one for one in both["unmanaged"] if any(key in one["seen"] for key in declared_elsewhere)]
    assert "2 more by stack west" in project.drift("--no-state").stdout

    # An e-mail that was changed in ION is still theirs: the linked tenant says so.
    moved = {"do": "profile", "customer": "it@c00001.example", "set": {"email": "office@new.example"}}
    project.bench.sandbox.admin("POST", "changes", [moved])
    again = json.loads(project.drift("--no-state", "--format", "json").stdout)
    assert again["coverage"][0]["customers_elsewhere"] == {"west": 2}

    (stacks / "west" / "c00003.yaml").write_text("profile: 3\n", "utf-8")
    alone = project.drift("--no-state")
    assert alone.returncode == 0, alone.stderr
    assert "Stack west was not taken into account" in alone.stdout
    assert "it@c00003.example" in alone.stdout

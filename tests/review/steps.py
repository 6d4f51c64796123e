"""The steps of a pipeline's file, in their order, run in a clean environment as a runner would.

Stubbed, because only the platform has them: steps that install (the test's environment stands in), that sign in to
Azure, that store or fetch an artifact (the test copies the file), and `gh`. All else is run word for word by bash.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from csp.estate import layout
from equipment.workspace import environment

STACKS = ("provider",)
INSTALLS = ("pip install", "PulumiCommand.install")
CSP = f'#!/bin/sh\nexec {sys.executable} -m csp.main "$@"\n'
GH = """#!/bin/bash
case "$*" in
  *"/pulls --jq"*) echo 0123456789abcdef ;;
  *"preview.yml/runs"*) echo 5 ;;
  "run download"*) mkdir -p reviewed && cp "$REVIEWED" reviewed/plan.json ;;
  *) echo "gh: $*" >&2; exit 1 ;;
esac
"""


def rendered(system: str, stacks: tuple[str, ...] = STACKS) -> Iterator[tuple[str, str]]:
    """Path and text of every pipeline file that `csp init` writes for a platform."""
    written = layout.written(layout.Answers("estate", system, "@org/team", stacks))
    folder = layout.FILES / "ci" / system
    for file in sorted(folder.rglob("*.yml.j2")):
        path = file.relative_to(folder).as_posix().removesuffix(".j2")
        yield path, written[path].decode()


@dataclass
class Step:
    """A script, and its own variables as the file says them."""

    script: str
    variables: Mapping[str, str] = field(default_factory=dict)
    condition: str = ""


def steps(system: str, file: str, job: str) -> list[Step]:
    """What a job of a file runs, but for steps that install."""
    document = yaml.safe_load(dict(rendered(system))[file])
    found = {"github": _github, "gitlab": _gitlab, "azure": _azure}[system](document, job)
    return [step for step in found if not any(word in step.script for word in INSTALLS)]


@dataclass
class Job:
    """A job of a file by its name, and the conditions under which the platform runs it."""

    name: str
    conditions: tuple[str, ...]


def jobs(system: str, file: str) -> list[Job]:
    """The jobs of a file that has no schedule."""
    document = yaml.safe_load(dict(rendered(system))[file])
    if system == "github":
        return [Job(name, (one.get("if", ""),)) for name, one in document["jobs"].items()]
    if system == "azure":
        return [Job(one["job"], (one.get("condition", ""),)) for one in document["jobs"]]
    found = []
    for name, one in document.items():
        extended = [one["extends"]] if isinstance(one.get("extends"), str) else one.get("extends", [])
        rules = [
            *one.get("rules", []),
            *(rule for base in extended for rule in document.get(base, {}).get("rules", [])),
        ]
        if not name.startswith("."):
            found.append(Job(name, tuple(rule["if"] for rule in rules)))
    return found


def _github(document: Any, job: str) -> list[Step]:
    one = document["jobs"][job]
    return [
        Step(step["run"], {**one.get("env", {}), **step.get("env", {})}, str(step.get("if", "")))
        for step in one["steps"]
        if "run" in step
    ]


def _gitlab(document: Any, job: str) -> list[Step]:
    return [Step("\n".join(document[job]["script"]))]


def _azure(document: Any, job: str) -> list[Step]:
    jobs = document.get("jobs") or [one for stage in document["stages"] for one in stage["jobs"]]
    (one,) = [one for one in jobs if job in (one.get("job"), one.get("deployment"))]
    rows = one["steps"] if "steps" in one else one["strategy"]["runOnce"]["deploy"]["steps"]
    scripts = [(row.get("bash") or row.get("inputs", {}).get("inlineScript"), row) for row in rows]
    return [Step(text, row.get("env", {}), str(row.get("condition", ""))) for text, row in scripts if text]


_SAME = "github.event.pull_request.head.repo.full_name"
_OWN = "ne(variables['System.PullRequest.IsFork'], 'True')"
_PROJECT = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID"
_WHATEVER = "steps.newer.outputs.stack == ''"


def clean(root: Path, first: Path) -> dict[str, str]:
    """The environment of a runner: little of this machine, where the project `root` keeps things, `first` on PATH."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "SSL_CERT_FILE") if name in os.environ}
    ours = {name: value for name, value in environment(root / ".csp", "embedded").items() if "CSP_" in name}
    return {**kept, **ours, "PATH": f"{first}{os.pathsep}{os.environ['PATH']}"}


@dataclass
class Runner:
    """Runs steps in `root`. `known`: what the platform's expressions are worth; `variables`: those of the job; `fork`:
    the change is a stranger's."""

    root: Path
    variables: dict[str, str]
    known: dict[str, str]
    fork: bool = False

    def run(self, steps: list[Step]) -> tuple[int, str]:
        """The first exit code that is not 0, and what all steps printed. After a failure only those run that say so."""
        said, failed = "", 0
        for step in steps:
            holds, after_failure = self._condition(step.condition)
            if not holds or (failed and not after_failure):
                continue
            code, text = self._one(step)
            said += text
            failed = failed or code
        return failed, said

    def offered(self, job: Job) -> bool:
        """Whether the platform would run a job for this change at all."""
        return all(self._condition(one)[0] for one in job.conditions)

    def outputs(self) -> dict[str, str]:
        """What steps told the ones after them (GitHub)."""
        file = Path(self.variables["GITHUB_OUTPUT"])
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        return dict(line.split("=", 1) for line in lines)

    def _condition(self, text: str) -> tuple[bool, bool]:
        """Whether it holds, and whether also after a failure. A condition that nobody knows fails the test."""
        own, newer = not self.fork, self.outputs().get("stack")
        known = {
            "": (True, False),
            f"{_SAME} == github.repository": (own, False),
            f"{_SAME} != github.repository": (self.fork, False),
            f"{_SAME} == github.repository && needs.check.outputs.stacks != '[]'": (own, False),
            "${{ !cancelled() && needs.plan.result != 'skipped' }}": (own, True),
            "github.event_name == 'push' && vars.CSP_APPROVAL != 'environment'": (True, False),
            _WHATEVER: (not newer, False),
            f"${{{{ !cancelled() && {_WHATEVER} }}}}": (not newer, True),
            "cancelled()": (False, False),
            f"and(succeeded(), {_OWN})": (own, False),
            f"and(succeeded(), {_OWN.replace('ne(', 'eq(')})": (self.fork, False),
            f"and(not(canceled()), {_OWN})": (own, True),
            "canceled()": (False, False),
            "not(canceled())": (True, True),
            '$CI_PIPELINE_SOURCE == "merge_request_event"': (True, False),
            f'$CI_PIPELINE_SOURCE == "merge_request_event" && {_PROJECT} == $CI_PROJECT_ID': (own, False),
            f'$CI_PIPELINE_SOURCE == "merge_request_event" && {_PROJECT} != $CI_PROJECT_ID': (self.fork, False),
        }
        return known[text]

    def _one(self, step: Step) -> tuple[int, str]:
        bin_ = self.root / ".csp" / "bin"
        if not bin_.exists():
            bin_.mkdir(parents=True)
            for name, text in (("csp", CSP), ("gh", GH)):
                (bin_ / name).write_text(text, "utf-8")
                (bin_ / name).chmod(0o755)
        own = {name: self._worth(str(value)) for name, value in step.variables.items()}
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", step.script],
            cwd=self.root,
            env={**clean(self.root, bin_), **self.variables, **{k: v for k, v in own.items() if v}},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    def _worth(self, text: str) -> str:
        """A value of the file, its expressions replaced. An expression that nobody knows fails the test."""
        return re.sub(r"\$\{\{\s*(.+?)\s*\}\}|\$\((.+?)\)", lambda found: self._known(found[1] or found[2]), text)

    def _known(self, name: str) -> str:
        if told := re.fullmatch(r"steps\.\w+\.outputs\.(\w+)", name):
            return self.outputs().get(told[1], "")
        return self.known[name]

"""The three pipelines: the platforms take their files, nothing in them is unsafe, and their steps do what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.review import tracking
from tests.review.platforms import Server, serving
from tests.review.steps import Runner, Step, rendered, steps
from tests.review.test_touched import git
from tests.workspace import Workspace

SYSTEMS = ("github", "gitlab", "azure")
SCHEMAS = {
    "github": ("--builtin-schema", "vendor.github-workflows"),
    "gitlab": (
        "--builtin-schema",
        "vendor.gitlab-ci",
        "--data-transform",
        "gitlab-ci",
        "--regex-variant",
        "nonunicode",
    ),
    "azure": ("--builtin-schema", "vendor.azure-pipelines", "--regex-variant", "nonunicode"),
}
BIN = Path(sys.executable).parent


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def written(system: str, folder: Path) -> list[str]:
    """The pipeline files of two stacks in a folder; their paths."""
    paths = []
    for path, text in rendered(system, ("production", "staging")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
        paths.append(path)
    return paths


def checked(*words: str, cwd: Path) -> None:
    done = subprocess.run([BIN / words[0], *words[1:]], cwd=cwd, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def test_the_files_are_valid_by_the_platforms_schemas(system: str, tmp_path: Path) -> None:
    paths = written(system, tmp_path)
    assert len(paths) == (5 if system == "gitlab" else 4)
    checked("check-jsonschema", *SCHEMAS[system], *paths, cwd=tmp_path)
    if system == "github":
        checked("check-jsonschema", "--builtin-schema", "custom.github-workflows-require-timeout", *paths, cwd=tmp_path)
        checked("zizmor", "--offline", "--no-progress", ".", cwd=tmp_path)


def test_every_job_has_a_timeout_and_every_action_is_a_commit(system: str) -> None:
    for path, text in rendered(system):
        assert "pull_request_target" not in text
        for used in re.findall(r"uses: (.+)", text):
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), (path, used)
        if system == "azure":
            assert len(re.findall(r"\btimeoutInMinutes:", text)) == len(re.findall(r"- (?:job|deployment):", text))
        if system == "gitlab" and path != ".gitlab-ci.yml":
            document = yaml.safe_load(text)
            for name, job in document.items():
                assert name.startswith(".") or {"timeout", "extends"} & job.keys(), name


def test_applies_queue_and_previews_cancel_no_merge() -> None:
    github = {path: yaml.safe_load(text) for path, text in rendered("github")}
    apply = github[".github/workflows/apply.yml"]
    assert "concurrency" not in apply
    assert apply["jobs"]["apply"]["concurrency"] == {"group": "apply-${{ matrix.stack }}", "queue": "max"}
    preview = github[".github/workflows/preview.yml"]
    assert "apply" not in preview["concurrency"]["group"]
    gitlab = dict(rendered("gitlab"))
    assert yaml.safe_load(gitlab[".gitlab/ci/apply.yml"])["apply provider"]["resource_group"] == "provider"
    assert yaml.safe_load(dict(rendered("azure"))["pipelines/apply.yml"])["lockBehavior"] == "sequential"


def test_no_job_of_a_fork_has_a_credential() -> None:
    jobs = yaml.safe_load(dict(rendered("github"))[".github/workflows/preview.yml"])["jobs"]
    same = "github.event.pull_request.head.repo.full_name == github.repository"
    for name, job in jobs.items():
        if "environment" in job or "id-token" in job["permissions"]:
            assert same in job["if"], name
    assert "secrets." not in str(jobs["check"]) + str(jobs["comment"])


class Play:
    """One platform's pipeline over the estate of a sandbox."""

    def __init__(self, system: str, workspace: Workspace, server: Server, tmp: Path) -> None:
        self.system, self.workspace, self.server = system, workspace, server
        self.outputs = tmp / "outputs"
        self.base = git("-C", str(workspace.root), "rev-parse", "main")
        variables = server.environment(tmp)
        variables |= {"STACK": "provider", "PULUMI_CONFIG_PASSPHRASE": "", "PIPELINE_WORKSPACE": str(tmp)}
        variables |= {"GITHUB_OUTPUT": str(self.outputs), "REVIEWED": str(tmp / "reviewed.json")}
        variables |= {"GITHUB_STEP_SUMMARY": str(tmp / "summary.md")}
        variables |= {"CI_MERGE_REQUEST_DIFF_BASE_SHA": self.base, "CI_COMMIT_BEFORE_SHA": self.base}
        variables |= {"CI_DEFAULT_BRANCH": "main", "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"}
        self.known = dict.fromkeys(
            ("vars.PULUMI_BACKEND_URL", "secrets.PULUMI_CONFIG_PASSPHRASE", "PULUMI_BACKEND_URL"), ""
        )
        self.known |= {"PULUMI_CONFIG_PASSPHRASE": "", "matrix.stack": "provider", "steps.plan.outputs.code": "0"}
        self.known |= {"github.event.pull_request.base.sha": self.base, "github.event.before": self.base}
        self.known |= {"github.token": "t0ken", "System.AccessToken": "t0ken"}
        self.runner = Runner(workspace.root, variables, self.known)
        self.tmp = tmp

    def job(self, file: str, name: str, expect: int = 0) -> str:
        folder = {"github": ".github/workflows/", "gitlab": ".gitlab/ci/", "azure": "pipelines/"}[self.system]
        found: list[Step] = steps(self.system, f"{folder}{file}.yml", name)
        assert found
        code, said = self.runner.run(found)
        assert code == expect, said
        return said

    def git(self, *words: str) -> str:
        return git("-C", str(self.workspace.root), *words)

    def artifact(self) -> None:
        """What the platform would carry from one job to the next."""
        root = self.workspace.root
        if self.system == "github":
            (root / "plans" / "plan-provider").mkdir(parents=True, exist_ok=True)
            for name in ("plan.md", "plan.json"):
                (root / "plans" / "plan-provider" / name).write_bytes((root / name).read_bytes())
            (self.tmp / "reviewed.json").write_bytes((root / "plan.json").read_bytes())
        if self.system == "azure":
            (self.tmp / "plan-provider").mkdir(exist_ok=True)
            for file in (root / "plan").iterdir():
                (self.tmp / "plan-provider" / file.name).write_bytes(file.read_bytes())


@pytest.fixture
def engine() -> str:
    """The steps are the same on both engines; what differs between engines is compared elsewhere."""
    return "embedded"


@pytest.fixture
def play(system: str, ready_provider: Workspace, tmp_path: Path) -> Iterator[Play]:
    root = ready_provider.root
    ignored = ".csp/\n.venv/\nplan*\nquality*\nreadiness*\n*.md\ndoctor.txt\nreviewed/\n__pycache__/\nbegan\n"
    (root / ".gitignore").write_text(ignored, "utf-8")
    git("-C", str(root), "init", "-q", "-b", "main")
    git("-C", str(root), "add", ".")
    git("-C", str(root), "commit", "-qm", "estate")
    git("-C", str(root), "remote", "add", "origin", str(root))
    git("-C", str(root), "fetch", "-q", "origin")
    with serving(system) as server:
        yield Play(system, ready_provider, server, tmp_path)


JOBS: dict[str, dict[str, Any]] = {
    "github": {
        "preview": ("check", "plan", "comment"),
        "merge": ("check", "plan", "apply"),
        "drift": "drift",
    },
    "gitlab": {
        "preview": ("check", "plan provider", "comment"),
        "merge": ("plan merged provider", "apply provider"),
        "drift": "drift provider",
    },
    "azure": {"preview": ("check", "plan_1", "comment"), "merge": ("plan", "apply"), "drift": "drift_1"},
}


def test_pull_request_merge_drift_found_and_drift_gone(play: Play) -> None:
    jobs, sandbox = JOBS[play.system], play.workspace.sandbox
    play.git("checkout", "-qb", "change")
    play.workspace.edit("adventure", "phone:", 'phone: "+1 425 555 0155" #')
    play.git("commit", "-qam", "another phone")
    before = sandbox.writes()
    for name in jobs["preview"]:
        play.job("preview", name)
        if name.startswith("plan"):
            play.artifact()
    assert sandbox.writes() == before, "a pull request writes nothing"
    (comment,) = play.server.bodies()
    assert "5550155" in comment.replace(" ", "")

    play.git("checkout", "-q", "main")
    play.git("merge", "-q", "--no-ff", "-m", "merged", "change")
    play.git("fetch", "-q", "origin")
    play.runner.variables |= dict.fromkeys(("GITHUB_SHA", "CI_COMMIT_SHA"), play.git("rev-parse", "HEAD"))
    for name in jobs["merge"]:
        play.job("apply", name)
        if name.startswith("plan"):
            play.artifact()
    assert sandbox.writes() > before
    assert list(play.workspace.root.rglob("readiness*.html")) or play.system == "gitlab", "after_script is GitLab's own"

    look = jobs["drift"]
    play.job("drift", look)
    assert not play.server.issues
    changed = {"do": "profile", "customer": "it@adventure.example"}
    sandbox.change({**changed, "set": {"phone": "+1 206 555 0199"}})
    play.job("drift", look)
    (issue,) = tracking.open_ones(play.server)
    assert "phone" in issue["body"]
    sandbox.change({**changed, "set": {"phone": "+1 425 555 0155"}})
    play.job("drift", look)
    assert not tracking.open_ones(play.server)

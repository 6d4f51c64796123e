"""The pipeline of GitLab as a runner reads it: gitlab-ci-local, from the npm index, evaluates the rules of the real
file and plays its jobs in a shell. Only where that index may be asked (`make test-runner`) and Node.js is.

Stubbed: what installs, by a `python` of the test's own; the sign-in to Azure; GitLab's API (a local server); `rsync`,
by which the runner copies the project for jobs in containers, where it plays none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from equipment.workspace import Workspace, environment
from tests.review.platforms import Server, serving
from tests.review.steps import rendered
from tests.review.test_played import another_phone
from tests.review.test_touched import git

VERSION = "4.65.1"
PROGRAMS = {
    "bin/python": '#!/bin/sh\n[ "$1 $2" = "-m venv" ]\n',
    "bin/rsync": "#!/bin/sh\n",
    "project/.venv/bin/pip": "#!/bin/sh\n",
    "project/.venv/bin/python": "#!/bin/sh\n"
    'case "$*" in *PulumiCommand.install*) exit 0 ;; esac\n'
    f'exec {sys.executable} "$@"\n',
    "project/.venv/bin/csp": f'#!/bin/sh\nexec {sys.executable} -m csp.main "$@"\n',
}
"""In place of the image's Python, which makes an environment, and of that environment: it installs nothing."""
MERGE_REQUEST = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "3"}
SOURCES = {
    "merge request": (MERGE_REQUEST, {"check", "outdated", "plan provider", "comment"}),
    "a fork's": ({**MERGE_REQUEST, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "4"}, {"check", "files alone"}),
    "merge": ({"CI_PIPELINE_SOURCE": "push"}, {"plan merged provider", "apply provider"}),
    "drift": ({"CI_PIPELINE_SOURCE": "schedule", "CSP_SCHEDULE": "drift"}, {"drift provider", "did care run"}),
}

pytestmark = [
    pytest.mark.skipif(not os.environ.get("CSP_TEST_RUNNER"), reason="asks the npm index: make test-runner"),
    pytest.mark.skipif(not shutil.which("npm"), reason="there is no npm: gitlab-ci-local is not played"),
]


@pytest.fixture
def engine() -> str:
    """The steps are the same on both engines."""
    return "embedded"


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """gitlab-ci-local itself."""
    folder = tmp_path_factory.mktemp("runner")
    words = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--ignore-scripts", f"gitlab-ci-local@{VERSION}"]
    subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=300)
    return folder / "node_modules" / ".bin" / "gitlab-ci-local"


class GitLab:
    """A project of one stack in a folder, its runner, and the API that its jobs call."""

    def __init__(self, runner: Path, workspace: Workspace, server: Server, tmp: Path) -> None:
        self.runner, self.workspace, self.server, self.tmp = runner, workspace, server, tmp
        self.root = workspace.root
        (self.root / ".venv").unlink()
        for name, text in PROGRAMS.items():
            (tmp / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp / name).write_text(text, "utf-8")
            (tmp / name).chmod(0o755)
        (self.root / ".gitignore").write_text(
            ".csp/\n.venv/\nplan*\n*.md\nquality*\nreadiness*\n__pycache__/\n", "utf-8"
        )
        for path, text in rendered("gitlab"):
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text, "utf-8")
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", "git@gitlab.example:group/estate.git")
        self.commit("estate")
        self.base = self.git("rev-parse", "HEAD")

    def git(self, *words: str) -> str:
        return git("-C", str(self.root), *words)

    def commit(self, what: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", what)

    def run(self, variables: dict[str, str], *words: str, expect: int = 0) -> str:
        """Start the runner on what is checked out; what it printed."""
        given = {**self.server.environment(self.tmp), **variables, "AZURE_ID_TOKEN": "t0ken"}
        given |= {
            "CI_DEFAULT_BRANCH": "main",
            "CI_COMMIT_BRANCH": "main",
            "AZURE_FEDERATED_TOKEN_FILE": str(self.tmp / "id"),
        }
        given |= {"CI_MERGE_REQUEST_DIFF_BASE_SHA": self.base, "CI_COMMIT_BEFORE_SHA": self.base}
        given["CI_COMMIT_SHA"] = self.server.head = self.git("rev-parse", "HEAD")
        options = [f"--variable={name}={value}" for name, value in given.items()]
        # A home without a .bashrc: Node's pipes are sockets, and bash reads it where its input is one.
        plain = {"HOME": str(self.tmp), "PATH": f"{self.tmp / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        ours = {
            k: v for k, v in environment(self.root / ".csp", "embedded").items() if k.startswith(("CSP_", "PULUMI_"))
        }
        ours |= {f"GIT_CONFIG_{kind}": os.devnull for kind in ("GLOBAL", "SYSTEM")}
        done = subprocess.run(
            [self.runner, "--force-shell-executor", "--no-color", "--no-shell-isolation", *options, *words],
            cwd=self.root,
            env={**plain, **ours},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
        )
        assert done.returncode == expect, done.stdout[-4000:] + done.stderr[-2000:]
        return done.stdout


@pytest.fixture
def gitlab(runner: Path, ready_provider: Workspace, tmp_path: Path) -> Iterator[GitLab]:
    with serving("gitlab") as server:
        yield GitLab(runner, ready_provider, server, tmp_path)


def test_the_rules_offer_each_pipeline_its_jobs_and_a_fork_none_with_a_credential(gitlab: GitLab) -> None:
    for variables, wanted in SOURCES.values():
        told = gitlab.run(variables, "--list-json")
        listed = json.loads(told[told.index("[\n") :])
        assert {one["name"] for one in listed if one["when"] != "never"} == wanted


def test_a_merge_request_and_its_merge(gitlab: GitLab) -> None:
    gitlab.git("checkout", "-qb", "change")
    another_phone(gitlab.workspace)
    gitlab.commit("another phone")
    told = gitlab.run(MERGE_REQUEST)
    assert len(gitlab.server.bodies()) == 1, told
    assert "+1 425 555 0155" in gitlab.server.bodies()[0]
    before = gitlab.workspace.sandbox.writes()

    gitlab.git("checkout", "-q", "main")
    gitlab.git("merge", "-q", "--no-ff", "-m", "merged", "change")
    gitlab.git("remote", "set-url", "origin", str(gitlab.root))
    gitlab.run({"CI_PIPELINE_SOURCE": "push"}, "--manual", "apply provider")
    assert gitlab.workspace.sandbox.writes() > before
    assert (gitlab.root / "readiness-provider.html").exists(), "after_script ran too"

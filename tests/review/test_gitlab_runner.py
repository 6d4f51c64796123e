"""The pipeline of GitLab as a runner reads it: gitlab-ci-local, from the npm index, evaluates the rules of the real
file and plays its jobs in a shell. Only where that index may be asked (`make test-runner`) and Node.js is.

Stubbed: what installs, by programs of the test's own; the sign-in to Azure; GitLab's API (a local server); `rsync`,
by which the runner copies the project for jobs in containers, where it plays none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from equipment.workspace import Workspace
from tests.review.steps import CSP, clean, rendered
from tests.review.test_played import DRIFT, MERGE, PULL_REQUEST, Play, another_phone, playing

VERSION = "4.65.1"
PROGRAMS = {
    "bin/python": '#!/bin/sh\n[ "$1 $2" = "-m venv" ]\n',
    "bin/rsync": "#!/bin/sh\n",
    "project/.venv/bin/pip": "#!/bin/sh\n",
    "project/.venv/bin/python": "#!/bin/sh\n"
    'case "$*" in *PulumiCommand.install*) exit 0 ;; esac\n'
    f'exec {sys.executable} "$@"\n',
    "project/.venv/bin/csp": CSP,
}
"""In place of the image's Python, which makes an environment, and of that environment: it installs nothing."""
MERGE_REQUEST = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "3"}
SOURCES = {
    "merge request": (MERGE_REQUEST, set(PULL_REQUEST["gitlab"])),
    "a fork's": ({**MERGE_REQUEST, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "4"}, {"check", "files alone"}),
    "merge": ({"CI_PIPELINE_SOURCE": "push"}, set(MERGE["gitlab"])),
    "drift": ({"CI_PIPELINE_SOURCE": "schedule", "CSP_SCHEDULE": "drift"}, {DRIFT["gitlab"], "did care run"}),
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
def gitlab_ci_local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runner")
    words = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--ignore-scripts", f"gitlab-ci-local@{VERSION}"]
    subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=300)
    return folder / "node_modules" / ".bin" / "gitlab-ci-local"


@pytest.fixture
def play(ready_provider: Workspace, tmp_path: Path) -> Iterator[Play]:
    """The repository with its pipeline, and an environment in the place of the one that the pipeline makes."""
    (ready_provider.root / ".venv").unlink()
    for name, text in PROGRAMS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
        (tmp_path / name).chmod(0o755)
    for path, text in rendered("gitlab"):
        (ready_provider.root / path).parent.mkdir(parents=True, exist_ok=True)
        (ready_provider.root / path).write_text(text, "utf-8")
    with playing("gitlab", ready_provider, tmp_path) as play:
        yield play


@pytest.fixture
def run(gitlab_ci_local: Path, play: Play) -> Callable[..., str]:
    """Starts the runner on what is checked out; what it printed."""

    def start(variables: Mapping[str, str], *words: str) -> str:
        signed_in = {"AZURE_ID_TOKEN": "t0ken", "AZURE_FEDERATED_TOKEN_FILE": str(play.tmp / "id")}
        given = {**play.runner.variables, "CI_COMMIT_BRANCH": "main", **signed_in, **variables}
        # A home without a .bashrc: Node's pipes are sockets, and bash reads it where its input is one.
        alone = {"HOME": str(play.tmp), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        done = subprocess.run(
            [gitlab_ci_local, "--force-shell-executor", "--no-color", "--no-shell-isolation",
             *(f"--variable={name}={value}" for name, value in given.items()), *words],
            cwd=play.workspace.root,
            env={**clean(play.workspace.root, play.tmp / "bin"), **alone},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        return done.stdout

    play.git("remote", "set-url", "origin", "git@gitlab.example:group/estate.git")  # whose project it is
    return start


def test_the_rules_offer_each_pipeline_its_jobs_and_a_fork_none_with_a_credential(run: Callable[..., str]) -> None:
    for variables, wanted in SOURCES.values():
        told = run(variables, "--list-json")
        listed = json.loads(told[told.index("[\n") :])
        assert {one["name"] for one in listed if one["when"] != "never"} == wanted


def test_a_merge_request_and_its_merge(play: Play, run: Callable[..., str]) -> None:
    play.change(another_phone)
    before = play.workspace.sandbox.writes()
    told = run(MERGE_REQUEST)
    assert len(play.server.bodies()) == 1, told
    assert "+1 425 555 0155" in play.server.bodies()[0]
    assert play.workspace.sandbox.writes() == before, "a merge request writes nothing"

    play.git("remote", "set-url", "origin", str(play.workspace.root))
    play.merge()
    run({"CI_PIPELINE_SOURCE": "push"}, "--manual", "apply provider")
    assert play.workspace.sandbox.writes() > before
    assert (play.workspace.root / "readiness-provider.html").exists(), "after_script ran too"

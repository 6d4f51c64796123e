"""The three pipelines: the platforms take their files, nothing in them is unsafe. `test_played.py` runs their steps."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.review.steps import rendered

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

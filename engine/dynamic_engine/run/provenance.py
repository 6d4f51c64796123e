"""What a history entry says about its run: the commit, the pipeline, the flags. Keys and values are the CLI's."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from dynamic_engine.state.checkpoint import VERSION_TEXT

_EXEC_KINDS = ("auto.inline", "auto.local", "cli")
_GIT_SECONDS = 20.0

# Variables that are true or false; of all others only their presence is noted, never a value.
_TRUE_OR_FALSE = {
    "EXPERIMENTAL", "SKIP_UPDATE_CHECK", "DEV", "SKIP_CHECKPOINTS", "DEBUG_COMMANDS", "ENABLE_LEGACY_DIFF",
    "ENABLE_LEGACY_REFRESH_DIFF", "DISABLE_PROVIDER_PREVIEW", "DISABLE_RESOURCE_REFERENCES", "DISABLE_OUTPUT_VALUES",
    "ERROR_OUTPUT_STRING", "IGNORE_AMBIENT_PLUGINS", "DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
    "SKIP_NEW_CREDENTIALS_CHECK", "ENABLE_AUTOMATIC_AGENT_SIGNUP", "SKIP_CONFIRMATIONS",
    "ERROR_ON_DEPENDENCY_CYCLES", "AUTOMATION_API_SKIP_VERSION_CHECK", "CONTINUE_ON_ERROR", "SUPPRESS_NEO_LINK",
    "NEO", "FALLBACK_TO_STATE_SECRETS_MANAGER", "DISABLE_SECRET_CACHE", "PARALLEL_DIFF", "RUN_PROGRAM",
    "ENABLE_STREAMING_JSON_PREVIEW", "DIY_BACKEND_NO_LEGACY_WARNING", "DIY_BACKEND_IGNORE_DEPRECATION_ERROR",
    "DIY_BACKEND_LEGACY_LAYOUT", "DIY_BACKEND_GZIP", "DIY_BACKEND_ZSTD", "DIY_BACKEND_RETAIN_CHECKPOINTS",
    "DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS", "DISABLE_VALIDATION", "DISABLE_REGISTRY_RESOLVE", "DISABLE_JOURNALING",
    "GOROUTINE_PANIC_RECOVERY",
}  # fmt: skip

# A pipeline's system: the variable that gives it away, its name, and which variable holds what.
_PIPELINES: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "PULUMI_CI_SYSTEM",
        "",
        {"build.id": "PULUMI_CI_BUILD_ID", "build.number": "PULUMI_CI_BUILD_NUMBER",
         "build.type": "PULUMI_CI_BUILD_TYPE", "build.url": "PULUMI_CI_BUILD_URL",
         "pr.headSHA": "PULUMI_CI_PULL_REQUEST_SHA", "pr.number": "PULUMI_PR_NUMBER",
         "branch": "PULUMI_CI_BRANCH_NAME", "message": "PULUMI_COMMIT_MESSAGE"},
    ),
    (
        "TF_BUILD",
        "Azure Pipelines",
        {"build.id": "BUILD_BUILDID", "build.type": "BUILD_REASON", "pr.headSHA": "BUILD_SOURCEVERSION",
         "pr.number": "SYSTEM_PULLREQUEST_PULLREQUESTID", "branch": "BUILD_SOURCEBRANCHNAME",
         "message": "BUILD_SOURCEVERSIONMESSAGE"},
    ),
    (
        "GITHUB_ACTIONS",
        "GitHub Actions",
        {"build.id": "GITHUB_RUN_ID", "build.number": "GITHUB_RUN_NUMBER", "build.type": "GITHUB_EVENT_NAME",
         "pr.headSHA": "GITHUB_SHA", "branch": "GITHUB_REF"},
    ),
    (
        "GITLAB_CI",
        "GitLab CI/CD",
        {"build.id": "CI_PIPELINE_ID", "build.number": "CI_PIPELINE_IID", "build.type": "CI_PIPELINE_SOURCE",
         "build.url": "CI_JOB_URL", "pr.headSHA": "CI_COMMIT_SHA", "pr.number": "CI_MERGE_REQUEST_IID",
         "branch": "CI_COMMIT_REF_NAME", "message": "CI_COMMIT_MESSAGE"},
    ),
)  # fmt: skip


def describe(
    root: Path,
    message: str,
    flags: Mapping[str, str],
    environment: Mapping[str, str],
    *,
    python: str = "",
    kind: str = "",
    agent: str = "",
) -> tuple[str, dict[str, str]]:
    """The message and the environment of a history entry for a run in *root*.

    The message is *message*, else the title of the commit. *flags* are the given ones with true, false or set.
    """
    pipeline = _pipeline(environment)
    found = {f"pulumi.env.{name}": _presence(name, value) for name, value in environment.items() if _ours(name)}
    found |= {f"pulumi.flag.{name}": value for name, value in flags.items()}
    found |= {
        "pulumi.version": VERSION_TEXT,
        "pulumi.os": sys.platform,
        "pulumi.arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
        "exec.kind": kind if kind in _EXEC_KINDS else "cli",
        "updatePlan": "false",
        "stack.environments": "[]",
        "runtime.name": "python",
    }
    found |= {"runtime.executable": python} if python else {}
    found |= {"exec.agent": agent} if agent else {}
    found |= {f"ci.{key}": value for key, value in pipeline.items() if key not in ("branch", "message")}
    title, commit = _commit(root, pipeline) if shutil.which("git") else ("", {})
    if not commit:
        title, commit = _told_commit(environment, pipeline)
    return message or title, found | commit


def _ours(name: str) -> bool:
    return name.startswith("PULUMI_")


def _presence(name: str, value: str) -> str:
    if name.removeprefix("PULUMI_") not in _TRUE_OR_FALSE:
        return "set"
    return "true" if value.lower() in ("1", "true") else "false"


def _pipeline(environment: Mapping[str, str]) -> dict[str, str]:
    if environment.get("PULUMI_DISABLE_CI_DETECTION"):
        return {}
    for mark, name, variables in _PIPELINES:
        if environment.get(mark):
            values = {key: environment.get(variable, "") for key, variable in variables.items()}
            values["system"] = name or environment[mark]
            if name == "GitHub Actions" and environment.get("GITHUB_REPOSITORY") and values["build.id"]:
                repository = environment["GITHUB_REPOSITORY"]
                values["build.url"] = f"https://github.com/{repository}/actions/runs/{values['build.id']}"
            return {key: value for key, value in values.items() if value}
    return {}


def _title(message: str) -> str:
    return re.split(r"[\r\n]", message, maxsplit=1)[0]


def _git(root: Path, *words: str) -> str | None:
    """What git prints; None when it fails, for want of a repository or a commit."""
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_GIT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.rstrip("\n") if done.returncode == 0 else None


def _commit(root: Path, pipeline: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Title and keys of the commit that the run is made from."""
    told = _git(root, "log", "-1", "--format=%H%x00%cn%x00%ce%x00%an%x00%ae%x00%B")
    if told is None:
        return "", {}
    head, committer, committer_email, author, author_email, message = told.split("\0", 5)
    found = {
        "git.head": head,
        "git.committer": committer,
        "git.committer.email": committer_email,
        "git.author": author,
        "git.author.email": author_email,
        "git.dirty": "true" if _git(root, "status", "--porcelain", "-z") else "false",
    }
    if name := _git(root, "symbolic-ref", "-q", "HEAD") or pipeline.get("branch"):
        found["git.headName"] = name
    if place := _remote(_git(root, "remote", "get-url", "origin") or ""):
        found |= place
        top = _git(root, "rev-parse", "--show-toplevel")
        if top is not None and root.resolve().is_relative_to(Path(top).resolve()):
            found["vcs.root"] = root.resolve().relative_to(Path(top).resolve()).as_posix()
    return _title(message.strip() or pipeline.get("message", "")), found


def _remote(url: str) -> dict[str, str]:
    """Owner, repository and host of a remote's address; a user and a password in it are left out."""
    match = re.match(r"(?:\w+://)?(?:[^@/]+@)?(?P<host>[^/:]+)(?::\d+(?=/))?[:/](?P<path>.+?)(?:\.git)?/?$", url)
    if not match or url.startswith(("/", ".")):
        return {}
    owner, _, repository = match["path"].strip("/").partition("/")
    return {"vcs.kind": match["host"], "vcs.owner": owner, "vcs.repo": repository} if repository else {}


def _told_commit(environment: Mapping[str, str], pipeline: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The same from variables, where there is no repository."""
    names = {
        "vcs.owner": "PULUMI_VCS_REPO_OWNER", "vcs.repo": "PULUMI_VCS_REPO_NAME", "vcs.kind": "PULUMI_VCS_REPO_KIND",
        "vcs.root": "PULUMI_VCS_REPO_ROOT", "git.head": "PULUMI_GIT_HEAD", "git.headName": "PULUMI_GIT_HEAD_NAME",
        "git.committer": "PULUMI_GIT_COMMITTER", "git.committer.email": "PULUMI_GIT_COMMITTER_EMAIL",
        "git.author": "PULUMI_GIT_AUTHOR", "git.author.email": "PULUMI_GIT_AUTHOR_EMAIL",
    }  # fmt: skip
    found = {key: environment[name] for key, name in names.items() if environment.get(name)}
    if branch := pipeline.get("branch"):
        found.setdefault("git.headName", branch)
    return _title(environment.get("PULUMI_GIT_COMMIT_MESSAGE") or pipeline.get("message", "")), found

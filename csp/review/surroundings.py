"""Which platform's job this is, and what the job says of itself; all of it from environment variables of the runner."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

Name = Literal["github", "gitlab", "azure"]
NAMES: tuple[Name, ...] = get_args(Name)
TOKENS: Mapping[Name, tuple[str, ...]] = {
    "github": ("GITHUB_TOKEN", "GH_TOKEN"),
    "gitlab": ("CSP_GITLAB_TOKEN", "GITLAB_TOKEN"),
    "azure": ("SYSTEM_ACCESSTOKEN",),
}
_SIGNS: Mapping[Name, str] = {"github": "GITHUB_ACTIONS", "gitlab": "GITLAB_CI", "azure": "TF_BUILD"}


@dataclass(frozen=True, slots=True)
class Job:
    """`number` of the pull request and `commit` at its head are "" outside of one; `token` is "" where none is given;
    `page` is the address of this job, for people."""

    name: Name
    number: str
    commit: str
    token: str
    page: str


def platform_of(environment: Mapping[str, str]) -> Name | None:
    """The platform that says in the environment that it runs this job."""
    return next((name for name in NAMES if environment.get(_SIGNS[name], "").lower() in ("true", "1")), None)


def job(name: Name, environment: Mapping[str, str]) -> Job:
    """What the platform's variables say. Never raises: what is missing is ""."""
    get = environment.get
    token = next((value for variable in TOKENS[name] if (value := get(variable, ""))), "")
    if name == "github":
        request = _event(get("GITHUB_EVENT_PATH", "")).get("pull_request") or {}
        page = f"{get('GITHUB_SERVER_URL', '')}/{get('GITHUB_REPOSITORY', '')}/actions/runs/{get('GITHUB_RUN_ID', '')}"
        commit = (request.get("head") or {}).get("sha", "")
        return Job(name, str(request.get("number", "")), str(commit), token, page)
    if name == "gitlab":
        # In a pipeline of merged results CI_COMMIT_SHA is a commit that nobody wrote.
        commit = get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or get("CI_COMMIT_SHA", "")
        return Job(name, get("CI_MERGE_REQUEST_IID", ""), commit, token, get("CI_JOB_URL", ""))
    base = f"{get('SYSTEM_COLLECTIONURI', '')}{get('SYSTEM_TEAMPROJECT', '')}"
    page = f"{base}/_build/results?buildId={get('BUILD_BUILDID', '')}"
    commit = get("SYSTEM_PULLREQUEST_SOURCECOMMITID", "")
    return Job(name, get("SYSTEM_PULLREQUEST_PULLREQUESTID", ""), commit, token, page)


def _event(path: str) -> Mapping[str, Any]:
    try:
        event = json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return event if isinstance(event, dict) else {}

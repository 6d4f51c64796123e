"""When a schedule last ran: a platform switches schedules off and says so to nobody who looks.

Any run counts, a red one too: it was seen by whoever its redness reaches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from csp.review import azure, github, gitlab
from csp.review.wire import Refused, Wire


def last_run(name: str, environment: Mapping[str, str], token: str, pipeline: str, **more: Any) -> datetime | None:
    """Start of the newest scheduled run of `pipeline` (GitHub: the workflow's file; GitLab: `workflow: name`; Azure
    DevOps: the pipeline's name), None where there is none. Raises NotAllowed, Refused, and KeyError for a variable of
    the platform that is not set."""
    made: Mapping[str, Callable[..., datetime | None]] = {"github": _github, "gitlab": _gitlab, "azure": _azure}
    return made[name](environment, token, pipeline, **more)


def _github(environment: Mapping[str, str], token: str, pipeline: str, **more: Any) -> datetime | None:
    path = f"repos/{environment['GITHUB_REPOSITORY']}/actions/workflows/{quote(pipeline)}/runs"
    with _asking("GitHub", github.place(environment, token), more) as wire:
        found = wire.data("GET", path, event="schedule", per_page=1)
    return _time(found.get("workflow_runs", []), "created_at", "GitHub")


def _gitlab(environment: Mapping[str, str], token: str, pipeline: str, **more: Any) -> datetime | None:
    path = f"projects/{environment['CI_PROJECT_ID']}/pipelines"
    with _asking("GitLab", gitlab.place(environment, token), more) as wire:
        found = wire.data("GET", path, source="schedule", name=pipeline, order_by="id", sort="desc", per_page=1)
    return _time(found, "created_at", "GitLab")


def _azure(environment: Mapping[str, str], token: str, pipeline: str, **more: Any) -> datetime | None:
    project = quote(environment["SYSTEM_TEAMPROJECT"])
    with _asking("Azure DevOps", azure.place(environment, token), more) as wire:
        asked: dict[str, str] = {"name": pipeline, "api-version": "7.1"}
        known = wire.data("GET", f"{project}/_apis/build/definitions", **asked).get("value", [])
        if not known:
            return None
        asked = {
            "definitions": str(known[0]["id"]),
            "reasonFilter": "schedule",
            "queryOrder": "queueTimeDescending",
            "$top": "1",
            "api-version": "7.1",
        }
        found = wire.data("GET", f"{project}/_apis/build/builds", **asked).get("value", [])
    return _time(found, "queueTime", "Azure DevOps")


class _Asked(Wire):
    what = "look at its runs"

    def __init__(self, name: str, base: str, headers: Mapping[str, str], **more: Any) -> None:
        self.name = name
        super().__init__(base, headers, **more)

    def __enter__(self) -> _Asked:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _asking(name: str, place: tuple[str, dict[str, str]], more: Mapping[str, Any]) -> _Asked:
    return _Asked(name, *place, **more)


def _time(rows: Any, field: str, name: str) -> datetime | None:
    if not isinstance(rows, list):
        raise Refused(f"{name} lists no runs")
    if not rows:
        return None
    try:
        # Azure writes seven digits of a second, Python reads six.
        text = str(rows[0][field]).replace("Z", "+00:00")
        head, dot, rest = text.partition(".")
        zone = rest.lstrip("0123456789")
        return datetime.fromisoformat(head + (zone if dot else ""))
    except (KeyError, TypeError, ValueError):
        raise Refused(f"{name} does not say when a run was") from None

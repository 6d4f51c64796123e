"""The report on the page of the job itself, where no right to comment is needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from csp.review.body import fitted
from csp.review.surroundings import Name
from csp.say import say

GITHUB_BYTES = 1024 * 1024
"""Of one step; above it GitHub shows nothing at all of the summary."""


def put(name: Name, environment: Mapping[str, str], body: str, kept: Path, whole: str) -> str | None:
    """Shows the body on the job's page where the platform has one. Returns a line that the runner must read on stdout
    (Azure DevOps), or None. `kept`: the file that holds the whole report."""
    if name == "github" and (path := environment.get("GITHUB_STEP_SUMMARY")):
        file = Path(path)
        used = file.stat().st_size if file.exists() else 0
        room = GITHUB_BYTES - used
        shown = fitted(body, GITHUB_BYTES, room, whole)
        if len(shown.encode()) > room:  # not even the line that says what is cut
            say(f"csp: the page of this job is full: the report is in {kept} alone", err=True)
            return None
        with file.open("a", encoding="utf-8") as summary:
            summary.write(shown)
    if name == "azure":
        return f"##vso[task.uploadsummary]{kept.resolve()}"
    return None

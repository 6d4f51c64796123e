"""One issue (GitHub, GitLab) or work item (Azure DevOps) about one thing that a schedule looks at: opened when it is
found, updated while it lasts, closed when it is gone, and left open when nobody could look.

It is found by its mark and by the account of the token: anybody can copy a mark. Two runs at once leave one open issue,
the oldest.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Literal
from urllib.parse import quote

from csp.review import azure, github, gitlab
from csp.review.body import fitted
from csp.review.wire import MOST_PAGES, NotAllowed, Refused, Wire

Done = Literal["opened", "updated", "unchanged", "closed", "noted", "none"]
State = Literal["found", "gone", "unseen"]
"""What a look came to. `unseen` says neither that it is there nor that it is gone."""


@dataclass(frozen=True, slots=True)
class Issue:
    """An open issue. `author` names one account of the platform."""

    id: str
    author: str
    title: str
    body: str


class Tracker(Wire, ABC):
    """The open issues of one project. `characters` and `size` are limits of one text."""

    what = "issue"
    characters, size = 65_536, 262_144

    @abstractmethod
    def me(self) -> str:
        """The author of what this token writes."""

    @abstractmethod
    def marked(self, mark: str) -> Iterator[Issue]:
        """All open issues with this mark, oldest first."""

    @abstractmethod
    def body(self, mark: str, report: str) -> str:
        """The report as the platform takes it, with the mark where it needs one."""

    @abstractmethod
    def open(self, mark: str, title: str, body: str) -> None: ...

    @abstractmethod
    def rewrite(self, issue: Issue, title: str, body: str) -> None: ...

    @abstractmethod
    def note(self, issue: Issue, text: str) -> None:
        """A comment. `text` is of our own words only."""

    @abstractmethod
    def end(self, issue: Issue) -> None: ...


def publish(tracker: Tracker, mark: str, state: State, title: str, report: str, told: str) -> Done:
    """Brings the issue to what a look came to. `mark`: letters, digits, - . _ only; `report`: markdown; `told`: our own
    line about this look, for the note of one that was closed or could not be looked at. Returns what was done."""
    me = tracker.me()
    ours = [issue for issue in tracker.marked(mark) if issue.author == me]
    if state == "found":
        body = fitted(tracker.body(mark, report), tracker.characters, tracker.size, told)
        if not ours:
            tracker.open(mark, title, body)
            # Another run may have done the same a moment ago: the first issue stays.
            _only(tracker, [issue for issue in tracker.marked(mark) if issue.author == me])
            return "opened"
        kept = _only(tracker, ours)
        if kept.title == title and _plain(kept.body) == _plain(body):
            return "unchanged"
        tracker.rewrite(kept, title, body)
        return "updated"
    if not ours:
        return "none"
    if state == "unseen":
        tracker.note(ours[0], told)
        return "noted"
    for issue in ours:
        tracker.note(issue, told)
        tracker.end(issue)
    return "closed"


def _only(tracker: Tracker, ours: list[Issue]) -> Issue:
    """The oldest; the others are closed."""
    for other in ours[1:]:
        tracker.end(other)
    if not ours:
        raise Refused(f"{tracker.name} does not show the issue that was just opened")
    return ours[0]


def _plain(stored: str) -> str:
    """Platforms trim what they store, and some write other line ends."""
    return stored.replace("\r\n", "\n").rstrip()


class GitHubIssues(Tracker):
    """`permissions: issues: write`."""

    name = "GitHub"

    def __init__(self, environment: Mapping[str, str], token: str, **more: Any) -> None:
        self._issues = f"repos/{environment['GITHUB_REPOSITORY']}/issues"
        super().__init__(*github.place(environment, token), **more)

    def me(self) -> str:
        try:
            return str(self.data("GET", "user")["login"])
        except (NotAllowed, KeyError, TypeError):
            return github.ACTIONS

    def marked(self, mark: str) -> Iterator[Issue]:
        for page in range(1, MOST_PAGES + 1):
            rows = self.data(
                "GET", self._issues, state="open", sort="created", direction="asc", per_page=100, page=page
            )
            if not isinstance(rows, list):
                raise Refused("GitHub lists no issues")
            for row in rows:
                body = str(row.get("body") or "")
                if "pull_request" not in row and body.startswith(_comment(mark)):
                    yield Issue(str(row["number"]), str((row.get("user") or {}).get("login", "")), row["title"], body)
            if len(rows) < 100:
                return

    def body(self, mark: str, report: str) -> str:
        return f"{_comment(mark)}\n{report}"

    def open(self, mark: str, title: str, body: str) -> None:
        self.ask("POST", self._issues, {"title": title, "body": body})

    def rewrite(self, issue: Issue, title: str, body: str) -> None:
        self.ask("PATCH", f"{self._issues}/{issue.id}", {"title": title, "body": body})

    def note(self, issue: Issue, text: str) -> None:
        self.ask("POST", f"{self._issues}/{issue.id}/comments", {"body": text})

    def end(self, issue: Issue) -> None:
        self.ask("PATCH", f"{self._issues}/{issue.id}", {"state": "closed", "state_reason": "completed"})


class GitLabIssues(Tracker):
    """A project access token with scope `api` and role Reporter; the job's own token may not."""

    name = "GitLab"
    characters, size = 1_000_000, 1_000_000

    def __init__(self, environment: Mapping[str, str], token: str, **more: Any) -> None:
        self._issues = f"projects/{environment['CI_PROJECT_ID']}/issues"
        super().__init__(*gitlab.place(environment, token), **more)

    def me(self) -> str:
        try:
            return str(self.data("GET", "user")["id"])
        except (KeyError, TypeError):
            raise Refused("GitLab does not say whose token this is") from None

    def marked(self, mark: str) -> Iterator[Issue]:
        page = "1"
        for _ in range(MOST_PAGES):
            answer = self.ask(
                "GET",
                self._issues,
                state="opened",
                scope="all",
                order_by="created_at",
                sort="asc",
                per_page=100,
                page=page,
            )
            for row in answer.json():
                body = str(row.get("description") or "")
                if body.startswith(_comment(mark)):
                    yield Issue(str(row["iid"]), str((row.get("author") or {}).get("id", "")), row["title"], body)
            page = answer.headers.get("x-next-page", "")
            if not page:
                return

    def body(self, mark: str, report: str) -> str:
        return f"{_comment(mark)}\n{report}"

    def open(self, mark: str, title: str, body: str) -> None:
        self.ask("POST", self._issues, {"title": title, "description": body})

    def rewrite(self, issue: Issue, title: str, body: str) -> None:
        self.ask("PUT", f"{self._issues}/{issue.id}", {"title": title, "description": body})

    def note(self, issue: Issue, text: str) -> None:
        self.ask("POST", f"{self._issues}/{issue.id}/notes", {"body": text})

    def end(self, issue: Issue) -> None:
        self.ask("PUT", f"{self._issues}/{issue.id}", {"state_event": "close"})


_API, _NOTES = "7.1", "7.1-preview.4"
_PATCH = "application/json-patch+json"
_FIELDS = ("System.Title", "System.Description", "System.CreatedBy", "System.Tags")
MARKS = "csp-onboarding"


class WorkItems(Tracker):
    """Azure DevOps: a work item of the type `CSP_WORK_ITEM` (default Issue: Basic, Agile and CMMI have it; Scrum calls
    it Impediment). Its mark is a tag, because a description is stored as other HTML than was sent. The build service
    needs *Edit work items in this node*."""

    name, what = "Azure DevOps", "work item"
    characters, size = 150_000, 600_000

    def __init__(self, environment: Mapping[str, str], token: str, **more: Any) -> None:
        self._project = quote(environment["SYSTEM_TEAMPROJECT"])
        self._type = environment.get("CSP_WORK_ITEM") or "Issue"
        self._done: list[str] = []
        super().__init__(*azure.place(environment, token), **more)

    def me(self) -> str:
        try:
            return str(self.data("GET", "_apis/connectionData")["authenticatedUser"]["id"])
        except (KeyError, TypeError):
            raise Refused("Azure DevOps does not say whose token this is") from None

    def marked(self, mark: str) -> Iterator[Issue]:
        done = ", ".join(f"'{state}'" for state in self._ended())
        query = (
            "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project "  # noqa: S608 - our own words
            f"AND [System.Tags] CONTAINS '{MARKS}-{mark}' AND [System.State] NOT IN ({done}) ORDER BY [System.Id]"
        )
        found = self.data("POST", f"{self._project}/_apis/wit/wiql", {"query": query}, **{"api-version": _API})
        ids = [str(row["id"]) for row in found.get("workItems", [])][:200]
        if not ids:
            return
        asked: dict[str, str] = {"ids": ",".join(ids), "fields": ",".join(_FIELDS), "api-version": _API}
        for row in self.data("GET", f"{self._project}/_apis/wit/workitems", **asked).get("value", []):
            title, body, author, tags = (row["fields"].get(field) for field in _FIELDS)
            if f"{MARKS}-{mark}" in str(tags or "").split("; "):
                yield Issue(str(row["id"]), str((author or {}).get("id", "")), str(title), str(body or ""))

    def body(self, mark: str, report: str) -> str:
        return f"<pre>{escape(report.rstrip(), quote=False)}</pre>"

    def open(self, mark: str, title: str, body: str) -> None:
        fields = {"Title": title, "Description": body, "Tags": f"{MARKS}; {MARKS}-{mark}"}
        self._patch("POST", f"${quote(self._type)}", fields)

    def rewrite(self, issue: Issue, title: str, body: str) -> None:
        self._patch("PATCH", issue.id, {"Title": title, "Description": body})

    def note(self, issue: Issue, text: str) -> None:
        path = f"{self._project}/_apis/wit/workItems/{issue.id}/comments"
        self.ask("POST", path, {"text": escape(text, quote=False)}, **{"api-version": _NOTES})

    def end(self, issue: Issue) -> None:
        self._patch("PATCH", issue.id, {"State": self._ended()[0]})

    def _ended(self) -> list[str]:
        """The states in which a work item of this type is done; each process of Azure DevOps has names of its own."""
        if not self._done:
            path = f"{self._project}/_apis/wit/workitemtypes/{quote(self._type)}/states"
            rows = self.data("GET", path, **{"api-version": _API}).get("value", [])
            ended = ("Completed", "Removed")
            self._done = [
                row["name"] for kind in ended for row in rows if row["category"] == kind and "'" not in row["name"]
            ]
            if not any(row["category"] == "Completed" for row in rows):
                raise Refused(f"Azure DevOps knows no state in which a work item of type {self._type} is done")
        return self._done

    def _patch(self, method: str, which: str, fields: Mapping[str, str]) -> None:
        body = [{"op": "add", "path": f"/fields/System.{name}", "value": value} for name, value in fields.items()]
        path = f"{self._project}/_apis/wit/workitems/{which}"
        self.ask(method, path, body, form=_PATCH, **{"api-version": _API})


TRACKERS: Mapping[str, type[Any]] = {"github": GitHubIssues, "gitlab": GitLabIssues, "azure": WorkItems}


def _comment(mark: str) -> str:
    return f"<!-- csp-onboarding: issue {mark} -->"

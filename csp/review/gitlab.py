"""GitLab: a note of the merge request. The job's own token may not comment: a project access token does (scope api)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from csp.review.platform import Comment, Platform
from csp.review.wire import MOST_PAGES, Refused


def place(environment: Mapping[str, str], token: str) -> tuple[str, dict[str, str]]:
    """Where the API is, and the headers of every call."""
    headers = {"PRIVATE-TOKEN": token, "User-Agent": "csp-onboarding"}
    return environment.get("CI_API_V4_URL") or "https://gitlab.com/api/v4", headers


class GitLab(Platform):
    name, characters, size = "GitLab", 1_000_000, 4_000_000

    def __init__(self, environment: Mapping[str, str], number: str, token: str, **more: Any) -> None:
        self._request = f"projects/{environment['CI_PROJECT_ID']}/merge_requests/{number}"
        super().__init__(*place(environment, token), number, **more)

    def me(self) -> str:
        try:
            return str(self.data("GET", "user")["id"])
        except (KeyError, TypeError):
            raise Refused("GitLab does not say whose token this is") from None

    def head(self) -> str:
        try:
            return str(self.data("GET", self._request)["sha"])
        except (KeyError, TypeError):
            raise Refused("GitLab names no head commit of the merge request") from None

    def comments(self) -> Iterator[Comment]:
        page = "1"
        for _ in range(MOST_PAGES):
            answer = self.ask(
                "GET", f"{self._request}/notes", per_page=100, page=page, sort="asc", order_by="created_at"
            )
            for row in answer.json():
                if not row.get("system"):
                    author = str((row.get("author") or {}).get("id", ""))
                    yield Comment(str(row["id"]), author, str(row.get("body") or ""))
            page = answer.headers.get("x-next-page", "")
            if not page:
                return

    def create(self, body: str) -> None:
        self.ask("POST", f"{self._request}/notes", {"body": body})

    def update(self, comment: Comment, body: str) -> None:
        self.ask("PUT", f"{self._request}/notes/{comment.id}", {"body": body})

    def delete(self, comment: Comment) -> None:
        self.ask("DELETE", f"{self._request}/notes/{comment.id}")

"""GitHub: an issue comment of the pull request, at most 65,536 characters (the API's own 422 says so)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from csp.review.platform import Comment, Platform
from csp.review.wire import MOST_PAGES, NotAllowed, Refused

ACTIONS = "github-actions[bot]"
"""Who writes with a workflow's own token, which may not ask who it is."""


def place(environment: Mapping[str, str], token: str) -> tuple[str, dict[str, str]]:
    """Where the API is, and the headers of every call."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "csp-onboarding",
    }
    return environment.get("GITHUB_API_URL") or "https://api.github.com", headers


class GitHub(Platform):
    name, characters, size = "GitHub", 65_536, 262_144

    def __init__(self, environment: Mapping[str, str], number: str, token: str, **more: Any) -> None:
        self._repo = f"repos/{environment['GITHUB_REPOSITORY']}"
        super().__init__(*place(environment, token), number, **more)

    def me(self) -> str:
        try:
            return str(self.data("GET", "user")["login"])
        except (NotAllowed, KeyError, TypeError):
            return ACTIONS

    def head(self) -> str:
        try:
            return str(self.data("GET", f"{self._repo}/pulls/{self.number}")["head"]["sha"])
        except (KeyError, TypeError):
            raise Refused("GitHub names no head commit of the pull request") from None

    def comments(self) -> Iterator[Comment]:
        for page in range(1, MOST_PAGES + 1):
            rows = self.data("GET", f"{self._repo}/issues/{self.number}/comments", per_page=100, page=page)
            if not isinstance(rows, list):
                raise Refused("GitHub lists no comments")
            for row in rows:
                yield Comment(str(row["id"]), str((row.get("user") or {}).get("login", "")), str(row.get("body") or ""))
            if len(rows) < 100:
                return

    def create(self, body: str) -> None:
        self.ask("POST", f"{self._repo}/issues/{self.number}/comments", {"body": body})

    def update(self, comment: Comment, body: str) -> None:
        self.ask("PATCH", f"{self._repo}/issues/comments/{comment.id}", {"body": body})

    def delete(self, comment: Comment) -> None:
        self.ask("DELETE", f"{self._repo}/issues/comments/{comment.id}")

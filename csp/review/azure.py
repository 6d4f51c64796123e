"""Azure DevOps: a thread of the pull request, closed at once so that it blocks no completion.

The size of a comment is documented nowhere: 150,000 characters are assumed (`CSP_COMMENT_CHARACTERS` says another
number).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from csp.review.platform import Comment, Platform
from csp.review.wire import Refused

_VERSION = "7.1"
_TEXT, _CLOSED = 1, 4


def place(environment: Mapping[str, str], token: str) -> tuple[str, dict[str, str]]:
    """Where the API is, and the headers of every call."""
    return environment["SYSTEM_COLLECTIONURI"], {"Authorization": f"Bearer {token}", "User-Agent": "csp-onboarding"}


class AzureDevOps(Platform):
    name, characters, size = "Azure DevOps", 150_000, 600_000

    def __init__(self, environment: Mapping[str, str], number: str, token: str, **more: Any) -> None:
        project, repository = quote(environment["SYSTEM_TEAMPROJECT"]), environment["BUILD_REPOSITORY_ID"]
        self._request = f"{project}/_apis/git/repositories/{repository}/pullRequests/{number}"
        super().__init__(*place(environment, token), number, **more)

    def me(self) -> str:
        try:
            return str(self.data("GET", "_apis/connectionData")["authenticatedUser"]["id"])
        except (KeyError, TypeError):
            raise Refused("Azure DevOps does not say whose token this is") from None

    def head(self) -> str:
        try:
            return str(self._get("")["lastMergeSourceCommit"]["commitId"])
        except (KeyError, TypeError):
            raise Refused("Azure DevOps names no head commit of the pull request") from None

    def comments(self) -> Iterator[Comment]:
        # All threads come in one answer: this list has no pages.
        for thread in self._get("/threads").get("value", []):
            for row in thread.get("comments", []):
                if not thread.get("isDeleted") and not row.get("isDeleted") and row.get("commentType") != "system":
                    author = str((row.get("author") or {}).get("id", ""))
                    yield Comment(f"{thread['id']}/{row['id']}", author, str(row.get("content") or ""))

    def create(self, body: str) -> None:
        comment = {"parentCommentId": 0, "content": body, "commentType": _TEXT}
        self._send("POST", "/threads", {"comments": [comment], "status": _CLOSED})

    def update(self, comment: Comment, body: str) -> None:
        self._send("PATCH", self._place(comment), {"content": body})

    def delete(self, comment: Comment) -> None:
        self._send("DELETE", self._place(comment), None)

    @staticmethod
    def _place(comment: Comment) -> str:
        thread, _, number = comment.id.partition("/")
        return f"/threads/{thread}/comments/{number}"

    def _get(self, path: str) -> Any:
        return self.data("GET", self._request + path, **{"api-version": _VERSION})

    def _send(self, method: str, path: str, body: Any) -> None:
        self.ask(method, self._request + path, body, **{"api-version": _VERSION})

"""GitHub, GitLab and Azure DevOps as far as a comment of a pull request needs them: real HTTP on loopback, the
documented bodies, pages, limits and refusals."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.review import tracking

ME = {"github": "github-actions[bot]", "gitlab": "77", "azure": "a0a0"}
HEAD = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Server:
    """One pull request. `refuse` answers in place of the platform: (status, headers) or None; `before` runs first."""

    name: str
    base: str = ""
    head: str = HEAD
    limit: int = 65_536
    rows: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    runs: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    refuse: Callable[[str, str], tuple[int, dict[str, str]] | None] = lambda method, path: None
    before: Callable[[str, str], None] = lambda method, path: None
    lock: threading.RLock = field(default_factory=threading.RLock)
    last: int = 0

    def add(self, author: str, body: str) -> dict[str, Any]:
        with self.lock:
            self.last += 1
            self.rows.append({"id": self.last, "author": author, "body": body})
            return self.rows[-1]

    def bodies(self, author: str | None = None) -> list[str]:
        return [row["body"] for row in self.rows if author is None or row["author"] == author]

    def environment(self, tmp: Any) -> dict[str, str]:
        """The variables of a job of this pull request."""
        if self.name == "github":
            event = tmp / "event.json"
            event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": HEAD}}}), "utf-8")
            return {
                "GITHUB_ACTIONS": "true",
                "GITHUB_API_URL": self.base,
                "GITHUB_REPOSITORY": "o/r",
                "GITHUB_EVENT_PATH": str(event),
                "GITHUB_STEP_SUMMARY": str(tmp / "summary.md"),
                "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_RUN_ID": "5",
                "GITHUB_TOKEN": "t0ken-of-the-job",
            }
        if self.name == "gitlab":
            return {
                "GITLAB_CI": "true",
                "CI_API_V4_URL": f"{self.base}/api/v4",
                "CI_PROJECT_ID": "3",
                "CI_MERGE_REQUEST_IID": "7",
                "CI_COMMIT_SHA": HEAD,
                "CSP_GITLAB_TOKEN": "t0ken-of-the-job",
            }
        return {
            "TF_BUILD": "True",
            "SYSTEM_COLLECTIONURI": f"{self.base}/org/",
            "SYSTEM_TEAMPROJECT": "my project",
            "BUILD_REPOSITORY_ID": "r1",
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "7",
            "SYSTEM_PULLREQUEST_SOURCECOMMITID": HEAD,
            "SYSTEM_ACCESSTOKEN": "t0ken-of-the-job",
        }


def answer(server: Server, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any, dict[str, str]]:
    """(status, body, headers) as the platform documents them."""
    if (told := tracking.answer(server, ME[server.name], method, path, query, body)) is not None:
        return told
    given = (body or {}).get("body") or (body or {}).get("content") or ""
    if server.name == "azure" and method == "POST":
        given = body["comments"][0]["content"]
    if len(given.encode("utf-16-le")) // 2 > server.limit:
        return 422, {"message": "Validation Failed", "errors": [{"message": "body is too long"}]}, {}
    return {"github": _github, "gitlab": _gitlab, "azure": _azure}[server.name](server, method, path, query, given)


def _page(rows: list[Any], query: dict[str, str]) -> tuple[list[Any], bool]:
    size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
    return rows[(page - 1) * size : page * size], page * size < len(rows)


def _github(server: Server, method: str, path: str, query: dict[str, str], given: str) -> Any:
    if path == "/user":
        return 403, {"message": "Resource not accessible by integration"}, {}
    if path == "/repos/o/r/pulls/7":
        return 200, {"head": {"sha": server.head}}, {}
    shown = [{"id": r["id"], "user": {"login": r["author"]}, "body": r["body"]} for r in server.rows]
    if path == "/repos/o/r/issues/7/comments":
        if method == "POST":
            return 201, {"id": server.add(ME["github"], given)["id"]}, {}
        return 200, _page(shown, query)[0], {}
    return _one(server, method, path, given)


def _gitlab(server: Server, method: str, path: str, query: dict[str, str], given: str) -> Any:
    if path == "/api/v4/user":
        return 200, {"id": 77, "username": "project_3_bot"}, {}
    if path == "/api/v4/projects/3/merge_requests/7":
        return 200, {"sha": server.head}, {}
    if path == "/api/v4/projects/3/merge_requests/7/notes":
        if method == "POST":
            return 201, {"id": server.add(ME["gitlab"], given)["id"]}, {}
        shown = [
            {"id": r["id"], "author": {"id": r["author"]}, "body": r["body"], "system": False} for r in server.rows
        ]
        rows, more = _page(shown, query)
        return 200, rows, {"X-Next-Page": str(int(query.get("page", "1")) + 1) if more else ""}
    return _one(server, method, path, given)


def _azure(server: Server, method: str, path: str, query: dict[str, str], given: str) -> Any:
    if path == "/org/_apis/connectionData":
        return 200, {"authenticatedUser": {"id": ME["azure"]}}, {}
    request = "/org/my%20project/_apis/git/repositories/r1/pullRequests/7"
    assert query.get("api-version") == "7.1"
    if path == request:
        return 200, {"lastMergeSourceCommit": {"commitId": server.head}}, {}
    if path == f"{request}/threads":
        if method == "POST":
            return 200, {"id": server.add(ME["azure"], given)["id"]}, {}
        return 200, {"value": [_thread(row) for row in server.rows]}, {}
    return _one(server, method, path.removesuffix("/comments/1"), given)


def _thread(row: dict[str, Any]) -> dict[str, Any]:
    first = {"id": 1, "author": {"id": row["author"]}, "content": row["body"], "commentType": "text"}
    return {"id": row["id"], "status": "closed", "isDeleted": False, "comments": [first]}


def _one(server: Server, method: str, path: str, given: str) -> Any:
    number = re.search(r"/(\d+)$", path)
    found = next((row for row in server.rows if number and row["id"] == int(number[1])), None)
    if found is None:
        return 404, {"message": "Not Found"}, {}
    if method == "DELETE":
        server.rows.remove(found)
        return 204, None, {}
    found["body"] = given
    return 200, {"id": found["id"]}, {}


@contextmanager
def serving(name: str) -> Iterator[Server]:
    """A platform on loopback for the time of the block."""
    server = Server(name)

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.calls.append(f"{self.command} {parts.path}")
            server.before(self.command, parts.path)
            if refused := server.refuse(self.command, parts.path):
                status, data, headers = refused[0], {"message": "no"}, refused[1]
            else:
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                with server.lock:
                    body = json.loads(raw) if raw else None
                    kind = self.headers.get("Content-Type", "")
                    if raw and kind != tracking.content_type(server, self.command, parts.path):
                        status, data, headers = 415, {"message": f"not {kind}"}, {}
                    else:
                        status, data, headers = answer(server, self.command, parts.path, query, body)
            text = b"" if data is None else json.dumps(data).encode()
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the names of http.server

        def log_message(self, *_: object) -> None: ...

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    server.base = f"http://127.0.0.1:{listening.server_port}"
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join(5)

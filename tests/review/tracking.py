"""Issues, work items and scheduled runs of the three platforms, as documented: what schedules need of `platforms`.

A tracker's row: id, author, title, body, state, tags, notes. `Server.runs`: pipeline -> time of its last scheduled run.
"""

from __future__ import annotations

import re
from typing import Any

Answer = tuple[int, Any, dict[str, str]]


def answer(server: Any, me: str, method: str, path: str, query: dict[str, str], body: Any) -> Answer | None:
    """(status, body, headers), or None for what is no issue, work item or run."""
    found: Answer | None = {"github": _github, "gitlab": _gitlab, "azure": _azure}[server.name](
        server, me, method, path, query, body
    )
    return found


def add(server: Any, author: str, title: str, body: str, tags: str = "") -> dict[str, Any]:
    with server.lock:
        server.last += 1
        row = {"id": server.last, "author": author, "title": title, "body": body, "state": "open", "tags": tags}
        server.issues.append(row | {"notes": []})
        created: dict[str, Any] = server.issues[-1]
        return created


def open_ones(server: Any) -> list[dict[str, Any]]:
    return [row for row in server.issues if row["state"] == "open"]


def _page(rows: list[Any], query: dict[str, str]) -> tuple[list[Any], str]:
    size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
    return rows[(page - 1) * size : page * size], str(page + 1) if page * size < len(rows) else ""


def _row(server: Any, path: str) -> dict[str, Any] | None:
    number = re.search(r"/(\d+)(?:/(?:comments|notes))?$", path)
    return next((row for row in server.issues if number and row["id"] == int(number[1])), None)


def _github(server: Any, me: str, method: str, path: str, query: dict[str, str], body: Any) -> Answer | None:
    if ran := re.fullmatch(r"/repos/o/r/actions/workflows/([^/]+)/runs", path):
        assert query["event"] == "schedule"
        when = server.runs.get(ran[1])
        return 200, {"workflow_runs": [{"created_at": when}] if when else []}, {}
    if path == "/repos/o/r/issues":
        if method == "POST":
            return 201, {"number": add(server, me, body["title"], body["body"])["id"]}, {}
        rows = [
            {"number": r["id"], "user": {"login": r["author"]}, "title": r["title"], "body": r["body"]}
            for r in open_ones(server)
        ]
        return 200, _page([{"number": 7, "pull_request": {}, "title": "", "body": None}, *rows], query)[0], {}
    if not path.startswith("/repos/o/r/issues/") or (row := _row(server, path)) is None:
        return None
    if path.endswith("/comments"):
        row["notes"].append(body["body"])
        return 201, {}, {}
    row |= {key: "closed" if key == "state" else value for key, value in body.items() if key != "state_reason"}
    return 200, {}, {}


def _gitlab(server: Any, me: str, method: str, path: str, query: dict[str, str], body: Any) -> Answer | None:
    base = "/api/v4/projects/3"
    if path == f"{base}/pipelines":
        assert query["source"] == "schedule"
        when = server.runs.get(query["name"])
        return 200, [{"created_at": when}] if when else [], {}
    if path == f"{base}/issues":
        if method == "POST":
            return 201, {"iid": add(server, me, body["title"], body["description"])["id"]}, {}
        assert query["state"] == "opened"
        assert query["scope"] == "all"
        rows = [
            {"iid": r["id"], "author": {"id": int(r["author"])}, "title": r["title"], "description": r["body"]}
            for r in open_ones(server)
        ]
        shown, following = _page(rows, query)
        return 200, shown, {"X-Next-Page": following}
    if not path.startswith(f"{base}/issues/") or (row := _row(server, path)) is None:
        return None
    if path.endswith("/notes"):
        row["notes"].append(body["body"])
        return 201, {}, {}
    if body.get("state_event") == "close":
        row["state"] = "closed"
    row |= {{"title": "title", "description": "body"}[key]: body[key] for key in body if key != "state_event"}
    return 200, {}, {}


def _azure(server: Any, me: str, method: str, path: str, query: dict[str, str], body: Any) -> Answer | None:
    base = "/org/my%20project/_apis"
    if path == f"{base}/build/definitions":
        return 200, {"value": [{"id": 12}] if query["name"] in server.runs else []}, {}
    if path == f"{base}/build/builds":
        assert query["reasonFilter"] == "schedule"
        assert query["definitions"] == "12"
        return 200, {"value": [{"queueTime": when} for when in server.runs.values() if when][:1]}, {}
    if not path.startswith(f"{base}/wit/"):
        return None
    if path.endswith("/Issue/states"):
        states = (("To Do", "Proposed"), ("Done", "Completed"))
        return 200, {"value": [{"name": name, "category": kind} for name, kind in states]}, {}
    if path.endswith("/wiql"):
        mark = re.search(r"CONTAINS '([^']+)'", body["query"])
        assert mark is not None
        assert "NOT IN ('Done')" in body["query"]
        return 200, {"workItems": [{"id": r["id"]} for r in open_ones(server) if mark[1] in r["tags"]]}, {}
    if path.endswith("/workitems") and method == "GET":
        rows = [r for r in server.issues if str(r["id"]) in query["ids"].split(",")]
        return 200, {"value": [{"id": r["id"], "fields": _fields(r)} for r in rows]}, {}
    if path.endswith("/workitems/$Issue"):
        given = {one["path"].rpartition(".")[2]: one["value"] for one in body}
        return 200, {"id": add(server, me, given["Title"], given["Description"], given["Tags"])["id"]}, {}
    if (row := _row(server, path)) is None:
        return 404, {"message": "no"}, {}
    if path.endswith("/comments"):
        row["notes"].append(body["text"])
        return 200, {}, {}
    for one in body:
        name, value = one["path"].rpartition(".")[2], one["value"]
        row |= {"State": {"state": "closed"}, "Title": {"title": value}, "Description": {"body": value}}[name]
    return 200, {}, {}


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    author = {"id": row["author"], "displayName": "somebody"}
    return {
        "System.Title": row["title"],
        "System.Description": row["body"],
        "System.CreatedBy": author,
        "System.Tags": row["tags"],
    }


def content_type(server: Any, method: str, path: str) -> str:
    """What the platform insists on for a body; anything else is 415."""
    patching = server.name == "azure" and re.search(r"/wit/workitems/", path)
    return "application/json-patch+json" if patching and method != "GET" else "application/json"

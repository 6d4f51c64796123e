"""`csp issue` and `csp schedules` against the three platforms on loopback."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clients.wire import clock
from csp.main import app
from tests.review import tracking
from tests.review.platforms import ME, Server

Say = Callable[..., str]
MARK, TAG = "<!-- csp-onboarding: issue drift-live -->", "csp-onboarding-drift-live"
GitHub = pytest.mark.parametrize("server", ["github"], indirect=True)


@pytest.fixture
def run(job: Path) -> Say:
    """`csp WORDS` in a scheduled job; returns what it printed."""

    def call(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, list(words))
        assert done.exit_code == code, (done.output, done.exception)
        return done.output + str(done.exception or "")

    return call


@pytest.fixture
def drift(run: Say, tmp_path: Path) -> Say:
    def look(code: int, report: str = "| phone |", file: str = "drift.md", ends: int = 0) -> str:
        (tmp_path / file).write_text(report, "utf-8")
        return run("issue", file, "--about", "drift-live", "--code", str(code), code=ends)

    return look


def test_one_issue_is_opened_updated_and_closed_when_drift_is_gone(server: Server, drift: Say) -> None:
    assert "no open issue" in drift(0), "no drift, no issue"
    assert not server.issues
    assert "opened" in drift(7, "| phone |")
    assert "says so already" in drift(7, "| phone |")
    assert "updated" in drift(7, "| street |")
    (one,) = tracking.open_ones(server)
    assert one["title"] == "csp: drift live"
    assert "street" in one["body"]
    assert "phone" not in one["body"]
    assert "closed" in drift(0)
    assert not tracking.open_ones(server)
    assert one["notes"][0].startswith("Gone: looked at ")
    drift(7, "| phone |")
    assert len(server.issues) == 2, "drift that comes back is another one"


@pytest.mark.parametrize("code", [10, 1, 2])
def test_could_not_look_is_neither_drift_nor_its_end(server: Server, drift: Say, code: int) -> None:
    assert "no open issue" in drift(code)
    assert not server.issues
    drift(7)
    assert "stays open" in drift(code, "ION is down")
    (one,) = tracking.open_ones(server)
    assert "phone" in one["body"], "what was found stays"
    assert f"exit code {code}" in one["notes"][0]


def test_ours_is_found_by_mark_and_author_beyond_the_first_page(server: Server, drift: Say) -> None:
    forged = tracking.add(server, "99", "forged", MARK, f"x; {TAG}")
    other = tracking.add(server, ME[server.name], "other", MARK.replace("live", "live-2"), f"{TAG}-2")
    for number in range(210):
        tracking.add(server, "99", f"issue {number}", "text")
    drift(7)
    drift(7, "more")
    drift(0)
    assert forged["state"] == other["state"] == "open"
    assert len(server.issues) == 213
    assert server.issues[-1]["state"] == "closed"


def test_two_runs_at_once_leave_one_open_issue(server: Server, drift: Say) -> None:
    raced = []

    def another(method: str, path: str) -> None:
        if method == "POST" and path.endswith(("/issues", "$Issue")) and not raced:
            raced.append(tracking.add(server, ME[server.name], "csp", f"{MARK}\nof the other run", f"x; {TAG}"))

    server.before = another
    drift(7)
    assert tracking.open_ones(server) == raced


def test_nothing_of_a_report_that_is_no_markdown_acts(server: Server, drift: Say) -> None:
    drift(7, "/close\n@everybody <!-- --> ```\n````\n</pre>", file="doctor.txt")
    (one,) = tracking.open_ones(server)
    if server.name == "azure":
        assert "&lt;/pre&gt;" in one["body"]
        assert one["body"].count("</pre>") == 1
    else:
        assert "`````text\n/close" in one["body"]
        assert one["body"].rstrip().endswith("\n`````")


def test_a_finding_that_reaches_nobody_is_no_green_job(server: Server, drift: Say) -> None:
    server.refuse = lambda method, path: (403, {})
    assert "nothing was told about drift-live" in drift(7, ends=1)
    server.refuse = lambda method, path: (429, {"Retry-After": "1"})
    drift(7, ends=1)
    assert not server.issues


def test_a_report_beyond_the_limit_is_cut(server: Server, drift: Say) -> None:
    drift(7, "\n".join(f"| {number} |" for number in range(200_000)))
    (one,) = tracking.open_ones(server)
    limit = {"github": 65_536, "gitlab": 1_000_000, "azure": 150_000}[server.name]
    assert len(one["body"]) <= limit
    assert "cut" in one["body"]


def test_a_schedule_that_did_not_run_is_noticed(server: Server, run: Say) -> None:
    now = clock.now()
    server.runs["drift.yml"] = f"{now - timedelta(hours=30):%Y-%m-%dT%H:%M:%S.1234567}Z"
    assert "ran last at" in run("schedules", "drift.yml=50")
    assert "more than 20 hours ago" in run("schedules", "drift.yml=20", code=7)
    assert "never ran" in run("schedules", "care.yml=50", code=7)
    server.refuse = lambda method, path: (403, {})
    assert "not known" in run("schedules", "drift.yml=50", code=10)


@GitHub
def test_bad_input_is_one_line(run: Say, drift: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "letters and digits" in run("issue", "drift.md", "--about", "a-->b", "--code", "7", code=1)
    assert "cannot be read" in run("issue", "none.md", "--about", "drift", "--code", "7", code=1)
    assert "PIPELINE=HOURS" in run("schedules", "drift.yml", code=1)
    monkeypatch.delenv("GITHUB_TOKEN")
    assert "there is no token in GITHUB_TOKEN" in drift(7, ends=1)

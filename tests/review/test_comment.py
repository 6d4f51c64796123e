"""`csp comment` against the three platforms on loopback: one comment, ours, of the newest commit, never too long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from csp.commands import comment as command
from csp.errors import CommandError
from csp.main import app
from csp.review import body as text
from csp.review import comment as writing
from csp.review import summary, wire
from csp.review.azure import AzureDevOps
from csp.review.github import GitHub
from csp.review.gitlab import GitLab
from csp.review.platform import Platform
from tests.review.platforms import HEAD, ME, Server

MADE = {"github": GitHub, "gitlab": GitLab, "azure": AzureDevOps}
Say = Callable[..., str]


@pytest.fixture
def say(job: Path) -> Say:
    """The command in a job of the pull request; returns what it printed."""

    def call(*words: str, report: str = "# Plan\n\nnothing", code: int = 0) -> str:
        (job / "report.md").write_text(report, "utf-8")
        done = CliRunner().invoke(app, ["comment", *(["report.md"] if "--outdated" not in words else []), *words])
        assert done.exit_code == code, done.output
        return done.output

    return call


def opened(server: Server, tmp_path: Path) -> Platform:
    return MADE[server.name](server.environment(tmp_path), "7", "t", sleep=lambda seconds: None)


def test_one_comment_updated_in_place_and_only_when_something_changed(server: Server, say: Say) -> None:
    assert "commented on" in say(report="# one")
    assert "says so already" in say(report="# one")
    writes = [call for call in server.calls if not call.startswith("GET")]
    assert len(writes) == 1
    assert "updated" in say(report="# two")
    (body,) = server.bodies()
    assert body.startswith(f"{text.MARKER} of {HEAD} -->\n# two")


def test_ours_is_found_beyond_the_first_page_and_by_author(server: Server, say: Say) -> None:
    for number in range(230):
        server.add("somebody", f"comment {number}")
    server.add("somebody", f"{text.MARKER} of {HEAD} -->\nforged")
    server.add(ME[server.name], "another tool of the same account")
    say(report="# one")
    say(report="# two")
    assert [body for body in server.bodies(ME[server.name]) if "# two" in body] == server.bodies()[-1:]
    assert "forged" in "".join(server.bodies("somebody")), "a comment of somebody else is left alone"
    assert len(server.rows) == 233


def test_the_newest_commit_wins_over_a_late_run(server: Server, say: Say) -> None:
    say(report="# of the newer commit")
    server.head = "f" * 40
    assert "newer commit" in say(report="# late")
    assert "late" not in server.bodies()[0]
    assert "older commit" in say("--outdated")
    assert "**Outdated.**" in server.bodies()[0]
    assert say("--outdated")
    assert server.bodies()[0].count("**Outdated.**") == 1


def test_nothing_is_said_of_a_plan_without_changes_unless_something_was(server: Server, say: Say) -> None:
    assert "no comment" in say("--unchanged")
    assert server.rows == []
    say(report="# changes")
    assert "updated" in say("--unchanged", report="# none any more")
    assert "none any more" in server.bodies()[0]


@pytest.mark.parametrize("status", [401, 403, 404, 422, 500])
def test_what_cannot_be_written_leaves_the_job_green_and_the_report_elsewhere(
    server: Server, say: Say, tmp_path: Path, status: int
) -> None:
    server.refuse = lambda method, path: (status, {}) if method == "POST" else None
    told = say(report="# the plan")
    assert "the report is on the job's page" in told
    assert f"HTTP {status}" in told
    assert "# the plan" in (tmp_path / "csp-plan.md").read_text("utf-8")
    if server.name == "github":
        assert "# the plan" in (tmp_path / "summary.md").read_text("utf-8")
    if server.name == "azure":
        assert f"##vso[task.uploadsummary]{tmp_path / 'csp-plan.md'}" in told.splitlines()


def test_without_a_token_nothing_is_asked(server: Server, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "CSP_GITLAB_TOKEN", "GITLAB_TOKEN", "SYSTEM_ACCESSTOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert "there is no token" in say()
    assert server.calls == []


@pytest.mark.parametrize("headers", [{"Retry-After": "1"}, {}])
def test_a_limit_is_waited_out(server: Server, say: Say, headers: dict[str, str]) -> None:
    limited = iter([429, 403 if headers else 503])
    server.refuse = lambda method, path: (status, headers) if (status := next(limited, 0)) else None
    assert "commented on" in say()


def test_a_limit_that_does_not_end_is_told(server: Server, say: Say) -> None:
    server.refuse = lambda method, path: (429, {"Retry-After": "1"})
    assert "HTTP 429" in say()
    assert len(server.calls) <= 2 * wire.ATTEMPTS


def test_two_writers_at_once_leave_one_comment(server: Server, tmp_path: Path) -> None:
    """Both look before either has written."""
    for _ in range(5):
        server.rows.clear()
        looked = threading.Barrier(2, timeout=10)
        waiting = {1, 2}

        def before(method: str, path: str, waiting: set[int] = waiting, looked: threading.Barrier = looked) -> None:
            if method == "POST" and waiting:
                waiting.pop()
                looked.wait()

        server.before = before
        bodies = [text.composed([f"# {one}"], HEAD) for one in "ab"]

        def write(body: str) -> None:
            platform = opened(server, tmp_path)
            writing.publish(platform, body, HEAD)
            platform.close()

        threads = [threading.Thread(target=write, args=(body,)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(server.rows) == 1
        assert server.rows[0]["body"] in bodies


def test_a_comment_that_somebody_deletes_meanwhile_is_made_again(server: Server, say: Say) -> None:
    say(report="# one")

    def before(method: str, path: str) -> None:
        if method in ("PATCH", "PUT"):
            server.rows.clear()

    server.before = before
    say(report="# two")
    assert "# two" in server.bodies()[0]


@pytest.mark.parametrize("letter", ["a", "é", "\N{GRINNING FACE}"])
@pytest.mark.parametrize("over", [-1, 0, 1])
def test_the_limit_minus_one_zero_and_plus_one(server: Server, say: Say, letter: str, over: int) -> None:
    """As the platforms count: characters of UTF-16."""
    server.limit = MADE[server.name].characters
    frame = len(text.composed([""], HEAD)) - 1
    units = len(letter.encode("utf-16-le")) // 2
    filled = letter * 100 + "\n"
    room = server.limit + over - frame - 1
    lines, rest = divmod(room, 100 * units + 1)
    report = filled * lines + "x" * rest
    assert len(text.composed([report], HEAD).encode("utf-16-le")) // 2 == server.limit + over
    assert "commented on" in say(report=report)
    (body,) = server.bodies()
    assert ("This report is cut" in body) == (over > 0)


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_the_limit_in_bytes(over: int) -> None:
    body = text.composed(["é" * 10 + "\n" + "ab"], HEAD)
    size = len(body.encode("utf-8"))
    assert (text.fitted(body, 10_000, size - over, "") == body) == (over <= 0)


def test_a_cut_leaves_nothing_open(tmp_path: Path) -> None:
    report = "<details><summary>a</summary>\n\n```\n" + "line\n" * 500 + "```\n</details>\n"
    cut = text.fitted(text.composed([report], HEAD), 600, 600, "There.")
    assert cut.count("```") == 2
    assert cut.count("<details>") == cut.count("</details>") == 1
    assert cut.rstrip().endswith("There.")
    assert len(cut) <= 600


def test_a_secret_that_is_known_stays_here(
    server: Server, say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from clients.redact import SECRETS

    SECRETS.add("s3cret-value-of-a-token")
    say(report="# leak s3cret-value-of-a-token")
    assert "s3cret-value" not in server.bodies()[0]
    assert "s3cret-value" not in (tmp_path / "csp-plan.md").read_text("utf-8")


def test_several_stacks_are_one_comment(server: Server, say: Say, tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# second stack", "utf-8")
    say("other.md", report="# first stack")
    (body,) = server.bodies()
    assert body.index("# first stack") < body.index("# second stack")


def test_no_platform_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(command.CommandError, match="say which with --on"):
        command.comment([Path("x.md")])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--number", "7/../8"), "write digits alone"),
        (("--number", "0x7"), "write digits alone"),
        (("--commit", "HEAD"), "7 to 64 hex digits"),
        (("--commit", "0123456\n::error::x"), "7 to 64 hex digits"),
        (("--keep", "no/such/folder/plan.md"), "cannot be written"),
    ],
)
def test_what_is_no_number_commit_or_file_is_one_line(
    server: Server, job: Path, words: tuple[str, ...], told: str
) -> None:
    (job / "report.md").write_text("# Plan", "utf-8")
    done = CliRunner().invoke(app, ["comment", "report.md", *words], standalone_mode=True)
    assert done.exit_code
    assert isinstance(done.exception, SystemExit | CommandError), repr(done.exception)
    assert told in (str(done.exception) + done.output)
    assert not server.calls


@pytest.mark.parametrize("over", [-1, 0, 1])
@pytest.mark.parametrize("before", [0, 1000, summary.GITHUB_BYTES - 60, summary.GITHUB_BYTES])
def test_the_page_of_a_job_is_never_too_long(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], before: int, over: int
) -> None:
    page, kept = tmp_path / "summary.md", tmp_path / "plan.md"
    page.write_bytes(b"x" * before)
    body = text.composed(["é" * 50 + "\n"] * 9000, HEAD)
    body += "y" * max(0, summary.GITHUB_BYTES - before - len(body.encode()) + over - 1) + "\n"
    summary.put("github", {"GITHUB_STEP_SUMMARY": str(page)}, body, kept, "There.")
    assert page.stat().st_size <= summary.GITHUB_BYTES
    full = "the page of this job is full" in capsys.readouterr().err
    assert full == (before > summary.GITHUB_BYTES - 100)
    assert full or page.read_text("utf-8")[before:] == body or "does not count as reviewed" in page.read_text("utf-8")

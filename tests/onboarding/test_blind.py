"""What could not be looked at, in one wording; and what the processes of a run tell each other about it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import schemas
from clients.errors import CredentialsLost, NotReached, Problem, RetryLater, WrongAccount
from onboarding.core.remedy import Trouble, reason, remedy
from onboarding.look import run_notes
from onboarding.look.run_notes import Note
from onboarding.readiness import blind
from onboarding.readiness.blind import Unseen

PROBLEM = Problem("ion", "customers.list", 503, "", "busy")
SINCE = "2026-11-26T01:25:09Z"


@pytest.mark.parametrize(
    ("unseen", "line"),
    [
        (
            Unseen("us", ("a", "b"), 8, SINCE, "ION: 503", "wait"),
            "NOT LOOKED AT since 2026-11-26 01:25 UTC: 2 of 8 customers (a, b) of connection us: ION: 503. To do: wait",
        ),
        (Unseen("us", ("a",), 1, "", "why", "do"), "NOT LOOKED AT: 1 of 1 customer of connection us: why. To do: do"),
        (Unseen("us", (), 0, "", "why", "do"), "NOT LOOKED AT: every customer of connection us: why. To do: do"),
    ],
)
def test_one_line_says_who_since_when_why_and_what_to_do(unseen: Unseen, line: str) -> None:
    assert str(unseen) == line


@pytest.mark.parametrize(
    ("failure", "action"),
    [
        (CredentialsLost(PROBLEM, action="log in"), "log in"),
        (NotReached(PROBLEM, action="trust the certificate"), "trust the certificate"),
        (WrongAccount(PROBLEM), "point stacks/connections/us.yaml back to its account"),
        (RetryLater(PROBLEM), "`csp doctor -c us`"),
        (ZeroDivisionError("x"), "report this line"),
    ],
)
def test_every_failure_has_one_thing_to_do(failure: Exception, action: str) -> None:
    assert action in remedy(failure, "us")
    assert "; next:" not in reason(failure)


def test_the_reason_of_most_customers_is_told_and_the_others_counted() -> None:
    mended = Trouble.of(CredentialsLost(PROBLEM, action="mend x"), "us")
    (one,) = blind.just_now("us", 9, {"a": mended}, SINCE)
    assert (one.customers, one.why, one.do) == (("a",), "ion customers.list: 503 busy", "mend x")
    (one,) = blind.just_now("us", 9, {"a": "x; next: y"}, SINCE)  # a text is not taken apart
    assert one.why == "x; next: y"
    assert "doctor" in one.do


def test_a_customer_that_no_file_declares_is_named_as_not_looked_at(tmp_path: Path) -> None:
    trouble = Trouble.of(RetryLater(PROBLEM), "us", "ION customer 7")
    (one,) = blind.in_look(
        [trouble], schemas.Estate(stack="s", project_dir=tmp_path, connections={}, customers=()), {"": SINCE}
    )
    assert (one.connection, one.customers, one.since) == ("us", ("ION customer 7",), SINCE)


def test_a_later_look_that_succeeds_takes_a_note_back(tmp_path: Path) -> None:
    here = run_notes.folder(tmp_path, "1-2")
    for kind, key in (("Customer", "b"), ("Customer", "a"), ("Attestation", "a")):
        run_notes.append(here, Note("us", kind, key, SINCE, "busy", "wait"))
    run_notes.append(here, Note("us", "Customer", "b"))
    (here / "9.jsonl").write_text('{"at": 1, "connection": "us", "ki', "utf-8")  # its process was killed
    assert [note.about for note in run_notes.read(here)] == [("Attestation", "a"), ("Customer", "a")]
    assert run_notes.read(run_notes.folder(tmp_path, "other")) == []
    last = run_notes.latest(tmp_path, "us")
    assert last is not None
    assert (last.kind, last.why) == ("Attestation", "busy")
    assert run_notes.latest(tmp_path, "ca") is None


@pytest.mark.parametrize("ahead", [0, 366 * 86400])
def test_notes_of_a_week_ago_are_removed_and_never_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    """Whatever this machine's clock says: that of the file system may be another one's."""
    past = run_notes.folder(tmp_path, "1-1")
    run_notes.append(past, Note("us", "Customer", "a", SINCE, "busy", "wait"))
    week = past.stat().st_mtime - 8 * 86400
    os.utime(past, (week, week))
    now = time.time()
    monkeypatch.setattr(run_notes.time, "time", lambda: now + ahead)
    run_notes.append(run_notes.folder(tmp_path, "1-2"), Note("us", "Customer", "b", SINCE, "busy", "wait"))
    assert [file.name for file in (tmp_path / "runs").iterdir()] == ["1-2.notes"]
    assert [note.key for note in run_notes.read(run_notes.folder(tmp_path, "1-2"))] == ["b"]


def test_since_when_is_that_of_the_first_failure_in_a_row(tmp_path: Path) -> None:
    for run, (since, why) in enumerate(
        [("2026-01-01", "busy"), ("", ""), ("2026-01-03", "busy"), ("2026-01-04", "down")]
    ):
        run_notes.append(
            run_notes.folder(tmp_path, f"1-{run}"), Note("us", "Customer", "a", since, why, "wait" if why else "")
        )
    last = run_notes.latest(tmp_path, "us")
    assert last is not None
    assert (last.since, last.why) == ("2026-01-03", "down")


def test_a_folder_that_cannot_be_written_stops_no_look(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file", "utf-8")
    run_notes.append(run_notes.folder(tmp_path, "x"), Note("us", "Customer", "a", SINCE, "busy", "wait"))


def test_an_alarm_is_told_first_and_no_later_look_takes_it_back(tmp_path: Path) -> None:
    here = run_notes.folder(tmp_path, "1-2")
    run_notes.append(here, Note("us", "TenantIdentity", "a", SINCE, "busy", "wait"))
    run_notes.append(here, Note("us", run_notes.ALARM, "a", SINCE, "made, but no place took its password"))
    run_notes.append(here, Note("us", "TenantIdentity", "a"))
    (alarm,) = blind.in_run(run_notes.read(here), schemas.Estate("test", tmp_path, (), {}))
    assert str(alarm) == "ATTENTION: a: made, but no place took its password"
    assert run_notes.latest(tmp_path, "us") is not None, "the look that failed"

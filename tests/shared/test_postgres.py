"""Locks, pauses and sent markers in a real PostgreSQL server: two runners that share nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from clients.errors import PersonMustAct, RetryLater
from clients.locks import Taken
from clients.mail.outbox import Outbox
from clients.mail.sender import Message
from clients.redact import redact
from clients.session import Session
from clients.shared.postgres import VARIABLE, Database, SharedLedger, SharedLocks, SharedMarkers, SharedPauses
from clients.tokens.renewer import _pauses
from clients.wire.clock import SystemClock
from drills.database import end_connections, server
from equipment.workspace import ROOT

MAIL = Message(to="it@contoso.example", subject="s", text="t", message_id="<one@csp>")


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """A server for all tests of this file; ended with them."""
    with server() as address:
        yield address


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    yield Database(address)
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute("DROP TABLE IF EXISTS csp_allowed, csp_pause, csp_sent")


def test_the_renewal_of_a_token_keeps_its_pauses_in_the_database(database: Database, address: str) -> None:
    """The renewer is a process of its own: what it learns of a busy token endpoint holds for every runner."""
    pauses = _pauses({"pauses": None, "database": address}, SystemClock())
    pauses.hold("ion-oauth", 30.0)
    pauses.close()
    assert 25 < SharedPauses(database).remaining("ion-oauth") <= 31


def test_look_up_and_write_of_one_key_never_overlap(database: Database) -> None:
    inside, worst, guard = 0, 0, threading.Lock()

    def work(locks: SharedLocks) -> None:
        nonlocal inside, worst
        for _ in range(5):
            with locks.hold("ion.customer", "IT@contoso.example "):
                with guard:
                    inside += 1
                    worst = max(worst, inside)
                locks.check()  # a round trip, in which another could come in
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=work, args=(SharedLocks(database, "10501/t"),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert worst == 1


def test_another_account_another_key_another_kind_wait_for_nobody(database: Database) -> None:
    with SharedLocks(database, "10501/t").hold("ion.customer", "a@b.example"):
        for scope, kind, key in (
            ("10502/t", "ion.customer", "a@b.example"),
            ("10501/t", "ion.customer", "c@b.example"),
            ("10501/t", "pc.tenant", "a@b.example"),
        ):
            with SharedLocks(database, scope, timeout_seconds=0.0).hold(kind, key):
                pass
        with (
            pytest.raises(Taken, match=r"another run works on the profile of A@b\.example") as taken,
            SharedLocks(database, "10501/t", timeout_seconds=0.1).hold("ion.customer", "A@b.example"),
        ):
            pass
    assert "next run goes on" in str(taken.value)


def test_a_runner_that_dies_leaves_no_lock(database: Database, address: str) -> None:
    code = (
        "import sys\nfrom clients.shared.postgres import Database, SharedLocks\n"
        "with SharedLocks(Database(sys.argv[1]), 'x').hold('mail', 'k'):\n"
        "    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    runner = subprocess.Popen(
        [sys.executable, "-c", code, address],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        assert runner.stdout is not None
        assert runner.stdout.readline() == "held\n"
        with pytest.raises(Taken), SharedLocks(database, "x", timeout_seconds=0.1).hold("mail", "k"):
            pass
    finally:
        runner.kill()
        runner.communicate(timeout=20)
    with SharedLocks(database, "x", timeout_seconds=20).hold("mail", "k"):
        pass


def test_a_write_asks_whether_its_lock_is_still_held(database: Database, address: str) -> None:
    locks = SharedLocks(database, "x")
    locks.check()
    with locks.hold("mail", "k"):
        locks.check()
        with locks.hold("pc.tenant", "t"):
            locks.check()
            other = threading.Thread(target=locks.check)  # holds none
            other.start()
            other.join(10)
            end_connections(address)
            with pytest.raises(RetryLater, match="nothing is written"):
                locks.check()
    locks.check()


def test_nothing_is_sent_once_the_lock_is_lost(database: Database, address: str) -> None:
    sent: list[str] = []

    class Server:
        last_error = ""

        def send(self, message: Message, before_text) -> str:  # type: ignore[no-untyped-def]
            end_connections(address)
            before_text()
            sent.append(message.to)
            return "sent"

    locks = SharedLocks(database, "x")
    outbox = Outbox(SharedMarkers(database), SystemClock(), locks.check)
    with locks.hold("mail", MAIL.message_id), pytest.raises(Exception, match="nothing is written"):
        outbox.post(MAIL, Server())  # type: ignore[arg-type]
    assert sent == []
    assert SharedMarkers(database).read(MAIL.message_id) is None


def test_a_mail_leaves_once_among_runners_that_share_no_folder(database: Database) -> None:
    sent: list[str] = []

    class Server:
        last_error = ""

        def send(self, message: Message, before_text) -> str:  # type: ignore[no-untyped-def]
            before_text()
            sent.append(message.to)
            return "sent"

    outboxes = [Outbox(SharedMarkers(database), SystemClock()) for _ in range(2)]
    assert [box.post(MAIL, Server()).result for box in outboxes] == ["sent", "sent"]  # type: ignore[arg-type]
    assert len(sent) == 1


def test_nobody_is_named_in_the_tables(database: Database, address: str) -> None:
    SharedMarkers(database).write(MAIL.message_id, {"to": MAIL.to, "subject": "s", "result": "sent", "at": "2026"})
    assert SharedLedger(database).take("sha256:1", f'["contoso", "mail", "invitation to {MAIL.to}"]', MAIL.message_id)
    with psycopg.connect(address) as admin:
        for question in ("SELECT * FROM csp_sent", "SELECT * FROM csp_allowed"):
            rows = str(admin.execute(question).fetchall())
            assert rows != "[]"
            assert "contoso" not in rows


def test_what_a_plan_allows_once_is_taken_once_among_all_runners(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        took = list(pool.map(lambda call: SharedLedger(database).take("plan", "step", str(call)), range(8)))
    assert took.count(True) == 1
    first = str(took.index(True))
    assert SharedLedger(database).take("plan", "step", first), "the same call, repeated"
    assert SharedLedger(database).take("plan", "another step", "x")
    assert SharedLedger(database).take("another plan", "step", "x")


def test_without_the_database_nothing_is_done_that_a_plan_allows_once() -> None:
    with pytest.raises(RetryLater, match="does not answer, so nothing is written"):
        SharedLedger(Database("postgresql://u@127.0.0.1:1/x")).take("plan", "step", "call")


def test_one_pause_holds_for_all_runners(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SharedPauses, "FRESH", 0.0)
    one, two = SharedPauses(database), SharedPauses(database)
    assert two.remaining("ion-1") == 0.0
    one.hold("ion-1", 30.0)
    assert 25.0 < two.remaining("ion-1") <= 30.1
    two.hold("ion-1", 5.0)
    assert one.remaining("ion-1") > 25.0, "a longer pause stays"
    assert two.remaining("ion-2") == 0.0
    one.close()
    two.close()


def test_a_pause_is_kept_where_the_database_is_gone(tmp_path: Path) -> None:
    pauses = SharedPauses(Database(f"postgresql://u:secret-word@127.0.0.1:1/{tmp_path.name}"))
    pauses.hold("ion-1", 30.0)
    assert pauses.remaining("ion-1") > 25.0


def test_without_the_database_nothing_is_written_and_the_line_says_why() -> None:
    locks = SharedLocks(Database("postgresql://u:secret-word@127.0.0.1:1/x"), "x")
    with pytest.raises(RetryLater, match="the shared database does not answer") as refused, locks.hold("mail", "k"):
        pass
    assert "secret-word" not in str(refused.value)
    assert redact("secret-word") != "secret-word"


@pytest.mark.parametrize("given", ["", "postgresql://[", "nonsense"])
def test_a_wrong_address_is_one_line(given: str) -> None:
    with pytest.raises(PersonMustAct, match=VARIABLE):
        Database(given)


def test_a_session_takes_all_four_from_the_database(address: str, database: Database, tmp_path: Path) -> None:
    from equipment.running import connection

    declared = connection("reseller").model_copy(update={"coordination": "postgresql", "sandbox": None})
    assert declared.coordination == "postgresql"
    environment = {**os.environ, VARIABLE: address}
    session = Session(declared, tmp_path, environment)
    try:
        assert isinstance(session.locks, SharedLocks)
        assert isinstance(session._pauses, SharedPauses)
        assert isinstance(session.ledger, SharedLedger)
        with session.locks.hold("mail", "k"):
            session.locks.check()
    finally:
        session.close()
    assert not (tmp_path / "locks").exists()

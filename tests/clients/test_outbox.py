"""A mail leaves at most once, also when the process ends at the worst moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clients.mail import Message, Outbox, SendResult
from clients.mail.outbox import UnmarkedError

MAIL = Message(to="anna@contoso.example", subject="Invitation", text="Hello", message_id="<one@csp>")


class Calendar:
    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, _seconds: float) -> None: ...


class Server:
    """Takes mails; `answers` says with which result, `dies` ends the process before the text or after it."""

    def __init__(self, *answers: SendResult, dies: str = "") -> None:
        self.answers = list(answers)
        self.dies = dies
        self.taken: list[Message] = []
        self.last_error = ""

    def send(self, message: Message, before_text: Callable[[], None]) -> SendResult:
        if self.dies == "before the text":
            raise KeyboardInterrupt
        try:
            before_text()
        except UnmarkedError as error:
            self.last_error = str(error)
            return "failed"
        self.taken.append(message)
        if self.dies:
            raise KeyboardInterrupt
        return self.answers.pop(0)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "mail", Calendar())


def test_a_sent_mail_is_not_sent_again(outbox: Outbox) -> None:
    server = Server("sent")
    assert outbox.post(MAIL, server).result == "sent"
    again = outbox.post(MAIL, server)
    assert (again.result, again.at, len(server.taken)) == ("sent", "2026-11-22T12:00:00Z", 1)


def test_a_refused_mail_may_be_sent_again(outbox: Outbox) -> None:
    server = Server("failed", "sent")
    assert outbox.post(MAIL, server).result == "failed"
    assert outbox.post(MAIL, server).result == "sent"


def test_an_end_in_the_middle_is_a_maybe_for_ever(outbox: Outbox) -> None:
    server = Server(dies="after the text")
    with pytest.raises(KeyboardInterrupt):
        outbox.post(MAIL, server)
    told = outbox.post(MAIL, Server("sent"))
    assert (told.result, told.why) == ("maybe", "the run was stopped while it was sent")
    assert len(server.taken) == 1


def test_an_end_before_the_text_is_no_maybe(outbox: Outbox) -> None:
    """Connecting, greeting, login and addresses: whatever ends there, nothing can have arrived."""
    with pytest.raises(KeyboardInterrupt):
        outbox.post(MAIL, Server(dies="before the text"))
    server = Server("sent")
    assert outbox.post(MAIL, server).result == "sent"
    assert len(server.taken) == 1


def test_another_mail_has_a_marker_of_its_own(outbox: Outbox) -> None:
    server = Server("sent", "sent")
    outbox.post(MAIL, server)
    outbox.post(Message(to=MAIL.to, subject="Again", text="Hello", message_id="<two@csp>"), server)
    assert len(server.taken) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"result": "sent"}', '{"result": "odd", "at": "x"}'])
def test_a_marker_that_cannot_be_read_is_a_maybe(tmp_path: Path, outbox: Outbox, content: str) -> None:
    outbox.post(MAIL, Server("sent"))
    (marker,) = (tmp_path / "mail").iterdir()
    marker.write_text(content, "utf-8")
    assert outbox.post(MAIL, Server()).result == "maybe"


def test_without_a_marker_nothing_is_sent(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where the folder should be", "utf-8")
    server = Server("sent")
    told = Outbox(tmp_path / "mail", Calendar()).post(MAIL, server)
    assert (told.result, server.taken) == ("failed", [])
    assert "its marker cannot be written" in told.why


def test_the_marker_is_private_and_holds_no_text(tmp_path: Path, outbox: Outbox) -> None:
    outbox.post(MAIL, Server("sent"))
    (marker,) = (tmp_path / "mail").iterdir()
    assert marker.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(marker.read_text("utf-8"))) == {"message_id", "to", "subject", "result", "at"}


CHILD = """
import sys, os, signal
from pathlib import Path
from clients.wire.clock import SystemClock
from clients.mail import Message, Outbox

class Server:
    last_error = ""
    def send(self, message, before_text):
        before_text()
        with open(sys.argv[2], "a", encoding="utf-8") as box:
            box.write(message.message_id + "\\n")
        if sys.argv[3] == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return "sent"

mail = Message(to="a@contoso.example", subject="s", text="t", message_id="<one@csp>")
print(Outbox(Path(sys.argv[1]), SystemClock()).post(mail, Server()).result)
"""


def test_a_real_kill_between_send_and_save_sends_no_second_mail(tmp_path: Path) -> None:
    def run(how: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", CHILD, str(tmp_path / "mail"), str(tmp_path / "box"), how]
        return subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", timeout=60, env=dict(os.environ), check=False
        )

    assert run("kill").returncode == -signal.SIGKILL
    assert run("go").stdout.strip() == "maybe"
    assert (tmp_path / "box").read_text("utf-8").splitlines() == ["<one@csp>"]


def test_what_another_machine_may_have_sent_is_not_sent_here(outbox: Outbox) -> None:
    server = Server("failed", "sent")
    assert outbox.post(MAIL, server, doubtful=True).result == "maybe"
    assert outbox.post(MAIL, server).result == "maybe", "the doubt stays"
    other = Message(to=MAIL.to, subject="Again", text="Hello", message_id="<two@csp>")
    outbox.post(other, server)
    assert outbox.post(other, server, doubtful=True).result == "maybe", "refused here, and perhaps sent there"
    third = Message(to=MAIL.to, subject="Again", text="Hello", message_id="<three@csp>")
    outbox.post(third, server)
    assert outbox.post(third, server, doubtful=True).result == "sent", "what is marked here is known"

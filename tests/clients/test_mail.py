"""One mail, and an honest word on whether it left."""

from __future__ import annotations

import email
import socket
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message as Mail
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from clients.mail import MailSender, Message, Outbox
from clients.mail.sender import MailServer
from clients.wire.clock import SystemClock

INVITATION = Message(
    to="anna@contoso.example",
    cc="ben@contoso.example",
    subject="Einladung für Contoso",
    text="Grüße",
    message_id="<one@csp>",
)


class Mailbox:
    """`refuse` answers at a step; `hang_up` closes the connection after the text came in."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], Mail]] = []
        self.refuse: dict[str, str] = {}
        self.hang_up = False

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:
        if "RCPT" in self.refuse:
            return self.refuse["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.mails.append((list(envelope.rcpt_tos), email.message_from_bytes(envelope.content)))
        if self.hang_up:
            server.transport.close()
        return self.refuse.get("DATA", "250 OK")


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, MailSender]]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    server = MailServer("127.0.0.1", port, False, "csp@reseller.example", "log@reseller.example")
    yield box, MailSender(server, timeout_seconds=5)
    controller.stop()


def test_a_mail_arrives_whole(mailbox: tuple[Mailbox, MailSender]) -> None:
    box, sender = mailbox
    assert sender.send(INVITATION) == "sent"
    recipients, mail = box.mails[0]
    assert recipients == ["anna@contoso.example", "ben@contoso.example", "log@reseller.example"]
    assert mail["Message-ID"] == "<one@csp>"
    assert mail["Cc"] == "ben@contoso.example, log@reseller.example"
    assert str(email.header.make_header(email.header.decode_header(mail["Subject"]))) == INVITATION.subject
    assert mail.get_payload(decode=True).decode().strip() == "Grüße"  # type: ignore[union-attr]


def test_a_domain_in_another_script_gets_its_mail_in_the_ascii_form(mailbox: tuple[Mailbox, MailSender]) -> None:
    """It was a UnicodeEncodeError, and then "nobody knows whether the mail arrived", though nothing was sent."""
    box, sender = mailbox
    assert sender.send(replace(INVITATION, to="anna@münchen.example", cc="")) == "sent", sender.last_error
    recipients, mail = box.mails[0]
    assert recipients == ["anna@xn--mnchen-3ya.example", "log@reseller.example"]
    assert mail["To"] == "anna@xn--mnchen-3ya.example"


@pytest.mark.parametrize(
    "to", ["jürgen@contoso.example", "anna@-ü.example", "anna@\ud800.example", "a\nb@contoso.example"]
)
def test_an_address_that_no_server_reads_is_one_line_and_certainly_not_sent(
    mailbox: tuple[Mailbox, MailSender], tmp_path: Path, to: str
) -> None:
    box, sender = mailbox
    outbox = Outbox(tmp_path, SystemClock())
    told = outbox.post(replace(INVITATION, to=to), sender)
    assert told.result == "failed"
    assert len(told.why.splitlines()) == 1
    assert box.mails == []
    assert outbox.post(INVITATION, sender).result == "sent", "no marker stands in the way of the corrected mail"


@pytest.mark.parametrize("moment", ["connect", "ehlo_or_helo_if_needed", "mail", "rcpt", "data"])
@pytest.mark.parametrize(
    "error", [ValueError("odd"), RuntimeError("odd"), UnicodeEncodeError("ascii", "ü", 0, 1, "odd")]
)
def test_an_exception_of_any_kind_is_a_maybe_from_data_on_only(moment: str, error: Exception, tmp_path: Path) -> None:
    calls: list[str] = []

    class Odd:
        def __getattr__(self, name: str) -> Any:
            def called(*_arguments: object) -> tuple[int, bytes]:
                calls.append(name)
                if name == moment:
                    raise error
                return 250, b""

            return called

    def connect(*_where: object, **_more: object) -> Any:
        if moment == "connect":
            raise error
        return Odd()

    sender = MailSender(MailServer("mail.example", 25, False, "csp@reseller.example"), connect=connect)
    told = Outbox(tmp_path, SystemClock()).post(INVITATION, sender)
    assert told.result == ("maybe" if moment == "data" else "failed")
    assert "odd" in told.why
    assert ("data" in calls) == (moment == "data")


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_a_refusal_is_a_failure_with_its_reason(mailbox: tuple[Mailbox, MailSender], step: str) -> None:
    box, sender = mailbox
    box.refuse[step] = "550 no such user"
    assert sender.send(INVITATION) == "failed"
    assert "no such user" in sender.last_error


def test_a_connection_that_ends_after_the_text_is_a_maybe(mailbox: tuple[Mailbox, MailSender]) -> None:
    box, sender = mailbox
    box.hang_up = True
    assert sender.send(INVITATION) == "maybe"
    assert len(box.mails) == 1


def test_no_server_is_a_failure() -> None:
    sender = MailSender(MailServer("127.0.0.1", 9, False, "csp@reseller.example"))
    assert sender.send(INVITATION) == "failed"
    assert sender.last_error


@pytest.mark.parametrize("subject", ["two\nlines", "x\r\nBcc: eve@evil.example"])
def test_a_header_cannot_be_smuggled_in(mailbox: tuple[Mailbox, MailSender], subject: str) -> None:
    box, sender = mailbox
    assert sender.send(Message(to="anna@contoso.example", subject=subject, text="x")) == "failed"
    assert not box.mails


def test_a_check_greets_the_server_and_sends_nothing(mailbox: tuple[Mailbox, MailSender]) -> None:
    box, sender = mailbox
    assert sender.check() == ""
    assert not box.mails


def test_a_check_tells_why_no_mail_could_be_sent(mailbox: tuple[Mailbox, MailSender]) -> None:
    _, sender = mailbox
    assert MailSender(MailServer("127.0.0.1", 9, False, "csp@reseller.example")).check()
    asks_for_tls = MailServer("127.0.0.1", sender._server.port, True, "csp@reseller.example")
    assert "STARTTLS" in MailSender(asks_for_tls).check()

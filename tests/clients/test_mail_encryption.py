"""Mails over TLS: STARTTLS or from the first byte, verified; never in clear text instead."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from clients.mail import MailSender, Message
from clients.mail.sender import MailServer
from equipment.tls import certificate_in

MAIL = Message(to="anna@contoso.example", subject="Invitation", text="Hello", message_id="<one@csp>")
Start = Callable[..., MailSender]


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.encrypted: list[bool] = []
        self.users: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        self.encrypted.append(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
        return "250 OK"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_in(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def start(mailbox: Mailbox, certificate: Path) -> Iterator[Start]:
    """Starts a server (`offers`: nothing, starttls or tls) and gives a sender to it."""
    running: list[Controller] = []

    def allow(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        mailbox.users.append(data.login.decode())
        return AuthResult(success=True)

    def make(offers: str, **wanted: Any) -> MailSender:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        more: dict[str, Any] = {"ssl_context": context} if offers == "tls" else {}
        if offers == "starttls":
            more = {"tls_context": context, "authenticator": allow}
        controller = Controller(mailbox, hostname="127.0.0.1", port=port, **more)
        controller.start()
        running.append(controller)
        options = {"starttls": True, **wanted}
        return MailSender(MailServer("127.0.0.1", port, sender="csp@reseller.example", **options), timeout_seconds=10)

    yield make
    for controller in running:
        controller.stop()


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual variable for an own certificate authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.mark.usefixtures("trusted")
def test_starttls_then_the_password(start: Start, mailbox: Mailbox) -> None:
    sender = start("starttls", user="csp", password="S3cret")
    assert sender.send(MAIL) == "sent", sender.last_error
    assert (mailbox.encrypted, mailbox.users) == ([True], ["csp"])


@pytest.mark.usefixtures("trusted")
def test_encrypted_from_the_first_byte(start: Start, mailbox: Mailbox) -> None:
    sender = start("tls", tls=True)
    assert sender.send(MAIL) == "sent", sender.last_error
    assert len(mailbox.mails) == 1


def test_an_unknown_certificate_gets_no_mail(start: Start, mailbox: Mailbox) -> None:
    sender = start("starttls")
    assert sender.send(MAIL) == "failed"
    assert "CERTIFICATE_VERIFY_FAILED" in sender.last_error
    assert mailbox.mails == []


def test_a_server_without_starttls_gets_no_mail(start: Start, mailbox: Mailbox) -> None:
    sender = start("nothing")
    assert sender.send(MAIL) == "failed"
    assert mailbox.mails == []


def test_no_password_in_clear_text(start: Start, mailbox: Mailbox) -> None:
    sender = start("nothing", starttls=False, user="csp", password="S3cret")
    assert sender.send(MAIL) == "failed"
    assert sender.last_error.startswith("a password is sent over an encrypted connection only")
    assert mailbox.mails == []

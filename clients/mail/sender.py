"""Sends one mail by SMTP and says honestly whether it left."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Literal

import idna

from clients.mail.patience import BoundedSession, connect_encrypted
from clients.redact import redact

SendResult = Literal["sent", "maybe", "failed"]
WRITTEN = policy.SMTP.clone(max_line_length=200)
"""How a mail is written. At 78 characters the library leaves the line of a long subject empty after its name."""


@dataclass(frozen=True, slots=True)
class Message:
    """`to` and `cc` hold addresses separated by commas. A stable `message_id` ("<...@...>") lets servers and mailboxes
    recognise a second copy."""

    to: str
    subject: str
    text: str
    cc: str = ""
    html: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class MailServer:
    """`starttls`: encrypt after the greeting, or send nothing. `tls`: encrypted from the first byte (port 465)."""

    host: str
    port: int
    starttls: bool
    sender: str
    copy_to: str = ""
    user: str = ""
    password: str = ""
    tls: bool = False
    refused: str = ""
    """Why this host does not get the password; "" when it does."""

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"


class MailSender:
    """Every send is one SMTP session; nothing is repeated here."""

    def __init__(
        self,
        server: MailServer,
        *,
        connect: Callable[..., smtplib.SMTP] | None = None,
        timeout_seconds: float = 30.0,
    ) -> None:
        self._server = server
        self._connect = connect or (connect_encrypted if server.tls else BoundedSession)
        self._timeout = timeout_seconds
        self.last_error = ""

    def send(self, message: Message, before_text: Callable[[], None] = lambda: None) -> SendResult:
        """`sent`: the server took it. `failed`: it certainly did not. `maybe`: the connection ended after the text went
        out, so it must not be sent again without a look at the mailbox. `last_error` holds the reason in one line.

        `before_text` is called when the next thing sent is DATA: up to there nothing can have arrived. What it raises
        ends the session, and the mail was certainly not sent.
        """
        self.last_error = ""
        if self._server.user and self._server.refused:
            return self._failed(f"not sent: {self._server.refused}")
        try:
            mail = compose(message, self._server.sender, self._server.copy_to)
            text = mail.as_bytes(policy=WRITTEN)  # CRLF: `data` mends line ends of text only
            smtp = self._connect(self._server.host, self._server.port, timeout=self._timeout)
        except Exception as error:  # of any kind: nothing was sent
            return self._failed(error)
        try:
            return self._deliver(smtp, text, message, before_text)
        finally:
            with contextlib.suppress(Exception):
                smtp.quit()
            smtp.close()

    def check(self) -> str:
        """Greets the server, with TLS where it is asked for, and says goodbye: no mail, no login. "" or the reason why
        no mail could be sent, in one line."""
        if self._server.user and self._server.refused:
            return self._server.refused
        try:
            smtp = self._connect(self._server.host, self._server.port, timeout=self._timeout)
        except (OSError, smtplib.SMTPException) as error:
            return _line(error)
        try:
            smtp.ehlo_or_helo_if_needed()
            if self._server.starttls and not self._server.tls:
                smtp.starttls(context=ssl.create_default_context())
                smtp.ehlo_or_helo_if_needed()
        except (OSError, smtplib.SMTPException) as error:
            return _line(error)
        finally:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()
        return ""

    def __str__(self) -> str:
        encrypted = self._server.starttls or self._server.tls
        return f"{self._server.host}:{self._server.port} ({'TLS' if encrypted else 'no TLS'})"

    def _deliver(
        self, smtp: smtplib.SMTP, content: bytes, message: Message, before_text: Callable[[], None]
    ) -> SendResult:
        try:
            smtp.ehlo_or_helo_if_needed()
            if self._server.starttls and not self._server.tls:
                smtp.starttls(context=ssl.create_default_context())
            if self._server.user:
                if not (self._server.starttls or self._server.tls):
                    return self._failed("a password is sent over an encrypted connection only: set starttls or tls")
                smtp.login(self._server.user, self._server.password)
            code, text = smtp.mail(_as_ascii(self._server.sender))
            if code != 250:
                return self._failed(f"sender refused: {code} {text.decode(errors='replace')}")
            for recipient in _addresses(message.to, message.cc, self._server.copy_to):
                code, text = smtp.rcpt(_as_ascii(recipient))
                if code not in (250, 251):
                    return self._failed(f"recipient refused: {code} {text.decode(errors='replace')}")
            before_text()
        except Exception as error:  # of any kind: nothing was sent
            return self._failed(error)
        try:
            code, text = smtp.data(content)
        except smtplib.SMTPDataError as error:
            return self._failed(error)
        except Exception as error:  # of any kind: the text may be there
            self._failed(error)
            return "maybe"
        if code == 250:
            return "sent"
        refused = self._failed(f"text refused: {code} {text.decode(errors='replace')}")
        return refused if 400 <= code <= 599 else "maybe"  # another word says nothing of a text that was taken in

    @property
    def sender(self) -> str:
        """The address that the mails come from."""
        return self._server.sender

    def _failed(self, error: object) -> SendResult:
        self.last_error = _line(error)
        return "failed"


def _line(error: object) -> str:
    return redact(" ".join(str(error).split()) or type(error).__name__)


def compose(message: Message, sender: str = "", copy_to: str = "") -> EmailMessage:
    """The whole mail. Without a `sender` it is a draft, which mail programs open to be sent by a person.

    Raises ValueError for headers with line breaks and for addresses that no mail server of the old kind can read."""
    mail = EmailMessage()
    if sender:
        mail["From"] = _as_ascii(sender)
        mail["Date"] = formatdate(localtime=False)
    else:
        mail["X-Unsent"] = "1"
    mail["To"] = ", ".join(map(_as_ascii, _addresses(message.to)))
    copies = ", ".join(map(_as_ascii, _addresses(message.cc, copy_to)))
    if copies:
        mail["Cc"] = copies
    mail["Subject"] = message.subject
    mail["Message-ID"] = message.message_id or make_msgid(domain=sender.rpartition("@")[2] or None)
    mail.set_content(message.text)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
    return mail


def _as_ascii(address: str) -> str:
    """An address as every server reads it: its domain in the ASCII form (`xn--...`). Raises ValueError for one whose
    part before the @ has other letters: that would need servers with SMTPUTF8 all the way."""
    name, at, domain = address.rpartition("@")
    if not address.isascii():
        if not name.isascii():
            raise ValueError(f"the part before the @ of {address} has letters that not every mail server reads")
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise ValueError(f"the domain of {address} has no ASCII form: {error}") from None
    return f"{name}{at}{domain}"


def _addresses(*lists: str) -> list[str]:
    found = (address.strip() for text in lists for address in text.split(","))
    return list(dict.fromkeys(address for address in found if address))

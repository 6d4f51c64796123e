"""A mail server on loopback that accepts mail for everyone and relays nothing.

What arrives is handed over parsed; the mailboxes themselves are in `mailbox.py`. Delivery is acknowledged (250) only
after the mail was stored, so a client that got its 250 finds the mail after a restart.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from email.utils import getaddresses
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession

_MAX_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class Received:
    """One mail as it came in. `to` holds every recipient of the envelope who is not in copy."""

    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    text: str
    html: str
    message_id: str


class SmtpListener:
    """Listens on 127.0.0.1. `bind` first (the port is in the ready line), then `start` in the event loop."""

    def __init__(self, deliver: Callable[[Received], None]) -> None:
        self._deliver = deliver
        self._socket: socket.socket | None = None
        self._server: asyncio.Server | None = None

    def bind(self, port: int = 0) -> int:
        """Take the port and return its number; OSError when it is busy."""
        self._socket = socket.create_server(("127.0.0.1", port))
        return int(self._socket.getsockname()[1])

    async def start(self) -> None:
        assert self._socket is not None, "bind first"
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, sock=self._socket)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            with suppress(TimeoutError):  # a client that stays connected must not hold up the end of the process
                await asyncio.wait_for(self._server.wait_closed(), 1)

    def _session(self) -> SMTP:
        return SMTP(_Handler(self._deliver), hostname="sandbox", enable_SMTPUTF8=True, data_size_limit=_MAX_BYTES)


class _Handler:
    def __init__(self, deliver: Callable[[Received], None]) -> None:
        self._deliver = deliver

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        self._deliver(parse(raw, envelope.mail_from or "", [str(name) for name in envelope.rcpt_tos]))
        return "250 2.0.0 Message accepted for delivery"


def parse(raw: bytes, sender: str, recipients: list[str]) -> Received:
    """Read one RFC 5322 message. `recipients` is the envelope; addresses come out lower-case."""
    message = message_from_bytes(raw, policy=default_policy)
    assert isinstance(message, EmailMessage)
    copied = {address.lower() for _, address in getaddresses([str(value) for value in message.get_all("Cc", [])])}
    everyone = [address.lower() for address in recipients]
    return Received(
        sender=sender.lower(),
        to=tuple(address for address in everyone if address not in copied),
        cc=tuple(address for address in everyone if address in copied),
        subject=str(message.get("Subject", "")),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        message_id=str(message.get("Message-ID", "")).strip(),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part: Any = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""

"""An SMTP session with an end: smtplib waits for each byte anew and keeps every line of a reply."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
from typing import Any

from clients.wire.bounded import WHOLE_SECONDS

MOST_REPLIES = 256 * 1024
"""Bytes of all replies of one session. A real one has a few hundred."""


class BoundedSession(smtplib.SMTP):
    """Ends with SMTPServerDisconnected when the session takes too long or its replies are too long."""

    whole_seconds = WHOLE_SECONDS
    _watch: threading.Timer | None = None
    _overdue = False

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self._watch = threading.Timer(self.whole_seconds, self._hang_up, [connected])
        self._watch.daemon = True
        self._watch.start()
        return connected

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Replies(self.sock.makefile("rb"))
        try:
            return super().getreply()
        except (OSError, smtplib.SMTPException):
            if self._overdue:
                text = f"the mail server took longer than {self.whole_seconds:.0f} s"
                raise smtplib.SMTPServerDisconnected(text) from None
            raise

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        super().close()

    def _hang_up(self, connected: socket.socket) -> None:
        self._overdue = True
        for one in (self.sock, connected):  # TLS puts another object in the place of the first
            with contextlib.suppress(OSError, AttributeError):
                one.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]


class BoundedTlsSession(smtplib.SMTP_SSL, BoundedSession):
    """Encrypted from the first byte."""


def connect_encrypted(host: str, port: int, timeout: float) -> smtplib.SMTP:
    return BoundedTlsSession(host, port, timeout=timeout, context=ssl.create_default_context())


class _Replies:
    """What smtplib reads replies from; counts."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._read = 0

    def readline(self, size: int = -1) -> bytes:
        line: bytes = self._inner.readline(size)
        self._read += len(line)
        if line and not line.endswith(b"\n") and len(line) != size:  # smtplib would take what has come so far
            raise smtplib.SMTPServerDisconnected("the mail server's reply was cut off")
        if self._read > MOST_REPLIES:
            raise smtplib.SMTPServerDisconnected(f"the mail server's replies exceed {MOST_REPLIES // 1024} KiB")
        return line

    def close(self) -> None:
        self._inner.close()

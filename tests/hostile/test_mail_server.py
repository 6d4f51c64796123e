"""Every fault of a mail server at every step of a session, on a real socket: one honest word, in time, one line."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from clients.mail import MailSender, Message
from clients.mail.patience import BoundedSession
from clients.mail.sender import MailServer
from clients.wire.clock import SystemClock

TABLE = json.loads((Path(__file__).parents[1] / "scenarios" / "faults" / "mail.json").read_text("utf-8"))
MAIL = Message(to="anna@contoso.example", subject="Hello", text="Hello\n" * 50, message_id="<one@csp>")
SECONDS = 0.5
REPLIES = {"greeting": "220 hi", "DATA": "354 go"}
"""Everything else is answered with 250."""


class Server:
    """Speaks SMTP until the step of its fault. `received` counts the texts that came in whole."""

    def __init__(self, step: str, fault: dict[str, Any]) -> None:
        self._step, self._fault = step, fault
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.received = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            with connection, connection.makefile("rb") as lines:
                self._talk(connection, lines)

    def _talk(self, connection: socket.socket, lines: Any) -> None:
        if not self._answer(connection, "greeting"):
            return
        for line in lines:
            verb = line[:4].decode("ascii", "replace").upper()
            if verb == "QUIT":
                return
            if not self._answer(connection, verb):
                return
            if verb == "DATA" and self._step != "DATA":
                for text in lines:
                    if text == b".\r\n":
                        break
                self.received += 1
                if not self._answer(connection, "text"):
                    return

    def _answer(self, connection: socket.socket, step: str) -> bool:
        """False when the session is over."""
        if step != self._step:
            connection.sendall(f"{REPLIES.get(step, '250 ok')}\r\n".encode())
            return True
        if reply := self._fault.get("reply"):
            connection.sendall(reply.encode("latin-1") + b"\r\n")
            return True
        do = self._fault["do"]
        if do == "cut":
            return False
        pieces = {"endless": b"250-more\r\n" * 1000, "line": b"2" * 65536, "drip": b"2", "silence": b""}[do]
        while not self._stop.wait(0.01 if do in ("drip", "silence") else 0):
            connection.sendall(pieces)
        return False

    def close(self) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedSession, "whole_seconds", SECONDS)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("step", TABLE["steps"])
@pytest.mark.parametrize("fault", TABLE["faults"], ids=lambda fault: fault["name"])
def test_every_fault_at_every_step(fault: dict[str, Any], step: str) -> None:
    server = Server(step, fault)
    sender = MailSender(MailServer("127.0.0.1", server.port, False, "csp@reseller.example"))
    began = SystemClock().monotonic()
    try:
        seen = sender.send(MAIL)
    finally:
        took = SystemClock().monotonic() - began
        server.close()
    assert seen == fault.get(step, "failed"), sender.last_error
    assert len(sender.last_error.splitlines()) == (seen != "sent")
    assert took < 20 * SECONDS  # against 30 s for every byte; a loaded machine is slow
    if step not in ("EHLO", "text"):
        assert server.received == 0


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("do", ["endless", "drip", "cut"])
def test_a_look_at_the_server_ends_as_well(do: str) -> None:
    server = Server("EHLO", {"do": do})
    try:
        assert MailSender(MailServer("127.0.0.1", server.port, False, "csp@reseller.example")).check()
    finally:
        server.close()

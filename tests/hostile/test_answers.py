"""Answers without an end, on a real socket: too many bytes, too many once unpacked, too slowly."""

from __future__ import annotations

import contextlib
import gzip
import resource
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clients.errors import RetryLater, UnknownOutcome
from clients.ion.errors import describe
from clients.wire.bounded import MOST_BYTES, open_client
from clients.wire.clock import SystemClock
from clients.wire.pace import CallStats, Limits, Pace, Pauses
from clients.wire.transport import Call, Transport

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
Send = Callable[[bytes], None]
Attack = Callable[[Send, threading.Event], None]
SECONDS = 0.5


class Server:
    """Answers every connection with one attack, until the client hangs up."""

    def __init__(self, attack: Attack) -> None:
        self._attack = attack
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/x"
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                self._attack(connection.sendall, self._stop)

    def close(self) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def serve() -> Iterator[Callable[[Attack], Server]]:
    servers: list[Server] = []

    def start(attack: Attack) -> Server:
        servers.append(Server(attack))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def call(server: Server, folder: Path, *, write: bool = False, seconds: float = 30.0) -> object:
    clock = SystemClock()
    limits = Limits(attempts=1, whole_seconds=seconds)
    with open_client(seconds=limits.read_seconds, connect_seconds=5.0, trust_env=False) as http:
        transport = Transport(
            "ion",
            http,
            clock=clock,
            pace=Pace("ion", limits, Pauses(folder, clock), clock),
            limits=limits,
            stats=CallStats(),
            describe=describe,
        )
        return transport.send(Call("customers.list", "POST" if write else "GET", server.url, write=write)).data


def endless(send: Send, stop: threading.Event) -> None:
    """A list that never ends."""
    send(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"[" * 65536
    while not stop.is_set():
        send(b"%x\r\n%s\r\n" % (len(chunk), chunk))


def promised(send: Send, stop: threading.Event) -> None:
    """3 GiB, announced."""
    send(OK + b"Content-Length: 3221225472\r\n\r\n")
    while not stop.is_set():
        send(b" " * 65536)


def packed(encoding: bytes, content: bytes) -> Attack:
    def attack(send: Send, stop: threading.Event) -> None:
        send(OK + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s" % (encoding, len(content), content))

    return attack


_ZEROS = gzip.compress(b"\0" * (4 * MOST_BYTES), compresslevel=1)
TOO_MUCH = {
    "endless": endless,
    "3 GiB": promised,
    "gzip bomb": packed(b"gzip", _ZEROS),
    "deflate bomb": packed(b"deflate", zlib.compress(b" " * (4 * MOST_BYTES), 1)),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_is_too_much_is_not_kept(serve: Callable[[Attack], Server], name: str, tmp_path: Path) -> None:
    server = serve(TOO_MUCH[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RetryLater, match=r"no complete answer: more than 16 MiB$"):
        call(server, tmp_path)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 6 * MOST_BYTES
    assert server.connections == 1


@pytest.mark.parametrize("encoding", [b"gzip, gzip", b"br", b"zstd", b"gzip;q=1", b"x" * 4000])
def test_an_encoding_that_was_not_asked_for_is_not_unpacked(
    serve: Callable[[Attack], Server], encoding: bytes, tmp_path: Path
) -> None:
    with pytest.raises(RetryLater, match="encoding that was not asked for") as caught:
        call(serve(packed(encoding, gzip.compress(_ZEROS[:1000]))), tmp_path)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        (b"gzip", gzip.compress(b'{"a": 1}')),
        (b"GZIP", gzip.compress(b'{"a": 1}')),
        (b"deflate", zlib.compress(b'{"a": 1}')),
        (b"deflate", zlib.compress(b'{"a": 1}', wbits=-15)),
        (b"identity", b'{"a": 1}'),
        (b"gzip", gzip.compress(b'{"a": 1' + b" " * (MOST_BYTES // 2) + b"}", 1)),
    ],
    ids=["gzip", "upper case", "deflate", "deflate without its header", "identity", "8 MiB"],
)
def test_what_was_asked_for_is_unpacked(
    serve: Callable[[Attack], Server], encoding: bytes, content: bytes, tmp_path: Path
) -> None:
    assert call(serve(packed(encoding, content)), tmp_path) == {"a": 1}


def test_what_cannot_be_unpacked_is_no_answer(serve: Callable[[Attack], Server], tmp_path: Path) -> None:
    with pytest.raises(RetryLater, match="cannot be unpacked"):
        call(serve(packed(b"gzip", b'{"a": 1}')), tmp_path)
    with pytest.raises(RetryLater, match="no complete JSON"):
        call(serve(packed(b"gzip", gzip.compress(b'{"a": 1}' * 100)[:-20])), tmp_path)


def drip(start: bytes, piece: bytes) -> Attack:
    """A piece every hundredth of a second: each single read is quick."""

    def attack(send: Send, stop: threading.Event) -> None:
        send(start)
        while not stop.wait(0.01):
            send(piece)

    return attack


SLOW = {
    "body": drip(OK + b"Content-Length: 1000000\r\n\r\n", b" "),
    "chunks": drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "header": drip(OK + b"X-Slow: ", b"x"),
    "status line": drip(b"HTTP/1.1 200 ", b"O"),
    "interim answers": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("name", SLOW)
def test_a_byte_at_a_time_ends_in_time(
    serve: Callable[[Attack], Server], name: str, write: bool, tmp_path: Path
) -> None:
    began = SystemClock().monotonic()
    with pytest.raises(UnknownOutcome if write else RetryLater, match="no complete answer"):
        call(serve(SLOW[name]), tmp_path, write=write, seconds=SECONDS)
    assert SystemClock().monotonic() - began < 20 * SECONDS  # against 10,000 s; a loaded machine is slow

"""Answers with an end: how many bytes, and how long for the whole of one.

The time-outs of an HTTP library hold for one read each: a server that sends a byte a second passes them all. And a body
is a few bytes on the wire and gigabytes once it is unpacked. Here both have a limit, headers included.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from clients.wire.http import httpx

MOST_BYTES = 16 * 1024 * 1024
"""Of one decoded body. The largest documented answer, a page of 1,000 ION customers, has about one."""
WHOLE_SECONDS = 120.0
"""From the first byte sent to the last one received."""
ENCODINGS = "gzip, deflate"
T = TypeVar("T")
_STEP = 64 * 1024
_limit = threading.local()


def open_client(*, seconds: float, connect_seconds: float, trust_env: bool, **more: Any) -> httpx.Client:
    """A client whose connections keep :func:`time_limit`. `seconds` is the time-out of one read or write."""
    client = httpx.Client(timeout=httpx.Timeout(seconds, connect=connect_seconds), trust_env=trust_env, **more)
    client.headers["Accept-Encoding"] = ENCODINGS  # what `whole_body` can unpack in small steps
    # httpx hands its network layer to nobody; the tests of a slow header fail when it moves.
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            pool: Any = transport._pool
            pool._network_backend = _Network(pool._network_backend)
    return client


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """What this thread reads and writes inside, over a client of ours, has to be over in time: httpx.ReadTimeout."""
    _limit.ends = time.monotonic() + seconds
    try:
        yield
    finally:
        _limit.ends = None


def in_time(act: Callable[[], T], seconds: float) -> T:
    """`act()` for a library that cannot be given a limit. Raises TimeoutError; what `act` does then goes on unseen."""
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(act())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="in-time", daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not done:
        raise TimeoutError(f"no answer within {seconds:.0f} s")
    return done[0]


def whole_body(response: httpx.Response, most: int = MOST_BYTES) -> bytes:
    """The decoded body of a streamed response.

    Raises httpx.DecodingError for more than `most` bytes, for a body that cannot be unpacked, and for an encoding that
    was not asked for.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    unpack = _Unpacked(encoding)
    body = bytearray()
    assert isinstance(response.stream, httpx.SyncByteStream)
    for chunk in response.stream:
        for part in unpack(chunk):
            body += part
            if len(body) > most:
                raise httpx.DecodingError(f"more than {most // (1024 * 1024)} MiB")
    return bytes(body)


def is_untrusted(failure: BaseException | None) -> bool:
    """Whether a connection failed because nobody whom we trust vouches for the server's certificate."""
    while failure is not None and not isinstance(failure, ssl.SSLCertVerificationError):
        failure = failure.__cause__ or failure.__context__
    return failure is not None


class _Unpacked:
    """Unpacks a body in steps of a bounded size."""

    def __init__(self, encoding: str) -> None:
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise httpx.DecodingError(f"the body has an encoding that was not asked for: {encoding[:40]}")
        self._plain = encoding in ("", "identity")
        self._zlib: Any = None
        self._gzip = encoding != "deflate"

    def __call__(self, chunk: bytes) -> Iterator[bytes]:
        if self._plain or not chunk:
            yield chunk
            return
        if self._zlib is None:
            # "deflate" means the zlib format, and some servers leave its header out.
            zlib_header = len(chunk) > 1 and chunk[0] & 0x0F == 8 and (chunk[0] * 256 + chunk[1]) % 31 == 0
            self._zlib = zlib.decompressobj(31 if self._gzip else 15 if zlib_header else -15)
        try:
            while True:
                part = self._zlib.decompress(chunk, _STEP)
                yield part
                chunk = self._zlib.unconsumed_tail
                if not chunk and len(part) < _STEP:  # a full part may have more behind it
                    return
        except zlib.error:
            raise httpx.DecodingError("the body cannot be unpacked") from None


def _left(timeout: float | None) -> float | None:
    ends: float | None = getattr(_limit, "ends", None)
    if ends is None:
        return timeout
    left = ends - time.monotonic()
    if left <= 0:
        raise httpx.ReadTimeout("the whole answer took too long")
    return left if timeout is None else min(timeout, left)


class _Network:
    """httpx's network layer; connecting has a time-out of its own already."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def connect_tcp(self, *arguments: Any, **more: Any) -> _Stream:
        return _Stream(self._inner.connect_tcp(*arguments, **more))

    def connect_unix_socket(self, *arguments: Any, **more: Any) -> _Stream:
        return _Stream(self._inner.connect_unix_socket(*arguments, **more))

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _Stream:
    """One connection: each read and write gets what is left of the limit."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        content: bytes = self._inner.read(max_bytes, timeout=_left(timeout))
        return content

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout=_left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> _Stream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

"""One HTTP transport for all systems.

It tells apart what a caller must tell apart: not sent (safe to repeat), answered (final), and *sent without an answer*,
which is an unknown outcome for a write and a repeat for a read.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote

from clients.errors import NotReached, OurBug, Problem, RetryLater, UnknownOutcome
from clients.redact import SECRETS
from clients.wire.bounded import is_untrusted, time_limit, whole_body
from clients.wire.clock import Clock
from clients.wire.http import httpx
from clients.wire.pace import LONGEST_PAUSE, CallStats, Limits, Pace
from clients.wire.wirelog import WireLog
from schemas.read.json_text import json_of

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_MISUSED = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)
_LONGEST_WAIT = 30.0
"""An answer can make every run of this machine wait, but not for ever."""
_TRY_AGAIN = re.compile(r"[Tt]ry again in ([0-9]+) second")
_RANDOM = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `write` decides what a missing answer means; `expected` are statuses that are answers, not errors;
    `scope` names the customer for throttling per customer; `has_json` False allows an empty 2xx."""

    operation: str
    method: str
    url: str
    write: bool = False
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = field(default=None, repr=False)
    expected: frozenset[int] = frozenset()
    has_json: bool = True
    scope: str = ""

    def with_headers(self, headers: Mapping[str, str]) -> Call:
        return replace(self, headers={**self.headers, **headers})


@dataclass(frozen=True, slots=True)
class Answer:
    """`data` is the parsed JSON of the body, None when there is none or it is not JSON. Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str = field(repr=False)
    data: Any = field(repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Describe(Protocol):
    def __call__(self, call: Call, answer: Answer) -> Problem:
        """What a system's error body says."""


class Transport:
    """Sends calls of one system. Thread-safe; the httpx client may be shared between systems."""

    def __init__(
        self,
        system: str,
        http: httpx.Client,
        *,
        clock: Clock,
        pace: Pace,
        limits: Limits,
        stats: CallStats,
        describe: Describe,
        log: WireLog | None = None,
        base: str = "",
        before_write: Callable[[], None] = lambda: None,
    ) -> None:
        """`base`: the only address that anything is sent to, whatever an answer or a setting names. `before_write`
        raises RetryLater when nothing may be written any more."""
        self.system = system
        self._http = http
        self._clock = clock
        self._pace = pace
        self._limits = limits
        self._stats = stats
        self._describe = describe
        self._log = log or WireLog(None)
        self._origin = _origin(base) if base else None
        self._before_write = before_write
        self._run_ends = clock.monotonic() + limits.deadline_seconds

    def send(self, call: Call) -> Answer:
        """The final answer: 2xx, 4xx but 408 and 429, and `call.expected`.

        Raises RetryLater (not sent, or a read without a usable answer), UnknownOutcome (a write without one),
        NotReached (certificate not trusted, redirect), OurBug (malformed request).
        """
        if self._origin is not None and _origin(call.url) != self._origin:
            scheme, host, port = self._origin
            raise OurBug(self._problem(call, "other-host", f"not sent: the address is not at {scheme}://{host}:{port}"))
        now = self._clock.monotonic()
        if now > self._run_ends:
            raise RetryLater(self._problem(call, "deadline", "not sent: the run's time is used up"))
        deadline = min(now + self._limits.call_seconds, self._run_ends)
        failure: RetryLater | UnknownOutcome | None = None
        for attempt in range(1, self._limits.attempts + 1):
            self._wait_for_start(call, deadline, failure)
            if call.write:
                self._before_write()
            outcome = self._once(call, attempt)
            if isinstance(outcome, Answer):
                return outcome
            failure = outcome
            if isinstance(outcome, UnknownOutcome):
                raise outcome
            if attempt < self._limits.attempts:
                self._back_off(call, attempt, outcome, deadline)
        assert failure is not None
        raise failure

    def _once(self, call: Call, attempt: int) -> Answer | RetryLater | UnknownOutcome:
        started = self._clock.monotonic()
        answer: Answer | None = None
        error = ""
        try:
            with self._pace.slot(), time_limit(self._limits.whole_seconds):
                answer = self._exchange(call)
            return self._judge(call, answer)
        except _NOT_SENT as exc:
            error = _words(exc)
            if is_untrusted(exc):
                raise NotReached(
                    self._problem(call, "tls", f"the server's certificate is not trusted: {error}"),
                    action="name your organisation's certificate authority in SSL_CERT_FILE",
                ) from None
            return RetryLater(self._problem(call, "not-sent", f"could not connect: {error}"))
        except _MISUSED as exc:
            error = _words(exc)
            raise OurBug(self._problem(call, "bad-request", f"not a valid request: {error}")) from None
        except (httpx.HTTPError, UnicodeDecodeError) as exc:
            error = _words(exc)
            return self._no_answer(call, f"no complete answer: {error}")
        finally:
            seconds = self._clock.monotonic() - started
            self._stats.add(self.system, seconds=seconds)
            self._log.write(
                at=self._clock.now().isoformat(),
                system=self.system,
                operation=call.operation,
                method=call.method,
                url=str(httpx.URL(call.url, params=dict(call.params)) if call.params else call.url),
                attempt=attempt,
                seconds=round(seconds, 3),
                status=answer.status if answer else None,
                error=error,
                request_id=_first(call.headers, "MS-RequestId")
                or (_first(answer.headers, "ms-requestid") if answer else ""),
                body=call.json if call.form is None else {"form": "[hidden]"},
                answer=answer.data if answer else None,
            )

    def _exchange(self, call: Call) -> Answer:
        """Send and read one answer, as a stream. Raises httpx's errors."""
        with self._http.stream(
            call.method,
            call.url,
            params=dict(call.params) or None,
            headers=dict(call.headers),
            json=call.json,
            data=dict(call.form) if call.form is not None else None,
        ) as response:
            return _answer(response, whole_body(response), secret=call.form is not None)

    def _judge(self, call: Call, answer: Answer) -> Answer | RetryLater | UnknownOutcome:
        status = answer.status
        if status in call.expected and (status < 500 or retry_after(answer, self._clock.now()) is None):
            return answer  # a 503 that asks to wait comes from the gateway, whatever the system means by its own
        if answer.ok:
            if answer.data is None and (call.has_json or answer.text.strip()):
                what = "HTML" if answer.text.lstrip()[:1] == "<" else "no complete JSON"
                return self._no_answer(call, f"answered {status} with {what}", status=status)
            return answer
        if 300 <= status < 400:
            raise NotReached(
                replace(self._problem(call, "redirect", "answered with a redirect, never followed"), status=status),
                action="correct the address in the connection file, or let the proxy pass this host",
            )
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            # Throttled before it was processed, so a write may be repeated as well; never before Retry-After.
            problem = self._describe(call, answer)
            wait = retry_after(answer, self._clock.now())
            if wait is not None:
                self._pace.pause(wait, call.scope)
            return RetryLater(replace(problem, retry_after=wait))
        if status == HTTPStatus.REQUEST_TIMEOUT or status >= 500:
            problem = replace(self._describe(call, answer), retry_after=retry_after(answer, self._clock.now()))
            if problem.retry_after is not None:
                self._pace.pause(problem.retry_after, call.scope)
            return UnknownOutcome(problem) if call.write else RetryLater(problem)
        return answer

    def _no_answer(self, call: Call, message: str, *, status: int | None = None) -> RetryLater | UnknownOutcome:
        problem = replace(self._problem(call, "no-answer", message), status=status)
        return UnknownOutcome(problem) if call.write else RetryLater(problem)

    def _problem(self, call: Call, code: str, message: str) -> Problem:
        return Problem(
            system=self.system,
            operation=call.operation,
            status=None,
            code=code,
            message=message,
            request_id=_first(call.headers, "MS-RequestId"),
            correlation_id=_first(call.headers, "MS-CorrelationId"),
        )

    def _wait_for_start(self, call: Call, deadline: float, failure: RetryLater | UnknownOutcome | None) -> None:
        while (wait := self._pace.wait_needed(*(scope for scope in (call.scope,) if scope))) > 0:
            if self._clock.monotonic() + wait > deadline:
                if failure is not None:
                    raise failure
                problem = self._problem(call, "paused", f"not sent: {self.system} asked to wait {wait:.0f} s")
                raise RetryLater(replace(problem, retry_after=wait))
            wait = max(wait, 0.001)  # below the clock's resolution a sleep would not move it
            self._stats.add(self.system, calls=0, waited=wait)
            self._clock.sleep(wait)

    def _back_off(self, call: Call, attempt: int, failure: RetryLater, deadline: float) -> None:
        delay = _RANDOM.uniform(0.1, min(_LONGEST_WAIT, 0.5 * 2**attempt))
        if failure.problem.retry_after is not None:
            delay += failure.problem.retry_after
        if self._clock.monotonic() + delay > deadline:
            raise failure
        self._stats.add(self.system, calls=0, waited=delay)
        self._clock.sleep(delay)


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        return ("", "", None)
    return (parts.scheme, parts.host, parts.port or {"https": 443, "http": 80}.get(parts.scheme))


def _answer(response: httpx.Response, body: bytes, *, secret: bool) -> Answer:
    """`secret`: an answer of a token service, whose text is read by msal as it is. Of any other, and in any field that
    is not named a credential, a token of ours is an echo: it must get into no message, mail, state or file."""
    # Either system may start a body with a byte-order mark, or leave it out (partner-center.md 12).
    text = body.decode("utf-8-sig", errors="replace")
    try:
        data = json_of(text) if text.strip() else None
    except ValueError:
        data = None
    try:
        if SECRETS.in_text(text):
            data = SECRETS.hide_data(data, keep=True)
        SECRETS.learn(data)
    except RecursionError:
        data = None
    text = text if secret else SECRETS.hide(text)
    headers = {name: SECRETS.hide(value) for name, value in response.headers.items()}
    return Answer(response.status_code, headers, text, data)


def retry_after(answer: Answer, now: datetime) -> float | None:
    """Seconds, from the header (number or date) or from the gateway's text; None when the answer names none."""
    value = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        return min(float(value), LONGEST_PAUSE)
    if value:
        try:
            until = parsedate_to_datetime(value)
        except (ValueError, TypeError, OverflowError):
            until = None
        if until is not None:
            aware = until if until.tzinfo else until.replace(tzinfo=UTC)
            return min(max(0.0, (aware - now).total_seconds()), LONGEST_PAUSE)
    match = _TRY_AGAIN.search(answer.text) if answer.status == HTTPStatus.TOO_MANY_REQUESTS else None
    return min(float(match.group(1)), LONGEST_PAUSE) if match else None


def _words(exc: Exception) -> str:
    text = " ".join(str(exc).split())
    return text or type(exc).__name__


def _first(headers: Mapping[str, str], name: str) -> str:
    for key, value in headers.items():
        if key.lower() == name.lower():
            return value
    return ""


class Credential(Protocol):
    """Something that yields access tokens."""

    def token(self, *, rejected: str = "") -> str:
        """A usable access token; another one than `rejected`, which a system has just refused."""

    def worked(self, token: str) -> None:
        """The system accepted `token`."""


class AuthorizedTransport:
    """A transport with a bearer token: after a 401 it asks for another token once and repeats once.

    A 401 is a refusal before processing, so that is safe for writes too. `refresh_on` may rule it out for a 401 that no
    new token would cure (missing MFA claim, wrong audience).
    """

    def __init__(
        self,
        transport: Transport,
        credential: Credential,
        *,
        refresh_on: Callable[[Answer], bool] = lambda answer: True,
        answered: Callable[[], None] = lambda: None,
    ) -> None:
        """`answered` is called after every 2xx."""
        self.transport = transport
        self._credential = credential
        self._refresh_on = refresh_on
        self._answered = answered

    def send(self, call: Call) -> Answer:
        token = self._credential.token()
        answer = self._send(call, token)
        if answer.status == HTTPStatus.UNAUTHORIZED and self._refresh_on(answer):
            token = self._credential.token(rejected=token)
            answer = self._send(call, token)
        return answer

    def _send(self, call: Call, token: str) -> Answer:
        answer = self.transport.send(call.with_headers({"Authorization": f"Bearer {token}"}))
        if answer.ok:
            self._answered()
        if answer.status != HTTPStatus.UNAUTHORIZED:
            self._credential.worked(token)
        return answer


def join(base: str, *segments: str) -> str:
    """`base` plus path segments, each percent-encoded, so that a value can never change the path."""
    return "/".join((base.rstrip("/"), *(quote(segment, safe=":") for segment in segments)))

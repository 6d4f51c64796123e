"""Not sent, answered, or sent without an answer: what the transport tells apart, on virtual time."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import httpx
import pytest

from clients.errors import NotReached, RetryLater, UnknownOutcome
from clients.wire.pace import Limits
from clients.wire.request_id import request_id
from clients.wire.transport import AuthorizedTransport, Call, join
from clients.wire.wirelog import WireLog
from equipment.virtual import FixedToken, Script, VirtualClock, transport

READ = Call("customers.get", "GET", "http://ion.example/x")
WRITE = Call("customers.create", "POST", "http://ion.example/x", write=True, json={"customerEmail": "a@b.example"})
OK = httpx.Response(200, json={"a": 1})
LOST = [
    httpx.ReadTimeout("timed out"),
    httpx.ReadError("reset"),
    httpx.WriteError("broken pipe"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
]
NOT_SENT = [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("busy")]


@pytest.mark.parametrize("failure", [*LOST, *NOT_SENT, httpx.Response(500), httpx.Response(503), httpx.Response(408)])
def test_a_read_is_repeated_until_it_is_answered(failure: httpx.Response | Exception) -> None:
    script = Script(failure, failure, OK)
    assert transport(script).send(READ).data == {"a": 1}
    assert len(script.requests) == 3


@pytest.mark.parametrize(
    "failure", [*LOST, httpx.Response(502), httpx.Response(200, text="<html>oops"), httpx.Response(201)]
)
def test_a_write_without_an_answer_is_unknown_and_never_repeated(failure: httpx.Response | Exception) -> None:
    script = Script(failure)
    with pytest.raises(UnknownOutcome):
        transport(script).send(WRITE)
    assert len(script.requests) == 1


@pytest.mark.parametrize("failure", NOT_SENT)
def test_a_write_that_was_not_sent_is_repeated(failure: Exception) -> None:
    script = Script(failure, OK)
    assert transport(script).send(WRITE).ok
    assert len(script.requests) == 2


def test_a_read_gives_up_with_the_last_reason() -> None:
    script = Script(httpx.ConnectError("refused"))
    with pytest.raises(RetryLater, match="could not connect: refused"):
        transport(script).send(READ)
    assert len(script.requests) == 4


@pytest.mark.parametrize("call", [READ, WRITE])
@pytest.mark.parametrize(
    "throttle",
    [
        httpx.Response(429, headers={"Retry-After": "57"}),
        httpx.Response(429, json={"statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds."}),
        httpx.Response(429, headers={"Retry-After": "Sun, 22 Nov 2026 12:00:57 GMT"}),
    ],
    ids=["seconds", "text", "date"],
)
def test_retry_after_is_never_cut_short(call: Call, throttle: httpx.Response) -> None:
    clock = VirtualClock()
    script = Script(throttle, OK)
    assert transport(script, clock=clock).send(call).ok
    assert sum(clock.slept) >= 57


def test_a_pause_holds_for_every_transport_of_the_folder(tmp_path: Path) -> None:
    clock = VirtualClock()
    impatient = Limits(requests_per_second=1000, call_seconds=5)
    with pytest.raises(RetryLater):
        transport(
            Script(httpx.Response(429, headers={"Retry-After": "60"})), clock=clock, limits=impatient, folder=tmp_path
        ).send(READ)
    other = Script(OK)
    with pytest.raises(RetryLater, match="asked to wait"):
        transport(other, clock=clock, limits=impatient, folder=tmp_path).send(READ)
    assert not other.requests
    clock.sleep(60)
    assert transport(other, clock=clock, limits=impatient, folder=tmp_path).send(READ).ok


def test_one_customers_pause_does_not_stop_the_others(tmp_path: Path) -> None:
    clock = VirtualClock()
    wire = transport(Script(httpx.Response(429, headers={"Retry-After": "600"}), OK), clock=clock, folder=tmp_path)
    with pytest.raises(RetryLater):
        wire.send(Call("customers.get", "GET", "http://ion.example/x", scope="customer-1"))
    before = clock.time
    assert wire.send(Call("customers.get", "GET", "http://ion.example/y", scope="customer-2")).ok
    assert (clock.time - before).total_seconds() < 1


def test_nothing_is_sent_after_the_runs_deadline() -> None:
    clock = VirtualClock()
    script = Script(OK)
    wire = transport(script, clock=clock, limits=Limits(deadline_seconds=100))
    clock.sleep(101)
    with pytest.raises(RetryLater, match="time is used up"):
        wire.send(READ)
    assert not script.requests


def test_the_rate_holds_after_a_burst() -> None:
    clock = VirtualClock()
    wire = transport(Script(OK), clock=clock, limits=Limits(requests_per_second=2, concurrency=3))
    for _ in range(9):
        wire.send(READ)
    assert 2.5 <= sum(clock.slept) <= 3.5


def test_redirects_are_refused() -> None:
    script = Script(httpx.Response(302, headers={"Location": "http://elsewhere.example"}))
    with pytest.raises(NotReached, match="redirect"):
        transport(script).send(READ)
    assert len(script.requests) == 1


def test_an_untrusted_certificate_is_for_a_person_and_every_run_tries_again() -> None:
    error = httpx.ConnectError("self-signed certificate")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed certificate")
    with pytest.raises(NotReached) as caught:
        transport(Script(error)).send(READ)
    assert "SSL_CERT_FILE" in str(caught.value)


@pytest.mark.parametrize("text", ['\ufeff{"a": 1}', '{"a": 1}'], ids=["bom", "plain"])
def test_a_byte_order_mark_is_no_obstacle(text: str) -> None:
    assert transport(Script(httpx.Response(200, content=text.encode()))).send(READ).data == {"a": 1}


@pytest.mark.parametrize("content", [b'{"a": ', b"<html>maintenance</html>", b""], ids=["truncated", "html", "empty"])
def test_a_read_with_half_an_answer_is_repeated(content: bytes) -> None:
    assert transport(Script(httpx.Response(200, content=content), OK)).send(READ).data == {"a": 1}


def test_a_401_gets_one_new_token_and_one_repeat() -> None:
    script = Script(httpx.Response(401), OK)
    credential = FixedToken("old-token", "new-token")
    assert AuthorizedTransport(transport(script), credential).send(WRITE).ok
    assert [request.headers["authorization"] for request in script.requests] == ["Bearer old-token", "Bearer new-token"]
    assert credential.proven == ["new-token"]


def test_a_lasting_401_ends_after_one_repeat() -> None:
    script = Script(httpx.Response(401))
    assert AuthorizedTransport(transport(script), FixedToken("a", "b", "c")).send(READ).status == 401
    assert len(script.requests) == 2


def test_request_ids_change_with_what_is_asked_and_with_the_attempt() -> None:
    one = request_id("10501", "it@contoso.example", "create", {"a": 1, "b": 2}, 1)
    assert one == request_id("10501", "IT@contoso.example", "create", {"b": 2, "a": 1}, 1)
    others = {
        request_id("10502", "it@contoso.example", "create", {"a": 1, "b": 2}, 1),
        request_id("10501", "it@contoso.example", "create", {"a": 1, "b": 3}, 1),
        request_id("10501", "it@contoso.example", "update", {"a": 1, "b": 2}, 1),
        request_id("10501", "it@contoso.example", "create", {"a": 1, "b": 2}, 2),
    }
    assert len(others | {one}) == 5


def test_a_value_never_changes_the_path() -> None:
    assert (
        join("http://a.example/ion/", "customers", "../users?x=1#y")
        == "http://a.example/ion/customers/..%2Fusers%3Fx%3D1%23y"
    )


def test_the_debug_log_holds_no_secret_and_no_person(tmp_path: Path) -> None:
    path = tmp_path / "wire.log"
    answer = httpx.Response(
        200,
        json={
            "user": {"password": "p4ssw0rd-canary"},
            "customerEmail": "anna@contoso.example",
            "name": "accounts/1/customers/2",
        },
    )
    wire = AuthorizedTransport(transport(Script(answer), log=WireLog(path)), FixedToken("bearer-canary"))
    wire.send(
        Call(
            "customers.list",
            "GET",
            "http://ion.example/x",
            params={"filter.customerEmail": "anna@contoso.example", "pageSize": "500"},
            json={"customerPhone": "425-canary", "customerOrganization": "Contoso"},
        )
    )
    text = path.read_text("utf-8")
    for canary in ("p4ssw0rd-canary", "bearer-canary", "anna@", "425-canary"):
        assert canary not in text
    line = json.loads(text)
    assert line["operation"] == "customers.list"
    assert line["status"] == 200
    assert line["body"]["customerOrganization"] == "Contoso"
    assert path.stat().st_mode & 0o077 == 0

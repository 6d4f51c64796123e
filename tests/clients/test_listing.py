"""Long lists: complete or an error, also while they change, expire and are throttled in the middle."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from clients.errors import ClientError, OurBug, RetryLater
from clients.ion.client import IonClient
from clients.wire.transport import AuthorizedTransport
from clients.words import PROFILE_STATUSES
from equipment.virtual import FixedToken, VirtualClock, authorized, transport
from tests.clients.test_fuzz import ION_CUSTOMER, center


class Estate:
    """A list that pages by position, the worst way. `events[n]` runs before the n-th list call."""

    def __init__(self, size: int, page: int = 500) -> None:
        self.rows = [f"{number}" for number in range(1, size + 1)]
        self.status = dict.fromkeys(self.rows, "ACTIVE")
        self.page, self.calls = page, 0
        self.events: dict[int, Any] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.rpartition("/")[2] != "customers":
            return httpx.Response(200, json=self.show(request.url.path.rpartition("/")[2]))
        self.calls += 1
        if event := self.events.pop(self.calls, None):
            answer = event(self, request)
            if isinstance(answer, httpx.Response):
                return answer
        active = [row for row in self.rows if self.status[row] == "ACTIVE"]
        start = int(request.url.params.get("pageToken", "0"))
        rows = active[start : start + self.page]
        more = {"nextPageToken": str(start + self.page)} if start + self.page < len(active) else {}
        return httpx.Response(200, json={"customers": [self.show(row) for row in rows], **more})

    def show(self, row: str) -> dict[str, Any]:
        return {
            **ION_CUSTOMER,
            "name": f"accounts/10501/customers/{row}",
            "customerEmail": f"it{row}@many.example",
            "customerStatus": self.status[row],
        }


def listed(estate: Estate) -> list[str]:
    return [customer.id for customer in IonClient("http://ion.example", "10501", authorized(estate)).customers()]


def test_ten_thousand_customers_come_once_each() -> None:
    estate = Estate(10_000)
    assert listed(estate) == estate.rows


def test_a_short_list_costs_one_call() -> None:
    estate = Estate(300)
    assert len(listed(estate)) == 300
    assert estate.calls == 1


def test_a_customer_that_slips_past_the_cursor_is_not_lost() -> None:
    estate = Estate(1500)

    def deactivate(self: Estate, request: httpx.Request) -> None:
        self.status["1"] = "INACTIVE"

    estate.events[2] = deactivate  # row 501 moves from the second page into the first, which was read already
    found = listed(estate)
    assert set(found) == set(estate.rows) - {"1"}
    assert len(found) == 1499


def test_a_customer_that_appears_in_between_is_not_doubled() -> None:
    estate = Estate(1500)

    def add(self: Estate, request: httpx.Request) -> None:
        self.rows.insert(0, "99999")
        self.status["99999"] = "ACTIVE"

    estate.events[3] = add
    found = listed(estate)
    assert sorted(found) == sorted(set(found)) == sorted(estate.rows)


def test_the_token_expires_and_the_throttle_bites_in_the_middle() -> None:
    estate, clock = Estate(10_000), VirtualClock()
    estate.events[7] = lambda self, request: httpx.Response(401)
    estate.events[12] = lambda self, request: httpx.Response(429, headers={"Retry-After": "30"})
    wire = AuthorizedTransport(transport(estate, clock=clock), FixedToken("first-token", "second-token"))
    assert len(IonClient("http://ion.example", "10501", wire).customers()) == 10_000
    assert sum(clock.slept) >= 30


def test_a_page_that_never_comes_is_an_error_not_a_shorter_list() -> None:
    estate = Estate(1500)
    for call in range(2, 10):
        estate.events[call] = lambda self, request: httpx.Response(500)
    with pytest.raises(RetryLater):
        listed(estate)


def test_pages_that_repeat_themselves_are_an_error() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"customers": [], "nextPageToken": "same"})

    with pytest.raises(OurBug, match="repeat"):
        IonClient("http://ion.example", "10501", authorized(handler)).customers()


@pytest.mark.parametrize("prefix", ["/v1", "", "v1"])
def test_partner_center_pages_follow_the_link_and_its_headers(prefix: str) -> None:
    asked: list[tuple[str, str | None]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        token = request.headers.get("MS-ContinuationToken")
        asked.append((request.url.path, token))
        number = int(token or 0)
        tenant = f"65ca02a9-7350-519d-920c-{number:012d}"
        body: dict[str, Any] = {"items": [{"id": tenant, "companyProfile": {"domain": f"c{number}.onmicrosoft.com"}}]}
        if number < 3:
            headers = [{"key": "MS-ContinuationToken", "value": str(number + 1)}]
            uri = f"{prefix}/customers?size=500&seekOperation=Next".replace("v1/v1", "v1")
            body["links"] = {"next": {"uri": uri, "method": "GET", "headers": headers}}
        return httpx.Response(200, content=json.dumps(body).encode("utf-8-sig"))

    assert len(center(handler).customers()) == 4
    assert {path for path, _ in asked} == {"/v1/customers"}
    assert [token for _, token in asked[:4]] == [None, "1", "2", "3"]


def test_a_taken_domain_is_never_reported_free() -> None:
    for status, expected in ((200, True), (404, False)):
        assert center(lambda request, s=status: httpx.Response(s)).domain_exists("x.onmicrosoft.com") is expected  # type: ignore[misc]
    for status in (400, 401, 403, 405, 409, 429, 500, 503):
        with pytest.raises(ClientError):
            center(lambda request, s=status: httpx.Response(s)).domain_exists("x.onmicrosoft.com")  # type: ignore[misc]


def test_a_customer_of_any_status_is_in_exactly_one_list_and_found_by_its_email() -> None:
    """UNSPECIFIED is also ION's word for "no filter", so its list brings everybody; a word that nobody knows is there
    too."""
    words = {"1": "ACTIVE", "2": "INACTIVE", "3": "CUSTOMER_STATUS_UNSPECIFIED", "4": "SUSPENDED"}
    estate = Estate(len(words))
    estate.status |= words

    def answer(request: httpx.Request) -> httpx.Response:
        wanted = request.url.params["filter.customerStatus"]
        rows = [row for row in words if wanted in (words[row], "CUSTOMER_STATUS_UNSPECIFIED")]
        return httpx.Response(200, json={"customers": [estate.show(row) for row in rows]})

    ion = IonClient("http://ion.example", "10501", authorized(answer))
    lists = {status: [customer.id for customer in ion.customers(status=status)] for status in PROFILE_STATUSES}
    assert lists == {"ACTIVE": ["1"], "INACTIVE": ["2"], "CUSTOMER_STATUS_UNSPECIFIED": ["3", "4"]}
    for row, status in words.items():
        found = ion.find_by_email(f"it{row}@many.example")
        assert found is not None
        assert (found.id, found.status) == (row, status)

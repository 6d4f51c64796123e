"""What is absent, null or odd in a body (tests/clients/test_fuzz.py tries the kinds that nobody thinks of)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from clients.errors import OurBug
from clients.ion.client import IonClient
from clients.ion.models import IonCustomer
from clients.partner_center.bodies import agreement, billing_profile
from clients.wire.shape import ShapeError
from equipment.virtual import authorized

NAMED = {"name": "accounts/10501/customers/7"}


def customer(**members: Any) -> IonCustomer:
    answer = NAMED | members
    return IonClient("http://ion.example", "10501", authorized(lambda _: httpx.Response(200, json=answer))).customer(
        "7"
    )


def test_a_documented_member_that_is_left_out_or_null_is_empty() -> None:
    assert customer() == customer(customerTitle=None, customerPhone=None, customerAddress=None)
    assert (customer().title, customer().phone, customer().address.zip) == ("", "", "")


def test_a_member_that_no_page_names_tells_nothing_where_it_is_left_out() -> None:
    assert [customer().website, customer(customerWebsite=None).website] == [None, ""]
    assert customer(customerWebsite="https://x.example").website == "https://x.example"


def test_the_name_of_the_member_is_told_and_not_its_value() -> None:
    with pytest.raises(OurBug, match=r"customerAddress\.zip is a list, expected text") as told:
        customer(customerAddress={"zip": ["9", "secret"]})
    assert "secret" not in str(told.value)
    with pytest.raises(ShapeError, match=r"^items\[1\]\.primaryContact\.email is an object, expected text$"):
        agreement({"primaryContact": {"email": {}}}, "items[1]")


def test_the_body_as_it_came_is_kept_whatever_it_calls_its_members() -> None:
    body = {"raw": "theirs", "etag": "theirs", "attributes": {"etag": 5}, "defaultAddress": {"city": "Bern"}}
    found = billing_profile(body)
    assert (found.raw, found.etag, found.address.city) == (body, "5", "Bern")

"""HTTP as the systems speak it: paths, methods, bodies, pages, etags. Written against docs/systems and the RFCs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from csp_sandbox.seeds import situation as seed
from csp_sandbox.seeds.file import SeedFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import Box
from .partner import Partner

SEVEN = {
    "tenants": [
        {"initial_domain": f"page{n}.onmicrosoft.com", "company_name": f"Page {n}", "created": "-9d"} for n in range(6)
    ],
    "relationships": [{"tenant": f"page{n}.onmicrosoft.com", "account": "10501"} for n in range(6)],
}


@pytest.fixture
def partner(box: Box) -> Partner:
    """Seven customers: Adventure Works of the profile, and six more."""
    seed.plant(box.world, SeedFile.model_validate(SEVEN))
    return Partner(box)


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["companyProfile"]["companyName"] for item in answer.json()["items"]]


def follow(partner: Partner, answer: httpx.Response, link: str = "next", base: str = "") -> httpx.Response:
    """Follow a link as the SDKs do: its uri behind a base, with its headers."""
    wanted = answer.json()["links"][link]
    headers = {header["key"]: header["value"] for header in wanted["headers"]}
    return partner.call("GET", base + wanted["uri"], headers=headers)


def test_a_page_link_appended_to_the_version_works_and_a_second_version_does_not(partner: Partner) -> None:
    first = partner.call("GET", "/customers?size=5")
    assert names(follow(partner, first, base="/")) == ["Page 4", "Page 5"]  # /v1//customers?...
    for wrong in ("/v1/customers", "//v1/customers", "///customers"):
        missing = partner.call("GET", wrong)
        assert (missing.status_code, missing.json()["code"]) == (404, 1000), wrong
    partner.box.world.choose({"pc.customers.list.next-uri": "versioned"})
    broken = follow(partner, partner.call("GET", "/customers?size=5"), base="/")
    assert broken.status_code == 404  # what broke the module in November 2021


@pytest.mark.parametrize(
    ("path", "member", "value"),
    [
        ("/partner-center/V1/", "code", 1000),
        ("/partner-center/V1/customers", "code", 1000),
        ("/partner-center/v2/customers", "code", 1000),
        ("/partner-center/", "code", 1000),
        ("/ion/V1/", "error", "NOT_FOUND"),
        ("/ion/api/V3/accounts/10501/customers", "error", "NOT_FOUND"),
        ("/entra/V1/", "error", "invalid_request"),
        ("/V1/", "error", "no system of this sandbox is at /V1/; there are /ion/, /partner-center/, /entra/"),
    ],
)
def test_beside_its_paths_a_system_answers_in_its_own_form(box: Box, path: str, member: str, value: object) -> None:
    answer = box.http.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()[member] == value


@pytest.mark.parametrize(("word", "number"), [("Next", 0), ("Previous", 1), ("First", 2), ("Last", 3)])
def test_every_seek_operation_moves_from_the_page_of_its_token(partner: Partner, word: str, number: int) -> None:
    second = follow(partner, partner.call("GET", "/customers?size=3"))
    assert names(second) == ["Page 2", "Page 3", "Page 4"]
    token = {"MS-ContinuationToken": second.json()["continuationToken"]}
    wanted = {
        "Next": ["Page 5"],
        "Previous": ["Adventure Works", "Page 0", "Page 1"],
        "First": ["Adventure Works", "Page 0", "Page 1"],
        "Last": ["Page 5"],
    }[word]
    for wish in (word, word.lower(), str(number)):
        assert names(partner.call("GET", f"/customers?seekOperation={wish}", headers=token)) == wanted


def test_pages_by_their_number(partner: Partner) -> None:
    for wish in ("PageIndex", "pageIndex", "4"):
        ask = f"/customers?size=3&seekOperation={wish}&pageIndex"
        assert names(partner.call("GET", f"{ask}=1")) == ["Page 2", "Page 3", "Page 4"]
        assert names(partner.call("GET", f"{ask}=2")) == ["Page 5"]
        assert names(partner.call("GET", f"{ask}=9")) == []
    assert partner.call("GET", "/customers?seekOperation=pageIndex&pageIndex=x").json()["code"] == 2000


def test_links_lead_to_the_end_and_back_and_keep_size_and_filter(partner: Partner) -> None:
    page = partner.call(
        "GET", '/customers?size=2&filter={"Field":"CompanyName","Value":"page","Operator":"starts_with"}'
    )
    seen = [names(page)]
    while "next" in page.json()["links"]:
        page = follow(partner, page)
        seen.append(names(page))
    assert seen == [["Page 0", "Page 1"], ["Page 2", "Page 3"], ["Page 4", "Page 5"]]
    back = []
    while "previous" in page.json()["links"]:
        page = follow(partner, page, "previous")
        back.append(names(page))
    assert back == seen[-2::-1]


@pytest.mark.parametrize(
    "ask", ["seekOperation=Next", "seekOperation=previous", "seekOperation=sideways", "seekOperation=5"]
)
def test_a_seek_that_leads_nowhere_is_refused(partner: Partner, ask: str) -> None:
    answer = partner.call("GET", f"/customers?size=3&{ask}")
    assert (answer.status_code, answer.json()["code"]) == (400, 2000)


def test_a_405_names_the_methods_of_its_path(box: Box) -> None:
    wrong = {
        "/partner-center/v1/customers": ("PUT", "GET, POST"),
        "/partner-center/v1/domains/a.onmicrosoft.com": ("GET", "HEAD"),
        "/ion/api/v3/accounts/10501/customers": ("DELETE", "GET, POST"),
        "/ion/oauth/token": ("GET", "POST"),
        "/entra/common/discovery/instance": ("POST", "GET"),
        "/_sandbox/clock": ("PUT", "GET, POST"),
        "/console/": ("POST", "GET"),
    }
    for path, (method, allowed) in wrong.items():
        answer = box.http.request(method, path)
        assert (answer.status_code, answer.headers.get("allow")) == (405, allowed), path
    assert "allow" not in box.http.get("/ion/api/v3/nothing").headers


def test_an_empty_body_is_told_in_the_words_of_its_system(box: Box) -> None:
    token, partner = box.ion_token(), Partner(box)
    answer = box.ion("POST", "/customers", token, content=b"")
    assert (answer.status_code, answer.json()["message"]) == (400, "must have required property 'orgName'")
    answer = box.ion("POST", "/products:pricing", token)
    assert answer.json()["message"] == "must have required property 'priceBookCustomerId'"
    answer = partner.call("POST", "/customers", content=b" ")
    assert answer.status_code == 400
    assert answer.json()["code"] == 800002
    assert answer.json()["description"] == "The body is missing."
    answer = box.http.post("/entra/common/oauth2/v2.0/token")
    assert answer.json()["error_codes"] == [900144]


def test_nothing_is_called_json_where_nothing_is(box: Box) -> None:
    for answer in (
        box.http.get("/partner-center/v1/customers"),  # 401 of shape F
        Partner(box).call("HEAD", "/domains/free.onmicrosoft.com"),
        Partner(box).call("HEAD", "/domains/adventureworks.onmicrosoft.com"),
    ):
        assert answer.content == b""
        assert "content-type" not in answer.headers


def test_a_reseller_with_two_accounts_is_listed_once(box: Box) -> None:
    again = {
        "id": "10599", "key": "us2", "country": "US", "currency": "USD", "role": "indirect-provider",
        "partner_domain": "tdsynnexus.onmicrosoft.com", "reseller_domain": "examplereseller.onmicrosoft.com",
        "reseller_name": "Example Reseller", "reseller_partner_id": "4847383",
    }  # fmt: skip
    other = {
        **again,
        "id": "10598",
        "key": "us3",
        "reseller_domain": "relecloud.onmicrosoft.com",
        "reseller_name": "ReleCloud",
    }
    seed.plant(box.world, SeedFile.model_validate({"accounts": [again, other]}))
    partner = Partner(box)
    tenant = partner.call("GET", "/customers").json()["items"][0]["id"]

    def listed(path: str) -> list[str]:
        answer = partner.call("GET", path)
        assert answer.status_code == 200, answer.text
        return [item["name"] for item in answer.json()["items"]]

    for kind in ("IsIndirectCloudSolutionProviderOf", "is_indirect_cloud_solution_provider_of", "2"):
        assert listed(f"/relationships?relationship_type={kind}") == ["Example Reseller", "ReleCloud"]
    for kind in ("IsIndirectResellerOf", "is_indirect_reseller_of", "1"):
        assert listed(f"/relationships?relationship_type={kind}") == []
    assert listed(f"/customers/{tenant}/relationships") == ["Example Reseller"]
    for operator in ("starts_with", "StartsWith", "STARTSWITH"):
        wish = f'{{"Field":"Name","Value":"rele","Operator":"{operator}"}}'
        assert listed(f"/relationships?relationship_type=IsIndirectCloudSolutionProviderOf&filter={wish}") == [
            "ReleCloud"
        ]
    for bad in (
        '{"Field":"Name","Value":"x","Operator":"substring"}',
        '{"Field":"State","Value":"x","Operator":"starts_with"}',
        "[",
    ):
        answer = partner.call("GET", f"/relationships?relationship_type=IsIndirectResellerOf&filter={bad}")
        assert (answer.status_code, answer.json()["code"]) == (400, 2000)


# --- the billing profile goes back as it was read


def test_if_match_takes_a_star_a_list_and_no_weak_etag(partner: Partner) -> None:
    tenant = partner.call("GET", "/customers").json()["items"][0]["id"]
    path = f"/customers/{tenant}/profiles/billing"

    def put(if_match: str, body_etag: str) -> int:
        body = partner.call("GET", path).json()
        etag = body["attributes"]["etag"]
        body["attributes"]["etag"] = body_etag or etag
        return partner.call("PUT", path, json=body, headers={"If-Match": if_match.format(etag=etag)}).status_code

    assert put("*", "") == 200
    assert put("*", "12345") == 200  # the header wins
    assert put('"{etag}"', "12345") == 200
    assert put('"1", "{etag}"', "") == 200
    assert put('W/"{etag}"', "") == 400
    assert put('"1"', "") == 400


_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    tenant=st.fixed_dictionaries(
        {"company_name": _text},
        optional={
            "email": _text,
            "culture": st.sampled_from(["", "en-US", "xx-YY"]),
            "language": _text,
            "country": st.sampled_from(["US", "CA", "ZZ"]),
            "address": st.fixed_dictionaries(
                {}, optional=dict.fromkeys(("street", "suite", "city", "state", "zip"), _text)
            ),
            "contact": st.fixed_dictionaries(
                {}, optional=dict.fromkeys(("first_name", "last_name", "email", "phone"), _text)
            ),
        },
    )
)
def test_every_seeded_tenant_goes_back_as_it_was_read(box: Box, tenant: dict[str, Any]) -> None:
    domain = f"t{len(box.world.store.tenants)}.onmicrosoft.com"
    seeded = {
        "tenants": [{**tenant, "initial_domain": domain}],
        "relationships": [{"tenant": domain, "account": "10501"}],
    }
    seed.plant(box.world, SeedFile.model_validate(seeded))
    found = box.world.store.tenants.first("domain", domain)
    assert found is not None
    partner = Partner(box)
    path = f"/customers/{found.id}/profiles/billing"
    box.world.choose({"pc.throttle": "off"})
    read = partner.call("GET", path).json()
    answer = partner.call("PUT", path, json=read)
    assert answer.status_code == 200, answer.text
    assert answer.json()["attributes"].pop("etag") != read["attributes"].pop("etag")
    assert {**answer.json(), "attributes": read["attributes"]} == read


def test_what_is_on_record_cannot_be_emptied(partner: Partner) -> None:
    tenant = partner.call("GET", "/customers").json()["items"][0]["id"]
    path = f"/customers/{tenant}/profiles/billing"
    body = partner.call("GET", path).json()
    for name in ("email", "companyName", "culture", "language"):
        answer = partner.call("PUT", path, json={**body, name: ""})
        assert (answer.status_code, answer.json()["code"]) == (400, 3000), name


def test_a_byte_order_mark_stands_before_something(boxes: Callable[..., Box]) -> None:
    """--strict sends a byte order mark before every JSON body, and never before nothing."""
    strict = boxes("provider", strict=True)
    assert Partner(strict).call("GET", "/customers").content.startswith(b"\xef\xbb\xbf{")
    assert Partner(strict).call("HEAD", "/domains/free.onmicrosoft.com").content == b""

"""ION as docs/systems/ion.md describes it. Numbers in names are its sections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Box

BODY: dict[str, Any] = {
    "customerOrganization": "Contoso Ltd",
    "customerName": "Cora Toso",
    "customerEmail": "cora@contoso.test",
    "customerPhone": "+14255550100",
    "languageCode": "EN",
    "customerAddress": {
        "street": "One Microsoft Way",
        "city": "Redmond",
        "state": "WA",
        "zip": "98052",
        "country": "US",
    },
}


def spend(box: Box, token: str) -> Any:
    return box.http.post("/ion/oauth/token", data={"grant_type": "refresh_token", "refresh_token": token})


# --- 1: tokens


def test_refresh_token_is_spent_by_its_first_use_and_the_chain_goes_on(box: Box) -> None:
    first = spend(box, box.ready["ion_refresh_token"])
    assert (first.json()["expires_in"], first.json()["token_type"]) == (7200, "Bearer")
    again = spend(box, box.ready["ion_refresh_token"])
    assert (again.status_code, again.json()) == (400, {"error": "cannot validate token: redis: nil"})
    assert spend(box, first.json()["refresh_token"]).status_code == 200


def test_strict_presenting_a_spent_token_ends_the_family(boxes: Callable[..., Box]) -> None:
    box = boxes(strict=True)
    first = spend(box, box.ready["ion_refresh_token"]).json()
    assert spend(box, box.ready["ion_refresh_token"]).status_code == 400
    assert spend(box, first["refresh_token"]).status_code == 400
    assert box.ion("GET", "/customers?pageSize=1", first["access_token"]).status_code == 401


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"grant_type": "password"},
        {"grant_type": "refresh_token"},
        {"grant_type": "refresh_token", "refresh_token": "x"},
    ],
)
def test_bad_token_requests_have_the_oauth_error_shape(box: Box, form: dict[str, str]) -> None:
    answer = box.http.post("/ion/oauth/token", data=form)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]


def test_token_call_ignores_unknown_fields_and_takes_multipart(box: Box) -> None:
    fields = {
        "grant_type": "refresh_token",
        "refresh_token": box.ready["ion_refresh_token"],
        "redirect_uri": "http://localhost/",
    }
    answer = box.http.post("/ion/oauth/token", files={name: (None, value) for name, value in fields.items()})
    assert answer.status_code == 200


def test_access_token_lives_two_hours_and_validate_access_tells(box: Box) -> None:
    token = box.ion_token()
    life = box.http.post("/ion/oauth/validateAccess", data={"access_token": token})
    assert life.json() == {"access_expires_in": 7200, "refresh_expires_in": 32 * 86400}
    box.admin("POST", "/clock", json={"advance": 7199})
    assert box.ion("GET", "/customers?pageSize=1", token).status_code == 200
    box.admin("POST", "/clock", json={"advance": 1})
    assert box.ion("GET", "/customers?pageSize=1", token).status_code == 401
    assert box.http.post("/ion/oauth/validateAccess", data={"access_token": token}).status_code == 400


def test_chain_dies_after_32_days_and_a_person_makes_a_new_one(box: Box) -> None:
    box.admin("POST", "/clock", json={"advance": 32 * 86400})
    assert spend(box, box.ready["ion_refresh_token"]).status_code == 400
    new = box.admin("POST", "/tokens", json={"account": box.account, "system": "ion", "action": "new"})
    assert spend(box, new.json()["refresh_token"]).status_code == 200


def test_new_credentials_end_the_old_ones(box: Box) -> None:
    token = box.ion_token()
    box.admin("POST", "/tokens", json={"account": box.account, "system": "ion", "action": "new"})
    assert box.ion("GET", "/customers?pageSize=1", token).status_code == 401


# --- 1.4 (10): sessions and accounts


def test_another_account_is_403_and_no_token_401(box: Box) -> None:
    token = box.ion_token()
    other = box.http.get(
        "/ion/api/v3/accounts/10502/customers?pageSize=1", headers={"Authorization": f"Bearer {token}"}
    )
    assert other.status_code == 403
    assert other.json()["message"] == "permission denied to access accounts/10502"
    assert box.ion("GET", "/customers?pageSize=1", "nonsense").status_code == 401


# --- 2: customers


def test_create_answers_200_with_the_portal_password_once(box: Box) -> None:
    token = box.ion_token()
    made = box.ion("POST", "/customers", token, json=BODY)
    assert made.status_code == 200
    body = made.json()
    assert body["customerStatus"] == "ACTIVE"
    assert body["user"]["userName"] == "DEFAULT ACCOUNT USER."
    assert body["user"]["password"]
    read = box.ion("GET", "/customers/" + body["name"].split("/")[-1], token).json()
    assert read == {key: value for key, value in body.items() if key != "user"}
    assert "id" not in read


def test_email_is_unique_in_the_whole_of_ion(box: Box) -> None:
    assert box.ion("POST", "/customers", box.ion_token(), json=BODY).status_code == 200
    headers = {"Authorization": f"Bearer {box.ion_token('ca')}"}
    taken = {**BODY, "customerEmail": "CORA@contoso.test"}
    answer = box.http.post("/ion/api/v3/accounts/10502/customers", headers=headers, json=taken)
    assert answer.status_code == 412
    assert answer.json()["error"] == "FAILED_PRECONDITION"
    detail = answer.json()["details"][0]
    assert (detail["code"], detail["referenceEntity"]) == ("CUS-CR-001", "primaryContactEmail")
    assert detail["requestId"]
    assert box.admin("GET", "/counters").json()["duplicate_creates"] == 1


def test_unknown_language_is_cus_cr_002(box: Box) -> None:
    answer = box.ion("POST", "/customers", box.ion_token(), json={**BODY, "languageCode": "XX"})
    assert (answer.status_code, answer.json()["details"][0]["code"]) == (412, "CUS-CR-002")


@pytest.mark.parametrize(
    ("missing", "inner"),
    [
        ("customerOrganization", "orgName"),
        ("customerEmail", "primaryContactEmail"),
        ("customerName", "primaryContactName"),
        ("customerAddress", "address"),
    ],
)
def test_missing_fields_are_named_by_the_inner_model(box: Box, missing: str, inner: str) -> None:
    body = {key: value for key, value in BODY.items() if key != missing}
    answer = box.ion("POST", "/customers", box.ion_token(), json=body)
    assert answer.status_code == 400
    assert answer.json()["message"] == f"must have required property '{inner}'"


def test_update_is_a_full_put(box: Box) -> None:
    token = box.ion_token()
    number = box.ion("POST", "/customers", token, json=BODY).json()["name"].split("/")[-1]
    box.admin("POST", "/clock", json={"advance": 60})
    changed = {key: value for key, value in BODY.items() if key != "customerPhone"} | {"customerTitle": "CEO"}
    answer = box.ion("PUT", f"/customers/{number}", token, json=changed).json()
    assert (answer["customerPhone"], answer["customerTitle"]) == ("", "CEO")
    assert answer["updateTime"] > answer["createTime"]
    assert box.ion("PUT", f"/customers/{number}", token, json=changed).json()["updateTime"] == answer["updateTime"]


def test_update_without_org_name_is_a_404_whose_body_says_400(box: Box) -> None:
    token = box.ion_token()
    number = box.ion("POST", "/customers", token, json=BODY).json()["name"].split("/")[-1]
    answer = box.ion("PUT", f"/customers/{number}", token, json={"customerName": "X"})
    assert (answer.status_code, answer.json()["code"], answer.json()["error"]) == (404, 400, "INVALID_REQUEST")


def test_no_delete_and_no_patch(box: Box) -> None:
    token = box.ion_token()
    assert box.ion("DELETE", "/customers/300001", token).status_code == 405
    assert box.ion("PATCH", "/customers/300001", token).status_code == 405


def test_unknown_customer_is_404_with_its_resource_name(box: Box) -> None:
    answer = box.ion("GET", "/customers/10054", box.ion_token())
    assert (answer.status_code, answer.json()["message"]) == (
        404,
        "resource 'accounts/10501/customers/10054' not found",
    )


def fill(box: Box, number: int) -> None:
    people = [
        {
            "account": box.account,
            "email": f"c{n}@many.test",
            "organization": f"Many {n}",
            "status": "INACTIVE" if n % 5 == 0 else "ACTIVE",
        }
        for n in range(number)
    ]
    assert box.admin("POST", "/seed", json={"customers": people}).status_code == 200


def pages(box: Box, query: str) -> list[str]:
    token, found, mark = box.ion_token(), [], ""
    while True:
        page = box.ion("GET", f"/customers?{query}{mark}", token).json()
        found += [customer["customerEmail"] for customer in page["customers"]]
        if not page["nextPageToken"]:
            return found
        mark = f"&pageToken={page['nextPageToken']}"


def test_pages_are_complete_by_status(box: Box) -> None:
    fill(box, 57)
    active = pages(box, "pageSize=10&filter.customerStatus=ACTIVE")
    inactive = pages(box, "pageSize=10&filter.customerStatus=INACTIVE")
    assert len(active) == len(set(active)) == 45
    assert len(inactive) == 12
    assert sorted(pages(box, "pageSize=7")) == sorted(active + inactive)


def test_page_token_alone_works_and_neither_is_400(box: Box) -> None:
    fill(box, 5)
    token = box.ion_token()
    neither = box.ion("GET", "/customers", token)
    assert (neither.status_code, neither.json()["message"]) == (
        400,
        "At least one of page_size and page_token must be present",
    )
    first = box.ion("GET", "/customers?pageSize=2", token).json()
    second = box.ion("GET", f"/customers?pageToken={first['nextPageToken']}", token).json()
    assert [c["customerEmail"] for c in second["customers"]] == ["c2@many.test", "c3@many.test"]


def test_filters(box: Box, boxes: Callable[..., Box]) -> None:
    fill(box, 12)
    assert pages(box, "pageSize=10&filter.customerStatus=ACTIVE&filter.customerEmail=C1@many.test") == ["c1@many.test"]
    assert pages(box, "pageSize=10&filter.customerStatus=ACTIVE&filter.customerEmail=c5@many.test") == []
    assert pages(box, "pageSize=10&filter.customerStatus=ACTIVE&filter.customerName=many 3") == ["c3@many.test"]
    assert box.ion("GET", "/customers?pageSize=1&filter.customerStatus=OPEN", box.ion_token()).status_code == 400
    strict = boxes(strict=True)
    fill(strict, 12)
    assert pages(strict, "pageSize=10&filter.customerEmail=c1@many.test") == []
    assert len(pages(strict, "pageSize=10&filter.customerStatus=ACTIVE&filter.customerEmail=c1")) == 2


@pytest.mark.parametrize("query", ["pageSize=0", "pageSize=x", "pageToken=%21", "pageToken=eyJhIjoxfQ=="])
def test_bad_paging_is_400(box: Box, query: str) -> None:
    assert box.ion("GET", f"/customers?{query}", box.ion_token()).status_code == 400


# --- 3: cloud profiles (profile reseller)


def profile_of(box: Box, email: str, kind: str = "cloudProfiles") -> Any:
    customer = box.world.store.customers.first("email", email)
    assert customer is not None
    return box.ion("GET", f"/customers/{customer.id}/{kind}", box.ion_token()).json()


def test_cloud_profiles_show_tenant_domain_and_agreement_while_the_toggle_is_on(boxes: Callable[..., Box]) -> None:
    box = boxes("reseller")
    (row,) = profile_of(box, "it@contoso.example")["customerCloudProfiles"]
    assert (row["providerId"], row["displayName"], row["enabled"]) == ("30", "Legacy Azure", True)
    assert (row["customerDomain"], row["agreementStatus"]) == ("contosoltd.onmicrosoft.com", "Accepted")
    assert not {"pricebook", "currency"} & {key.lower() for key in row}


@pytest.mark.parametrize(("reading", "rows"), [("partial", 1), ("empty", 0)])
def test_cloud_profiles_are_incomplete_while_the_toggle_is_off(
    boxes: Callable[..., Box], reading: str, rows: int
) -> None:
    box = boxes("reseller")
    box.world.choose({"ion.cloud-profiles.portal-off": reading})
    found = profile_of(box, "it@wingtip.example")["customerCloudProfiles"]
    assert len(found) == rows
    assert all("customerTenantId" not in row and row["enabled"] is False for row in found)


def test_old_agreement_is_seen_by_status_or_only_by_its_date(boxes: Callable[..., Box]) -> None:
    box, strict = boxes("reseller"), boxes("reseller", strict=True)
    assert profile_of(box, "it@tailspin.example")["customerCloudProfiles"][0]["agreementStatus"] == "Expired"
    assert profile_of(strict, "it@tailspin.example")["customerCloudProfiles"][0]["agreementStatus"] == "Accepted"
    (agreement,) = profile_of(strict, "it@tailspin.example", "cloudProfile")["agreements"]
    assert agreement["dateAgreed"].startswith("2022-06-14")


def test_unknown_customer_of_cloud_profiles_is_403(box: Box) -> None:
    assert box.ion("GET", "/customers/1/cloudProfiles", box.ion_token()).status_code == 403


# --- 4.4, 5: templates and prices


def test_pricing_shows_the_currency_or_is_unavailable(boxes: Callable[..., Box]) -> None:
    box = boxes("reseller")
    token = box.ion_token()
    bare = box.ion("POST", "/customers", token, json=BODY).json()["name"].split("/")[-1]
    customer = box.world.store.customers.first("email", "it@wingtip.example")
    assert customer is not None

    def ask(number: str) -> Any:
        products = [{"provider": "AZURE", "externalProducts": ["CFQ7TTC0LH18", "nope"]}]
        body = {"priceBookCustomerId": int(number), "externalProductWithProvider": products}
        return box.ion("POST", "/products:pricing", token, json=body)

    plans = ask(customer.id).json()["plans"]
    assert [(plan["pricebookCurrency"], plan["productAvailability"]) for plan in plans] == [("USD", True), ("", False)]
    assert (ask(bare).status_code, ask(bare).json()["error"]) == (503, "UNAVAILABLE")
    without_account = box.http.post("/ion/api/v3/products:pricing", headers={"Authorization": f"Bearer {token}"})
    assert without_account.status_code == 404, "that path has no source"
    assert box.admin("GET", "/counters").json()["writes"] == {"ion": 1, "total": 1}


def test_templates_name_the_attributes_of_an_order(box: Box) -> None:
    token = box.ion_token()
    assert box.ion("GET", "/provisionTemplates", token).status_code == 400
    found = box.ion("GET", "/provisionTemplates?vendor=MICROSOFT&action=CREATE", token).json()["provisionTemplates"]
    assert len(found) == 1
    assert box.ion("GET", f"/provisionTemplates/{found[0]['provisioningReference']['id']}", token).json() == found[0]


@pytest.mark.parametrize(("reading", "shown"), [("kept", "https://contoso.test"), ("ignored", None)])
def test_2_a_member_that_no_page_names_is_kept_or_ignored(box: Box, reading: str, shown: str | None) -> None:
    box.world.choose({"ion.customers.undocumented": reading})
    made = box.ion("POST", "/customers", box.ion_token(), json=BODY | {"customerWebsite": "https://contoso.test"})
    assert made.status_code == 200
    assert made.json().get("customerWebsite") == shown

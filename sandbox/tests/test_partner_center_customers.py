"""Customers of Partner Center: create, read, list, change, end. Vectors of partner-center.md 8 by number."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Box
from .partner import Partner, new_customer


@pytest.fixture
def partner(box: Box) -> Partner:
    return Partner(box)


def later(box: Box, seconds: float) -> None:
    box.world.clock.advance(seconds)


def test_create_shows_the_password_once_and_follows_the_lag(box: Box, partner: Partner) -> None:
    made = partner.create("alpineskihouse")
    assert made.status_code == 201
    body = made.json()
    assert body["relationshipToPartner"] == "reseller"
    assert body["userCredentials"]["userName"] == "admin"
    assert len(body["userCredentials"]["password"]) > 10
    assert body["billingProfile"]["culture"] == "en-US"  # V1: the case is normalised
    assert body["associatedPartnerId"] == box.ready["reseller_tenant_id"]
    assert body["userCredentials"]["password"] not in str(list(box.world.store.tenants))

    path = f"/customers/{body['id']}"
    first = partner.call("GET", path)
    assert (first.status_code, first.json()["code"]) == (404, 1000)
    assert "was not found" in first.json()["description"]
    later(box, 40)
    second = partner.call("GET", path)
    assert second.status_code == 404
    assert "No company was found to be associated with tenant Id" in second.json()["description"]
    assert partner.call("GET", f"{path}/agreements?agreementType=MicrosoftCustomerAgreement").status_code == 200
    assert all(item["id"] != body["id"] for item in partner.call("GET", "/customers").json()["items"])
    later(box, 60)
    seen = partner.call("GET", path).json()
    assert seen["companyProfile"]["domain"] == "alpineskihouse.onmicrosoft.com"
    assert "userCredentials" not in seen
    assert "address" not in seen["companyProfile"]  # no GDAP
    assert seen["allowDelegatedAccess"] is False


def test_domain_check_tells_taken_from_free(partner: Partner) -> None:
    free = partner.call("HEAD", "/domains/alpineskihouse.onmicrosoft.com", user=False)
    assert (free.status_code, free.content) == (404, b"")
    partner.create("alpineskihouse")
    taken = partner.call("HEAD", "/domains/AlpineSkiHouse.onmicrosoft.com")
    assert (taken.status_code, taken.headers["content-length"]) == (200, "0")
    assert partner.call("GET", "/validations/checkdomainavailability/alpineskihouse").json() is False


def test_a_repeated_request_id_replays_without_the_password(box: Box, partner: Partner) -> None:
    headers = {"MS-RequestId": "0d9e7c66-6b2d-4d27-9a9d-d6e0d29a1f10"}
    body = new_customer(box, "alpineskihouse")
    first = partner.call("POST", "/customers", json=body, headers=headers)
    again = partner.call("POST", "/customers", json=body, headers=headers)
    assert again.status_code == 201
    assert again.json()["id"] == first.json()["id"]
    assert "userCredentials" not in again.json()
    other = partner.call("POST", "/customers", json=new_customer(box, "other"), headers=headers)
    assert (other.status_code, other.json()["code"]) == (400, 800002)
    assert box.admin("GET", "/counters").json()["duplicate_creates"] == 0


def test_a_second_create_of_a_domain_is_refused_and_counted(box: Box, partner: Partner) -> None:
    partner.create("alpineskihouse")
    again = partner.create("alpineskihouse")
    assert (again.status_code, again.json()["code"]) == (400, 600002)
    assert box.admin("GET", "/counters").json()["duplicate_creates"] == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"AssociatedPartnerId": "4847383"}, 400, 3000),
        ({"AssociatedPartnerId": "00000000-0000-0000-0000-000000000001"}, 400, 900154),
        ({"CompanyProfile": {"Domain": f"{'a' * 28}.onmicrosoft.com"}}, 400, 3000),
        ({"CompanyProfile": {"Domain": "alpine.example"}}, 400, 3000),
        ({"CompanyProfile": {"Domain": "x.onmicrosoft.com", "OrganizationRegistrationNumber": "1"}}, 400, 600002),
        ({"UserCredentials": {"Password": "x"}}, 400, 3000),
        ({"BillingProfile": 7}, 400, 3000),
    ],
)
def test_create_refusals(box: Box, partner: Partner, change: dict[str, Any], status: int, code: int) -> None:
    answer = partner.call("POST", "/customers", json=new_customer(box, "alpine", **change))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert box.world.store.tenants.first("domain", "alpine.onmicrosoft.com") is None


def test_an_address_that_is_not_real_is_refused_with_the_nested_document(box: Box, partner: Partner) -> None:
    body = new_customer(box, "alpine")
    body["BillingProfile"]["DefaultAddress"]["PostalCode"] = "98007"
    answer = partner.call("POST", "/customers", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, 2007)
    nested = json.loads(answer.json()["description"])  # V8
    assert nested["code"] == "60071"
    assert "&#39;BELLEVUE&#39;" in nested["reason"]
    assert nested["corrected_address"]["city"] == "BELLEVUE"


def test_another_country_is_refused(box: Box, partner: Partner) -> None:
    body = new_customer(box, "alpine")
    body["BillingProfile"]["DefaultAddress"] |= {"Country": "DE", "PostalCode": "10115", "City": "Berlin"}
    answer = partner.call("POST", "/customers", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, 2030)


def test_a_forgotten_partner_id_makes_a_direct_customer(box: Box, partner: Partner) -> None:
    body = new_customer(box, "alpine")
    del body["AssociatedPartnerId"]
    answer = partner.call("POST", "/customers", json=body, user=False)
    assert (answer.status_code, answer.json()["relationshipToPartner"]) == (201, "none")
    later(box, 90)
    assert partner.call("GET", f"/customers/{answer.json()['id']}/relationships").json()["items"] == []
    assert box.admin("GET", "/counters").json()["direct_customers"] == 1


def test_gdap_shows_the_company(box: Box, partner: Partner) -> None:
    made = partner.create("alpine", enableGDAPByDefault=True).json()
    later(box, 90)
    seen = partner.call("GET", f"/customers/{made['id']}").json()
    assert seen["companyProfile"]["address"]["region"] == "wa"  # V3
    assert seen["customDomains"] == ["alpine.onmicrosoft.com"]
    assert partner.call("GET", f"/customers/{made['id']}/organization").status_code == 200


def test_list_pages_by_seek_and_filters(box: Box, partner: Partner) -> None:
    for number in range(5):
        partner.create(f"contoso{number}")
    later(box, 90)
    pages, path, headers = [], "/customers?size=4", {}
    while True:
        answer = partner.call("GET", path, headers=headers).json()
        pages.append([item["companyProfile"]["domain"] for item in answer["items"]])
        assert answer["totalCount"] == len(answer["items"])
        if "next" not in answer["links"]:
            break
        path = answer["links"]["next"]["uri"]
        headers = {entry["key"]: entry["value"] for entry in answer["links"]["next"]["headers"]}
    assert [len(page) for page in pages] == [4, 2]
    assert len({domain for page in pages for domain in page}) == 6

    def found(field: str, value: str, operator: str = "starts_with") -> list[str]:
        wish = json.dumps({"Field": field, "Value": value, "Operator": operator})
        answer = partner.call("GET", "/customers", params={"size": 0, "filter": wish})
        return [item["companyProfile"]["domain"] for item in answer.json()["items"]]

    assert found("Domain", "contoso3.onmicrosoft.com") == ["contoso3.onmicrosoft.com"]
    assert len(found("domain", "CONTOSO", "StartsWith")) == 5
    assert found("CompanyName", "Adventure") == ["adventureworks.onmicrosoft.com"]
    assert len(found("IndirectReseller", box.ready["reseller_tenant_id"])) == 6
    bad = partner.call("GET", "/customers", params={"filter": '{"Field":"Phone","Value":"x","Operator":"starts_with"}'})
    assert (bad.status_code, bad.json()["code"]) == (400, 2000)


def test_billing_update_needs_the_present_etag(partner: Partner) -> None:
    tenant = partner.call("GET", "/customers").json()["items"][0]["id"]
    path = f"/customers/{tenant}/profiles/billing"
    before = partner.call("GET", path).json()
    changed = {**before, "companyName": "Adventure Works Cycles"}
    done = partner.call("PUT", path, json=changed, headers={"If-Match": f'"{before["attributes"]["etag"]}"'})
    assert (done.status_code, done.json()["companyName"]) == (200, "Adventure Works Cycles")
    assert done.json()["attributes"]["etag"] != before["attributes"]["etag"]
    stale = partner.call("PUT", path, json=changed)  # its etag comes in the body
    assert (stale.status_code, stale.json()["code"]) == (400, 2055)
    del changed["attributes"]
    assert partner.call("PUT", path, json=changed).status_code == 200
    kinds = [record["operationType"] for record in partner.call("GET", "/auditrecords").json()["items"]]
    assert kinds.count("update_customer_billing_profile") == 2


def test_ending_the_relationship_answers_pascal_case(partner: Partner) -> None:
    tenant = partner.call("GET", "/customers").json()["items"][0]["id"]
    body = {"relationshipToPartner": "none", "attributes": {"objectType": "Customer"}}
    done = partner.call("PATCH", f"/customers/{tenant}", json=body)
    assert (done.status_code, done.json()["RelationshipToPartner"], done.json()["Id"]) == (200, "none", None)
    assert partner.call("GET", f"/customers/{tenant}").status_code == 404


def test_delete_is_for_sandboxes_only(box: Box, partner: Partner) -> None:
    tenant = partner.call("GET", "/customers").json()["items"][0]["id"]
    refused = partner.call("DELETE", f"/customers/{tenant}")
    assert (refused.status_code, refused.json()["code"]) == (400, 900127)
    account = box.world.store.accounts.get("10501")
    assert account is not None
    account.sandbox = True
    done = partner.call("DELETE", f"/customers/{tenant}")
    assert (done.status_code, done.content) == (204, b"")


def test_who_may_call(box: Box, boxes: Callable[..., Box], partner: Partner) -> None:
    http = box.http
    assert http.get("/partner-center/v1/customers").status_code == 401
    refused = partner.call("GET", "/agreements?agreementType=MicrosoftCustomerAgreement", user=False)
    assert (refused.status_code, refused.json()["code"]) == (403, 900329)
    attest = partner.call("POST", "/attestations/enhanced", json={})
    assert (attest.status_code, attest.json()["code"]) == (403, 900308)
    form = {
        "resource": "https://graph.windows.net",
        "client_id": box.ready["pc_client_id"],
        "grant_type": "client_credentials",
    }
    form["client_secret"] = box.ready["pc_client_secret"]
    token = http.post(f"/entra/{box.ready['pc_tenant']}/oauth2/token", data=form).json()["access_token"]
    wrong = http.get("/partner-center/v1/customers", headers={"Authorization": f"Bearer {token}"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, 900420)
    later(box, 3601)
    assert partner.call("GET", "/customers").status_code == 401

    reseller = boxes("reseller")
    account = reseller.world.store.accounts.get("20501")
    assert account is not None
    form = {"scope": "https://api.partnercenter.microsoft.com/.default", "client_id": account.client_id}
    form |= {"client_secret": account.client_secret, "grant_type": "client_credentials"}
    token = reseller.http.post(f"/entra/{account.reseller_tenant}/oauth2/v2.0/token", data=form).json()["access_token"]
    refused = reseller.http.get("/partner-center/v1/customers", headers={"Authorization": f"Bearer {token}"})
    assert (refused.status_code, refused.json()["code"]) == (403, 2032)


def test_reads_of_one_customer_are_throttled(box: Box, partner: Partner) -> None:
    tenant = partner.call("GET", "/customers").json()["items"][0]["id"]
    for _ in range(500):
        assert partner.call("GET", f"/customers/{tenant}").status_code == 200
    refused = partner.call("GET", f"/customers/{tenant}")
    seconds = int(refused.headers["Retry-After"])
    assert refused.status_code == 429
    assert refused.json() == {"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {seconds} seconds."}
    assert partner.call("GET", f"/customers/{tenant}").status_code == 429
    assert box.admin("GET", "/counters").json()["early_retries"] == 1
    later(box, seconds)
    assert partner.call("GET", f"/customers/{tenant}").status_code == 200


def test_headers_of_an_answer(partner: Partner) -> None:
    answer = partner.call(
        "GET", "/customers", headers={"MS-CorrelationId": "c0ffee00-0000-0000-0000-000000000000", "ValidateMfa": "true"}
    )
    assert answer.headers["MS-CorrelationId"] == "c0ffee00-0000-0000-0000-000000000000"
    assert answer.headers["MS-RequestId"]
    assert answer.headers["MS-CV"]
    assert answer.headers["isMfaCompliant"] == "true"


def test_writes_without_a_request_id_are_counted(box: Box, partner: Partner) -> None:
    headers = {"Authorization": f"Bearer {box.pc_token()}"}
    made = box.http.post("/partner-center/v1/customers", json=new_customer(box, "alpine"), headers=headers)
    assert made.status_code == 201
    assert box.admin("GET", "/counters").json()["writes_without_request_id"] == 1


def test_invitation_and_resellers(box: Box, partner: Partner) -> None:
    plain = partner.call("GET", "/customers/relationshiprequests").json()["url"]
    assert plain == (
        "https://admin.microsoft.com/Adminportal/Home?invType=ResellerRelationship"
        f"&partnerId={box.ready['pc_tenant']}&msppId=0&DAP=false#/BillingAccounts/partner-invitation"
    )
    reseller = box.ready["reseller_tenant_id"]
    two_tier = partner.call("GET", f"/customers/relationshiprequests?indirectResellerId={reseller}").json()["url"]
    assert f"partnerId={reseller}&msppId=4847383&indirectCSPId={box.ready['pc_tenant']}" in two_tier
    found = partner.call("GET", "/relationships?relationship_type=IsIndirectCloudSolutionProviderOf").json()
    assert [(item["id"], item["mpnId"], item["state"]) for item in found["items"]] == [(reseller, "4847383", "Active")]
    assert partner.call("GET", "/relationships?relationship_type=x").status_code == 400


def test_may_the_reseller_transact(partner: Partner, box: Box) -> None:
    answer = partner.call(
        "POST", "/partners/validateresellers", json={"partnerIds": ["4847383", "1"]}, user=False
    ).json()
    good, bad = answer["validationResults"]
    assert good == {"partnerId": "4847383", "isValidPartnerIdOnRecord": True}
    assert (bad["isValidPartnerIdOnRecord"], bad["errorCode"]) == (False, 900400)
    path = "/compliance/csp/agreementstatus"
    reseller = box.ready["reseller_tenant_id"]
    assert partner.call("GET", f"{path}?tenantId={reseller}").json() == {"isAgreementSigned": True}
    assert partner.call("GET", f"{path}?mpnId=4847383").json() == {"isAgreementSigned": True}
    wrong = partner.call("GET", f"{path}?tenantId=7")  # V19
    assert wrong.json() == {
        "code": 2000,
        "description": "Tenant Id must be a GUID.",
        "data": [],
        "source": "PartnerApiServiceControllers",
    }
    assert partner.call("GET", path).json()["code"] == 2001
    assert partner.call("GET", "/profiles/mpn?mpnId=4847383").json()["partnerName"] == "Example Reseller"


def test_addresses_and_country_rules(partner: Partner) -> None:
    def verdict(line: str, city: str = "Redmond", code: str = "98052") -> dict[str, Any]:
        body = {"addressLine1": line, "city": city, "state": "WA", "postalCode": code, "country": "US"}
        answer = partner.call("POST", "/validations/address", json=body, user=False)
        assert answer.status_code == 200
        return dict(answer.json())

    good = verdict("1 Microsoft Way")  # V6
    assert good["status"] == "VerifiedShippable"
    assert good["suggestedAddresses"][0]["postalCode"] == "98052-8300"
    partial = verdict("Microsoft Way")  # V7
    assert partial["status"] == "StreetPartial"
    assert partial["suggestedAddresses"][0]["addressLine1"] == "1 Microsoft Way"
    assert partial["validationMessage"] == "Address field invalid for property: 'Region', 'PostalCode', 'City'"
    assert verdict("One Microsoft Way", city="Spokane")["status"] == "InteractionRequired"
    assert verdict("One Microsoft Way", code="10001")["status"] == "None"
    rules = partner.call("GET", "/countryvalidationrules/PT").json()  # V18
    assert rules["supportedCulturesList"] == ["pt-PT", "en-US"]
    assert rules["postalCodeRegex"] == "^\\d{4}(-\\d{3})?$"
    assert "phoneNumberRegex" not in rules
    assert partner.call("GET", "/countryvalidationrules/XX").status_code == 404

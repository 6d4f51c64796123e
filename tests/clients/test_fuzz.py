"""Any body of any answer: a result of the documented types, or one of our errors with one line. Never a traceback."""

from __future__ import annotations

import copy
import inspect
import json
import re
import sys
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.entra.discovery import EntraDiscovery
from clients.entra.discovery import describe as describe_entra
from clients.errors import ClientError
from clients.ion.association import AssociationClient
from clients.ion.client import IonClient
from clients.ion.models import Address, AssociationRow, IonCustomerFields
from clients.partner_center.agreements import AttestationSettings
from clients.partner_center.client import PartnerCenterClient
from clients.partner_center.errors import describe as describe_pc
from clients.partner_center.models import AttestationRequest, BillingProfile, NewTenant, PcAddress
from clients.partner_center.wire import Wire
from clients.tokens.entra import AppCredential, Authority, EntraTokens
from clients.tokens.ion import IonTokens
from clients.tokens.renewal import exchange_over
from clients.tokens.store import Chain
from csp.access import duration
from equipment.virtual import FixedToken, VirtualClock, authorized, transport

TENANT = "65ca02a9-7350-519d-920c-4009767b19ec"
REQUEST = "468d7324-432a-574a-9afb-5ba4d10aeb8b"
ION_CUSTOMER: dict[str, Any] = {
    "name": "accounts/10501/customers/300001",
    "customerOrganization": "Contoso",
    "customerAddress": {"street": "Road 1", "city": "Redmond", "state": "WA", "zip": "98052", "country": "US"},
    "customerName": "Anna",
    "customerEmail": "it@contoso.example",
    "customerStatus": "ACTIVE",
    "uid": "u1",
    "user": {"password": "portal-password"},
}
PC_CUSTOMER: dict[str, Any] = {
    "id": TENANT,
    "companyProfile": {"tenantId": TENANT, "domain": "contoso.onmicrosoft.com", "companyName": "Contoso"},
    "billingProfile": {
        "id": "b1",
        "email": "a@contoso.example",
        "culture": "en-US",
        "language": "en",
        "companyName": "Contoso",
        "defaultAddress": {"country": "US", "city": "Redmond", "phoneNumber": ""},
        "attributes": {"etag": "-8799889149591823008", "objectType": "CustomerBillingProfile"},
    },
    "relationshipToPartner": "reseller",
    "allowDelegatedAccess": True,
    "customDomains": ["contoso.example"],
    "userCredentials": {"userName": "admin", "password": "tenant-password"},
}
AGREEMENT = {
    "primaryContact": {"firstName": "A", "lastName": "B", "email": "a@b.example"},
    "templateId": "117a77b0",
    "dateAgreed": "2019-08-26T00:00:00.1234567Z",
    "type": "MicrosoftCustomerAgreement",
}
PLACE = Address("Road 1", "", "Redmond", "WA", "98052", "US")
FIELDS = IonCustomerFields("Contoso", PLACE, "A", "it@contoso.example", "EN")
NEW = NewTenant("contoso.onmicrosoft.com", "C", "a@b.example", "en-US", "en", PcAddress(country="US"), TENANT)
ROW = AssociationRow("Legacy Azure", "US Standard", "USD", "USD", False, "", "")
PROFILE = BillingProfile("b1", "C", "a@b.example", "en-US", "en", "", "", PcAddress(), "1", {})

Handler = Callable[[httpx.Request], httpx.Response]


def ion(handler: Handler) -> IonClient:
    return IonClient("http://ion.example", "10501", authorized(handler))


def association(handler: Handler) -> AssociationClient:
    return AssociationClient("http://ion.example", "/csp-association/v1", "10501", authorized(handler))


def center(handler: Handler) -> PartnerCenterClient:
    wire = transport(handler, system="partner_center", describe=describe_pc)
    credential = FixedToken()
    return PartnerCenterClient(
        Wire("http://pc.example", TENANT, wire, user=credential, app=credential), AttestationSettings()
    )


def discovery(handler: Handler) -> EntraDiscovery:
    return EntraDiscovery("http://entra.example", transport(handler, system="entra", describe=describe_entra))


Operation = tuple[str, Callable[[Handler], Any], Any]
OPERATIONS: list[Operation] = [
    ("ion.customers", lambda h: ion(h).customers(), {"customers": [ION_CUSTOMER]}),
    ("ion.customer", lambda h: ion(h).customer("300001"), ION_CUSTOMER),
    ("ion.create", lambda h: ion(h).create_customer(FIELDS), ION_CUSTOMER),
    ("ion.update", lambda h: ion(h).update_customer("300001", FIELDS), ION_CUSTOMER),
    (
        "ion.cloud_profiles",
        lambda h: ion(h).cloud_profiles("1"),
        {"customerCloudProfiles": [{"providerId": "30", "enabled": True, "customerTenantId": TENANT}]},
    ),
    (
        "ion.evidence",
        lambda h: ion(h).agreement_evidence("1"),
        {"companyProfile": {"tenantId": TENANT}, "customDomains": [], "agreements": [{"dateAgreed": "2022-06-14"}]},
    ),
    ("ion.currency", lambda h: ion(h).price_currency("1"), {"plans": [{"pricebookCurrency": "USD"}]}),
    (
        "association.get",
        lambda h: association(h).get("1"),
        {"provider": "Legacy Azure", "pricebook": "US Standard", "portal_access": True, "tenant_id": None},
    ),
    ("association.put", lambda h: association(h).put("1", ROW), {"provider": "Legacy Azure", "portal_access": False}),
    ("pc.customers", lambda h: center(h).customers(), {"totalCount": 1, "items": [PC_CUSTOMER], "links": {}}),
    ("pc.customer", lambda h: center(h).customer(TENANT), PC_CUSTOMER),
    ("pc.create", lambda h: center(h).create_customer(NEW, request_id=REQUEST), PC_CUSTOMER),
    ("pc.billing", lambda h: center(h).billing_profile(TENANT), PC_CUSTOMER["billingProfile"]),
    (
        "pc.update_billing",
        lambda h: center(h).update_billing_profile(TENANT, PROFILE, request_id=REQUEST),
        PC_CUSTOMER["billingProfile"],
    ),
    (
        "pc.address",
        lambda h: center(h).validate_address(PcAddress(country="US")),
        {"status": "Verified Shippable", "suggestedAddresses": [{"city": "Redmond"}]},
    ),
    ("pc.rules", lambda h: center(h).country_rules("us"), {"iso2Code": "US", "supportedCulturesList": ["en-US"]}),
    ("pc.domain", lambda h: center(h).domain_exists("x.onmicrosoft.com"), {}),
    ("pc.link", lambda h: center(h).relationship_link(), {"url": "https://admin.microsoft.com/x"}),
    ("pc.resellers", lambda h: center(h).indirect_resellers(), {"items": [{"id": TENANT, "mpnId": 4847383}]}),
    ("pc.templates", lambda h: center(h).agreement_templates(), {"items": [{"templateId": "t", "versionRank": "0"}]}),
    ("pc.agreements", lambda h: center(h).agreements(TENANT), {"items": [AGREEMENT]}),
    ("pc.signed", lambda h: center(h).directly_signed(TENANT), {"isSigned": True}),
    (
        "pc.attest",
        lambda h: center(h).request_attestation(
            AttestationRequest("US", "en", "C", "A", "B", "a@b.example"), request_id=REQUEST
        ),
        {
            "attestationId": "a1",
            "status": "Created",
            "acceptanceUrl": "https://admin.microsoft.com",
            "expirationDate": "2026-12-01",
        },
    ),
    (
        "pc.validate_resellers",
        lambda h: center(h).reseller_may_transact(["1"]),
        {"validationResults": [{"partnerId": "1", "isValidPartnerIdOnRecord": False, "errorCode": 900400}]},
    ),
    ("pc.mpa", lambda h: center(h).partner_agreement_signed(TENANT), {"isAgreementSigned": True}),
    ("entra.discovery", lambda h: discovery(h).tenant_id("x.example"), {"issuer": f"https://sts/{TENANT}/v2.0"}),
    ("ion.find", lambda h: ion(h).find_by_email("it@contoso.example"), {"customers": [ION_CUSTOMER]}),
    ("pc.find", lambda h: center(h).find_by_domain("contoso.onmicrosoft.com"), {"items": [PC_CUSTOMER]}),
    (
        "pc.remove",
        lambda h: center(h).remove_relationship(TENANT, request_id=REQUEST),
        {"Id": None, "RelationshipToPartner": "none", "Attributes": {"ObjectType": "Customer"}},
    ),
    (
        "pc.customer_resellers",
        lambda h: center(h).customer_resellers(TENANT),
        {"items": [{"id": TENANT, "name": "R", "mpnId": "4847383"}]},
    ),
    (
        "pc.audit",
        lambda h: center(h).audit_records(date(2026, 11, 1)),
        {"items": [{"customerId": TENANT, "operationType": "add_customer", "operationDate": "2026-11-02T00:00:00Z"}]},
    ),
    (
        "pc.attestation",
        lambda h: center(h).attestation("a1"),
        {
            "attestationId": "a1",
            "status": "Created",
            "acceptanceUrl": "https://admin.microsoft.com/x",
            "expirationDate": "2026-12-01",
        },
    ),
    (
        "pc.create_agreement",
        lambda h: center(h).create_agreement(
            TENANT,
            attestation_id="a1",
            template_id="t",
            first_name="A",
            last_name="B",
            email="a@b.example",
            date_agreed=date(2026, 11, 1),
            request_id=REQUEST,
        ),
        AGREEMENT,
    ),
    (
        "pc.document",
        lambda h: center(h).agreement_document("t", "en-US", "US"),
        {"displayUri": "https://x", "downloadUri": "https://x", "language": "en-US", "country": "US"},
    ),
    (
        "oauth.token",
        lambda h: exchange_over(transport(h), "http://ion.example")("refresh-token"),
        {"access_token": "portal-password", "refresh_token": "tenant-password", "expires_in": 7200},
    ),
    (
        "entra.token",
        lambda h: entra_tokens(h).token(),
        {"access_token": "opaque", "expires_in": 3600, "token_type": "Bearer"},
    ),
    (
        "oauth.validateAccess",
        lambda h: ion_life(h),
        {"access_expires_in": 7000, "refresh_expires_in": 2_592_000},
    ),
]


def test_every_operation_of_every_client_is_fuzzed() -> None:
    """Each public method that sends something is called by one of the operations above."""
    sent: set[tuple[str, str]] = set()
    for kind in (IonClient, AssociationClient, PartnerCenterClient, EntraDiscovery):
        for name in dir(kind):
            if not name.startswith("_") and callable(getattr(kind, name)):
                sent.add((kind.__name__, name))
    text = inspect.getsource(sys.modules[__name__])
    makers = {"ion": IonClient, "association": AssociationClient, "center": PartnerCenterClient}
    called = {
        (makers[maker].__name__, name) for maker, name in re.findall(r"(ion|association|center)\(h\)\.(\w+)", text)
    }
    assert "tokens.life(" in text, "the one call of the token service beside the token itself"
    called |= {("EntraDiscovery", name) for name in re.findall(r"discovery\(h\)\.(\w+)", text)}
    assert sent - called == set()


def ion_life(handler: Handler) -> str:
    """What the doctor tells of a token."""
    store: Any = SimpleNamespace(place="here", load=lambda: Chain("refresh", "access"))
    tokens = IonTokens(store, lambda *_: None, clock=VirtualClock())
    life = tokens.life(transport(handler), "http://ion.example")
    return f"{duration(life.access_seconds or 0)}, {duration(life.refresh_seconds or 0)}"


def entra_tokens(handler: Handler) -> EntraTokens:
    """App-only tokens; what msal asks first, the discovery of its authority, is answered well."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            root = f"https://entra.example/{TENANT}"
            found = {"issuer": root, "authorization_endpoint": f"{root}/authorize", "token_endpoint": f"{root}/token"}
            return httpx.Response(200, json=found)
        return handler(request)

    wire = transport(answer, system="entra", describe=describe_entra)
    return EntraTokens(
        Authority("https://entra.example", TENANT), AppCredential("app", "s"), wire, clock=VirtualClock()
    )


#: Places where a value is nested this deep; put in as text, because Python could not write it.
_DEEP = {f"(nested {depth} deep)": b'{"v":[' * depth + b"1" + b"]}" * depth for depth in (40, 400, 480, 50_000)}
#: Valid JSON of an odd shape, beside the kinds that JSON draws: what a careless or hostile server might write.
_ODD: list[Any] = [
    7200.0, -0.0, 1e15, 1e300, float("inf"), float("nan"), 10**400, -(10**400), "9" * 400, "9" * 5000, "-", "7200.0",
    "1e3", "\u0661\u0662", True, "true", "False", "", " ", "\x00", "\ud800", "\u202e", "A_NEW_WORD", "accepted ",
    "ACTIVE\n", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-11-22T12:00:00.123456789012345Z",
    [], {}, [None], *_DEEP,
]  # fmt: skip


def odd(value: Any) -> st.SearchStrategy[Any]:
    """The same value in another dress, or one of the odd ones."""
    dressed: list[Any] = [[value], {"value": value}]
    if isinstance(value, int) and abs(value) < 10**15:
        dressed += [float(value), str(value), f"{value}.0"]
    if isinstance(value, str):
        dressed += [value.upper(), f" {value} ", f"{value}X", [value, value], list(value)]
    return st.sampled_from(dressed + _ODD).map(copy.deepcopy)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def paths(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a document, the whole included."""
    found = [at]
    entries: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    for key, inner in entries:
        found += paths(inner, (*at, key))
    return found


@st.composite
def damaged(draw: st.DrawFn, body: Any) -> Any:
    """`body` with one or two places missing, null, of another type, or with extra members."""
    changed = copy.deepcopy(body)
    for _ in range(draw(st.integers(1, 2))):
        places = paths(changed)
        place = draw(st.sampled_from(places))
        if not place:
            if draw(st.booleans()):
                return draw(JSON)
            continue
        parent = changed
        for key in place[:-1]:
            parent = parent[key]
        kind = draw(st.integers(0, 3))
        if kind < 2:
            parent[place[-1]] = draw(odd(parent[place[-1]]))
        elif kind == 2:
            parent[place[-1]] = draw(JSON)
        elif isinstance(parent, dict):
            del parent[place[-1]]
            parent["extra"] = draw(JSON)
    return changed


@pytest.mark.parametrize(("name", "act", "body"), OPERATIONS, ids=[name for name, _, _ in OPERATIONS])
def test_the_documented_body_is_understood(name: str, act: Callable[[Handler], Any], body: Any) -> None:
    act(lambda request: httpx.Response(200, json=body))


@pytest.mark.parametrize(("name", "act", "body"), OPERATIONS, ids=[name for name, _, _ in OPERATIONS])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_body_gives_a_result_or_one_clear_line(
    name: str, act: Callable[[Handler], Any], body: Any, data: st.DataObject
) -> None:
    answer = data.draw(damaged(body))
    status = data.draw(st.sampled_from([200, 200, 200, 201, 400, 401, 403, 404, 409, 412, 429, 500, 503]))
    content = json.dumps(answer).encode()
    for marker, nested in _DEEP.items():
        content = content.replace(json.dumps(marker).encode(), nested)
    if data.draw(st.integers(0, 5)) == 0:
        content = content[: data.draw(st.integers(0, len(content)))]
    try:
        result = act(lambda request: httpx.Response(status, content=content))
    except ClientError as error:
        line = str(error)
        assert "\n" not in line
        assert "password" not in line.lower() or "portal-password" not in line
        assert "tenant-password" not in line
    else:
        assert "tenant-password" not in repr(result)
        assert "portal-password" not in repr(result)

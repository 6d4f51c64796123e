"""Every documented code is exactly one class of error, with a person and an action where a person must act."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from clients.entra.errors import RULES as ENTRA
from clients.entra.errors import token_error
from clients.errors import (
    ClientError,
    CredentialsLost,
    NotFound,
    OurBug,
    PersonMustAct,
    RetryLater,
    UnknownOutcome,
    WrongAccount,
)
from clients.ion.errors import RULES as ION
from clients.ion.errors import describe as describe_ion
from clients.partner_center.errors import RULES as PARTNER_CENTER
from clients.partner_center.errors import describe as describe_pc
from clients.wire.rules import classify
from clients.wire.transport import Answer, Call
from equipment.virtual import Script, transport

LOST, PERSON, BUG, LATER, GONE, ACCOUNT = CredentialsLost, PersonMustAct, OurBug, RetryLater, NotFound, WrongAccount

ION_CODES: list[tuple[int, str, str, str, type[ClientError]]] = [
    # status, error, message, detail code, class (ion.md 2.6, 4.3, 1.1)
    (400, "INVALID_REQUEST", "must have required property 'orgName'", "", BUG),
    (400, "INVALID_REQUEST", "At least one of page_size and page_token must be present", "", BUG),
    (400, "INVALID_ARGUMENT", "resource name 'x' is invalid", "", BUG),
    (400, "INVALID_ARGUMENT", "out of date. etag mismatch", "", LATER),
    (403, "PERMISSION_DENIED", "User does not have access to this resource.", "", PERSON),
    (403, "PERMISSION_DENIED", "permission denied to access accounts/10001", "", ACCOUNT),
    (404, "NOT_FOUND", "resource 'accounts/10001/customers/10054' not found", "", GONE),
    (404, "INVALID_REQUEST", "must have required property 'orgName'", "", BUG),
    (409, "ALREADY_EXISTS", "no changes found", "", BUG),
    (412, "FAILED_PRECONDITION", "primaryContactEmail is already in use", "CUS-CR-001", PERSON),
    (412, "FAILED_PRECONDITION", "The provided language code is not valid", "CUS-CR-002", BUG),
    (412, "FAILED_PRECONDITION", "something new", "", BUG),
    (400, "BAD_REQUEST: Invalid provisioning data", "BAD_REQUEST", "COMM-VL-001 ", BUG),
    (400, "BAD_REQUEST: Invalid provisioning data", "BAD_REQUEST", "COMM-VL-002", BUG),
    (400, "BAD_REQUEST: Invalid provisioning data", "BAD_REQUEST", "COMM-VL-003", BUG),
    (400, "BAD_REQUEST: Invalid provisioning data", "BAD_REQUEST", "COMM-VL-004", BUG),
    (401, "UNAUTHENTICATED", "no usable session", "", LOST),
    (500, "INTERNAL_ERROR", "Internal Server Error", "", LATER),
    (503, "UNAVAILABLE", "could not retrieve cloud price book v", "", LATER),
    (429, "", "slow down", "", LATER),
    (502, "", "", "", LATER),
    (504, "", "", "", LATER),
    (408, "", "", "", LATER),
]


@pytest.mark.parametrize(("status", "error", "message", "detail", "kind"), ION_CODES)
def test_ion_codes(status: int, error: str, message: str, detail: str, kind: type[ClientError]) -> None:
    entry: dict[str, Any] = {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "req-1"}
    if detail:
        entry |= {"code": detail, "detail": message}
    body = {"error": error, "message": message, "code": status, "details": [entry]}
    call = Call("customers.update", "PUT", "http://ion.example", write=True)
    problem = describe_ion(call, Answer(status, {}, "", body))
    raised = classify(ION, problem)
    assert type(raised) is kind
    assert problem.request_id == "req-1"
    assert "\n" not in str(raised)
    _says_what_to_do(raised)


def test_ions_names_become_ours() -> None:
    call = Call("customers.create", "POST", "http://ion.example")
    body = {"error": "INVALID_REQUEST", "message": "must have required property 'orgName'", "code": 400}
    assert "customerOrganization" in str(classify(ION, describe_ion(call, Answer(400, {}, "", body))))


def test_a_refused_refresh_token_ends_the_chain() -> None:
    call = Call("oauth.token", "POST", "http://ion.example")
    body = {"error": "cannot validate token: redis: nil"}
    raised = classify(ION, describe_ion(call, Answer(400, {}, "", body)))
    assert isinstance(raised, CredentialsLost)
    assert "Request New Credentials" in str(raised)


# status, code, text, operation, class (partner-center.md 6.2, 5.8, 13)
PC_CODES: list[tuple[int, str, str, str, type[ClientError]]] = [
    (501, "0", "undefined exception", "customers.get", BUG),
    (401, "400", "access denied", "customers.get", LOST),
    (404, "1000", "not found", "customers.get", GONE),
    (400, "2000", "Tenant Id must be a GUID.", "compliance.agreementStatus", BUG),
    (400, "2001", "missing input", "compliance.agreementStatus", PERSON),
    (400, "2001", "quantity change while suspended", "customers.get", BUG),
    (403, "2006", "partner not valid for offer", "customers.get", PERSON),
    (400, "2007", "address", "addresses.validate", BUG),
    (403, "2030", "not onboarded to sell in the country", "customers.create", PERSON),
    (403, "2032", "access denied", "customers.get", PERSON),
    (400, "2055", "ETag no longer valid", "billing.update", LATER),
    (400, "2071", "MPN id not valid", "resellers.validate", BUG),
    (404, "2072", "provider MPN not valid", "resellers.validate", GONE),
    *[
        (400, code, "reseller", "compliance.agreementStatus", PERSON)
        for code in ("2200", "2201", "2203", "2204", "2205", "2206")
    ],
    (400, "3000", "invalid property", "billing.update", BUG),
    (400, "27002", "A property has invalid data", "customers.create", BUG),
    (400, "20000", "country not supported", "customers.create", BUG),
    (403, "1002", "not for an indirect reseller", "relationshipRequest.get", PERSON),
    (401, "10001", "Authentication failed. MFA required.", "customers.get", LOST),
    (401, "", "Authentication failed. MFA required. (10001)", "customers.get", LOST),
    (403, "13605", "MCA not confirmed", "agreements.list", PERSON),
    (403, "20002", "no relationship", "customers.get", PERSON),
    (404, "60002", "user not found", "customers.get", GONE),
    (404, "60003", "tenant not found", "customers.get", GONE),
    (400, "60071", "ZipCityInvalid", "addresses.validate", BUG),
    (400, "600002", "organization registration id", "customers.create", BUG),
    (403, "600006", "The requested action is not allowed", "customers.create", PERSON),
    (400, "600049", "registration id missing", "customers.create", BUG),
    (400, "600050", "registration id format", "customers.create", BUG),
    (400, "600051", "phone number missing", "customers.create", BUG),
    (400, "600061", "A partner confirmed agreement already exists", "agreements.create", BUG),
    (401, "800001", "partner token missing", "customers.get", LOST),
    (400, "800002", "invalid request input", "customers.get", BUG),
    (400, "800018", "sandbox limit", "customers.create", PERSON),
    (403, "800073", "under review", "customers.get", PERSON),
    (403, "800074", "under review", "customers.get", PERSON),
    (403, "800075", "not approved", "customers.get", PERSON),
    (403, "90000", "Entra error", "customers.get", PERSON),
    (400, "900118", "invalid customer id", "customers.get", BUG),
    (403, "900123", "reseller has not accepted the MPA", "customers.create", PERSON),
    (403, "900124", "company has not accepted the MPA", "customers.create", PERSON),
    (400, "900127", "operation not supported", "agreements.list", BUG),
    (403, "900149", "program not active", "customers.create", PERSON),
    (403, "900150", "role lacks rights", "customers.create", PERSON),
    (400, "900154", "not linked to an active CSP reseller tenant", "customers.create", PERSON),
    (403, "900308", "insufficient privileges", "customers.get", PERSON),
    (403, "900309", "Conditional Access", "customers.get", PERSON),
    (403, "900329", "app-only", "customers.get", BUG),
    (400, "900400", "The PLA ID (formerly MPN)", "resellers.validate", PERSON),
    (403, "900416", "locked", "customers.get", PERSON),
    (401, "900420", "audience", "customers.get", PERSON),
    (401, "900421", "MFA claim missing", "customers.get", LOST),
    *[(status, "", "", "customers.get", BUG) for status in (400, 405, 406, 409, 501)],
    *[(status, "", "", "customers.get", LATER) for status in (408, 412, 429, 500, 502, 503, 504)],
    (401, "", "", "customers.get", LOST),
    (403, "", "", "customers.get", PERSON),
    (404, "", "", "customers.get", GONE),
]


@pytest.mark.parametrize(("status", "code", "text", "operation", "kind"), PC_CODES)
def test_partner_center_codes(status: int, code: str, text: str, operation: str, kind: type[ClientError]) -> None:
    body = {"code": int(code) if code else None, "description": text, "data": [], "source": "PartnerFD"}
    answer = Answer(status, {"ms-requestid": "r", "ms-correlationid": "c"}, "", body if code or text else None)
    raised = classify(PARTNER_CENTER, describe_pc(Call(operation, "GET", "http://pc.example"), answer))
    assert type(raised) is kind
    assert (raised.problem.request_id, raised.problem.correlation_id) == ("r", "c")
    _says_what_to_do(raised)


SHAPES: list[tuple[Any, str, str]] = [
    ({"code": "2000", "description": "Tenant Id must be a GUID.", "data": [], "source": "S"}, "2000", "Tenant Id must"),
    ({"code": 600061, "message": "exists", "description": "exists", "isRetryable": False}, "600061", "exists"),
    ({"statusCode": 429, "message": "Rate limit is exceeded."}, "", "Rate limit"),
    ({"error": "invalid_grant", "error_description": "AADSTS700082: expired"}, "invalid_grant", "AADSTS700082"),
    ({"code": 2007, "description": '{"code":"60071","reason":"ZipCityInvalid"}'}, "2007", "60071 ZipCityInvalid"),
    # Which property it is, and what it may be, stands beside the sentence.
    ({"code": 27002, "description": "A property has invalid data", "data": ["Domain"]}, "27002", "data (data: Domain)"),
    (
        {"code": 600050, "description": "wrong format", "parameters": {"format": "^\\d{9}$", "allowed": ["A", "B"]}},
        "600050",
        "wrong format (parameters.format: ^\\d{9}$; parameters.allowed: A, B)",
    ),
    (
        {"code": 1, "description": "no", "data": [{"name": "x", "reason": "y"}, ["z"]]},
        "1",
        "data.name: x; data.reason: y",
    ),
    ({"code": 1, "description": "no", "data": [{"password": "hunter22"}]}, "1", "no"),
    ({"error": {"code": "Request_BadRequest", "message": "no such role"}}, "Request_BadRequest", "no such role"),
    (
        {"code": 2007, "description": '{"code":"60071","reason":"Zip","corrected_address":{"city":"BELLEVUE"}}'},
        "2007",
        "60071 Zip (corrected_address.city: BELLEVUE)",
    ),
    (None, "", "without an explanation"),
    ([], "", "without an explanation"),
    ({"code": {"x": 1}, "description": 5}, "", "without an explanation"),
]


@pytest.mark.parametrize(("body", "code", "text"), SHAPES)
def test_all_shapes_of_error_bodies_are_read(body: Any, code: str, text: str) -> None:
    problem = describe_pc(Call("customers.get", "GET", "http://pc.example"), Answer(400, {}, "", body))
    assert problem.code == code
    assert text in problem.message
    assert "hunter22" not in problem.message


def test_the_ids_that_support_asks_for_are_in_the_line() -> None:
    headers = {"ms-requestid": "r-1", "ms-correlationid": "c-1", "ms-cv": "v.0"}
    body = {"code": 27002, "description": "A property has invalid data", "data": ["BillingProfile.Email"]}
    line = describe_pc(Call("customers.create", "POST", "http://pc.example"), Answer(400, headers, "", body)).line()
    assert line == (
        "partner_center customers.create: 400 27002 A property has invalid data (data: BillingProfile.Email) "
        "[request id r-1, correlation id c-1, MS-CV v.0]"
    )


@pytest.mark.parametrize(("data", "told"), [("5", "(data: 5)"), ("US", "(data: US)"), ("50", ""), ("STATUS", "")])
def test_a_member_is_left_out_only_where_the_sentence_says_it(data: str, told: str) -> None:
    body = {"code": 27002, "description": "STATUS has at most 50 letters", "data": [data]}
    problem = describe_pc(Call("customers.create", "POST", "http://pc.example"), Answer(400, {}, "", body))
    assert problem.message == f"STATUS has at most 50 letters {told}".strip()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("upstream connect error", "upstream connect error"),
        ("<html><head><title>403 Blocked &amp; logged</title></head></html>", "403 Blocked & logged"),
        ("<html><body>no title</body></html>", "without an explanation"),
        ("x" * 5000, "x" * 200),
    ],
)
@pytest.mark.parametrize("describe", [describe_ion, describe_pc])
def test_a_body_that_is_no_json_is_told_too(describe: Any, text: str, told: str) -> None:
    problem = describe(Call("customers.get", "GET", "http://x.example"), Answer(403, {}, text, None))
    assert told in problem.message
    assert len(problem.message) <= 200


def test_ion_tells_every_error_and_the_field_that_it_means() -> None:
    errors = [
        {"code": "COMM-VL-002", "detail": "status: one of NEW, CONFIRMED"},
        {"code": "COMM-VL-004", "detail": "no domain"},
    ]
    entry = {"@type": "t", "requestId": "req-1", "errors": errors, "referenceEntity": "primaryContactEmail"}
    body = {"error": "BAD_REQUEST: Invalid", "message": "BAD_REQUEST: Invalid", "code": 3, "details": [entry]}
    line = describe_ion(Call("orders.create", "POST", "http://x.example"), Answer(400, {}, "", body)).line()
    for part in ("COMM-VL-002 status: one of NEW, CONFIRMED", "code: COMM-VL-004; detail: no domain"):
        assert part in line
    assert "referenceEntity: customerEmail" in line
    assert "request id req-1" in line


ENTRA_CODES: list[tuple[str, str, type[ClientError]]] = [
    *[
        ("invalid_grant", code, LOST)
        for code in ("50076", "50078", "50079", "50173", "70008", "70043", "700082", "9999999")
    ],
    *[
        ("invalid_client", code, PERSON)
        for code in ("700007", "7000215", "7000222", "700027", "700213", "70021", "700024", "700016", "9999999")
    ],
    *[("invalid_request", code, PERSON) for code in ("90002", "65001", "500011", "53003")],
    ("temporarily_unavailable", "90033", LATER),
    ("temporarily_unavailable", "", LATER),
    ("interaction_required", "", LOST),
    ("unauthorized_client", "", PERSON),
    ("something_new", "", BUG),
]


@pytest.mark.parametrize(("word", "code", "kind"), ENTRA_CODES)
def test_entra_codes(word: str, code: str, kind: type[ClientError]) -> None:
    text = f"AADSTS{code}: because.\r\nTrace ID: t\r\nCorrelation ID: c\r\nTimestamp: now" if code else ""
    body = {"error": word, "error_description": text, "trace_id": "t", "correlation_id": "c"}
    raised = token_error("token.user", body, status=400)
    assert type(raised) is kind
    assert "Timestamp" not in str(raised)
    _says_what_to_do(raised)


@pytest.mark.parametrize("rules", [ION, PARTNER_CENTER, ENTRA], ids=["ion", "partner_center", "entra"])
def test_every_row_tells_what_its_class_needs(rules: Any) -> None:
    for rule in rules:
        if rule.kind in ("person", "credentials"):
            assert rule.action, rule
            assert rule.shown_at, rule
        if rule.kind == "retry":
            assert rule.delay is not None, rule


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_the_same_status_of_a_write_is_unknown(status: int) -> None:
    with pytest.raises(UnknownOutcome):
        transport(Script(httpx.Response(status))).send(Call("customers.create", "POST", "http://x.example", write=True))


def _says_what_to_do(raised: ClientError) -> None:
    if isinstance(raised, PersonMustAct | CredentialsLost):
        assert raised.action
        assert raised.problem.shown_at
    if isinstance(raised, RetryLater):
        assert raised.problem.retry_after is not None

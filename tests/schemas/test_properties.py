"""Whatever stands in a file: findings or an estate, never a traceback; and both layers agree."""

import copy
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

import schemas
from schemas.read.yaml_source import Source, parse
from schemas.report.findings import Finding
from tests.schemas.estates import BASE, copy_base

TODAY = dt.date(2026, 11, 22)
CUSTOMER = (BASE / "stacks" / "customers" / "contoso.yaml").read_text(encoding="utf-8")
FILES = ("customers/contoso.yaml", "connections/us.yaml", "connections/ion.yaml", "Pulumi.test.yaml")
LINES = {name: (BASE / "stacks" / name).read_text(encoding="utf-8").splitlines(keepends=True) for name in FILES}
SCHEMAS = {
    model: Draft202012Validator(
        json.loads((Path(schemas.__file__).parent / f"{model.__name__.lower()}.schema.json").read_text("utf-8"))
    )
    for model in (schemas.Customer, schemas.Connection)
}
QUIET = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

ODD = ("", "1", "-1.5", "true", "[]", "[1]", "[[a]]", "{}", "{a: b}", "{a: [1]}", "2026-11-22", "~", "[~]", ".inf", "'")
yaml_like = st.text(alphabet=st.sampled_from(list("ab:-# \t\n[]{}&*!|>'\"%@`,?0~.<é\ufeff\x00\U0001f600")), max_size=60)


def findings_of(text: str | bytes, folder: Path, name: str = FILES[0]) -> tuple[Finding, ...]:
    stack = copy_base(folder)
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    (folder / "stacks" / name).write_bytes(raw)
    try:
        schemas.load_estate(stack, folder, today=TODAY)
    except schemas.DeclarationErrors as errors:
        return errors.findings
    return ()


@QUIET
@given(text=st.one_of(yaml_like, st.text(max_size=80), st.binary(max_size=60)), name=st.sampled_from(FILES))
@example(text="[" * 100_000, name=FILES[0])
@example(text="- " * 100_000, name=FILES[0])
@example(text="profile: &a\n  x: *a\n", name=FILES[0])
@example(text="profile: " + "9" * 5000, name=FILES[0])
@example(text="? {a: b}\n: c\n", name=FILES[0])
@example(text='"a\\nb": c\n', name=FILES[0])
@example(text='"a\\rb": c\n', name=FILES[1])
@example(text='"a\\Lb\\x1b[2J": "x\\u202ey"\n', name=FILES[0])
@example(text='profile: {email: "a\\nb"}\n', name=FILES[0])
@example(text="%YAML 3.0\n---\na: b\n", name=FILES[0])
@example(text="<<: {profile: 1}\n", name=FILES[0])
def test_any_text_gives_findings_never_a_traceback(text: str | bytes, name: str, tmp_path: Path) -> None:
    found = findings_of(text, tmp_path, name)
    assert found
    assert all(f.line >= 1 and f.column >= 1 for f in found)
    assert all(len(str(f).splitlines()) == 1 and str(f).isprintable() for f in found)


@QUIET
@given(data=st.data())
def test_a_damaged_file_gives_findings_never_a_traceback(data: st.DataObject, tmp_path: Path) -> None:
    name = data.draw(st.sampled_from(FILES))
    lines = list(LINES[name])
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(lines) - 1))
        lines[index] = data.draw(
            st.one_of(
                st.just(""),
                st.just(lines[index] * 2),
                yaml_like.map(lambda t: t + "\n"),
                yaml_like.map(lambda t, line=lines[index]: line.partition(":")[0] + ": " + t + "\n"),
                st.sampled_from(ODD).map(lambda t, line=lines[index]: line.partition(":")[0] + ": " + t + "\n"),
            )
        )
    for found in findings_of("".join(lines), tmp_path, name):
        assert "\n" not in str(found)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(p for key, value in inner for p in _places(value, (*path, key)))]


def _confirmation(*names: str) -> dict[str, Any]:
    return {"fields": list(names), "by": "kim", "on": "2026-11-02", "ref": "T-1", "values": dict.fromkeys(names, "x")}


CONTACT = {"first_name": "Cora", "last_name": "Toso", "email": "cora@contoso.com", "phone": "+1 425 555 0108"}
ADDRESS = {"street": "1 Main St", "suite": "2", "city": "Ottawa", "state": "ON", "zip": "K1A 0B1", "country": "CA"}
FULL_CUSTOMER: dict[str, Any] = {
    "key": "contoso",
    "connection": "ion",
    "group": "Contoso",
    "previously": ["old"],
    "lifecycle": "active",
    "adopt": False,
    "recreate": False,
    "on_remove": "keep",
    "unknown": ["cloud_provider.portal_access"],
    "as_found": ["profile.phone"],
    "profile": {
        "organization": "Contoso",
        "email": "it@contoso.com",
        "contact_name": "Cora Toso",
        "title": "CTO",
        "phone": "+1 425 555 0108",
        "language": "EN",
        "address": ADDRESS,
    },
    "cloud_provider": {
        "provider": "Legacy Azure",
        "pricebook": "ION Standard",
        "provider_currency": "USD",
        "invoice_currency": "CAD",
        "confirmed": _confirmation("pricebook") | {"also": [_confirmation("provider")]},
    },
    "identity": {
        "method": "new",
        "domain_prefix": "contosoltd",
        "confirm_new_tenant": "contosoltd",
        "csp_credentials": "US",
        "company_name": "Contoso",
        "address": ADDRESS,
        "contact": CONTACT,
        "culture": "en-CA",
        "language": "en",
        "organization_registration_number": "1",
        "credentials_recipient": "Cora",
        "confirmed": _confirmation("tenant"),
    },
    "attestation": {"signatory": CONTACT, "route": "partner", "agreed_on": "2026-11-01", "language": "en-CA"},
}
FULL_CONNECTION: dict[str, Any] = {
    "name": "ion",
    "description": "all fields",
    "coordination": "postgresql",
    "role": "indirect-provider",
    "partner_center_region": "us",
    "cohort": "ion-onboarded",
    "ion": {"account_id": "1"},
    "partner_center": {"tenant_id": "bbb6aee1-7dc4-50a2-a9df-dd9fe0620e97"},
    "entra": {},
    "reseller": {"tenant_id": "81007b8a-e365-5a87-8bb8-e3386ba85f78", "partner_id": "4847383"},
    "own_domains": ["reseller.com"],
    "csp_credentials": "US",
    "countries": ["US", "CA"],
    "currencies": ["USD", "CAD"],
    "pricebooks": {"ION Standard": "USD"},
    "association_api": {"base_path": "/x"},
    "relationship_links": [{"partner_center": "us", "cohort": "ion-onboarded", "url": "https://admin.microsoft.com/"}],
    "handover": {"recipients": ["file:x"]},
    "mail": {"host": "smtp.com", "port": 25, "starttls": True, "from": "a@reseller.com", "copy": "b@c.com"},
    "follow_up_days": [3, 7],
    "program_access": _confirmation("program_access"),
    "agreement_valid_from": "2023-04-01",
    "enhanced_attestation": {"path": "/v1", "fields": {"email": "mail"}, "link_template": ""},
    "invitation_days": 30,
    "mail_templates": "stacks/mail",
    "mail_links": ["https://reseller.example/help"],
    "status_words": {"Signed by hand": "accepted"},
    "token_store": {"file": "x"},
    "limits": {"concurrency": 1, "requests_per_second": 1.5, "deadline_seconds": 10},
}


@pytest.mark.parametrize(
    ("name", "full"),
    [(FILES[0], FULL_CUSTOMER), (FILES[2], FULL_CONNECTION)],
    ids=["customer", "connection"],
)
@settings(QUIET, max_examples=120)
@given(data=st.data())
def test_any_value_at_any_place_gives_findings_never_a_traceback(
    name: str, full: dict[str, Any], data: st.DataObject, tmp_path: Path
) -> None:
    changed = copy.deepcopy(full)
    node: Any = changed
    *parents, last = data.draw(st.sampled_from(_places(full)[1:]))
    for part in parents:
        node = node[part]
    node[last] = data.draw(json_values)
    for found in findings_of(json.dumps(changed), tmp_path, name):
        assert "\n" not in str(found)


def test_the_full_files_hold_every_field() -> None:
    assert set(FULL_CUSTOMER) == set(schemas.Customer.model_fields)
    assert set(FULL_CONNECTION) == set(schemas.Connection.model_fields) - {"sandbox"}
    assert set(FULL_CUSTOMER["identity"]) >= set(schemas.NewIdentity.model_fields) - {
        "enable_gdap",
        "direct_customer",
        "attest_first",
    }


@QUIET
@given(text=yaml_like)
def test_positions_point_at_what_is_there(text: str) -> None:
    source = parse(f"key: {json.dumps(text)}\nother: 1\n".encode("utf-8", "replace"), Source("f.yaml"))
    if not source.findings:
        assert source.mark(("key",)) == (1, 6)
        assert source.mark(("other",), key=True) == (2, 1)


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order-mark"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_byte_order_mark_and_windows_lines_are_fine(start: bytes, newline: bytes, tmp_path: Path) -> None:
    assert findings_of(start + CUSTOMER.encode().replace(b"\n", newline), tmp_path) == ()


def test_positions_are_the_same_with_a_byte_order_mark(tmp_path: Path) -> None:
    wrong = CUSTOMER.replace("state: WA", "state: XX").encode()
    plain = findings_of(wrong, tmp_path)
    assert findings_of(b"\xef\xbb\xbf" + wrong, tmp_path) == plain != ()


@pytest.mark.parametrize(
    ("model", "full"),
    [(schemas.Customer, FULL_CUSTOMER), (schemas.Connection, FULL_CONNECTION)],
    ids=["customer", "connection"],
)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_json_schema_refuses_nothing_that_the_models_accept(
    model: type[schemas.Declared], full: dict[str, Any], data: st.DataObject
) -> None:
    changed = copy.deepcopy(full)
    node: Any = changed
    *parents, last = data.draw(st.sampled_from(_places(full)[1:]))
    for part in parents:
        node = node[part]
    node[last] = data.draw(json_values)
    try:
        model.model_validate(copy.deepcopy(changed))
    except ValidationError:
        return
    assert list(SCHEMAS[model].iter_errors(changed)) == []


def test_the_full_files_are_accepted_by_both_layers() -> None:
    for model, full in ((schemas.Customer, FULL_CUSTOMER), (schemas.Connection, FULL_CONNECTION)):
        model.model_validate(full)
        assert list(SCHEMAS[model].iter_errors(full)) == []

"""Confirmations: written in place, bound to values, void when a value changes."""

import datetime as dt
import difflib
import shutil
from pathlib import Path

import pytest

import schemas
from schemas.model.gates import confirmation_of, confirmed_values, program_access_of
from schemas.write.confirming import CannotConfirmError, note_day

ROOT = Path(schemas.__file__).parent.parent
DAY = dt.date(2026, 11, 22)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    return tmp_path


def load(project: Path) -> schemas.Estate:
    return schemas.load_estate(project / "stacks" / "Pulumi.reseller.yaml", project, today=DAY)


def confirm(project: Path, key: str, gate: str, by: str = "lee", on: dt.date = DAY, ref: str | None = None) -> bool:
    estate = load(project)
    return schemas.confirm(project / estate.sources[key], gate, by, on, ref, of=estate.customer(key))


@pytest.mark.parametrize("gate", ["cloud_provider", "pricebook", "relationship", "tenant", "agreement"])
def test_a_confirmed_gate_is_read_back(project: Path, gate: str) -> None:
    assert confirmation_of(load(project).customer("adatum"), gate) is None
    assert confirm(project, "adatum", gate, ref="T-1")
    given = confirmation_of(load(project).customer("adatum"), gate)
    assert given is not None
    assert (given.by, given.on, given.ref) == ("lee", DAY, "T-1")


def test_writing_it_again_changes_no_byte(project: Path) -> None:
    path = project / "stacks" / "customers" / "reseller" / "adatum.yaml"
    confirm(project, "adatum", "tenant")
    before = path.read_bytes()
    assert not confirm(project, "adatum", "tenant")
    assert path.read_bytes() == before


def test_comments_order_and_the_rest_stay(project: Path) -> None:
    path = project / "stacks" / "customers" / "reseller" / "wingtip.yaml"
    before = path.read_text(encoding="utf-8").splitlines()
    confirm(project, "wingtip", "tenant")
    after = path.read_text(encoding="utf-8").splitlines()
    changed = [line for line in difflib.ndiff(before, after) if not line.startswith("  ")]
    assert changed == [
        "+   confirmed:",
        "+     fields: [tenant]",
        "+     by: lee",
        "+     on: 2026-11-22",
        "+     values: {tenant: wingtiptoys.onmicrosoft.com}",
    ]


def test_another_person_stands_beside_the_first(project: Path) -> None:
    confirm(project, "wingtip", "cloud_provider", by="lee")
    customer = load(project).customer("wingtip")
    pricebook, row = confirmation_of(customer, "pricebook"), confirmation_of(customer, "cloud_provider")
    assert pricebook is not None
    assert row is not None
    assert (pricebook.by, row.by) == ("kim@examplereseller.example", "lee")


def test_the_same_person_on_the_same_day_makes_one_block(project: Path) -> None:
    confirm(project, "adatum", "tenant", ref="T-1")
    confirm(project, "adatum", "relationship", ref="T-1")
    given = load(project).customer("adatum").identity.confirmed
    assert given is not None
    assert given.fields == ("tenant", "relationship")
    assert given.also == ()


def test_a_newer_statement_replaces_the_older(project: Path) -> None:
    confirm(project, "wingtip", "cloud_provider")
    confirm(project, "wingtip", "pricebook", by="mo", on=DAY, ref=None)
    customer = load(project).customer("wingtip")
    pricebook = confirmation_of(customer, "pricebook")
    assert pricebook is not None
    assert (pricebook.by, pricebook.ref) == ("mo", None)
    assert confirmation_of(customer, "cloud_provider") is not None


@pytest.mark.parametrize(
    ("gate", "old", "new"),
    [
        ("pricebook", "portal_access: false", "portal_access: false\n  pricebook: US Premium"),
        ("tenant", "domain: wingtiptoys.onmicrosoft.com", "domain: wingtipother.onmicrosoft.com"),
        ("agreement", "email: admin@wingtip.example", "email: boss@wingtip.example"),
    ],
)
def test_a_changed_value_voids_the_confirmation(project: Path, gate: str, old: str, new: str) -> None:
    confirm(project, "wingtip", gate)
    path = project / "stacks" / "customers" / "reseller" / "wingtip.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    assert confirmation_of(load(project).customer("wingtip"), gate) is None


def test_program_access_is_bound_to_the_account(project: Path) -> None:
    connection = load(project).connections["reseller-us"]
    assert program_access_of(connection) is not None
    path = project / "stacks" / "connections" / "reseller-us.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("account: us}", "account: ca}"), encoding="utf-8")
    other = load(project).connections["reseller-us"]
    assert program_access_of(other) is None
    assert schemas.confirm(path, "reseller", "lee", DAY, None, of=other)
    again = program_access_of(load(project).connections["reseller-us"])
    assert again is not None
    assert again.by == "lee"


def test_an_inline_customer_is_confirmed_in_the_stack_file(project: Path) -> None:
    stack = project / "stacks" / "Pulumi.reseller.yaml"
    (project / "stacks" / "customers" / "reseller" / "adatum.yaml").unlink()
    stack.write_text(
        stack.read_text(encoding="utf-8")
        + """\
    customers:
      - key: adatum
        profile:
          organization: Adatum Corp
          email: it@adatum.example
          contact_name: Ana Datum
          address: {street: One Microsoft Way, city: Redmond, state: WA, zip: "98052", country: US}
        identity: {method: existing, domain: adatumcorp.onmicrosoft.com}
        attestation:
          signatory: {first_name: Ana, last_name: Datum, email: admin@adatum.example}
""",
        encoding="utf-8",
    )
    assert load(project).sources["adatum"] == "stacks/Pulumi.reseller.yaml"
    assert confirm(project, "adatum", "tenant")
    assert confirmation_of(load(project).customer("adatum"), "tenant") is not None


@pytest.mark.parametrize("gate", ["profile", "reseller", "pricebooks"])
def test_what_nobody_confirms_is_refused_in_one_line(project: Path, gate: str) -> None:
    with pytest.raises(schemas.CannotConfirmError) as caught:
        confirm(project, "adatum", gate)
    assert "\n" not in str(caught.value)
    assert gate in str(caught.value)


def test_confirmed_values_are_the_declared_ones(project: Path) -> None:
    estate = load(project)
    assert confirmed_values(estate.customer("fabrikam"), "tenant") == {"tenant": "fabrikamdemo.onmicrosoft.com"}
    assert confirmed_values(estate.customer("contoso"), "pricebook") == {
        "pricebook": "US Standard",
        "provider_currency": "USD",
        "invoice_currency": "USD",
    }


def test_a_day_is_noted_and_the_rest_of_the_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "contoso.yaml"
    before = '# Contoso\nidentity:\n  method: invite  # by mail\n  domain: "contoso.com"\n'
    file.write_text(before, "utf-8")
    assert note_day(file, "contoso", "identity", "sent_on", dt.date(2026, 11, 22))
    assert file.read_text("utf-8") == f"{before}  sent_on: 2026-11-22\n"
    assert not note_day(file, "contoso", "identity", "sent_on", dt.date(2026, 11, 22))
    with pytest.raises(CannotConfirmError, match="no attestation of its own"):
        note_day(file, "contoso", "attestation", "agreed_on", dt.date(2026, 11, 22))

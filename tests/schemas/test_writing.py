"""Customer files written for adoption: stable, valid, and gentle to what people wrote."""

from pathlib import Path

import pytest

import schemas
from schemas import Attestation, CloudProvider, Customer
from tests.schemas.estates import copy_base

MARKS = {
    "cloud_provider.pricebook": "the pricebook as ION shows it",
    "attestation.signatory": "who signed for the customer",
}


def adopted(**profile: str) -> Customer:
    fields = {"organization": "Fabrikam Inc", "email": "it@fabrikam.com", "contact_name": "Fay Brikam"} | profile
    address = {"street": "1 Main St", "city": "Ottawa", "state": "ON", "zip": "K1A 0B1", "country": "CA"}
    return Customer.model_validate(
        {
            "key": "fabrikam",
            "connection": "ion",
            "unknown": list(MARKS),
            "profile": fields | {"phone": "+16135550101", "address": address},
            "identity": {"method": "existing", "domain": "fabrikam.onmicrosoft.com"},
        }
    )


EXPECTED = """\
connection: ion
unknown:
  - cloud_provider.pricebook  # fill in: the pricebook as ION shows it
  - attestation.signatory  # fill in: who signed for the customer
profile:
  organization: Fabrikam Inc
  email: it@fabrikam.com
  contact_name: Fay Brikam
  phone: "+16135550101"
  address:
    street: 1 Main St
    city: Ottawa
    state: "ON"
    zip: K1A 0B1
    country: CA
identity:
  method: existing
  domain: fabrikam.onmicrosoft.com
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    copy_base(tmp_path)
    found = tmp_path / "stacks" / "customers" / "fabrikam.yaml"
    found.unlink()
    return found


def test_a_new_file(path: Path) -> None:
    assert schemas.write_customer(adopted(), path, MARKS)
    assert path.read_text(encoding="utf-8") == EXPECTED


def test_a_new_file_names_the_schema_of_its_project(path: Path, tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "customer.schema.json").touch()
    schemas.write_customer(adopted(), path, MARKS)
    modeline = "# yaml-language-server: $schema=../../schemas/customer.schema.json\n"
    assert path.read_text(encoding="utf-8") == modeline + EXPECTED


def test_the_written_file_loads_as_the_same_customer(path: Path, tmp_path: Path) -> None:
    schemas.write_customer(adopted(), path, MARKS)
    estate = schemas.load_estate(tmp_path / "stacks" / "Pulumi.test.yaml", tmp_path)
    assert estate.customer("fabrikam") == adopted()


def test_a_second_run_changes_no_byte(path: Path) -> None:
    schemas.write_customer(adopted(), path, MARKS)
    before = path.read_bytes()
    assert not schemas.write_customer(adopted(), path, MARKS)
    assert path.read_bytes() == before


def test_what_people_wrote_stays(path: Path) -> None:
    schemas.write_customer(adopted(), path, MARKS)
    text = path.read_text(encoding="utf-8")
    text = text.replace("profile:\n", "# our oldest customer\ngroup: Fabrikam world\nprofile:\n")
    text = text.replace("  city: Ottawa", "  city:   Ottawa   # head office")
    path.write_text(text, encoding="utf-8")
    schemas.write_customer(adopted(phone="+16135550102"), path, MARKS)
    after = path.read_text(encoding="utf-8")
    assert "# our oldest customer\ngroup: Fabrikam world\n" in after
    assert "# head office" in after
    settled = after
    assert not schemas.write_customer(adopted(phone="+16135550102"), path, MARKS)
    assert path.read_text(encoding="utf-8") == settled


def test_a_name_leaves_unknown_once_it_is_filled_in(path: Path, tmp_path: Path) -> None:
    schemas.write_customer(adopted(), path, MARKS)
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "cloud_provider:\n  pricebook: ION Standard\n", encoding="utf-8")
    schemas.write_customer(adopted(), path, MARKS)
    after = path.read_text(encoding="utf-8")
    assert "cloud_provider.pricebook" not in after
    assert "- attestation.signatory  # fill in: who signed for the customer" in after
    estate = schemas.load_estate(tmp_path / "stacks" / "Pulumi.test.yaml", tmp_path)
    assert estate.customer("fabrikam").unknown == ("attestation.signatory",)


def test_the_list_goes_away_with_the_last_name(path: Path) -> None:
    schemas.write_customer(adopted(), path, MARKS)
    signatory = {"first_name": "Fay", "last_name": "Brikam", "email": "fay@fabrikam.com"}
    known = adopted().model_copy(
        update={
            "unknown": (),
            "cloud_provider": CloudProvider(pricebook="ION Standard"),
            "attestation": Attestation.model_validate({"signatory": signatory}),
        }
    )
    schemas.write_customer(known, path)
    assert "unknown" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["- a list\n", "profile: [\n"])
def test_a_file_that_is_no_customer_is_left_alone(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(schemas.CannotWriteError) as caught:
        schemas.write_customer(adopted(), path)
    assert "\n" not in str(caught.value)
    assert path.read_text(encoding="utf-8") == text

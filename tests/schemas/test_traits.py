"""Field traits are read by path, through optional values, unions and lists."""

import pytest

from schemas import Connection, Customer
from schemas.model.traits import (
    CaseInsensitive,
    ComparedAs,
    FixedRemotely,
    NaturalKey,
    OnIon,
    Unmanaged,
    WriteOnly,
    field_of,
    fields_with,
    has_trait,
    traits_of,
)


def test_traits_of_a_plain_field() -> None:
    assert traits_of(Customer, "profile.email") == (
        NaturalKey(),
        CaseInsensitive(),
        ComparedAs("email"),
        OnIon("customerEmail"),
    )
    assert traits_of(Customer, "profile.organization") == (ComparedAs("spaces"), OnIon("customerOrganization"))


def test_traits_of_a_field_that_only_one_method_has() -> None:
    assert has_trait(Customer, "identity.domain_prefix", FixedRemotely)
    assert has_trait(Customer, "identity.tenant_id", FixedRemotely)
    assert has_trait(Customer, "identity.address.suite", Unmanaged)


def test_list_indexes_are_stepped_over() -> None:
    assert field_of(Connection, "relationship_links.0.url").annotation is str


@pytest.mark.parametrize("path", ["", "profile.mail", "identity.contact.nothing"])
def test_an_unknown_path_is_an_error(path: str) -> None:
    with pytest.raises(KeyError):
        traits_of(Customer, path)


def test_fields_with_a_trait() -> None:
    assert fields_with(Customer, NaturalKey) == ("profile.email", "identity.domain_prefix")
    assert set(fields_with(Customer, WriteOnly)) == {
        "identity.csp_credentials",
        "identity.culture",
        "identity.language",
        "identity.organization_registration_number",
        "identity.enable_gdap",
        "attestation.language",
    }
    assert "profile.title" in fields_with(Customer, Unmanaged)

"""The clients against the sandbox process over a socket: two independent readings of docs/systems."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from clients.errors import CredentialsLost, NotFound, OurBug, PersonMustAct, WrongAccount
from clients.ion.models import AssociationRow, IonCustomerFields
from clients.partner_center.models import AttestationRequest, NewTenant
from clients.wire.request_id import request_id
from equipment.running import RunningSandbox
from equipment.samples import BILLING, PLACE
from tests.clients.conftest import Opener

ALPINE = IonCustomerFields("Alpine Ski House", PLACE, "Al Pine", "it@alpine.example", "EN", "CIO", "4255550100", "")


def rid(operation: str, attempt: int = 1) -> str:
    return request_id("10501", "it@alpine.example", operation, {}, attempt)


def test_an_ion_customer_is_made_found_and_changed(provider: RunningSandbox, open_session: Opener) -> None:
    ion = open_session(provider).ion
    assert ion is not None
    assert ion.find_by_email(ALPINE.email) is None
    made = ion.create_customer(ALPINE)
    assert (made.account, made.status, made.fields()) == ("10501", "ACTIVE", ALPINE)
    assert ion.find_by_email("IT@Alpine.example") == made
    assert ion.customer(made.id) == made
    changed = ion.update_customer(made.id, replace(made.fields(), phone="4255550199"))
    assert (changed.phone, changed.title) == ("4255550199", "CIO")
    assert [customer.id for customer in ion.customers()] == [made.id]
    with pytest.raises(PersonMustAct, match="CUS-CR-001"):
        ion.create_customer(ALPINE)
    with pytest.raises(OurBug, match="CUS-CR-002"):
        ion.create_customer(replace(ALPINE, email="other@alpine.example", language="KLINGON"))
    with pytest.raises(NotFound):
        ion.customer("999999")


def test_another_account_is_told_and_nothing_is_created(provider: RunningSandbox, open_session: Opener) -> None:
    session = open_session(provider)
    assert session.ion is not None
    assert session.ion_tokens is not None
    other = open_session(provider, "ca").ion
    assert other is not None
    other._transport = session.ion._transport
    with pytest.raises(WrongAccount):
        other.customers()


def test_the_currency_probe_and_the_association_row(provider: RunningSandbox, open_session: Opener) -> None:
    session = open_session(provider)
    assert session.ion is not None
    assert session.association is not None
    made = session.ion.create_customer(ALPINE)
    assert session.ion.price_currency(made.id) is None
    assert session.association.get(made.id) is None
    assert session.ion.cloud_profiles(made.id) == []
    row = AssociationRow("Legacy Azure", "US Standard", "USD", "USD", True, "", "")
    assert session.association.put(made.id, row) == row
    assert session.association.get(made.id) == row
    assert session.ion.price_currency(made.id) == "USD"
    profile = session.ion.cloud_profiles(made.id)[0]
    assert profile.is_microsoft
    assert profile.enabled is True


def test_a_tenant_from_checks_to_relationship(provider: RunningSandbox, open_session: Opener) -> None:
    session = open_session(provider)
    center = session.partner_center
    assert center is not None
    domain = "alpineskihouse.onmicrosoft.com"
    assert not center.domain_exists(domain)
    assert center.domain_exists("adventureworks.onmicrosoft.com")
    assert center.validate_address(BILLING).ok is True
    partial = center.validate_address(replace(BILLING, address_line1="Microsoft Way"))
    assert partial.ok is False
    assert partial.suggestions[0].address_line1
    us = center.country_rules("us")
    assert us is not None
    assert "en-US" in us.cultures
    brazil = center.country_rules("BR")
    assert brazil is not None
    assert brazil.registration_number_required
    assert center.country_rules("KP") is None
    new = NewTenant(domain, "Alpine", "it@alpine.example", "en-US", "en", BILLING, session.reseller_tenant)
    made = center.create_customer(new, request_id=rid("tenant"))
    assert made.credentials is not None
    assert made.credentials.user_name == f"admin@{domain}"
    assert made.credentials.password not in repr(made)
    replayed = center.create_customer(new, request_id=rid("tenant"))
    assert (replayed.customer.id, replayed.credentials) == (made.customer.id, None)
    tenant = made.customer.id
    with pytest.raises(NotFound):
        center.customer(tenant)
    provider.advance(100)
    assert center.customer(tenant).relationship_to_partner == "reseller"
    found = center.find_by_domain(domain.upper())
    assert found is not None
    assert found.id == tenant
    assert center.find_by_domain("alpineskihous") is None
    assert [reseller.tenant_id for reseller in center.customer_resellers(tenant)] == [session.reseller_tenant]
    assert session.entra.tenant_id(domain) == tenant
    assert session.entra.tenant_id("nowhere.example") is None
    profile = center.billing_profile(tenant)
    changed = center.update_billing_profile(tenant, replace(profile, email="new@alpine.example"), request_id=rid("b1"))
    assert changed.email == "new@alpine.example"
    # `profile` is stale now: our change goes onto the fresh profile and keeps the other one
    again = center.update_billing_profile(tenant, replace(profile, company_name="Alpine AG"), request_id=rid("b2"))
    assert (again.email, again.company_name) == ("new@alpine.example", "Alpine AG")
    center.remove_relationship(tenant, request_id=rid("remove"))
    with pytest.raises((NotFound, PersonMustAct)):
        center.customer(tenant)


def test_the_enhanced_attestation(provider: RunningSandbox, open_session: Opener) -> None:
    session = open_session(provider)
    center = session.partner_center
    assert center is not None
    asked = center.request_attestation(
        AttestationRequest("US", "en-US", "Alpine", "Al", "Pine", "al@alpine.example", "4255550100"),
        request_id=rid("attest"),
    )
    assert (asked.status, bool(asked.link)) == ("created", True)
    assert center.attestation(asked.id).expires == asked.expires
    template = center.agreement_templates()[0].template_id
    assert center.agreement_document(template, "en-US", "us")
    tenant = center.customers()[0].id
    assert isinstance(center.directly_signed(tenant), bool)
    assert center.agreements(tenant) == []
    with pytest.raises(OurBug, match="3000"):
        center.create_agreement(
            tenant,
            attestation_id=asked.id,
            template_id=template,
            first_name="Al",
            last_name="Pine",
            email="al@alpine.example",
            date_agreed=dt.date(2026, 11, 1),
            request_id=rid("agreement"),
        )


def test_what_a_provider_asks_of_microsoft_about_its_reseller(provider: RunningSandbox, open_session: Opener) -> None:
    session = open_session(provider)
    center = session.partner_center
    assert center is not None
    verdicts = center.reseller_may_transact([session.reseller_partner_id, "1"])
    assert verdicts[session.reseller_partner_id].valid
    assert not verdicts["1"].valid
    assert center.partner_agreement_signed(session.reseller_tenant)
    assert "invType=" in center.relationship_link()
    assert session.reseller_tenant in [reseller.tenant_id for reseller in center.indirect_resellers()]
    assert isinstance(center.audit_records(dt.date(2026, 11, 1)), list)


@pytest.mark.parametrize("partner", ["", "4847383"], ids=["forgotten", "partner id instead of tenant"])
def test_a_wrong_partner_is_refused_before_anything_is_sent(
    provider: RunningSandbox, open_session: Opener, partner: str
) -> None:
    session = open_session(provider)
    assert session.partner_center is not None
    new = NewTenant("x.onmicrosoft.com", "X", "x@x.example", "en-US", "en", BILLING, partner)
    with pytest.raises(OurBug, match="not sent"):
        session.partner_center.create_customer(new, request_id=rid("x"))
    assert session.calls.calls.get("partner_center", 0) == 0


def test_an_indirect_reseller_has_ion_only(reseller: RunningSandbox, open_session: Opener) -> None:
    session = open_session(reseller)
    assert session.partner_center is None
    assert session.association is None
    assert session.ion is not None
    found = session.ion.find_by_email("it@contoso.example")
    assert found is not None
    profile = session.ion.cloud_profiles(found.id)[0]
    assert profile.domain == "contosoltd.onmicrosoft.com"
    evidence = session.ion.agreement_evidence(found.id)
    assert evidence is not None
    assert evidence.tenant_id == profile.tenant_id


def test_long_lists_are_paged_completely(provider: RunningSandbox, open_session: Opener) -> None:
    provider.admin(
        "POST",
        "seed",
        {
            "customers": [
                {"account": "10501", "organization": f"Customer {n}", "email": f"it{n}@many.example"}
                for n in range(1200)
            ]
        },
    )
    ion = open_session(provider).ion
    assert ion is not None
    emails = [customer.email for customer in ion.customers()]
    assert len(emails) == len(set(emails)) == 1200


def test_a_preview_may_hold_an_access_token_only(provider: RunningSandbox, open_session: Opener) -> None:
    full = open_session(provider)
    assert full.ion_tokens is not None
    assert full.ion is not None
    assert full.ion.customers() == []
    environment = {"CSP_LOOK_ONLY_ION_ACCESS_TOKEN": full.ion_tokens.token()}
    look = open_session(provider, connection={"name": "look-only"}, environment=environment)
    assert look.ion is not None
    assert look.ion.customers() == []
    assert not (provider.home / "tokens" / "look-only.json").exists()
    provider.advance(7300)
    with pytest.raises(CredentialsLost, match="not valid any more"):
        look.ion.customers()

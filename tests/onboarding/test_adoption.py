"""What adoption writes into files: matched, never guessed, valid as a file would be checked."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import schemas
from clients.ion.models import CloudProfile, LegacyAgreement, LegacyProfile
from clients.partner_center.models import PcCustomer
from equipment.told import as_told
from onboarding.adoption import match as adoption
from onboarding.adoption.match import Candidate, Plan
from onboarding.adoption.state import adopted
from onboarding.core.catalogue import RESOURCES
from onboarding.core.contract import Known
from onboarding.look.snapshot import EstateLook
from tests.onboarding.world import World, ion_customer

TODAY = dt.date(2026, 11, 22)
TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER = "aaaaaaaa-0000-4000-8000-000000000002"
ROW = {"pricebook": "US Standard", "provider_currency": "USD", "invoice_currency": "USD", "portal_access": True}
SIGNED = {"first_name": "Cora", "last_name": "Toso", "email": "cora@contoso.example", "phone": "+14255550100"}


def world(**more: Any) -> World:
    found = World(**more)
    found.connection = found.connection.model_copy(update={"pricebooks": {"US Standard": "USD"}})
    return found


def look_of(found: World) -> EstateLook:
    look = EstateLook(found)  # type: ignore[arg-type]
    customers, tenants = list(found.customers.values()), {t.id: t for t in found.tenants.values()}
    look._ion_customers = lambda: customers  # type: ignore[method-assign]
    look._pc_index = lambda: (tenants, {t.domain: t for t in tenants.values()})  # type: ignore[method-assign]
    return look


def estate(*customers: schemas.Customer) -> schemas.Estate:
    return schemas.Estate("test", Path(), customers, {})


def plan(candidates: list[Candidate], *declared: schemas.Customer, **more: Any) -> Plan:
    found = world()
    ion_ids = more.pop("ion_ids", {})
    return adoption.plan(found, candidates, look_of(found), estate(*declared), ion_ids, TODAY, **more)  # type: ignore[arg-type]


def candidate(number: int = 7, **more: Any) -> Candidate:
    profile = more.pop("profile", {})
    values = {"id": str(number), "phone": "+14255550100"} | profile
    return Candidate(ion_customer(**values), **({"row": ROW, "tenant": TENANT, "domain": "c.onmicrosoft.com"} | more))


def declared(**changes: Any) -> schemas.Customer:
    made = plan([candidate(signatory=SIGNED)]).new[0]
    return schemas.Customer.model_validate(made.model_dump(mode="json") | changes)


def test_all_that_is_seen_is_in_the_file_and_the_rest_is_named() -> None:
    done = plan(
        [candidate(signatory=SIGNED), candidate(8, row={}, tenant="", domain="", profile={"email": "x@y.example"})]
    )
    full, bare = done.new
    assert (full.key, full.unknown) == ("contoso-ltd", ())
    assert full.cloud_provider.pricebook == "US Standard"
    assert full.identity == schemas.ExistingIdentity(method="existing", domain="c.onmicrosoft.com", tenant_id=TENANT)
    assert full.attestation.signatory is not None
    assert bare.key == "contoso-ltd-8"
    assert bare.unknown == ("cloud_provider.pricebook", "identity.tenant_id", "attestation.signatory")


def test_what_a_file_could_not_say_is_left_out_where_it_may_be() -> None:
    odd = {"phone": "ask Kim", "title": "", "address": {"state": "wa"}}
    made = plan([candidate(profile=odd, signatory=SIGNED | {"phone": "none"})]).new[0]
    assert made.profile.phone is None
    assert made.profile.address.state == "WA"
    assert made.attestation.signatory is not None
    assert made.attestation.signatory.phone is None


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        ({"email": "nobody"}, "profile.email"),
        ({"address": {"country": "DE"}}, "profile.address.country"),
        ({"organization": ""}, "profile.organization"),
    ],
)
def test_what_no_file_may_say_is_told(profile: dict[str, Any], told: str) -> None:
    done = plan([candidate(profile=profile)])
    assert done.new == []
    assert [why for why in done.left_out.values() if why.startswith(told)]


@pytest.mark.parametrize("country", ["United States", "USA", "U.S.A.", "United States of America", "us"])
def test_a_country_by_any_name_is_declared_by_its_code(country: str) -> None:
    done = plan([candidate(profile={"address": {"country": country}})])
    assert [made.profile.address.country for made in done.new] == ["US"], done.left_out


def test_inactive_customers_and_those_that_could_not_be_read_are_left_alone() -> None:
    done = plan([candidate(profile={"status": "INACTIVE"}), candidate(8, trouble="ION: 500")])
    assert (done.inactive, done.new) == (1, [])
    assert list(done.left_out.values()) == ["could not look: ION: 500"]


def test_found_by_email_or_by_what_the_state_knows() -> None:
    one = declared()
    assert list(plan([candidate()], one).known) == [one.key]
    moved = candidate(profile={"email": "new@contoso.example"})
    assert list(plan([moved], one, ion_ids={"7": one.key}).known) == [one.key]


@pytest.mark.parametrize("how", ["tenant id", "domain"])
def test_another_email_is_told_and_not_taken_for_the_same(how: str) -> None:
    seen = candidate(profile={"email": "new@contoso.example"})
    seen = replace(seen, tenant=TENANT if how == "tenant id" else OTHER)
    done = plan([seen], declared())
    assert (done.new, done.known) == ([], {})
    assert [why for why in done.ambiguous.values() if how in why and "correct profile.email" in why]


def test_two_meanings_are_told_and_never_guessed() -> None:
    one = declared()
    two = declared(key="other", profile=one.profile.model_dump() | {"email": "two@x.example"})
    two = schemas.Customer.model_validate(
        two.model_dump(mode="json") | {"identity": {"method": "existing", "tenant_id": OTHER}}
    )
    done = plan([candidate(tenant=OTHER, domain="")], one, two)
    assert list(done.ambiguous.values()) == ["the e-mail is that of contoso-ltd; the tenant id is that of other"]
    shared = plan([candidate(), candidate(8, profile={"email": "b@x.example"})])
    assert len(shared.ambiguous) == 2
    assert all("linked to 2 ION customers" in why for why in shared.ambiguous.values())


def test_an_email_that_two_customers_share_means_nobody() -> None:
    twins = [
        candidate(),
        candidate(8, tenant=OTHER, domain="d.onmicrosoft.com", profile={"email": "IT@Contoso.example"}),
    ]
    undeclared = plan(twins)
    assert (undeclared.new, len(undeclared.ambiguous)) == ([], 2)
    assert set(undeclared.ambiguous.values()) == {"the e-mail is that of 2 ION customers, ids 7, 8"}
    one = declared()
    assert (plan(twins, one).known, len(plan(twins, one).ambiguous)) == ({}, 2)
    settled = plan(twins, one, ion_ids={"7": one.key})
    assert (list(settled.known), len(settled.ambiguous)) == ([one.key], 1), "the state knows which of them it is"
    former = replace(twins[1], customer=replace(twins[1].customer, status="INACTIVE"))
    assert [made.key for made in plan([twins[0], former]).new] == ["contoso-ltd"]


def test_thousands_are_matched_and_every_double_is_told() -> None:
    """One e-mail in two spellings, one tenant at two customers, among five thousand that are like nobody else."""
    candidates = [
        candidate(n, tenant=_tenant(n), domain=f"c{n}.onmicrosoft.com", profile={"email": f"it@c{n}.example"})
        for n in range(1, 5001)
    ]
    for n in range(1, 5001, 100):
        candidates[n] = replace(candidates[n], customer=replace(candidates[n].customer, email=f"It@C{n}.example"))
        candidates[n + 1] = replace(candidates[n + 1], tenant=_tenant(n + 3), domain=f"c{n + 3}.onmicrosoft.com")
    done = plan(candidates)
    doubles = {n + more for n in range(1, 5001, 100) for more in (0, 1, 2, 3)}
    told = {int(name.rpartition(" ")[2]) for name in done.ambiguous}
    assert told == doubles
    assert len(done.new) == 5000 - len(doubles)
    assert len({one.key for one in done.new}) == len(done.new)


def test_no_more_than_the_chosen_and_matched_with_all() -> None:
    candidates = [
        candidate(),
        candidate(8, tenant=OTHER, domain="", profile={"email": "b@b.example", "organization": "Bikes"}),
    ]
    assert [one.key for one in plan(candidates, only=("BIKES*",)).new] == ["bikes"]
    assert [one.key for one in plan(candidates, only=("7", "b@*")).new] == ["contoso-ltd", "bikes"]
    assert plan(candidates, only=("bikes*",)).not_chosen == 1
    shared = [candidates[0], replace(candidates[1], tenant=TENANT)]
    assert plan(shared, only=("bikes*",)).new == [], "who has its tenant is no matter of the choice"
    assert plan(candidates, declared(), only=("bikes*",), update=True).known == {}


def test_what_another_stack_declares_is_left_to_it() -> None:
    other = declared()
    there = plan([candidate()], elsewhere={"east": [other]})
    assert (there.new, there.ambiguous, dict(there.elsewhere)) == ([], {}, {"east": 1})
    moved = plan([candidate(profile={"email": "new@contoso.example"})], elsewhere={"east": [other]})
    assert [why for why in moved.ambiguous.values() if why.endswith("(stack east)")]
    fresh = candidate(8, tenant=OTHER, domain="", profile={"email": "b@x.example"})
    assert [one.key for one in plan([fresh], elsewhere={"east": [other]}).new] == ["contoso-ltd-8"]


def test_what_this_stack_declares_on_another_account_is_not_declared_twice() -> None:
    done = plan([candidate()], declared(connection="elsewhere"))
    assert done.new == []
    (why,) = done.ambiguous.values()
    assert why.startswith("the e-mail is that of contoso-ltd; the tenant id is that of contoso-ltd")
    assert why.endswith("which is on another account")


def test_a_file_that_adoption_wrote_is_known_as_such() -> None:
    """A run may end between the files and the import: the next one goes on as the first would have."""
    one = declared()
    assert plan([candidate(signatory=SIGNED)], one).as_seen == {one.key}
    assert plan([candidate(signatory=SIGNED)], one, ion_ids={"7": one.key}).as_seen == set()
    changed = declared(profile=one.profile.model_dump() | {"contact_name": "Somebody Else"})
    assert plan([candidate(signatory=SIGNED)], changed).as_seen == set()


def test_a_file_is_completed_once_something_is_seen() -> None:
    before = plan([candidate(row={"portal_access": True})]).new[0]
    assert before.unknown == ("cloud_provider.pricebook", "attestation.signatory")
    assert plan([candidate(row={"portal_access": True})], before).filled == []
    after = plan([candidate(signatory=SIGNED)], before).filled[0]
    assert after.unknown == ()
    assert after.cloud_provider.provider_currency == "USD"


def test_a_person_s_values_are_replaced_on_request_only() -> None:
    renamed = candidate(profile={"organization": "Contoso Works", "email": "IT@contoso.example"}, signatory=SIGNED)
    assert plan([renamed], declared()).filled == []
    taken = plan([renamed], declared(), update=True).filled[0]
    assert taken.profile.organization == "Contoso Works"
    assert taken.profile.email == "it@contoso.example"


def test_reading_an_account_of_a_reseller() -> None:
    row = CloudProfile("30", "Microsoft", True, TENANT, "c.onmicrosoft.com", "Accepted", "")
    found = world(role="indirect-reseller", api=False, customers={"7": ion_customer()}, profiles={"7": row})
    agreement = LegacyAgreement("Cora", "Toso", "c@c.example", "", "t", dt.date(2026, 1, 2), "MCA", "")
    found.legacy["7"] = _legacy(agreement)
    (seen,) = adoption.read_account(look_of(found))
    assert (seen.tenant, seen.row) == (TENANT, {"portal_access": True})
    assert seen.signatory == {"first_name": "Cora", "last_name": "Toso", "email": "c@c.example"}
    found.legacy["7"] = _legacy(replace(agreement, date_agreed=dt.date(2022, 1, 2)))
    assert adoption.read_account(look_of(found))[0].signatory is None
    assert found.writes == []


@pytest.mark.parametrize("role", ["indirect-reseller", "indirect-provider"])
def test_an_open_tenant_is_asked_of_us(role: str) -> None:
    found = world(role=role, api=False, customers={"7": ion_customer()})
    look = look_of(found)
    state = adopted(plan([candidate(row={}, tenant="", domain="")]).new[0], look).outputs["TenantIdentity"]
    assert (state["status"], state["waiting_on"]) == ("waiting", "us")
    assert "identity.tenant_id" in as_told(state["next_step"])["action"]


def test_no_row_is_added_while_its_pricebook_is_open() -> None:
    found = world(customers={"7": ion_customer(phone="+14255550100")})
    state = adopted(plan([candidate(row={}, tenant="", domain="")]).new[0], look_of(found))
    assert state.open == ""
    assert "pricebook" in state.outputs["ProviderAssociation"]["reason"]


def test_a_tenant_is_found_by_the_domain_of_the_email() -> None:
    found = world(api=False, customers={"7": ion_customer()}, domains={"contoso.example": TENANT})
    found.tenants[TENANT] = PcCustomer(TENANT, "c.onmicrosoft.com", "Contoso", "reseller")
    (seen,) = adoption.read_account(look_of(found))
    assert (seen.tenant, seen.domain) == (TENANT, "c.onmicrosoft.com")
    found.customers["8"] = ion_customer(id="8", email="other@contoso.example")
    assert [one.tenant for one in adoption.read_account(look_of(found))] == ["", ""]


def test_a_tenant_that_microsoft_lists_as_not_ours_is_nobodys_here() -> None:
    found = world(api=False, customers={"7": ion_customer()}, domains={"contoso.example": TENANT})
    for word, ours in (("none", False), ("Advisor", False), ("reseller", True), ("", True), ("friend", True)):
        found.tenants[TENANT] = PcCustomer(TENANT, "c.onmicrosoft.com", "Contoso", word)
        look = look_of(found)
        assert (adoption.read_account(look)[0].tenant == TENANT, TENANT in look.related_tenants()) == (ours, ours), word


def test_state_of_an_adopted_customer_is_what_the_next_look_sees() -> None:
    row = CloudProfile("30", "Microsoft", True, TENANT, "c.onmicrosoft.com", "Accepted", "")
    found = world(role="indirect-reseller", api=False, customers={"7": ion_customer()}, profiles={"7": row})
    look = look_of(found)
    (seen,) = adoption.read_account(look)
    made = plan([seen]).new[0]
    state = adopted(made, look)
    assert state.open == ""
    for kind in RESOURCES.values():
        outputs = state.outputs[kind.name]
        assert outputs["seen"] == outputs["handled"]
        assert {name: outputs[name] for name in state.inputs[kind.name]} == state.inputs[kind.name]
        again = kind.thing.observe(kind.thing.Inputs.model_validate(state.inputs[kind.name]), Known(outputs), look)
        assert dict(again.seen) == outputs["handled"]
    assert state.inputs["Attestation"]["ion_customer_id"] == "7"
    assert found.writes == []


def _legacy(agreement: LegacyAgreement) -> LegacyProfile:
    return LegacyProfile(TENANT, "c.onmicrosoft.com", (), "Contoso", "en-US", "Accepted", (agreement,))


def _tenant(number: int) -> str:
    return f"aaaaaaaa-0000-4000-8000-{number:012d}"


def test_what_a_system_holds_is_declared_as_found() -> None:
    """A value that ION would refuse today, and that a file may not leave out: a warning, and the file is valid."""
    made = plan([candidate(profile={"address": {"zip": "ask Kim"}})]).new[0]
    assert (made.profile.address.zip, made.as_found) == ("ask Kim", ("profile.address.zip",))

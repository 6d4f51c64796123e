"""What a rename means: of the company, of the legal entity, of the e-mail that ION knows a customer by."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import schemas
from clients.errors import NotFound, OurBug, PersonMustAct, RetryLater, UnknownOutcome
from clients.partner_center.models import Agreement, BillingProfile, PcAddress, PcCustomer
from equipment.told import as_told
from onboarding.core.contract import Known, Outcome
from onboarding.look.snapshot import Look
from onboarding.readiness.states import states_from_export
from onboarding.resources import attestation, customer, tenant_identity
from schemas.command import command
from tests.onboarding.test_customer import OURS, PROFILE
from tests.onboarding.world import World, ion_customer, problem

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
SIGNATORY = {"first_name": "Cora", "last_name": "Toso", "email": "cora@contoso.example"}


class Billed(World):
    """A world in which Partner Center keeps a billing profile."""

    billed = "Contoso Ltd"

    def billing_profile(self, tenant: str) -> BillingProfile:
        self.before("billing_profile")
        return BillingProfile("b", self.billed, "b@contoso.example", "en-US", "en", "", "", PcAddress(), "1")

    def update_billing_profile(self, tenant: str, profile: BillingProfile, *, request_id: str) -> BillingProfile:
        self.before("update_billing_profile")
        self.billed = profile.company_name
        self.after("update_billing_profile")
        return profile


def billed(**more: Any) -> Billed:
    found = Billed(api=False, **more)
    if found.partner_center is not None:
        found.tenants[TENANT] = PcCustomer(TENANT, "contoso.onmicrosoft.com", "Contoso Ltd", "reseller")
    return found


def tenant(world: World, company: str, outputs: dict[str, Any]) -> Outcome:
    desired = tenant_identity.Inputs.model_validate(
        {"key": "contoso", "company": company, "identity": {"method": "existing", "tenant_id": TENANT}}
    )
    known = Known({"tenant_id": TENANT, **outputs})
    return tenant_identity.converge(desired, known, tenant_identity.observe(desired, known, Look(world)), world)  # type: ignore[arg-type]


def test_a_renamed_company_is_renamed_in_partner_center() -> None:
    world = billed()
    done = tenant(world, "Contoso Works", {"company": "Contoso Ltd"})
    assert (world.billed, world.writes, done.again) == ("Contoso Works", ["update_billing_profile"], False)


@pytest.mark.parametrize(
    ("before", "billing"),
    [("", "Contoso Ltd"), ("contoso  Works", "Contoso Ltd"), ("Contoso Ltd", "Contoso Holding AG")],
    ids=["first sight", "another spelling of spaces", "a name that was never ours"],
)
def test_nothing_is_renamed_that_was_not_ours(before: str, billing: str) -> None:
    world = billed()
    world.billed = billing
    tenant(world, "Contoso Works" if before != "contoso  Works" else "contoso Works", {"company": before})
    assert world.writes == []


def test_a_reseller_may_not_and_does_not() -> None:
    world = billed(role="indirect-reseller")
    tenant(world, "Contoso Works", {"company": "Contoso Ltd"})
    assert world.writes == []


@pytest.mark.parametrize("failure", [RetryLater, UnknownOutcome])
def test_a_rename_that_did_not_arrive_is_tried_again(failure: type[Exception]) -> None:
    world = billed(fail={"update_billing_profile": (failure(problem("billing.update")), False)})
    first = tenant(world, "Contoso Works", {"company": "Contoso Ltd"})
    assert first.again
    tenant(world, "Contoso Works", {"company": "Contoso Works", "memory": dict(first.memory)})
    assert world.billed == "Contoso Works"


@pytest.mark.parametrize("failure", [RetryLater, NotFound])
def test_a_rename_that_cannot_look_loses_nothing_of_the_run(failure: type[Exception]) -> None:
    world = billed(fail={"billing_profile": (failure(problem("billing")), False)})
    first = tenant(world, "Contoso Works", {"company": "Contoso Ltd"})
    assert first.again
    assert first.reason.startswith("the billing profile is not renamed yet: ")
    assert first.carried["tenant_id"] == TENANT
    tenant(world, "Contoso Works", {"company": "Contoso Works", "memory": dict(first.memory)})
    assert world.billed == "Contoso Works"


def test_a_refusal_keeps_the_place_and_the_words_of_the_error_table() -> None:
    page = replace(problem("billing.update"), shown_at="Partner Center: Account settings > User management")
    action = ("run ", command("auth", "microsoft", "login"), " as an Admin agent")
    refusal = PersonMustAct(page, owner="us", action=action)
    world = billed(fail={"update_billing_profile": (refusal, False)})
    stopped = tenant(world, "Contoso Works", {"company": "Contoso Ltd"})
    assert stopped.next_step is not None
    assert stopped.next_step.values == {
        "where": page.shown_at,
        "action": ["run ", ["csp", "auth", "microsoft", "login", "-c", "us"], " as an Admin agent"],
    }
    assert as_told(stopped.next_step)["action"] == "run `csp auth microsoft login -c us` as an Admin agent"


def test_a_refused_rename_names_the_way() -> None:
    world = billed(fail={"update_billing_profile": (OurBug(problem("billing.update")), False)})
    stopped = tenant(world, "Contoso Works", {"company": "Contoso Ltd"})
    assert stopped.status == "blocked"
    assert stopped.next_step is not None
    assert "Contoso Works" in as_told(stopped.next_step)["action"]


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({"company": "Contoso Works"}, False),
        ({"attestation": {"signatory": SIGNATORY, "legal_entity": "Contoso Ltd"}}, False),
        (
            {"attestation": {"signatory": SIGNATORY, "legal_entity": "Contoso Holding"}, "company": "Contoso Holding"},
            True,
        ),
        ({"attestation": {"signatory": SIGNATORY | {"email": "new@contoso.example"}}}, True),
    ],
    ids=["a new name", "the same entity, said", "another entity", "another signatory"],
)
def test_the_agreement_is_asked_for_again_for_another_entity_only(changes: dict[str, Any], asked: bool) -> None:
    world = billed()
    world.agreements_of[TENANT] = [Agreement("t-1", "MicrosoftCustomerAgreement", date(2026, 1, 2), "", "", "", "", "")]
    inputs = {"key": "contoso", "tenant_id": TENANT, "attestation": {"signatory": SIGNATORY}, "route": "partner"}
    inputs |= {"company": "Contoso Ltd", "country": "US"} | changes
    desired = attestation.Inputs.model_validate(inputs)
    known = Known({"memory": {"kind": "attested", "signer": "cora@contoso.example | Contoso Ltd"}})
    facts = attestation.observe(desired, known, Look(world))  # type: ignore[arg-type]
    outcome = attestation.converge(desired, known, facts, world)  # type: ignore[arg-type]
    assert ("request_attestation" in world.writes) is asked
    assert (outcome.status == "ready") is not asked


def test_nobody_is_asked_for_what_another_run_put_on_record_meanwhile() -> None:
    world = billed()
    inputs = {"key": "contoso", "tenant_id": TENANT, "attestation": {"signatory": SIGNATORY}, "route": "partner"}
    desired = attestation.Inputs.model_validate(inputs | {"company": "Contoso Ltd", "country": "US"})
    facts = attestation.observe(desired, Known(), Look(world))  # type: ignore[arg-type]
    assert attestation.assess(desired, Known(), facts, world).waiting_on == "next run"  # type: ignore[arg-type]
    day = date.fromisoformat("2026-01-02")
    world.agreements_of[TENANT] = [Agreement("t-1", "MicrosoftCustomerAgreement", day, "", "", "", "", "")]
    assert attestation.converge(desired, Known(), facts, world).status == "ready"  # type: ignore[arg-type]
    assert world.writes == []


def renamed_email(world: World) -> Outcome:
    desired = customer.Inputs.model_validate(
        {"key": "contoso", "profile": {**PROFILE, "email": "office@contoso.example"}}
    )
    known = Known(OURS)
    return customer.converge(desired, known, customer.observe(desired, known, Look(world)), world)  # type: ignore[arg-type]


def test_a_changed_email_is_an_update_of_the_same_profile() -> None:
    world = World(customers={"7": ion_customer()})
    assert renamed_email(world).status == "ready"
    assert (world.writes, list(world.customers)) == (["update_customer"], ["7"])
    assert world.customers["7"].email == "office@contoso.example"


def test_an_email_that_is_taken_is_refused_with_the_way() -> None:
    taken = OurBug(problem("update", "CUS-CR-001", 412))
    world = World(customers={"7": ion_customer()}, fail={"update_customer": (taken, False)})
    stopped = renamed_email(world)
    assert stopped.status == "blocked"
    assert stopped.next_step is not None
    assert "another e-mail" in as_told(stopped.next_step)["action"]


def test_a_new_key_is_known_before_any_run_brought_it_into_state() -> None:
    urn = "urn:pulumi:s::p::csp:index:OnboardedCustomer$pulumi-python:dynamic/csp:Customer::old-name"
    export = {"resources": [{"type": "pulumi-python:dynamic/csp:Customer", "urn": urn, "outputs": {"status": "ready"}}]}
    assert list(states_from_export(export)) == ["old-name"]
    profile = schemas.Profile.model_validate(PROFILE)
    identity = {"method": "existing", "tenant_id": TENANT}
    declared = schemas.Customer.model_validate(
        {"key": "new-name", "previously": ["old-name"], "profile": profile, "identity": identity}
    )
    estate = schemas.Estate("s", Path(), (declared,), {})
    assert list(states_from_export(export, estate.renamed)) == ["new-name"]

"""An agreement whose day no longer counts, seen through a look at a whole estate."""

import datetime as dt

import schemas
from onboarding.core.contract import Known
from onboarding.look.snapshot import EstateLook
from onboarding.resources import attestation
from tests.onboarding import world as worlds


def test_a_day_that_no_longer_counts_is_seen_by_a_look_that_trusts_the_word_accepted() -> None:
    world = worlds.World(role="indirect-reseller", api=False)
    world.profiles["7"] = worlds.profile(tenant="t", domain="d.example", status="Accepted")
    world.legacy["7"] = worlds.legacy("2023-06-01")
    desired = attestation.AttestationInputs(
        key="contoso",
        ion_customer_id="7",
        attestation=schemas.Attestation(
            signatory=schemas.Person(first_name="Cora", last_name="Toso", email="cora@contoso.example")
        ),
        route="partner",
        company="Contoso Ltd",
        country="US",
    )
    known = Known({"memory": {"current": "yes", "agreed_on": "2023-06-01"}})
    assert attestation.observe(desired, known, EstateLook(world)).fields["agreement"].state == "match"
    moved = {"agreement_valid_from": dt.date(2024, 1, 1)}
    world.connection = world.connection.model_copy(update=moved)
    fact = attestation.observe(desired, known, EstateLook(world)).fields["agreement"]
    assert (fact.state, fact.seen) == ("mismatch", "of 2023-06-01, too old")

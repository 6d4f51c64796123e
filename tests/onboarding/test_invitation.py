"""The invitation as a machine: prepared, sent, accepted, declined, expired, ended, renewed; weeks between the runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from equipment.told import as_told
from onboarding.core import contract, state
from onboarding.core.contract import Known, Outcome
from onboarding.look.snapshot import Look
from onboarding.people import mails
from onboarding.resources import tenant_identity
from onboarding.resources.tenant_identity import invitation
from tests.onboarding.world import PcCustomer, World, profile

INVITE: dict[str, Any] = {
    "key": "contoso",
    "ion_customer_id": "7",
    "company": "Contoso Ltd",
    "identity": {
        "method": "invite",
        "domain": "contoso.onmicrosoft.com",
        "global_admin": {"name": "Cora Toso", "email": "admin@contoso.example"},
    },
}
TENANT = PcCustomer("t-1", "contoso.onmicrosoft.com", "Contoso Ltd", "reseller")


class Runs:
    """Runs of one identity; `day` is the calendar, `up` one run, `look` a refresh."""

    def __init__(self, **session: Any) -> None:
        self.world = World(**session)
        self.known = Known()
        self.day = "2026-11-01"
        self.declared: dict[str, Any] = INVITE

    def declare(self, **identity: Any) -> None:
        self.declared = {**INVITE, "identity": {**INVITE["identity"], **identity}}

    def up(self, *, renew: bool = False) -> Outcome:
        self.known = Known({**self.known.outputs, "renewing": renew})
        return self._run(tenant_identity.converge, converged=True)

    def look(self) -> Outcome:
        return self._run(lambda d, k, f, s: tenant_identity.assess(d, k, f, s), converged=False)

    @property
    def quiet(self) -> bool:
        """A plan after a look would be empty."""
        self.look()
        return self.known.seen == self.known.handled

    @property
    def sent(self) -> int:
        return len(self.world.mails)

    def _run(self, verb: Callable[..., Outcome], *, converged: bool) -> Outcome:
        desired = tenant_identity.Inputs.model_validate(self.declared)
        facts = tenant_identity.observe(desired, self.known, Look(self.world))  # type: ignore[arg-type]
        outcome = verb(desired, self.known, facts, self.world)
        inputs = desired.model_dump(mode="json", exclude_none=True)
        outs = state.outputs(
            inputs, self.known, outcome, account=("1", ""), carried=tenant_identity.CARRIED, converged=converged
        )
        self.known = Known(outs)
        return outcome

    def invited(self) -> str:
        return str(self.known.memory["invitation"]["state"])


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Runs]:
    def make(**session: Any) -> Runs:
        one = Runs(**session)
        monkeypatch.setattr(contract, "now", lambda: f"{one.day}T12:00:00Z")
        return one

    return make


def test_sent_once_waits_for_weeks_and_moves_in_the_first_run_after_the_acceptance(runs: Callable[..., Runs]) -> None:
    one = runs()
    assert one.up().waiting_on == "customer"
    assert (one.sent, one.invited(), one.quiet) == (1, "sent", True)
    for one.day in ("2026-11-08", "2026-11-29"):
        assert one.up().reason == "the invitation was sent to admin@contoso.example on 2026-11-01"
        assert one.quiet
    one.world.tenants["t-1"] = TENANT
    assert not one.quiet, "the acceptance shows in the next plan"
    one.up()
    assert (one.invited(), one.sent, one.quiet) == ("accepted", 1, True)
    assert one.known.memory["invitation"] == {
        "state": "accepted",
        "since": "2026-11-29T12:00:00Z",
        "to": "admin@contoso.example",
    }


def test_expiry_is_told_once_and_sends_nothing_until_it_is_renewed(runs: Callable[..., Runs]) -> None:
    one = runs()
    one.up()
    one.day = "2026-12-01"
    assert not one.quiet, "the calendar moved it"
    outcome = one.up()
    assert (outcome.waiting_on, outcome.reason) == ("us", "nobody accepted the invitation of 2026-11-01 within 30 days")
    assert outcome.next_step is not None
    assert "csp invite renew contoso" in as_told(outcome.next_step)["action"]
    assert (one.sent, one.quiet) == (1, True)
    outcome = one.up(renew=True)
    assert (outcome.waiting_on, one.sent, one.invited(), one.quiet) == ("customer", 2, "sent", True)
    one.up()
    assert one.sent == 2, "a renewal is one mail"


def test_each_renewal_is_a_mail_of_its_own(runs: Callable[..., Runs]) -> None:
    one = runs()
    desired = tenant_identity.Inputs.model_validate(INVITE)
    session: Any = one.world
    ids = {
        mails.message(invitation.letter(desired, Known(), session, n), "contoso", session).message_id for n in (1, 2)
    }
    again = {
        mails.message(invitation.letter(desired, Known(), session, n), "contoso", session).message_id for n in (1, 2)
    }
    assert len(ids) == 2
    assert ids == again


def test_a_declined_invitation_waits_for_us(runs: Callable[..., Runs]) -> None:
    one = runs()
    one.up()
    one.declare(declined_on="2026-11-03")
    one.day = "2026-11-04"
    outcome = one.up()
    assert (outcome.waiting_on, outcome.reason) == ("us", "admin@contoso.example declined the invitation on 2026-11-03")
    assert outcome.next_step is not None
    assert "remove identity.declined_on" in as_told(outcome.next_step)["action"]
    one.up(renew=True)
    assert one.sent == 1, "the file says no"


def test_after_the_end_of_a_relationship_nobody_is_invited_unasked(runs: Callable[..., Runs]) -> None:
    one = runs()
    one.up()
    one.world.tenants["t-1"] = TENANT
    one.day = "2026-11-05"
    one.up()
    del one.world.tenants["t-1"]
    one.day = "2026-12-20"
    outcome = one.up()
    assert (outcome.waiting_on, outcome.reason) == ("us", "the relationship with the customer's tenant is gone")
    assert (one.sent, one.invited(), one.quiet) == (1, "ended", True)
    one.day = "2026-12-21"
    one.up(renew=True)
    assert (one.sent, one.invited(), one.quiet) == (2, "sent", True)


def test_a_mail_that_did_not_leave_is_told_and_tried_again(runs: Callable[..., Runs]) -> None:
    one = runs()
    one.world.fail["mail"] = (ValueError(), False)
    outcome = one.up()
    assert (outcome.waiting_on, outcome.reason) == (
        "us",
        "the invitation to admin@contoso.example was not sent: no such user",
    )
    assert not one.quiet, "the next run tries again"
    assert (one.up().waiting_on, one.sent) == ("customer", 1)


def test_another_global_admin_gets_an_invitation_of_their_own(runs: Callable[..., Runs]) -> None:
    one = runs()
    one.up()
    one.declare(global_admin={"name": "Ben Toso", "email": "ben@contoso.example"})
    one.up()
    assert [mail.split(":")[0] for mail in one.world.mails] == ["admin@contoso.example", "ben@contoso.example"]


def test_by_hand_the_day_in_the_file_counts(runs: Callable[..., Runs]) -> None:
    one = runs(mail_server=False)
    outcome = one.up()
    assert (outcome.waiting_on, one.invited()) == ("us", "prepared")
    assert outcome.next_step is not None
    assert "csp invite send contoso --by-hand" in as_told(outcome.next_step)["action"]
    one.declare(sent_on="2026-11-02")
    one.day = "2026-11-03"
    assert one.up().reason == "the invitation was sent to admin@contoso.example on 2026-11-02"


@pytest.mark.parametrize("declared", [{"domain": None}, {"domain": "contoso.onmicrosoft.com"}])
def test_an_indirect_reseller_mails_too_and_ion_shows_the_acceptance(
    runs: Callable[..., Runs], declared: Mapping[str, Any]
) -> None:
    one = runs(role="indirect-reseller", api=False)
    one.declare(**declared)
    one.world.profiles["7"] = profile()
    one.world.domains["contoso.onmicrosoft.com"] = "t-1"
    outcome = one.up()
    assert (one.sent, one.invited()) == (1, "sent")
    assert outcome.waiting_on == ("us" if declared["domain"] else "distributor")
    assert one.quiet
    one.world.profiles["7"] = profile(tenant="t-1", domain="contoso.onmicrosoft.com")
    one.up()
    assert (one.invited(), one.known.text("tenant_id")) == ("accepted", "t-1")


def test_the_ticket_asks_what_nobody_knows(runs: Callable[..., Runs]) -> None:
    one = runs(role="indirect-reseller", api=False)
    one.declare(domain=None)
    one.world.profiles["7"] = profile()
    one.world.domains["contoso.example"] = "T-7"
    outcome = one.up()
    assert outcome.next_step is not None
    assert as_told(outcome.next_step)["values"]["Ticket text"] == (
        "Please tell us the Microsoft ID (tenant id) of our customer {customer} ({email}) from Partner Center. "
        "Its administrator admin@contoso.example was sent the relationship link on 2026-11-01; please also say whether "
        "the relationship is there. Is it t-7, the tenant of the administrator's e-mail domain?"
    )


def test_a_tenant_that_nobody_knows_is_told_with_what_the_file_says(runs: Callable[..., Runs]) -> None:
    for declared, says in (
        ("contoso.onmicrosoft.com", "Microsoft knows no tenant of contoso.onmicrosoft.com today"),
        (None, "The file names neither domain nor tenant id"),
    ):
        one = runs()
        one.declare(domain=declared)
        step = as_told(one.up().next_step)
        assert step is not None
        assert says in step["action"]


def test_a_link_that_names_another_reseller_is_not_used(runs: Callable[..., Runs]) -> None:
    session: Any = runs().world
    ours = (
        "https://admin.microsoft.com/Adminportal/Home?invType=IndirectResellerRelationship"
        f"&partnerId={session.reseller_tenant}&msppId={session.reseller_partner_id}"
        "&indirectCSPId=33333333-3333-3333-3333-333333333333&DAP=false#/BillingAccounts/partner-invitation"
    )
    assert invitation.link_for(Known({"memory": {"link": ours}}), session) == ours
    for wrong in (
        ours.replace("DAP=false", "DAP=true"),
        ours.replace("admin.microsoft.com", "admin.microsoft.com.evil.example"),
        ours.replace(session.reseller_tenant, "44444444-4444-4444-4444-444444444444"),
        session.relationship_link(),
    ):
        link = invitation.link_for(Known({"memory": {"link": wrong}}), session)
        assert link == session.connection.relationship_link().url

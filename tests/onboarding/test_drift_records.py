"""Records of tenants that we made: whose turn it is, what is kept, what a look says about the others."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clients.errors import NotFound, Problem, RetryLater
from clients.partner_center.client import PartnerCenterClient
from csp.views.drift import terminal
from drills.reading.drift import Bench, bench
from onboarding.drift import run as drift
from onboarding.drift.record import ROOM
from onboarding.drift.report import DriftReport
from onboarding.look.cache import Observed, ObservedLook, observed_file, stamp
from tests.onboarding.test_drift_memory import NOON, Systems

OF = 3 * ROOM


def rounds(observed: Observed, moments: list[datetime], *, news: str = "", fresh: bool = False) -> list[set[str]]:
    """Whose turn it was in looks at these moments; each asks for what it was given."""
    systems = Systems(OF, partner=True)
    systems.session.ion = None
    found = []
    for moment in moments:
        eyes = ObservedLook(systems.session, observed, moment, fresh=fresh)
        eyes.plan()
        eyes._suspects |= {news} - {""}
        turn = eyes.rotate("record", systems.people, ROOM)
        for tenant in turn:
            observed.answers[f"record/{tenant}"] = {"at": stamp(moment), "value": {"reseller": ""}}
        eyes.finish()
        found.append(turn)
    return found


def test_everybody_gets_a_turn_before_anybody_gets_two() -> None:
    turns = rounds(Observed("", ""), [NOON + timedelta(days=n) for n in range(4)])
    assert [len(turn) for turn in turns] == [ROOM] * 4
    assert len(turns[0] | turns[1] | turns[2]) == OF
    assert turns[3] == turns[0]


def test_news_and_fresh_looks_need_no_turn() -> None:
    observed = Observed("", "")
    rounds(observed, [NOON + timedelta(days=n) for n in range(3)])
    (turn,) = rounds(observed, [NOON + timedelta(days=3)], news="50")
    assert "50" in turn
    assert len(turn) == ROOM + 1
    assert rounds(observed, [NOON + timedelta(days=4)], fresh=True) == [{str(n) for n in range(1, OF + 1)}]


@pytest.fixture
def partner(tmp_path: Path) -> Any:
    with bench(24, "provider", tmp_path) as made:
        yield made


def made_by_us(partner: Bench) -> list[str]:
    return [one.key for one in partner.generated.customers if one.situation == "made"]


def test_a_record_is_kept_compared_and_told_with_its_age(partner: Bench) -> None:
    first, _ = partner.look()
    keys = made_by_us(partner)
    assert first.rotations["us"].as_dict() == {
        "of": len(keys),
        "now": len(keys),
        "oldest": first.looked_at,
        "never": [],
        "from_earlier_looks": 0,
    }
    order = {"do": "billing", "tenant": f"{keys[0]}corp.onmicrosoft.com", "set": {"email": "other@x.example"}}
    partner.sandbox.change(order)
    report, _ = partner.look()
    (told,) = report.of("drift")
    assert (told.customer, told.field, told.seen) == (keys[0], "identity.contact.email", "other@x.example")
    assert told.will == "nothing; correct it in Partner Center (Account > Billing profile) or change the file"
    assert "TenantRecord" in report.seen_at[keys[0]]
    kept = observed_file(partner.home, "us").read_text("utf-8")
    assert "other@x.example" in kept
    assert "raw" not in kept


def test_what_is_not_read_yet_is_neither_drift_nor_absent(partner: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onboarding.drift.record.FIRST_ROOM", 0)
    monkeypatch.setattr("onboarding.drift.record.FIRST_SHARE", 0.0)
    report, _ = partner.look()
    assert report.rotations["us"].never == tuple(made_by_us(partner))
    assert report.of("drift") == []
    assert not [one for one in report.findings if one.field.startswith("identity.contact")]
    whole, _ = partner.look(fresh=True)
    assert whole.rotations["us"].never == ()


@pytest.mark.parametrize("fault", ["lag", "trouble"])
def test_a_record_that_cannot_be_read(partner: Bench, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem("partner_center", "customers.get", 404, "60003", "no answer")

    def refuse(self: object, tenant_id: str) -> None:
        raise NotFound(problem) if fault == "lag" else RetryLater(problem)

    monkeypatch.setattr(PartnerCenterClient, "customer", refuse)
    report: DriftReport
    with partner.session() as session:
        report = drift.look(partner.estate, {"us": session}, {}, datetime.now(UTC))
    if fault == "lag":
        assert report.rotations["us"].never == tuple(made_by_us(partner))
        assert report.not_checked == {}
    else:
        assert len(report.not_checked) == len(made_by_us(partner))
        assert all("identity.contact" in what for what in report.not_checked)
        assert report.exit_code() == 10


def test_a_closed_activity_log_is_told(partner: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object, start: object) -> None:
        raise RetryLater(Problem("partner_center", "auditRecords.list", 403, "900329", "not for this role"))

    assert partner.look()[0].log_closed == {}
    monkeypatch.setattr(PartnerCenterClient, "audit_records", refuse)
    report, _ = partner.look()
    assert "not for this role" in report.log_closed["us"]
    assert report.exit_code() == 0
    assert "activity log could not be read" in terminal(report, "stack")


def test_another_reseller_is_drift_and_none_is_no_proof(partner: Bench) -> None:
    keys = made_by_us(partner)
    partner.look()
    other = {"do": "reseller", "tenant": f"{keys[0]}corp.onmicrosoft.com", "account": "10501", "reseller": "other"}
    partner.sandbox.change(other, {**other, "tenant": f"{keys[1]}corp.onmicrosoft.com", "reseller": ""})
    report, _ = partner.look(fresh=True)
    (told,) = report.of("drift")
    assert (told.customer, told.field, told.seen) == (keys[0], "identity.direct_customer", "through other")
    lost = [one.customer for one in report.of("not_visible") if one.field == "identity.direct_customer"]
    assert lost == [keys[1]]
    with partner.session() as session:
        session.reseller_tenant = ""  # a connection that names no reseller serves many
        report = drift.look(partner.estate, {"us": session}, {}, datetime.now(UTC), fresh=True)
    assert report.of("drift") == []

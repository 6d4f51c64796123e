"""The memory between looks: what is asked again, what is served, and what is never trusted."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from clients.errors import Problem, RetryLater
from clients.ion.models import CloudProfile
from clients.partner_center.models import Agreement, AuditRecord, PcCustomer
from onboarding.look.cache import SAMPLE, Observed, ObservedLook, observed_file, stamp

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Systems:
    """ION and Partner Center with `count` customers; counts every question."""

    def __init__(self, count: int, partner: bool = False) -> None:
        self.people = {str(n): f"2026-01-01T00:00:{n % 60:02d}Z" for n in range(1, count + 1)}
        self.asked: list[str] = []
        self.news: list[AuditRecord] = []
        self.audit_fails = False
        connection = SimpleNamespace(name="us", reseller=None)
        self.session: Any = SimpleNamespace(
            ion=self, partner_center=self if partner else None, association=None, entra=self, connection=connection
        )
        self.partner = partner

    def look(self, observed: Observed, now: datetime, *, fresh: bool = False) -> list[str]:
        """Look at every customer; what was asked one by one."""
        self.asked.clear()
        eyes = ObservedLook(self.session, observed, now, fresh=fresh)
        eyes.plan()
        for customer_id in self.people:
            if self.partner:
                eyes.agreements(customer_id)
            else:
                eyes.cloud_profiles(customer_id)
        eyes.finish()
        return list(self.asked)

    def customers(self, status: str = "ACTIVE") -> list[Any]:
        if self.partner:
            return [PcCustomer(n, f"t{n}.onmicrosoft.com", "T", "reseller") for n in self.people]
        if status != "ACTIVE":
            return []
        return [SimpleNamespace(id=n, email=f"{n}@x.example", updated=at) for n, at in self.people.items()]

    def cloud_profiles(self, customer_id: str) -> list[CloudProfile]:
        self.asked.append(customer_id)
        return [CloudProfile("30", "Legacy Azure", True, f"t-{customer_id}", f"d{customer_id}.example", "Accepted", "")]

    def agreements(self, tenant_id: str) -> list[Agreement]:
        self.asked.append(tenant_id)
        return [Agreement("t", "MCA", NOON.date(), "Ada", "Archer", "ada@x.example", "+1", "link")]

    def audit_records(self, start: Any) -> list[AuditRecord]:
        if self.audit_fails:
            raise RetryLater(Problem("partner_center", "audit", 503, "x", "no"))
        return self.news

    def tenant_id(self, domain: str) -> str:
        self.asked.append(domain)
        return "guid"


def memory() -> Observed:
    return Observed("10501", "")


def test_a_second_look_asks_only_the_sample() -> None:
    systems, observed = Systems(300), memory()
    assert len(systems.look(observed, NOON)) == 300
    assert len(systems.look(observed, NOON + timedelta(minutes=5))) == SAMPLE


def test_the_sample_gets_to_everybody() -> None:
    systems, observed = Systems(3 * SAMPLE), memory()
    systems.look(observed, NOON)
    rounds = [systems.look(observed, NOON + timedelta(minutes=n)) for n in (1, 2, 3)]
    assert sorted(n for one in rounds for n in one) == sorted(systems.people)


def test_a_saved_profile_is_asked_again() -> None:
    systems, observed = Systems(300), memory()
    systems.look(observed, NOON)
    systems.people["7"] = "2026-11-22T12:01:00Z"
    asked = systems.look(observed, NOON + timedelta(minutes=2))
    assert "7" in asked
    assert len(asked) in (SAMPLE, SAMPLE + 1)


def test_a_saved_profile_is_asked_again_by_whoever_looks_next() -> None:
    systems, observed = Systems(300), memory()
    systems.look(observed, NOON)
    systems.people["7"] = "2026-11-22T12:01:00Z"
    other_stack = ObservedLook(systems.session, observed, NOON + timedelta(minutes=2))
    other_stack.plan()
    other_stack.finish()
    assert "7" in systems.look(observed, NOON + timedelta(minutes=3))


def test_the_activity_log_is_followed_and_may_be_closed() -> None:
    systems, observed = Systems(300, partner=True), memory()
    systems.session.ion = None
    systems.look(observed, NOON)
    systems.news = [AuditRecord("create_agreement", "succeeded", NOON + timedelta(minutes=1), "9", "T", {})]
    assert "9" in systems.look(observed, NOON + timedelta(minutes=2))
    systems.audit_fails = True
    assert len(systems.look(observed, NOON + timedelta(minutes=3))) == SAMPLE


def test_answers_older_than_a_token_are_not_used() -> None:
    systems, observed = Systems(100), memory()
    systems.look(observed, NOON)
    assert len(systems.look(observed, NOON + timedelta(hours=2))) == 100
    assert len(systems.look(observed, NOON + timedelta(hours=2, minutes=1), fresh=True)) == 100


def test_customers_with_something_open_come_first() -> None:
    systems, observed = Systems(300), memory()
    systems.look(observed, NOON)
    observed.open = {"c": {"Attestation.agreement": "accepted"}}
    observed.carried = {"c": {"ion_customer_id": "222"}}
    assert all("222" in systems.look(observed, NOON + timedelta(minutes=n)) for n in (1, 2, 3))


def test_the_age_of_what_is_served_is_told() -> None:
    systems, observed = Systems(2 * SAMPLE), memory()
    systems.look(observed, NOON)
    eyes = ObservedLook(systems.session, observed, NOON + timedelta(minutes=30))
    eyes.plan()
    ages = set()
    for customer_id in systems.people:
        eyes.watch()
        eyes.cloud_profiles(customer_id)
        ages.add(eyes.oldest())
    assert ages == {stamp(NOON), stamp(NOON + timedelta(minutes=30))}
    assert (eyes.asked, eyes.kept) == (SAMPLE, SAMPLE)


def test_a_domain_that_ion_showed_needs_no_discovery() -> None:
    systems, observed = Systems(1), memory()
    eyes = ObservedLook(systems.session, observed, NOON)
    eyes.cloud_profiles("1")
    assert eyes.discovered_tenant("D1.example") == "t-1"
    assert eyes.discovered_tenant("other.example") == "guid"
    assert systems.asked == ["1", "other.example"]


def test_the_file_survives_and_is_private(tmp_path: Path) -> None:
    systems, observed = Systems(3, partner=True), memory()
    systems.session.ion = None
    systems.look(observed, NOON)
    file = observed_file(tmp_path, "us")
    observed.save(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Observed.load(file, "10501", "") == observed
    text = file.read_text("utf-8")
    assert "Archer" not in text
    assert "+1" not in text


def test_a_strange_file_is_not_trusted(tmp_path: Path) -> None:
    file = observed_file(tmp_path, "us")
    observed = Observed("10501", "", looked_at=stamp(NOON))
    observed.save(file)
    assert Observed.load(file, "10502", "") == Observed("10502", "")
    assert Observed.load(file, "10501", "another tenant").looked_at == ""
    ours = {"version": 1, "account": "10501", "partner_tenant": ""}
    odd: list[dict[str, Any]] = [{"updated": 1}, {"answers": []}, {"answers": {"row/1": 7}}, {"looked_at": "today"}]
    odd += [{"answers": {"row/1": {"at": at, "value": {}}}} for at in (None, "", "2026-11-22", "2026-11-22T10:00:00")]
    for text in ("", "[]", "{}", "{", "null", *(json.dumps(ours | members) for members in ({"x": 1}, *odd))):
        file.write_text(text, "utf-8")
        assert Observed.load(file, "10501", "") == Observed("10501", "")


def test_an_answer_that_nobody_wrote_is_asked_again() -> None:
    systems, observed = Systems(1), memory()
    whole = systems.look(observed, NOON)
    strange: list[Any] = [None, 7, [7], [{"tenant": 1}]]
    for value in strange:
        for kept in observed.answers.values():
            kept["value"] = value
        assert systems.look(observed, NOON) == whole

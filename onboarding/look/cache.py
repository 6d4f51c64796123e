"""What was seen and when, kept between looks, so that a second look of a large estate costs little.

List pages are read on every look: they are few, and they show profiles and relationships. What costs one call a
customer (Cloud Provider row, agreement) is kept for the life of an access token and asked again earlier when ION's
`updateTime` or Partner Center's activity log says that something changed, or when the rotating sample gets to it. What
would cost one call more a customer (the record of a tenant that was made for it) is kept longer and asked in rotation.
The file holds no secret; of people it holds what customer files declare and what was seen in its place.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zlib import crc32

from pydantic import TypeAdapter

from clients.errors import ClientError
from clients.ion.models import AssociationRow, CloudProfile, LegacyAgreement, LegacyProfile
from clients.partner_center.models import Agreement, AuditRecord, BillingProfile, PcAddress, PcCustomer
from onboarding.core import compare
from onboarding.core.contract import stamp
from onboarding.look.snapshot import EstateLook
from schemas.read.json_text import json_of
from schemas.write.whole_file import write_beside_others

if TYPE_CHECKING:
    from clients.session import Session

T = TypeVar("T")
LIFE = timedelta(hours=2)
"""How long an answer may serve: the life of ION's access token (ion.md 1.2)."""
SAMPLE = 40
"""Kept answers that every look asks again, the oldest first, those of customers with something open before others."""
RECORD = "record"
"""Kind of answers that do not expire: they are asked again in rotation, or when the activity log tells of a change."""
AUDIT_DAYS = 7
"""How far back the activity log is read at least, to say who may have changed something."""
VERSION = 1


@dataclass
class Observed:
    """The memory of one connection.

    answers: question -> {"at": RFC 3339, "value": JSON}. updated: ION customer id -> updateTime at the last look.
    held: customer key -> "resource.field" -> the declared value that was seen to hold. open: the same for what did not.
    carried: customer key -> what a run without state must know to recognise the customer (ids, settled domain).
    """

    account: str
    partner_tenant: str
    looked_at: str = ""
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    updated: dict[str, str] = field(default_factory=dict)
    held: dict[str, dict[str, str]] = field(default_factory=dict)
    open: dict[str, dict[str, str]] = field(default_factory=dict)
    carried: dict[str, dict[str, str]] = field(default_factory=dict)
    version: int = VERSION

    @classmethod
    def load(cls, path: Path, account: str, partner_tenant: str) -> Observed:
        """The kept memory; an empty one when there is none, it cannot be read, or it is of another account."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, OverflowError):
            # Not validate_json: it refuses half a sign, which a name of ION's may hold.
            kept = TypeAdapter(cls).validate_python(json_of(path.read_bytes()))
            times = [one["at"] for one in kept.answers.values()] + [kept.looked_at] * bool(kept.looked_at)
            ours = (kept.version, kept.account, kept.partner_tenant) == (VERSION, account, partner_tenant)
            if ours and all(stamp(datetime.fromisoformat(at)) == at for at in times):
                return kept
        return cls(account, partner_tenant)

    def save(self, path: Path) -> None:
        """Replace the file at once; readable by its owner only."""
        write_beside_others(path, json.dumps({f.name: getattr(self, f.name) for f in fields(self)}).encode())


def observed_file(home: Path, connection: str) -> Path:
    """Where the memory of a connection is kept."""
    return home / "observed" / f"{connection}.json"


class ObservedLook(EstateLook):
    """An estate snapshot that remembers from one process to the next. Thread-safe."""

    def __init__(self, session: Session, observed: Observed, now: datetime, *, fresh: bool = False) -> None:
        """`fresh`: ask everything again. `now` is aware."""
        super().__init__(session)
        self.observed = observed
        self.now = now.astimezone(UTC)
        self._fresh = fresh
        self._again: set[str] = set()
        self._suspects: set[str] = set()
        self._times: dict[str, str] = {}
        self._watch = threading.local()
        self._counting = threading.Lock()
        self._domains: dict[str, str] = {}
        self.asked = 0
        self.kept = 0
        self.log_closed = ""
        """Why Partner Center's activity log could not be read, "" when it could (or was not asked for)."""

    def plan(self) -> None:
        """Read the lists and decide which kept answers are asked again. Raises ClientError when a list fails."""
        suspects: set[str] = set()
        if self.session.ion is not None:
            for customer in self._ion_customers():
                if self.observed.updated.get(customer.id) not in (None, customer.updated):
                    suspects.add(customer.id)
        if self.session.partner_center is not None:
            for tenant_id, related in self._pc_index()[0].items():
                self._domains.setdefault(compare.domain(related.domain), tenant_id)
            if self.observed.looked_at and not self._fresh:
                suspects |= {record.customer_id.lower() for record in self.audit() if self._is_news(record)}
        self._suspects = suspects
        questions = self.observed.answers
        # Forgotten, not only asked again: another stack on this account may be the one that asks.
        for question in [question for question in questions if question.partition("/")[2] in suspects]:
            del questions[question]
        open_subjects = set(self._open_subjects())
        lasting = f"{RECORD}/"
        usable = [q for q in questions if not q.startswith(lasting) and self._age(q) < LIFE]
        # Answers of one look have one age: a checksum mixes the kinds of questions among them.
        usable.sort(key=lambda q: (questions[q]["at"], crc32(q.encode())))
        first = [question for question in usable if question.partition("/")[2] in open_subjects][: SAMPLE // 2]
        chosen = set(first)
        rest = [question for question in usable if question not in chosen]
        self._again = chosen | set(rest[: SAMPLE - len(chosen)])

    def _open_subjects(self) -> Iterable[str]:
        for key, unsettled in self.observed.open.items():
            if unsettled:
                carried = self.observed.carried.get(key, {})
                yield from (carried.get("ion_customer_id", ""), carried.get("tenant_id", ""))

    @property
    def warm(self) -> bool:
        """Whether the last look is so young that most of its answers serve."""
        last = self.observed.looked_at
        return bool(last) and not self._fresh and self.now - datetime.fromisoformat(last) < LIFE

    def rotate(self, kind: str, subjects: Iterable[str], room: int, *, first: Collection[str] = ()) -> set[str]:
        """Whose answers of a kind are asked for in this look: all when it is a fresh one, else those with news and
        `room` others, never asked ones before the oldest. Of `first`, half the room gets its turn ahead of them."""
        kept = {one: self.observed.answers.get(f"{kind}/{one}") for one in subjects}
        turn = set(kept) if self._fresh else {one for one in kept if one in self._suspects}
        waiting = sorted(
            (one for one in kept if one not in turn),
            key=lambda one: ((kept[one] or {}).get("at", ""), crc32(one.encode())),
        )
        ahead = [one for one in waiting if one in first][: room // 2]
        rest = [one for one in waiting if one not in ahead][: max(0, room - len(ahead))]
        turn |= {*ahead, *rest}
        self._again |= {f"{kind}/{one}" for one in turn}
        return turn

    def _serves(self, question: str) -> bool:
        """Whether a kept answer is young enough to be used."""
        return question.startswith(f"{RECORD}/") or (not self._fresh and self._age(question) < LIFE)

    def _age(self, question: str) -> timedelta:
        return self.now - datetime.fromisoformat(self.observed.answers[question]["at"])

    def _is_news(self, record: AuditRecord) -> bool:
        # Clocks differ and records come late, so the last minutes before the last look count as news too.
        since = datetime.fromisoformat(self.observed.looked_at) - timedelta(minutes=10)
        return record.date is None or record.date.replace(tzinfo=record.date.tzinfo or UTC) >= since

    def audit(self) -> list[AuditRecord]:
        """Partner Center's activity log of a week, or since the last look; [] where the role cannot read it."""
        pc = self.session.partner_center
        if pc is None:
            return []
        start = self.now - timedelta(days=AUDIT_DAYS)
        if self.observed.looked_at:
            start = min(start, datetime.fromisoformat(self.observed.looked_at))
        try:
            return self._once("audit", lambda: pc.audit_records(start.date()))
        except ClientError as error:
            self.log_closed = str(error)
            return []

    # --- ages

    def watch(self) -> None:
        """From here on `oldest` tells the age of what this thread is served."""
        self._watch.oldest = stamp(self.now)

    def oldest(self) -> str:
        """When the oldest answer since `watch` was given, RFC 3339."""
        return str(getattr(self._watch, "oldest", stamp(self.now)))

    def _serve(
        self, kind: str, subject: str, ask: Callable[[], T], dump: Callable[[T], Any], load: Callable[[Any], T]
    ) -> T:
        question = f"{kind}/{subject}"
        answer = self._once(("kept", question), lambda: self._ask(question, ask, dump, load))
        self._watch.oldest = min(self.oldest(), self._times.get(question, stamp(self.now)))
        return answer

    def _ask(self, question: str, ask: Callable[[], T], dump: Callable[[T], Any], load: Callable[[Any], T]) -> T:
        entry = self.observed.answers.get(question)
        if entry is not None and question not in self._again and self._serves(question):
            with self._counting:
                self._times[question] = entry["at"]
                self.kept += 1
            with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):  # else nobody wrote it: asked
                return load(entry["value"])
        answer = ask()
        with self._counting:
            self._times[question] = stamp(self.now)
            self.observed.answers[question] = {"at": stamp(self.now), "value": dump(answer)}
            self.asked += 1
        return answer

    # --- what costs a call a customer

    def cloud_profiles(self, customer_id: str) -> list[CloudProfile]:
        ion = self.session.ion
        assert ion is not None
        rows = self._serve(
            "profiles", customer_id, lambda: ion.cloud_profiles(customer_id), _dump_profiles, _load_profiles
        )
        for row in rows:
            if row.is_microsoft and row.tenant_id and row.domain:
                self._domains.setdefault(compare.domain(row.domain), row.tenant_id.lower())
        return rows

    def row(self, customer_id: str) -> AssociationRow | None:
        api = self.session.association
        assert api is not None
        return self._serve(
            "row",
            customer_id,
            lambda: api.get(customer_id),
            lambda row: asdict(row) if row else None,
            lambda data: AssociationRow(**data) if data else None,
        )

    def legacy_profile(self, customer_id: str) -> LegacyProfile | None:
        ion = self.session.ion
        assert ion is not None
        try:
            return self._serve(
                "legacy", customer_id, lambda: ion.agreement_evidence(customer_id), _dump_legacy, _load_legacy
            )
        except ClientError:
            return None

    def agreements(self, tenant_id: str) -> list[Agreement]:
        pc = self.session.partner_center
        assert pc is not None
        return self._serve(
            "agreements", tenant_id.lower(), lambda: pc.agreements(tenant_id), _dump_agreements, _load_agreements
        )

    def directly_signed(self, tenant_id: str) -> bool:
        pc = self.session.partner_center
        assert pc is not None
        return self._serve("direct", tenant_id.lower(), lambda: pc.directly_signed(tenant_id), bool, bool)

    def record(self, tenant_id: str) -> PcCustomer:
        """The whole record of a tenant in Partner Center: of this look when `rotate` chose it or none is kept."""
        pc = self.session.partner_center
        assert pc is not None
        return self._serve(RECORD, tenant_id, lambda: pc.customer(tenant_id), _dump_record, _load_record)

    def has_record(self, tenant_id: str) -> bool:
        """Whether an earlier look kept the record of a tenant."""
        return f"{RECORD}/{tenant_id}" in self.observed.answers

    def discovered_tenant(self, name: str) -> str:
        """A domain that ION or Partner Center showed with its tenant needs no call."""
        known = self._domains.get(compare.domain(name), "")
        if known:
            return known
        try:
            return self._serve(
                "tenant", compare.domain(name), lambda: self.session.entra.tenant_id(name) or "", str, str
            )
        except ClientError:
            return ""

    def finish(self) -> None:
        """Remember that everything was looked at now, and forget answers about what is gone."""
        if self.session.ion is not None:
            present = {customer.id: customer.updated for customer in self._ion_customers()}
            self.observed.updated = present
            for question in [q for q in self.observed.answers if q.startswith(("profiles/", "row/", "legacy/"))]:
                if question.partition("/")[2] not in present:
                    del self.observed.answers[question]
        if self.session.partner_center is not None:
            gone = [q for q in self.observed.answers if q.startswith(f"{RECORD}/")]
            for question in gone:
                if question.partition("/")[2] not in self._pc_index()[0]:
                    del self.observed.answers[question]
        self.observed.looked_at = stamp(self.now)


def _dump_profiles(rows: list[CloudProfile]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


def _load_profiles(data: list[dict[str, Any]]) -> list[CloudProfile]:
    return [CloudProfile(**row) for row in data]


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _dump_agreements(found: list[Agreement]) -> list[dict[str, str]]:
    return [
        {
            "template_id": a.template_id,
            "type": a.type,
            "date_agreed": a.date_agreed.isoformat() if a.date_agreed else "",
            "email": a.email,
        }
        for a in found
    ]


def _load_agreements(data: list[dict[str, str]]) -> list[Agreement]:
    return [
        Agreement(
            template_id=a["template_id"],
            type=a["type"],
            date_agreed=_day(a["date_agreed"]),
            first_name="",
            last_name="",
            email=a["email"],
            phone_number="",
            link="",
        )
        for a in data
    ]


def _dump_record(found: PcCustomer) -> dict[str, Any]:
    """What is compared, and nothing else of the people in it."""
    billing = found.billing
    kept = {"reseller": found.associated_partner_id}
    if billing is None:
        return kept
    texts = {name: getattr(billing, name) for name in ("email", "culture", "language", "first_name", "last_name")}
    return {**kept, **texts, "address": asdict(billing.address)}


def _load_record(data: dict[str, Any]) -> PcCustomer:
    texts = dict(data)
    reseller, place = texts.pop("reseller"), texts.pop("address", None)
    billing = BillingProfile(id="", company_name="", address=PcAddress(**place), **texts) if place is not None else None
    return PcCustomer("", "", "", "", associated_partner_id=reseller, billing=billing)


def _dump_legacy(found: LegacyProfile | None) -> list[str] | None:
    return [a.date_agreed.isoformat() if a.date_agreed else "" for a in found.agreements] if found else None


def _load_legacy(data: list[str] | None) -> LegacyProfile | None:
    if data is None:
        return None
    agreements = tuple(LegacyAgreement("", "", "", "", "", _day(day), "", "") for day in data)
    return LegacyProfile("", "", (), "", "", "", agreements)

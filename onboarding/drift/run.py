"""Looks at a whole estate without writing anything, and says what differs from the declaration and why.

Four kinds are kept apart: *drift* (a managed field was changed), *progress* (a step was done), *unmanaged* (nobody
declares it) and *not visible* (no system shows it; never taken for absent). Contradictions between ION and Partner
Center come on top.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import schemas
from clients.errors import ClientError, contained
from onboarding.core import compare
from onboarding.core.contract import ABSENT, NEXT_RUN, Field, Known, Tell, stamp
from onboarding.core.remedy import Trouble
from onboarding.core.session_checks import wrong_account
from onboarding.drift import account as drift_estate
from onboarding.drift import record as drift_record
from onboarding.drift.account import Account
from onboarding.drift.report import DriftReport, Finding, Kind
from onboarding.drift.resources import (
    ASSOCIATION,
    CUSTOMER,
    IDENTITY,
    RECORD,
    SECTION,
    Outputs,
    Seen,
    carried_of,
    look_at,
    related,
    unread,
)
from onboarding.drift.verdict import RESELLER, Judged, changes, judge, moved, will
from onboarding.look.cache import Observed, ObservedLook, observed_file
from onboarding.readiness import blind
from schemas.command import for_connection
from schemas.distributor import DISTRIBUTOR

if TYPE_CHECKING:
    from clients.session import Session

Elsewhere = Mapping[str, Mapping[str, Sequence[schemas.Customer]]]
"""Connection name -> another stack -> the customers that it declares on the account of that connection."""


def look(
    estate: schemas.Estate,
    sessions: Mapping[str, Session],
    known_states: Mapping[str, Outputs],
    now: datetime,
    *,
    fresh: bool = False,
    elsewhere: Elsewhere = MappingProxyType({}),
    closed: Mapping[str, Trouble] = MappingProxyType({}),
    tell: Tell = lambda done, total: None,
) -> DriftReport:
    """Compare every declared field of every customer with what the systems show now. Read-only.

    sessions: connection name -> session, for every connection of the estate but those in `closed`: connection name ->
    why it could not be opened. known_states: customer key -> resource -> outputs
    (`onboarding.readiness.states.states_from_export`), {} without a state. now: aware. fresh: use no answer of an
    earlier look. elsewhere: what other stacks declare on the same accounts, which counts as declared. What cannot be
    looked at is in `not_checked`; nothing is raised for a remote reason.
    """
    report = DriftReport(stamp(now))
    for name in sorted({one.connection for one in estate.customers}):
        others = elsewhere.get(name, {})
        if name in closed:
            report.not_checked[f"connection {name}"] = closed[name]
            continue
        _Connection(name, sessions[name], estate, known_states, others, now, fresh).look(report, tell)
    report.findings = [
        replace(found, file=found.file or estate.sources.get(found.customer, "")) for found in report.findings
    ]
    report.findings.sort(key=lambda found: (found.connection, found.customer == "", found.customer, found.field))
    troubles = [one for _, one in sorted(report.not_checked.items())]
    report.unseen = blind.in_look(troubles, estate, _blind_since(known_states) | {"": report.looked_at})
    return report


def _blind_since(states: Mapping[str, Outputs]) -> dict[str, str]:
    """Customer -> since when runs cannot look at it, as the state knows."""
    found = {}
    for key, resources in states.items():
        since = [one["unobserved"]["since"] for one in resources.values() if one.get("unobserved")]
        if since:
            found[key] = min(since)
    return found


class _Connection:
    """One look through one connection."""

    def __init__(
        self,
        name: str,
        session: Session,
        estate: schemas.Estate,
        states: Mapping[str, Outputs],
        elsewhere: Mapping[str, Sequence[schemas.Customer]],
        now: datetime,
        fresh: bool,
    ) -> None:
        self.name = name
        self.session = session
        self.estate = estate
        self.states = states
        self.memory = observed_file(session.home, name)
        self.observed = Observed.load(self.memory, session.account, session.partner_tenant)
        self.eyes = ObservedLook(session, self.observed, now, fresh=fresh)
        self.files = {one.key: one for one in estate.customers if one.connection == name}
        self.account = Account(name, self.eyes, files=self.files, elsewhere=elsewhere)

    def look(self, report: DriftReport, tell: Tell) -> None:
        before = dict(self.session.calls.calls)
        try:
            self.eyes.plan()
        except ClientError as error:
            report.not_checked[f"connection {self.name}"] = Trouble.of(error, self.name)
            return
        active = [one for one in self.files.values() if one.lifecycle == "active"]
        with ThreadPoolExecutor(self.session.connection.limits.concurrency) as pool:
            for number, (one, outcome) in enumerate(zip(active, pool.map(self._one, active), strict=True), 1):
                if isinstance(outcome, Trouble):
                    report.not_checked[one.key] = outcome
                else:
                    self.account.declared[one.key] = outcome
                tell(number, len(active))
            list(pool.map(self._row, self.eyes.ion_customers()))
            differing = [key for key, names in self.observed.open.items() if any(n.startswith(RECORD) for n in names)]
            rotation, failed = drift_record.add_records(self.files, self.account.declared, self.eyes, differing, pool)
        report.not_checked |= failed
        if rotation.of:
            report.rotations[self.name] = rotation
        for key, seen in self.account.declared.items():
            try:
                with contained():
                    self._judge(self.files[key], seen, report)
            except ClientError as error:
                report.not_checked[key] = Trouble.of(error, self.name, key)
        self._whole_account(report)
        if self.eyes.log_closed:
            report.log_closed[self.name] = for_connection(self.eyes.log_closed, self.name)
        self.eyes.finish()
        self.observed.save(self.memory)
        report.customers += len(active)
        for system, count in self.session.calls.calls.items():
            report.calls[system] = report.calls.get(system, 0) + count - before.get(system, 0)
        for key, seen in self.account.declared.items():
            report.seen_at[key] = {resource.resource: resource.at for resource in seen}
        report.asked += self.eyes.asked
        report.kept += self.eyes.kept
        # Records take turns over days and have a line of their own; they would hide the age of everything else.
        times = [one.at for seen in self.account.declared.values() for one in seen if one.resource != RECORD]
        report.oldest[self.name] = min(times, default=report.looked_at)

    def _one(self, declared: schemas.Customer) -> list[Seen] | Trouble:
        """A customer's resources, or why we could not look."""
        outputs = self.states.get(declared.key, {})
        for resource in outputs.values():
            if wrong := wrong_account(Known(resource), self.session):
                return Trouble(wrong, self.name, declared.key)
        try:
            with contained():
                return look_at(declared, outputs, self.observed.carried.get(declared.key, {}), self.eyes)
        except ClientError as error:
            return Trouble.of(error, self.name, declared.key)

    def _row(self, found: Any) -> None:
        """Read the row of an ION customer ahead of the account's checks, which then need no call."""
        try:
            with contained():
                drift_estate.linked_tenant(self.eyes, found.id)
        except ClientError:
            return  # told by the check that asks again

    # --- one customer

    def _judge(self, declared: schemas.Customer, seen: list[Seen], report: DriftReport) -> None:
        key = declared.key
        held, unsettled = self.observed.held.setdefault(key, {}), self.observed.open.setdefault(key, {})
        for resource in seen:
            judged = list(judge(resource, held, unsettled, declared.unknown))
            report.fields += len(judged)
            report.pending += sum(one.verdict == "pending" for one in judged)
            told = [self._finding(declared, one) for one in _merged(judged)]
            report.findings += [finding for finding in told if finding is not None]
            went_on = moved(resource)
            if went_on and not any(one.verdict in ("drift", "progress") or one.lost for one in judged):
                report.findings.append(self._progress(declared, resource, went_on))
            for one in judged:
                _remember(one, held, unsettled)
        has_record = self.session.partner_center is not None and related(seen) is not None
        for path, text, why in unread(declared, has_record=has_record):
            file, at = self.estate.sources.get(key, ""), report.looked_at
            report.fields += 1
            report.findings.append(
                Finding("not_visible", self.name, key, path, text, "cannot be seen", why, at, will="nothing", file=file)
            )
        self.observed.carried[key] = self.observed.carried.get(key, {}) | carried_of(declared, seen)

    def _finding(self, declared: schemas.Customer, one: Judged) -> Finding | None:
        kinds: dict[str, Kind] = {"drift": "drift", "progress": "progress", "not_visible": "not_visible"}
        kind = kinds.get(one.verdict)
        if kind is None:
            return None
        field, resource = one.field, one.seen
        shown, next_up = field.seen, self._will(declared, resource, one.name)
        if kind == "not_visible":
            shown = f"confirmed by {field.confirmed}" if field.confirmed else "cannot be seen"
            shown += "; was seen as declared before" if one.lost else ""
            next_up = "nothing" if field.confirmed else next_up
        elif kind == "progress":
            next_up = next_up if resource.outcome.waiting_on == NEXT_RUN else "takes it into state"
        return Finding(
            kind,
            self.name,
            declared.key,
            one.path,
            field.declared,
            shown,
            field.where,
            resource.at,
            who=self._who(declared.key, one) if kind == "drift" else "",
            will=next_up,
            file=self.estate.sources.get(declared.key, ""),
            stated=kind == "not_visible" and bool(field.confirmed),
            lost=kind == "not_visible" and one.lost,
        )

    def _progress(self, declared: schemas.Customer, resource: Seen, went_on: str) -> Finding:
        section = SECTION[resource.resource]
        next_up = self._will(declared, resource)
        file = self.estate.sources.get(declared.key, "")
        return Finding(
            "progress", self.name, declared.key, section, "", went_on, "", resource.at, will=next_up, file=file
        )

    def _will(self, declared: schemas.Customer, resource: Seen, name: str = "") -> str:
        return will(resource, name, declared.profile.organization, declared.profile.email)

    def _who(self, key: str, one: Judged) -> str:
        """Who may have changed a field, as far as a role can read it."""
        resources = {seen.resource: seen for seen in self.account.declared[key]}
        if one.seen.resource in (CUSTOMER, ASSOCIATION) or one.path == "identity.tenant":
            profile = resources[CUSTOMER].facts.data.get("customer")
            saved = (
                f"; the profile was last saved {profile.updated}" if profile and one.seen.resource == CUSTOMER else ""
            )
            return f"a user of ION (its API names nobody){saved}"
        if self.session.partner_center is None:
            return "not visible to this role"
        tenant = resources[IDENTITY].facts.data["found"].wanted
        records = [
            record
            for record in self.eyes.audit()
            if tenant and record.customer_id.lower() == tenant and changes(one, record.operation_type)
        ]
        if not records:
            return f"nobody in Partner Center's activity log: the customer, Microsoft or {DISTRIBUTOR.name}"
        return "; ".join(
            (f"{record.user}: " if record.user else "")
            + record.operation_type
            + (f" on {record.date:%Y-%m-%d %H:%M}" if record.date else "")
            for record in records[-3:]
        )

    # --- the account as a whole

    def _whole_account(self, report: DriftReport) -> None:
        links, failed = drift_estate.links_of(self.account)
        report.not_checked |= failed
        report.findings += drift_estate.unmanaged(self.account, links)
        report.findings += drift_estate.inconsistent(self.account, links)
        report.coverage.append(drift_estate.coverage(self.account, links))
        self._reseller(report)

    def _reseller(self, report: DriftReport) -> None:
        """May the reseller transact? A fact of the connection: told once, and as drift only when it held before."""
        seen = next((one for one in self._customers() if RESELLER in one.facts.fields), None)
        if seen is None:
            return
        field, held = seen.facts.fields[RESELLER], self.observed.held.setdefault("", {})
        in_state = (seen.known.outputs.get("facts") or {}).get(RESELLER) or {}
        if field.state == "match":
            held[RESELLER] = field.declared
        elif field.state == "mismatch" and (RESELLER in held or in_state.get("state") == "match"):
            finding = drift_estate.account_finding(self.account, "drift", RESELLER, field.seen, field.where)
            report.findings.append(replace(finding, declared=field.declared))
        elif field.state == "mismatch":
            report.pending += 1

    def _customers(self) -> Iterable[Seen]:
        return (one for seen in self.account.declared.values() for one in seen if one.resource == CUSTOMER)


def _merged(judged: list[Judged]) -> Iterable[Judged]:
    """An object that is gone is one finding, not one for each of its fields."""
    gone = [one for one in judged if one.verdict == "drift" and one.field.seen == ABSENT]
    if len(gone) < 2:
        return judged
    first = gone[0]
    name, what = ("row", "a Cloud Provider row") if first.seen.resource == ASSOCIATION else ("all", "its fields")
    rest = [one for one in judged if one not in gone]
    return [Judged(first.seen, name, Field("mismatch", what, ABSENT, first.field.where), "drift"), *rest]


def _remember(one: Judged, held: dict[str, str], unsettled: dict[str, str]) -> None:
    """Keep whether a field holds, for the next look."""
    value = compare.canonical(one.name, one.field.declared)
    if one.field.state == "match":
        held[one.key] = value
        unsettled.pop(one.key, None)
    elif one.field.state == "mismatch" or not one.field.confirmed:
        unsettled[one.key] = value

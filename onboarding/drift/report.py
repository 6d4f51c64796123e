"""What a look at an estate found, as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from onboarding.core.remedy import Trouble
from onboarding.readiness.blind import UNOBSERVED, Unseen

Kind = Literal["drift", "progress", "unmanaged", "inconsistent", "not_visible"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know. Texts are "" where they do not apply.

    customer: key of the customer file, "" for what no file declares. field: dotted path in the customer file, or what
    the finding is about ("customer", "tenant", "association", "consistency"). at: when it was seen (RFC 3339). who: who
    may have changed it. will: what the next `up` does about it. stated, lost: of what no system shows, whether a person
    confirmed it, and whether an earlier look saw it as declared; both are part of `seen`.
    """

    kind: Kind
    connection: str
    customer: str
    field: str
    declared: str
    seen: str
    where: str
    at: str
    who: str = ""
    will: str = ""
    file: str = ""
    stated: bool = False
    lost: bool = False

    def as_dict(self) -> dict[str, str]:
        """All texts."""
        return {name: text for name, text in asdict(self).items() if name not in ("stated", "lost")}


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of an account the estate declares. `tenants` 0 of 0 where the role cannot list them.

    customers_elsewhere, tenants_elsewhere: another stack of the project -> how many it declares.
    """

    connection: str
    customers: int
    customers_declared: int
    tenants: int
    tenants_declared: int
    customers_elsewhere: Mapping[str, int] = field(default_factory=dict)
    tenants_elsewhere: Mapping[str, int] = field(default_factory=dict)

    @property
    def percent(self) -> float:
        """Customers that this stack declares of all customers in ION (of all tenants without ION), 0 to 100."""
        whole, part = self.customers, self.customers_declared
        if not self.customers:
            whole, part = self.tenants, self.tenants_declared
        return round(100.0 * part / whole, 1) if whole else 100.0

    def as_dict(self) -> dict[str, Any]:
        """All members and the percentage."""
        return asdict(self) | {"percent": self.percent}


@dataclass(frozen=True, slots=True)
class Rotation:
    """How far the reading of tenant records got, which takes turns (`onboarding.drift.record`).

    of: customers whose tenant has a record to compare. now: read in this look; the others are of earlier looks, the
    oldest of `oldest` (RFC 3339, "" for none). never: keys of those never read so far.
    """

    of: int = 0
    now: int = 0
    oldest: str = ""
    never: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """All members and how many were served by earlier looks."""
        return asdict(self) | {"never": list(self.never), "from_earlier_looks": self.of - self.now - len(self.never)}


@dataclass
class DriftReport:
    """The result of one look.

    looked_at: when, RFC 3339.
    not_checked: what (`connection NAME`, a customer's key, a key and some fields) -> why we could not look.
    unseen: the same for people, one line a connection.
    customers, fields, pending: how many were compared, and how many fields wait for a known step.
    calls: system -> requests of this look. asked, kept: answers that it asked for, and cached ones that it used.
    oldest: connection -> when its oldest answer was given, RFC 3339. seen_at: customer key -> resource -> the same.
    rotations: connection -> how far the reading of tenant records got, which take turns.
    log_closed: connection -> why Partner Center's activity log could not be read. Then a change behind a cached answer
    is found only when the sample gets to it.
    left_out: another stack -> why its customers could not be read. They may be listed as unmanaged.
    """

    looked_at: str
    findings: list[Finding] = field(default_factory=list)
    not_checked: dict[str, Trouble] = field(default_factory=dict)
    coverage: list[Coverage] = field(default_factory=list)
    customers: int = 0
    fields: int = 0
    pending: int = 0
    calls: dict[str, int] = field(default_factory=dict)
    oldest: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    kept: int = 0
    seen_at: dict[str, dict[str, str]] = field(default_factory=dict)
    rotations: dict[str, Rotation] = field(default_factory=dict)
    log_closed: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    unseen: list[Unseen] = field(default_factory=list)

    def of(self, kind: str) -> list[Finding]:
        """The findings of one kind, in the order of customers."""
        return [finding for finding in self.findings if finding.kind == kind]

    def exit_code(self, fail_on: Collection[str] = ("drift",)) -> int:
        """7 when a kind of `fail_on` was found, else 10 when something could not be looked at, else 0."""
        if any(finding.kind in fail_on for finding in self.findings):
            return 7
        return UNOBSERVED if self.not_checked else 0

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `csp drift`."""
        counts = Counter(finding.kind for finding in self.findings)
        return {
            "not_looked_at": [one.as_dict() for one in self.unseen],
            "looked_at": self.looked_at,
            "counts": {
                **{kind: counts.get(kind, 0) for kind in KINDS},
                "customers": self.customers,
                "fields": self.fields,
                "pending": self.pending,
                "not_checked": len(self.not_checked),
            },
            **{kind: [finding.as_dict() for finding in self.of(kind)] for kind in KINDS},
            "not_checked": [{"what": what, "why": why} for what, why in sorted(self.not_checked.items())],
            "coverage": [one.as_dict() for one in self.coverage],
            "activity_log_closed": [{"connection": name, "why": why} for name, why in sorted(self.log_closed.items())],
            "stacks_left_out": [{"stack": stack, "why": why} for stack, why in sorted(self.left_out.items())],
            "calls": dict(self.calls),
            "ages": {
                "oldest": dict(self.oldest),
                "asked_now": self.asked,
                "from_earlier_looks": self.kept,
                "customers": self.seen_at,
                "tenant_records": {name: one.as_dict() for name, one in self.rotations.items()},
            },
        }

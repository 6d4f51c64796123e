"""A world in memory that answers like a session: enough of ION, Partner Center and the association endpoint for
unit tests.

Writes are counted by name. `fail` maps an operation to the failure of its next call; `after=True` lets the
effect happen first, as a lost answer does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import schemas
from clients.errors import NotFound, OurBug, Problem
from clients.handover import Kept
from clients.ion.models import (
    Address,
    AssociationRow,
    CloudProfile,
    IonCustomer,
    IonCustomerFields,
    LegacyAgreement,
    LegacyProfile,
)
from clients.mail import Posted
from clients.partner_center.models import (
    AddressVerdict,
    Agreement,
    AgreementTemplate,
    AttestationState,
    CountryRules,
    CreatedTenant,
    OneTimeCredentials,
    PcCustomer,
    Reseller,
    ResellerVerdict,
)
from clients.words import ATTESTATION, meaning
from onboarding.core import contract

RESELLER = "11111111-1111-1111-1111-111111111111"
LINK = f"https://admin.microsoft.com/Adminportal/Home?invType=IndirectResellerRelationship&partnerId={RESELLER}"


def problem(operation: str, code: str = "X", status: int | None = 400) -> Problem:
    return Problem("test", operation, status, code, f"{operation} refused")


def ion_customer(**changes: Any) -> IonCustomer:
    place = {
        "street": "One Microsoft Way",
        "suite": "",
        "city": "Redmond",
        "state": "WA",
        "zip": "98052",
        "country": "US",
    }
    values = dict.fromkeys(("title", "phone", "created", "updated"), "")
    values |= {"id": "7", "account": "10501", "uid": "u", "status": "ACTIVE", "language": "EN"}
    values |= {"organization": "Contoso Ltd", "contact_name": "Cora Toso", "email": "it@contoso.example"}
    address = Address(**{**place, **changes.pop("address", {})})
    return IonCustomer(address=address, **{**values, **changes})


@dataclass
class World:
    """The systems and our session to them in one object; `writes` lists what was written."""

    role: str = "indirect-provider"
    api: bool = True
    mail_server: bool = True
    customers: dict[str, IonCustomer] = field(default_factory=dict)
    profiles: dict[str, CloudProfile] = field(default_factory=dict)
    legacy: dict[str, LegacyProfile] = field(default_factory=dict)
    rows: dict[str, AssociationRow] = field(default_factory=dict)
    tenants: dict[str, PcCustomer] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    domains: dict[str, str] = field(default_factory=dict)
    direct: set[str] = field(default_factory=set)
    agreements_of: dict[str, list[Agreement]] = field(default_factory=dict)
    attestations: dict[str, AttestationState] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    fail: dict[str, tuple[Exception, bool]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    words: dict[str, str] = field(default_factory=dict)
    account: str = "10501"
    reseller_tenant: str = RESELLER
    reseller_partner_id: str = "4847383"

    def __post_init__(self) -> None:
        provider = self.role != "indirect-reseller"
        self.partner_tenant = "22222222-2222-2222-2222-222222222222" if provider else ""
        self.ion = self.entra = self.locks = self.handover = self
        self.partner_center = self if provider else None
        self.association = _Rows(self) if self.api else None
        self.mail = self if self.mail_server else None
        self.outbox = self
        self.project = None
        self.home = Path()
        self.interrupted = frozenset[str]()
        self.connection = schemas.Connection(
            name="us",
            role=self.role,
            partner_center_region="us",
            ion={"account_id": "10501"},
            countries=["US"],
            currencies=["USD"],
            csp_credentials="TD SYNNEX US",
            relationship_links=[{"partner_center": "us", "url": LINK}],
            status_words=self.words,
        )

    @contextlib.contextmanager
    def hold(self, _kind: str, _key: str) -> Iterator[None]:
        yield

    def wrote(self, operation: str) -> None:
        self.writes.append(operation)

    def before(self, operation: str) -> None:
        if operation in self.fail and not self.fail[operation][1]:
            raise self.fail.pop(operation)[0]

    def after(self, operation: str) -> None:
        self.writes.append(operation)
        if operation in self.fail:
            raise self.fail.pop(operation)[0]

    # ION

    def find_by_email(self, email: str) -> IonCustomer | None:
        return next((c for c in self.customers.values() if c.email.lower() == email.lower()), None)

    def customer(self, key: str) -> Any:
        if key in self.customers:
            return self.customers[key]
        if key in self.tenants and key not in self.hidden:
            return self.tenants[key]
        raise NotFound(problem("get", "NOT_FOUND", 404))

    def create_customer(self, new: Any, *, request_id: str = "") -> Any:
        if not isinstance(new, IonCustomerFields):
            return self._create_tenant(new)
        self.before("create_customer")
        made = ion_customer(id=str(100 + len(self.customers)))
        self.customers[made.id] = self._with(made, new)
        self.after("create_customer")
        return self.customers[made.id]

    def update_customer(self, key: str, fields: IonCustomerFields) -> IonCustomer:
        self.before("update_customer")
        self.customers[key] = self._with(self.customers[key], fields)
        self.after("update_customer")
        return self.customers[key]

    @staticmethod
    def _with(base: IonCustomer, new: IonCustomerFields) -> IonCustomer:
        given = {n: getattr(new, n) for n in IonCustomerFields.__slots__ if getattr(new, n) is not None}
        return replace(base, **given)

    def cloud_profiles(self, key: str) -> list[CloudProfile]:
        return [self.profiles[key]] if key in self.profiles else []

    def agreement_evidence(self, key: str) -> LegacyProfile | None:
        return self.legacy.get(key)

    def price_currency(self, _key: str) -> str | None:
        return None

    # Entra, mail, handover

    def tenant_id(self, domain: str) -> str | None:
        return self.domains.get(domain)

    def send(self, message: Any) -> Any:
        self.mails.append(f"{message.to}: {message.subject}")
        return "sent"

    def post(self, message: Any, _sender: Any, *, doubtful: bool = False) -> Posted:
        if doubtful:
            return Posted("maybe", contract.now())
        if "mail" in self.fail:
            self.fail.pop("mail")
            return Posted("failed", contract.now(), "no such user")
        return Posted(self.send(message), contract.now())

    def reserve(self, key: str) -> str:
        return key

    def release(self, _place: str) -> None:
        pass

    def keep(self, place: str, _credentials: OneTimeCredentials) -> Kept:
        return Kept(f"{place}-reference")

    def list(self, _key: str) -> list[Any]:
        return []

    # Partner Center

    def find_by_domain(self, domain: str) -> PcCustomer | None:
        return next((t for t in self.tenants.values() if t.domain == domain and t.id not in self.hidden), None)

    def domain_exists(self, domain: str) -> bool:
        return domain in self.taken

    def country_rules(self, country: str) -> CountryRules:
        return CountryRules(
            country, "en-US", ("en-US",), ("en",), True, (), True, True, "", False, "", (), False, "", ""
        )

    def validate_address(self, address: Any) -> AddressVerdict:
        good = address.city == "Redmond"
        return AddressVerdict("Verified" if good else "None", good, (), "")

    def indirect_resellers(self) -> list[Reseller]:
        return [Reseller(RESELLER, "Example Reseller", "4847383", "Active", "US")]

    def partner_agreement_signed(self, _tenant: str) -> bool:
        return True

    def reseller_may_transact(self, ids: list[str]) -> Mapping[str, ResellerVerdict]:
        return {i: ResellerVerdict(i, True, "", "") for i in ids}

    def relationship_link(self, _reseller: str = "") -> str:
        return "https://admin.microsoft.com/Adminportal/Home?invType=ResellerRelationship&partnerId=other"

    def _create_tenant(self, new: Any) -> CreatedTenant:
        self.before("create_tenant")
        if new.domain in self.taken:
            raise OurBug(problem("create_tenant", "409", 409))
        tenant = PcCustomer("aaaaaaaa-0000-0000-0000-000000000001", new.domain, new.company_name, "reseller")
        self.tenants[tenant.id] = tenant
        self.taken.add(new.domain)
        self.after("create_tenant")
        return CreatedTenant(tenant, OneTimeCredentials("admin", "S3cret"))

    def directly_signed(self, tenant: str) -> bool:
        return tenant in self.direct

    def agreements(self, tenant: str) -> list[Agreement]:
        if tenant in self.hidden:
            raise NotFound(problem("agreements", "NOT_FOUND", 404))
        return self.agreements_of.get(tenant, [])

    def agreement_templates(self) -> list[AgreementTemplate]:
        return [AgreementTemplate("t-1", "MicrosoftCustomerAgreement", "", 0)]

    def request_attestation(self, _request: Any, *, request_id: str) -> AttestationState:
        self.before("request_attestation")
        state = AttestationState(f"att-{request_id[:8]}", "created", f"https://agree.example/{request_id[:8]}")
        self.attestations.setdefault(state.id, state)
        self.after("request_attestation")
        return self.attestations[state.id]

    def attestation(self, key: str) -> AttestationState:
        if key not in self.attestations:
            raise NotFound(problem("attestation", "NOT_FOUND", 404))
        return self.attestations[key]

    def accept(self, status: str = "accepted") -> None:
        """The signatories do their part."""
        for key, state in self.attestations.items():
            means = meaning(ATTESTATION, status, self.words)
            self.attestations[key] = replace(
                state, status=means, word=status, accepted=datetime(2026, 11, 20, tzinfo=UTC)
            )

    def create_agreement(self, tenant: str, *, email: str, date_agreed: date, **_rest: Any) -> Agreement:
        self.before("create_agreement")
        made = Agreement("t-1", "MicrosoftCustomerAgreement", date_agreed, "", "", email, "", "")
        self.agreements_of.setdefault(tenant, []).append(made)
        self.after("create_agreement")
        return made

    def remove_relationship(self, tenant: str, *, request_id: str) -> None:
        self.before("remove_relationship")
        self.tenants.pop(tenant, None)
        self.after("remove_relationship")


class _Rows:
    def __init__(self, world: World) -> None:
        self._world = world

    def get(self, key: str) -> AssociationRow | None:
        return self._world.rows.get(key)

    def put(self, key: str, row: AssociationRow) -> AssociationRow:
        self._world.before("put_row")
        self._world.rows[key] = row
        self._world.after("put_row")
        return row


def legacy(when: str) -> LegacyProfile:
    """The deprecated profile with one attested agreement of this day."""
    agreement = LegacyAgreement("A", "B", "a@b.example", "", "t", date.fromisoformat(when), "MCA", "")
    return LegacyProfile("t", "d", (), "c", "en-US", "Accepted", (agreement,))


def profile(*, enabled: bool | None = True, tenant: str = "", domain: str = "", status: str = "") -> CloudProfile:
    """The Microsoft row as cloudProfiles shows it."""
    return CloudProfile("30", "Legacy Azure", enabled, tenant, domain, status, "")

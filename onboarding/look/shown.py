"""What ION and Partner Center show of a customer, interpreted once: the status of its profile, its Microsoft row, its
relationship, its agreement.

A run, drift, adoption and `csp status --live` all read these answers through here, so that no two of them can take the
same answer for two things. Nothing is compared with a declaration here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from clients.ion.models import LegacyAgreement
from clients.partner_center.models import Agreement
from clients.words import AGREEMENT, PROFILE, UNKNOWN, meaning
from onboarding.core.contract import ABSENT, NOT_VISIBLE, FieldState

if TYPE_CHECKING:
    import schemas
    from clients.ion.models import AssociationRow, IonCustomer
    from onboarding.look.snapshot import Look

PROFILES, ENDPOINT = "ION cloudProfiles", "association endpoint"
"""Where a row is seen."""


def is_active(customer: IonCustomer, connection: schemas.Connection) -> bool:
    """Whether the profile may purchase, by ION's word for it or one that the connection teaches."""
    return meaning(PROFILE, customer.status, connection.status_words) == "active"


@dataclass(frozen=True, slots=True)
class SeenRow:
    """The Microsoft row of a customer's Cloud Providers.

    shown: a row is shown. hides: the system may keep a row to itself (ION does while portal access is off), so that
    none shown does not mean none there. tenant: linked tenant id, lower case, "" when none is linked, None when that is
    not visible. portal_access: None when not told. agreement: ION's word for it, "" for none. whole: everything,
    where the association endpoint shows it.
    """

    where: str
    shown: bool
    hides: bool
    tenant: str | None = None
    domain: str = ""
    portal_access: bool | None = None
    agreement: str = ""
    whole: AssociationRow | None = None

    @property
    def linked(self) -> str:
        """The linked tenant for people: its id, and its domain where that is shown; "" for none."""
        return tenant_text(self.tenant or "", self.domain)

    @property
    def unlinked(self) -> bool:
        """A row is shown whole, and no tenant is linked in it."""
        return self.shown and self.tenant == ""


def tenant_text(tenant: str, domain: str) -> str:
    """A tenant for people: its id, and its domain where that is known."""
    return f"{tenant} ({domain})" if tenant and domain else tenant


def row_of(look: Look, customer_id: str) -> SeenRow:
    """The row as the association endpoint shows it where the connection has one, else as cloudProfiles do. Raises
    ClientErrors. One call, remembered by the look."""
    if look.session.association is None:
        return row_in_ion(look, customer_id)
    row = look.row(customer_id)
    if row is None:
        return SeenRow(ENDPOINT, shown=False, hides=False, tenant="")
    return SeenRow(
        ENDPOINT,
        shown=True,
        hides=False,
        tenant=row.tenant_id.lower(),
        domain=row.domain,
        portal_access=row.portal_access,
        whole=row,
    )


def row_in_ion(look: Look, customer_id: str) -> SeenRow:
    """The row as cloudProfiles show it: whole while portal access is on, in part or not at all while it is off. Raises
    ClientErrors."""
    profile = next((row for row in look.cloud_profiles(customer_id) if row.is_microsoft), None)
    if profile is None:
        return SeenRow(PROFILES, shown=False, hides=True)
    return SeenRow(
        PROFILES,
        shown=True,
        hides=True,
        tenant=profile.tenant_id.lower() or ("" if profile.enabled else None),
        domain=profile.domain,
        portal_access=profile.enabled,
        agreement=profile.agreement_status.strip(),
    )


def other_rows(look: Look, customer_id: str) -> list[str]:
    """Names of the rows of other providers that ION shows."""
    return [
        row.display_name or row.short_name or row.provider_id
        for row in look.cloud_profiles(customer_id)
        if not row.is_microsoft
    ]


@dataclass(frozen=True, slots=True)
class SeenAgreement:
    """What a row tells of the agreement. `text`: what is seen, in words; `where`: and where."""

    state: FieldState
    text: str
    where: str
    word: str = ""
    unknown: bool = False


def agreement_in(row: SeenRow, connection: schemas.Connection) -> SeenAgreement:
    """The agreement by ION's word for it. A word that nobody knows counts as not visible; so does none in a row without
    a tenant, because a row shows the agreement of its tenant."""
    word = row.agreement
    if says_accepted(word, connection):
        return SeenAgreement("match", word, row.where, word)
    if word and meaning(AGREEMENT, word, connection.status_words) == UNKNOWN:
        where = f'{row.where}, which say "{word}": nobody knows what that means'
        return SeenAgreement("not_visible", f"unknown: {word}", where, word, unknown=True)
    where = f"{row.where}, which need a linked tenant" if row.unlinked else row.where
    if word or (row.portal_access and not row.unlinked):
        return SeenAgreement("mismatch", word or ABSENT, where, word)
    return SeenAgreement("not_visible", NOT_VISIBLE, where, word)


def says_accepted(word: str, connection: schemas.Connection) -> bool:
    """Whether ION's word for the agreement (`agreementStatus`) means that it is accepted."""
    return meaning(AGREEMENT, word, connection.status_words) == "accepted"


A = TypeVar("A", Agreement, LegacyAgreement)


def latest(agreements: Iterable[A], wanted: str = "") -> A | None:
    """The agreement of the last day; of several that day the one of the `wanted` e-mail (a list has no order). Those
    without a day do not count."""
    dated = [one for one in agreements if one.date_agreed is not None]
    return max(dated, key=lambda one: (one.date_agreed, one.email.lower() == wanted.lower()), default=None)


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What Partner Center has on record. kind: of the agreement that counts, "" for none. latest: the last attested
    one that was read, whether it counts or is too old."""

    kind: Literal["direct", "attested", ""]
    latest: Agreement | None = None


def on_record(look: Look, tenant_id: str, wanted: str = "", *, direct_first: bool = False) -> OnRecord:
    """The agreement of a tenant. One read a customer is the budget, so the kind that is expected is asked for first.
    wanted: e-mail of the signatory. Raises ClientErrors, NotFound without a relationship."""
    if direct_first and look.directly_signed(tenant_id):
        return OnRecord("direct")
    found = latest(look.agreements(tenant_id), wanted)
    day = found.date_agreed if found else None
    if day and day >= look.session.connection.agreement_valid_from:
        return OnRecord("attested", found)
    if not direct_first and look.directly_signed(tenant_id):
        return OnRecord("direct", found)
    return OnRecord("", found)

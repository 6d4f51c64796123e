"""How things are looked at: directly (before a write) or through the estate snapshot (for reads of a whole estate).

Both answer the same questions. The snapshot asks for list pages once a process and remembers; it serves `read` only,
because a write must see the present moment.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

from clients.errors import ClientError, NotFound, contained
from clients.words import PROFILE_STATUSES, relationship
from onboarding.core.compare import ONMICROSOFT, domain, email

if TYPE_CHECKING:
    from clients.ion.models import AssociationRow, CloudProfile, IonCustomer, LegacyProfile
    from clients.partner_center.models import Agreement, AttestationState, PcCustomer, ResellerVerdict
    from clients.session import Session

T = TypeVar("T")
Remembered = tuple[Any, ClientError | None]


class Look:
    """Looks at the present moment; every question is asked once an instance. Thread-safe."""

    bulk = False

    def __init__(self, session: Session) -> None:
        self.session = session
        self._answers: dict[Hashable, Remembered] = {}
        self._asking: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()

    def _once(self, question: Hashable, ask: Callable[[], T]) -> T:
        """The remembered answer (or failure) of a question; asked once even from several threads."""
        with self._guard:
            lock = self._asking.setdefault(question, threading.Lock())
        with lock:
            if question not in self._answers:
                try:
                    with contained():
                        self._answers[question] = (ask(), None)
                except ClientError as failure:
                    self._answers[question] = (None, failure)
            answer, error = self._answers[question]
        if error is not None:
            raise error
        result: T = answer
        return result

    def forget(self) -> None:
        """Drop every answer: something was written."""
        with self._guard:
            self._answers.clear()

    # ION

    def ion_customer(self, customer_id: str) -> IonCustomer | None:
        """The profile with this id in our account, None when ION says that there is none."""
        ion = self.session.ion
        assert ion is not None
        return self._once(("ion", customer_id), lambda: _absent(lambda: ion.customer(customer_id)))

    def ion_customer_by_email(self, address: str) -> IonCustomer | None:
        """The profile with this e-mail, active or not."""
        ion = self.session.ion
        assert ion is not None
        return self._once(("ion-email", email(address)), lambda: ion.find_by_email(address))

    def cloud_profiles(self, customer_id: str) -> list[CloudProfile]:
        """All rows of Cloud Providers that ION shows, of any provider; `look.shown` reads them."""
        ion = self.session.ion
        assert ion is not None
        return self._once(("profiles", customer_id), lambda: ion.cloud_profiles(customer_id))

    def legacy_profile(self, customer_id: str) -> LegacyProfile | None:
        """The deprecated cloudProfile, optional evidence; any failure of it means no evidence."""
        ion = self.session.ion
        assert ion is not None
        try:
            return self._once(("legacy", customer_id), lambda: ion.agreement_evidence(customer_id))
        except ClientError:
            return None

    def price_currency(self, customer_id: str) -> str | None:
        """Currency of the prices that ION quotes to this customer, None where it quotes none. Raises ClientErrors."""
        ion = self.session.ion
        assert ion is not None
        return self._once(("price", customer_id), lambda: ion.price_currency(customer_id))

    def row(self, customer_id: str) -> AssociationRow | None:
        """The whole Cloud Provider row, where the connection has the association endpoint."""
        api = self.session.association
        assert api is not None
        return self._once(("row", customer_id), lambda: api.get(customer_id))

    # Partner Center and Entra

    def related(self, tenant_id: str) -> PcCustomer | None:
        """The tenant as a customer of our Partner Center, None when it is not (or not yet) one."""
        pc = self.session.partner_center
        assert pc is not None
        return self._once(("pc", tenant_id.lower()), lambda: _absent(lambda: pc.customer(tenant_id)))

    def related_by_domain(self, name: str) -> PcCustomer | None:
        """The same by initial domain (x.onmicrosoft.com); Partner Center finds no other domain."""
        pc = self.session.partner_center
        assert pc is not None
        if not domain(name).endswith(ONMICROSOFT):
            return None
        return self._once(("pc-domain", domain(name)), lambda: pc.find_by_domain(name))

    def discovered_tenant(self, name: str) -> str:
        """Tenant id of a domain by OpenID discovery, "" when there is none or it cannot be asked."""
        try:
            return self._once(("entra", domain(name)), lambda: self.session.entra.tenant_id(name)) or ""
        except ClientError:
            return ""

    def directly_signed(self, tenant_id: str) -> bool:
        """Whether the customer itself accepted the Microsoft Customer Agreement."""
        pc = self.session.partner_center
        assert pc is not None
        return self._once(("direct", tenant_id), lambda: pc.directly_signed(tenant_id))

    def agreements(self, tenant_id: str) -> list[Agreement]:
        """The partner attestations of the Microsoft Customer Agreement."""
        pc = self.session.partner_center
        assert pc is not None
        return self._once(("agreements", tenant_id), lambda: pc.agreements(tenant_id))

    def agreement_templates(self) -> list[str]:
        """Ids of the templates that the agreement is made with today, the highest rank last; [] when nobody tells."""
        pc = self.session.partner_center
        assert pc is not None
        try:
            found = self._once("templates", pc.agreement_templates)
        except ClientError:
            return []
        return [template.template_id for template in sorted(found, key=lambda one: one.version_rank)]

    def attestation(self, attestation_id: str) -> AttestationState | None:
        """An enhanced attestation by id, None when Microsoft does not know it."""
        pc = self.session.partner_center
        assert pc is not None
        return self._once(("attestation", attestation_id), lambda: _absent(lambda: pc.attestation(attestation_id)))

    def reseller_verdict(self) -> ResellerVerdict | None:
        """Microsoft's verdict on the reseller of this connection; None when no role can ask or it does not answer."""
        pc, partner_id = self.session.partner_center, self.session.reseller_partner_id
        if pc is None or not partner_id:
            return None
        try:
            verdicts = self._once("reseller", lambda: pc.reseller_may_transact([partner_id]))
        except ClientError:
            return None
        return verdicts.get(partner_id)


class EstateLook(Look):
    """Serves the reads of a whole estate from list pages, read once a process."""

    bulk = True

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.ahead: deque[tuple[str, str]] = deque()
        """Questions that are asked before anybody needs their answers (onboarding/look/ahead.py)."""

    def forget(self) -> None:
        self.ahead.clear()
        super().forget()

    def _ion_customers(self) -> list[IonCustomer]:
        ion = self.session.ion
        assert ion is not None
        return self._once(
            "ion-list", lambda: [one for status in PROFILE_STATUSES for one in ion.customers(status=status)]
        )

    def _ion_index(self) -> tuple[dict[str, IonCustomer], dict[str, IonCustomer]]:
        customers = self._ion_customers()
        return self._once(
            "ion-index", lambda: ({c.id: c for c in customers}, {email(c.email): c for c in reversed(customers)})
        )

    def _pc_index(self) -> tuple[dict[str, PcCustomer], dict[str, PcCustomer]]:
        pc = self.session.partner_center
        assert pc is not None

        def ask() -> tuple[dict[str, PcCustomer], dict[str, PcCustomer]]:
            customers = pc.customers()
            return {c.id.lower(): c for c in customers}, {domain(c.domain): c for c in customers}

        return self._once("pc-index", ask)

    def ion_customers(self) -> list[IonCustomer]:
        """Every customer of the ION account, of every status; [] without an ION connection."""
        return self._ion_customers() if self.session.ion is not None else []

    def related_tenants(self) -> dict[str, PcCustomer]:
        """Every customer of our Partner Center by lower-case tenant id, without those that Microsoft lists as not
        related; {} where the role cannot ask."""
        if self.session.partner_center is None:
            return {}
        listed, connection = self._pc_index()[0], self.session.connection

        def ask() -> dict[str, PcCustomer]:
            return {
                tenant: one
                for tenant, one in listed.items()
                if relationship(one.relationship_to_partner, connection.status_words) != "not related"
            }

        return self._once("related", ask)

    def ion_customer(self, customer_id: str) -> IonCustomer | None:
        return self._ion_index()[0].get(customer_id)

    def ion_customer_by_email(self, address: str) -> IonCustomer | None:
        return self._ion_index()[1].get(email(address))

    def related(self, tenant_id: str) -> PcCustomer | None:
        return self._pc_index()[0].get(tenant_id.lower())

    def related_by_domain(self, name: str) -> PcCustomer | None:
        return self._pc_index()[1].get(domain(name))


class IonLook(EstateLook):
    """An account through one ION token alone: Microsoft is not asked even where the role could, and of ION neither the
    association endpoint nor the deprecated call."""

    def __init__(self, session: Session) -> None:
        alone = copy(session)
        alone.partner_center = alone.association = None
        super().__init__(alone)

    def legacy_profile(self, customer_id: str) -> LegacyProfile | None:
        return None


def _absent(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except NotFound:
        return None

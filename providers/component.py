"""One customer from end to end, and the whole estate of a stack."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
from pulumi.output import Unknown

import schemas
from onboarding.core import contract
from onboarding.core.names import COMPONENT_TYPE, LEAVE_OUT, ONLY
from onboarding.resources.inputs import inputs_of
from providers import last_look
from providers.attestation import Attestation
from providers.customer import Customer
from providers.estate import Estate
from providers.provider_association import ProviderAssociation
from providers.tenant_identity import TenantIdentity
from schemas.check import sensitive
from schemas.command import shown
from schemas.plain import count, plain

DELETING = "end-relationship"
HANDLED = {"ready": "settled", "waiting": "waiting", "blocked": "stopped", "unobserved": "not_looked_at"}
"""Status of a customer's resources -> its word in the counts of a run."""
AT_ONCE = 200
"""Customers whose registration is under way at a time: more than any engine works on at once."""


class OnboardedCustomer(pulumi.ComponentResource):
    """The four resources of one customer, each connected to the next by the values it carries."""

    def __init__(self, declared: schemas.Customer, opts: pulumi.ResourceOptions) -> None:
        """`opts` name the connection's provider and the guard; resources keep what is out there when they are
        removed."""
        super().__init__(COMPONENT_TYPE, declared.key, None, _known_as(declared, opts))
        self.key = declared.key
        inputs = inputs_of(declared)
        self.customer = Customer(declared.key, inputs["Customer"], self._child(declared))
        ion = {"ion_customer_id": self.customer.ion_customer_id}
        self.association = ProviderAssociation(declared.key, inputs["ProviderAssociation"] | ion, self._child(declared))
        self.identity = TenantIdentity(
            declared.key,
            inputs["TenantIdentity"] | ion,
            self._child(declared, deletable=True, after=self.association),
        )
        tenant = {"tenant_id": self.identity.tenant_id, "attestation_id": self.identity.attestation_id}
        self.attestation = Attestation(
            declared.key, inputs["Attestation"] | ion | tenant, self._child(declared, after=self.association)
        )
        self.resources: tuple[Any, ...] = (self.customer, self.association, self.identity, self.attestation)
        self.register_outputs({})

    async def settled(self) -> None:
        """Return when the engine is done with all four resources, however it went."""
        await asyncio.gather(*(part.urn.future() for part in self.resources), return_exceptions=True)

    def _child(
        self, declared: schemas.Customer, *, deletable: bool = False, after: pulumi.Resource | None = None
    ) -> pulumi.ResourceOptions:
        keeps = not (deletable and declared.on_remove == DELETING)
        depends_on = [after] if after is not None else []
        return _known_as(declared, pulumi.ResourceOptions(parent=self, retain_on_delete=keeps, depends_on=depends_on))


def _known_as(declared: schemas.Customer, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """A renamed customer keeps its identity: the former keys are aliases of the name."""
    return pulumi.ResourceOptions.merge(
        opts, pulumi.ResourceOptions(aliases=[pulumi.Alias(name=former) for former in declared.previously])
    )


async def declare(estate: schemas.Estate) -> None:
    """Declare the estate to Pulumi: guard first, one provider a connection, one component a customer; export counts."""
    project = pulumi.get_project()
    used = sorted({customer.connection for customer in estate.customers})
    providers: Mapping[str, pulumi.ProviderResource] = {
        name: pulumi.ProviderResource("pulumi-python", name, {f"{project}:connection": name}) for name in used
    }
    if not used:
        pulumi.export("counts", {"customers": 0})
        return
    guard = Estate(
        estate,
        {name: sensitive.lines_of(estate.connections[name], estate.project_dir) for name in used},
        pulumi.ResourceOptions(provider=providers[used[0]], retain_on_delete=True),
    )
    guard.changed_now().apply(_tell_changed)
    guard.removed_now().apply(_tell_removed)  # on its own: in a preview the statuses of what will change are not known
    left_out = set(Path(name).read_text("utf-8").split() if (name := os.environ.get(LEAVE_OUT)) else ())
    if only := os.environ.get(ONLY, ""):
        left_out = {one.key for one in estate.customers} - {only}
    customers = sorted((one for one in estate.customers if one.key not in left_out), key=lambda c: c.key)
    components = await _components(customers, estate.connections, guard, providers)
    if left_out:
        return  # counts of some would be wrong
    summaries = [
        pulumi.Output.all(component.key, *(part for r in component.resources for part in (r.status, r.reason)))
        for component in components
    ]
    pulumi.export("counts", pulumi.Output.all(*summaries).apply(_tell))
    last_look.declare(estate, providers, [*components])


async def _components(
    customers: Sequence[schemas.Customer],
    connections: Mapping[str, schemas.Connection],
    guard: Estate,
    providers: Mapping[str, pulumi.ProviderResource],
) -> list[OnboardedCustomer]:
    """The customers in this order, AT_ONCE at a time: the SDK's last wait looks at all outstanding values whenever one
    of them settles, which for thousands of customers takes far longer than the run itself."""
    room = asyncio.Semaphore(AT_ONCE)
    under_way: set[asyncio.Future[None]] = set()

    def done(one: asyncio.Future[None]) -> None:
        under_way.discard(one)
        room.release()

    components = []
    for customer in customers:
        await room.acquire()
        component = OnboardedCustomer(
            customer,
            pulumi.ResourceOptions(providers=[providers[customer.connection]], depends_on=[guard]),
        )
        if pulumi.runtime.is_dry_run():
            _announce_tenant(component, customer, connections)
        components.append(component)
        one = asyncio.ensure_future(component.settled())
        under_way.add(one)
        one.add_done_callback(done)
    if under_way:
        await asyncio.wait(under_way)
    return components


def _announce_tenant(
    component: OnboardedCustomer, declared: schemas.Customer, connections: Mapping[str, schemas.Connection]
) -> None:
    """A preview that makes a tenant says so: it cannot be undone. Made before: the agreement, which keeps what it knew,
    has the tenant's id. Planned at all: the outputs of the identity are not known."""
    identity = declared.identity
    if not isinstance(identity, schemas.NewIdentity) or identity.confirm_new_tenant != identity.domain_prefix:
        return
    if declared.lifecycle != "active" or not connections[declared.connection].calls_partner_center:
        return
    text = (
        f"{declared.key}: will create the Microsoft tenant {identity.initial_domain} for ever. It cannot be undone, "
        "and the prefix is never free again. Prefix, address, contact and agreement are checked before."
    )

    def tell(values: list[Any]) -> None:
        made, planned = values
        if (isinstance(made, Unknown) or not made) and isinstance(planned, Unknown):
            pulumi.log.warn(text)

    known = pulumi.Output.all(component.attestation.tenant_id, component.identity.tenant_id)
    known.apply(tell, run_with_unknowns=True)


def _tell_changed(changed: Mapping[str, str]) -> None:
    """Say which lines changed that decide whom we trust, in one message."""
    if changed:
        lines = [plain(f"{name}: {told}") for name, told in changed.items()]
        pulumi.log.warn("lines of connections that decide whom we trust:\n  " + "\n  ".join(lines))


def _tell_removed(removed: Mapping[str, str]) -> None:
    """Say what stays where it is when a customer's file is removed."""
    for key, text in removed.items():
        pulumi.log.warn(plain(f"{key}: {text}"))


def _tell(customers: list[Any]) -> dict[str, Any]:
    """Print which customers are stopped, in one message; return the counts of what this run handled, and when. Who can
    order is another question, which `csp status` answers."""
    worst = [_worst(customer) for customer in customers]
    counts = Counter(status for _, status, _ in worst)
    stopped = [
        plain(f"{key}: {shown(reason, stack=pulumi.get_stack())}")
        for key, status, reason in worst
        if status == "blocked"
    ]
    if stopped:
        pulumi.log.warn(f"{len(stopped)} of {count(len(worst), 'customer')} stopped\n  " + "\n  ".join(stopped))
    return {"at": contract.now(), "customers": len(worst)} | {
        word: counts.get(status, 0) for status, word in HANDLED.items()
    }


def _worst(customer: list[Any]) -> tuple[str, str, str]:
    """Key, status and reason of a customer: that of its first resource which is not ready."""
    key, *rest = customer
    pairs = list(zip(rest[::2], rest[1::2], strict=True))
    for wanted in ("blocked", "unobserved", "waiting"):
        for status, reason in pairs:
            if status == wanted:
                return key, wanted, reason or ""
    return key, "ready", ""

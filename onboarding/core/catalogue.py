"""The resources of a customer, each declared once: name in state, section of the file, what it gets from others.

The engine's classes, adoption (which writes state without a program), readiness, drift and the names in messages are
made of `RESOURCES`. docs/state.md fixes the names; `tests/providers/test_state_format.py` compares them with what
Pulumi makes of the classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, get_args

from onboarding.core.names import TYPE_PREFIX
from schemas.model.customer import Customer
from schemas.model.gates import GATES, ResourceName


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a customer.

    name: in its type token. title: how messages name it. module: its verbs in `onboarding.resources`, its class in
    `providers`. section: of the customer file that declares it. reference: what `__provider` holds for ever, the pickle
    of `providers.<module>:provider`. from_others: input -> the earlier resource whose output of that name it is.
    """

    name: ResourceName
    title: str
    module: str
    section: str
    reference: str
    from_others: Mapping[str, ResourceName] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """The type token."""
        return f"{TYPE_PREFIX}{self.name}"

    @property
    def thing(self) -> Any:
        """The module with the verbs. Loaded when it is asked for: who only reads a state needs none of them."""
        return import_module(f"onboarding.resources.{self.module}")

    @property
    def carried(self) -> tuple[str, ...]:
        """The outputs that later resources get from this one (`CARRIED` of its verbs)."""
        return tuple(
            dict.fromkeys(name for one in _RESOURCES for name, giver in one.from_others.items() if giver == self.name)
        )


_ION: Mapping[str, ResourceName] = {"ion_customer_id": "Customer"}
_RESOURCES = (
    Resource(
        "Customer",
        "customer profile",
        "customer",
        "profile",
        "gASVJgAAAAAAAACMEnByb3ZpZGVycy5jdXN0b21lcpSMCHByb3ZpZGVylJOUKVKULg==",
    ),
    Resource(
        "ProviderAssociation",
        "Cloud Provider row",
        "provider_association",
        "cloud_provider",
        "gASVMgAAAAAAAACMHnByb3ZpZGVycy5wcm92aWRlcl9hc3NvY2lhdGlvbpSMCHByb3ZpZGVylJOUKVKULg==",
        _ION,
    ),
    Resource(
        "TenantIdentity",
        "Microsoft tenant",
        "tenant_identity",
        "identity",
        "gASVLQAAAAAAAACMGXByb3ZpZGVycy50ZW5hbnRfaWRlbnRpdHmUjAhwcm92aWRlcpSTlClSlC4=",
        _ION,
    ),
    Resource(
        "Attestation",
        "agreement",
        "attestation",
        "attestation",
        "gASVKQAAAAAAAACMFXByb3ZpZGVycy5hdHRlc3RhdGlvbpSMCHByb3ZpZGVylJOUKVKULg==",
        {**_ION, "tenant_id": "TenantIdentity", "attestation_id": "TenantIdentity"},
    ),
)
RESOURCES: Mapping[str, Resource] = {resource.name: resource for resource in _RESOURCES}
"""By name, in the order in which each gives values to the next."""


def _fields(section: Any) -> set[str]:
    """Names of the fields of a section of the customer file, of each of its kinds."""
    if isinstance(section, type):
        return set(getattr(section, "model_fields", {}))
    return {name for part in get_args(section) for name in _fields(part)}


CLAIMS = frozenset(
    fact
    for gate in GATES.values()
    for fact in gate.facts
    if fact not in _fields(Customer.model_fields[RESOURCES[gate.resource].section].annotation)
)
"""Facts of a gate that are no value of a field: somebody brings them about."""

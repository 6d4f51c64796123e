"""Resource: the Microsoft tenant of a customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from onboarding.resources import tenant_identity as thing
from providers.dynamic import Provider, Resource


def provider() -> Provider:
    """State refers to this function by name: never rename or move it."""
    return Provider("Microsoft tenant", thing, provider, from_others=("ion_customer_id",))


class TenantIdentity(Resource, module="csp", name="TenantIdentity"):
    """Inputs: `onboarding.resources.tenant_identity.TenantIdentityInputs`. Carries `tenant_id` and `attestation_id`
    ("" while unknown)."""

    tenant_id: pulumi.Output[str]
    attestation_id: pulumi.Output[str]

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(provider(), name, inputs, thing.CARRIED, opts)

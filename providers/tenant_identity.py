"""Resource: the Microsoft tenant of a customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from onboarding.core.catalogue import RESOURCES
from providers.dynamic import Provider, Resource, provider_of


def provider() -> Provider:
    """State refers to this function by name: never rename or move it."""
    return provider_of("TenantIdentity", provider)


class TenantIdentity(Resource, module="csp", name="TenantIdentity"):
    """Inputs: `onboarding.resources.tenant_identity.TenantIdentityInputs`. Carries `tenant_id` and `attestation_id`
    ("" while unknown)."""

    tenant_id: pulumi.Output[str]
    attestation_id: pulumi.Output[str]

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(provider(), name, inputs, RESOURCES["TenantIdentity"].carried, opts)

"""Resource: the Cloud Provider row of a customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from onboarding.core.catalogue import RESOURCES
from providers.dynamic import Provider, Resource, provider_of


def provider() -> Provider:
    """State refers to this function by name: never rename or move it."""
    return provider_of("ProviderAssociation", provider)


class ProviderAssociation(Resource, module="csp", name="ProviderAssociation"):
    """Inputs: `onboarding.resources.provider_association.ProviderAssociationInputs`."""

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(provider(), name, inputs, RESOURCES["ProviderAssociation"].carried, opts)

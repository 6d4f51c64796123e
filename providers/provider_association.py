"""Resource: the Cloud Provider row of a customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from onboarding.resources import provider_association as thing
from providers.dynamic import Provider, Resource


def provider() -> Provider:
    """State refers to this function by name: never rename or move it."""
    return Provider("Cloud Provider row", thing, provider, from_others=("ion_customer_id",))


class ProviderAssociation(Resource, module="csp", name="ProviderAssociation"):
    """Inputs: `onboarding.resources.provider_association.ProviderAssociationInputs`."""

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(provider(), name, inputs, thing.CARRIED, opts)

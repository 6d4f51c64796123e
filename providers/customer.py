"""Resource: the customer profile in ION."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from onboarding.core.catalogue import RESOURCES
from providers.dynamic import Provider, Resource, provider_of


def provider() -> Provider:
    """State refers to this function by name: never rename or move it."""
    return provider_of("Customer", provider)


class Customer(Resource, module="csp", name="Customer"):
    """Inputs: `onboarding.resources.customer.CustomerInputs`. Carries `ion_customer_id` ("" while unknown)."""

    ion_customer_id: pulumi.Output[str]

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(provider(), name, inputs, RESOURCES["Customer"].carried, opts)

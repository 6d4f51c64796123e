"""Resource: the customer profile in ION."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from onboarding.resources import customer as thing
from providers.dynamic import Provider, Resource


def provider() -> Provider:
    """State refers to this function by name: never rename or move it."""
    return Provider("customer profile", thing, provider)


class Customer(Resource, module="csp", name="Customer"):
    """Inputs: `onboarding.resources.customer.CustomerInputs`. Carries `ion_customer_id` ("" while unknown)."""

    ion_customer_id: pulumi.Output[str]

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(provider(), name, inputs, thing.CARRIED, opts)

"""Resource: the Microsoft Customer Agreement of a customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from onboarding.resources import attestation as thing
from providers.dynamic import Provider, Resource


def provider() -> Provider:
    """State refers to this function by name: never rename or move it."""
    return Provider("agreement", thing, provider, from_others=("ion_customer_id", "tenant_id", "attestation_id"))


class Attestation(Resource, module="csp", name="Attestation"):
    """Inputs: `onboarding.resources.attestation.AttestationInputs`."""

    tenant_id: pulumi.Output[str]

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(provider(), name, inputs, thing.CARRIED, opts)

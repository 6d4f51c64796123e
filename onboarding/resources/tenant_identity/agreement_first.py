"""Agreement first: the signatory accepts before the tenant is made (a setting of a new identity)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import schemas
from onboarding.resources import attestation

if TYPE_CHECKING:
    from onboarding.core.contract import Known
    from onboarding.resources.tenant_identity.observe import TenantIdentityInputs

ASKED_FOR = "asked_for"
"""In memory: who signs for whom in the agreement that was asked for."""


def agreement_inputs(desired: TenantIdentityInputs, identity: schemas.NewIdentity) -> attestation.AttestationInputs:
    """The agreement part of a new tenant, for the case that the agreement comes first."""
    assert desired.attestation is not None
    place = identity.address or desired.address
    return attestation.AttestationInputs(
        key=desired.key,
        attestation=desired.attestation,
        route="partner",
        company=desired.attestation.entity(identity.company_name or desired.company),
        country=place.country if place else "",
        language=desired.language,
    )


def asked(desired: TenantIdentityInputs, known: Known) -> str:
    """Id of the agreement that is under way for the declared signatory and company; "" when nobody, or somebody else,
    was asked."""
    found = known.memory.get("attestation_id", "")
    before = known.memory.get(ASKED_FOR, "")
    if not found or not before or not isinstance(desired.identity, schemas.NewIdentity) or desired.attestation is None:
        return found
    return found if before == attestation.signer(agreement_inputs(desired, desired.identity)) else ""

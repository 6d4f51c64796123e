"""Agreement first: the signatory accepts before the tenant is made (a setting of a new identity)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import schemas
from onboarding.resources import attestation
from onboarding.resources.memory import TenantMemory

if TYPE_CHECKING:
    from onboarding.core.contract import Known
    from onboarding.resources.tenant_identity.declared import TenantIdentityInputs


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
    memory = TenantMemory.of(known)
    found, before = memory.attestation_id, memory.asked_for
    if not found or not before or not isinstance(desired.identity, schemas.NewIdentity) or desired.attestation is None:
        return found
    return found if before == attestation.signer(agreement_inputs(desired, desired.identity)) else ""

"""Agreement first: the signatory accepts before the tenant is made (a setting of a new identity)."""

from __future__ import annotations

import schemas
from onboarding import attestation
from onboarding.tenant_identity.observe import TenantIdentityInputs


def agreement_inputs(desired: TenantIdentityInputs, identity: schemas.NewIdentity) -> attestation.AttestationInputs:
    """The agreement part of a new tenant, for the case that the agreement comes first."""
    assert desired.attestation is not None
    place = identity.address or desired.address
    return attestation.AttestationInputs(
        key=desired.key,
        attestation=desired.attestation,
        route="partner",
        company=identity.company_name or desired.company,
        country=place.country if place else "",
    )

"""What a customer file declares of the tenant."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field as Limit

import schemas
from schemas.model.customer import Ending


class TenantIdentityInputs(schemas.Declared):
    """The declared identity. For a new tenant also what the create call needs and, to ask the agreement first, the
    signatory; for an invitation the company and the language of its people ("en", "fr")."""

    key: Annotated[str, Limit(min_length=1)]
    ion_customer_id: str = ""
    identity: schemas.Identity
    company: str = ""
    language: str | None = None
    address: schemas.Address | None = None
    attestation: schemas.Attestation | None = None
    adopt: bool = False
    on_remove: str = "keep"
    lifecycle: Ending | None = None

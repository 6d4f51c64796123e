"""Partner Center v1. Importing the package registers its operations and ledger rows."""

from csp_sandbox.partner_center import (
    agreements,
    attestations,
    billing,
    checks,
    create,
    customers,
    listing,
    partners,
    relationships,
)
from csp_sandbox.partner_center.system import PARTNER_CENTER

__all__ = [
    "PARTNER_CENTER",
    "agreements",
    "attestations",
    "billing",
    "checks",
    "create",
    "customers",
    "listing",
    "partners",
    "relationships",
]

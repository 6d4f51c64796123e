"""The Microsoft Entra tenant of a customer: new, existing or by invitation; related to us, and linked to the Cloud
Provider row.

No API shows an accepted invitation to an indirect reseller; a role that may call Partner Center sees it in its customer
list. A declared tenant that contradicts the linked one is blocked with the support route: the tool never re-points it.
"""

from onboarding.resources.tenant_identity.converge import converge, release
from onboarding.resources.tenant_identity.declared import TenantIdentityInputs
from onboarding.resources.tenant_identity.observe import CARRIED, observe
from onboarding.resources.tenant_identity.rename import unsettled
from onboarding.resources.tenant_identity.verdict import assess

Inputs = TenantIdentityInputs

__all__ = ["CARRIED", "Inputs", "TenantIdentityInputs", "assess", "converge", "observe", "release", "unsettled"]

"""What the resource of a tenant remembers."""

from __future__ import annotations

from onboarding.core.remembered import Asking, Invited, Sent


class TenantMemory(Asking):
    """What no system shows of a customer's tenant. The agreement is asked for here where it comes before the tenant.

    discovered: tenant id that the declared domain led to. domain, declared_domain: of the settled tenant, its own and
    the one that the file named. link: Microsoft's own relationship link. invitation: as the last look saw it.
    invitation_number: how often it was made, from 1. create_sent: a create that nobody answered. created_at: when we
    made the tenant. shown: Partner Center has shown it since. renamed_from: a company name whose successor did not
    reach Partner Center yet. credentials: reference in the hand-over store, "lost", or "output" where no place took
    them; credentials_text: then the sign-in, encrypted to the recipients with age, base64.
    """

    discovered: str = ""
    domain: str = ""
    declared_domain: str = ""
    link: str = ""
    invitation: Invited | None = None
    invitation_number: int = 1
    create_sent: Sent | None = None
    created_at: str = ""
    shown: bool = False
    renamed_from: str = ""
    credentials: str = ""
    credentials_text: str = ""

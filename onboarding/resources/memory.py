"""What the resources of a tenant and of an agreement remember. Read by readiness too, so it loads neither of them."""

from __future__ import annotations

from onboarding.core.remembered import Asking, Invited, Recorded, Sent, Signer

EVIDENCE = ("agreed_on", "agreed_by", "template", "template_replaced", "where")
"""Fields about an agreement that holds; replaced as a whole with every look."""


class AttestationMemory(Asking):
    """What no system shows of a customer's agreement.

    kind: how it is satisfied, "direct" or "attested"; signer: who signed for whom. given, given_for: the attestation
    that the resource of the tenant began, and for whom. accepted_at: when the signatory accepted. finalised: when we
    put it on record, on_record: that attestation. known_already: the attestation for which Microsoft said that there is
    an agreement already (600061) and listed none. recorded: the one whose agreement Microsoft called created. current:
    a current day was seen in ION; old_status: ION's word when the day was too old. Times are RFC 3339.
    agreed_on, agreed_by, template, template_replaced, where: see EVIDENCE.
    """

    kind: str = ""
    signer: Signer | None = None
    given: str = ""
    given_for: Signer | None = None
    accepted_at: str = ""
    finalised: str = ""
    on_record: str = ""
    known_already: str = ""
    recorded: Recorded | None = None
    current: bool = False
    old_status: str = ""
    agreed_on: str = ""
    agreed_by: str = ""
    template: str = ""
    template_replaced: str = ""
    where: str = ""


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

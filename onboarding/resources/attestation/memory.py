"""What the resource of an agreement remembers."""

from __future__ import annotations

from onboarding.core.remembered import Asking, Recorded, Signer

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

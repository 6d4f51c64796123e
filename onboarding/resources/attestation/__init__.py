"""Evidence that the Microsoft Customer Agreement (MCA) is accepted.

Satisfied by a direct acceptance, or by an attested agreement of a day that is not older than the connection's
`agreement_valid_from` (partner-center.md 5.5). A role that may call Partner Center asks the signatory by the enhanced
attestation and creates the agreement once Microsoft says that it was accepted; an indirect reseller reads what ION
shows. Nobody accepts for the customer. How it goes on: docs/attestation.md.
"""

from onboarding.resources.attestation.converge import ask, converge, mail_link, rejected, release
from onboarding.resources.attestation.observe import (
    CARRIED,
    AttestationInputs,
    observe,
    signer,
)
from onboarding.resources.attestation.verdict import asked, asks_again, assess

Inputs = AttestationInputs

__all__ = [
    "CARRIED",
    "AttestationInputs",
    "Inputs",
    "ask",
    "asked",
    "asks_again",
    "assess",
    "converge",
    "mail_link",
    "observe",
    "rejected",
    "release",
    "signer",
]

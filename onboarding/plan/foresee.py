"""What a resource does once the earlier one of the same customer is done, in the same run.

A new customer's profile, row, tenant and agreement are made one after the other in one `up`. A preview knows no ids of
what is still to be made, so the later ones are assessed as if the earlier ones were there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clients.ion.models import AssociationRow
from onboarding.core.contract import ABSENT, EARLIER, NOT_VISIBLE, Facts, Field, Known, Outcome
from onboarding.core.words import on_off
from onboarding.resources import attestation, provider_association, tenant_identity

if TYPE_CHECKING:
    from clients.session import Session

TO_COME = "to-come"
"""Stands in for an id that the run is going to get."""


def foreseen(kind: str, desired: Any, known: Known, facts: Facts, session: Session) -> Outcome:
    """The outcome of `kind` after the earlier resources of the customer: its facts are in it."""
    step = {"ProviderAssociation": _row, "TenantIdentity": _tenant, "Attestation": _agreement}[kind]
    return step(desired, known, facts, session)


def waits_for_earlier(outcome: Outcome) -> bool:
    """Whether only another resource of the same customer stands in the way."""
    return outcome.status == "waiting" and outcome.waiting_on == EARLIER


def _row(desired: Any, known: Known, facts: Facts, session: Session) -> Outcome:
    row = desired.cloud_provider
    values = {name: getattr(row, name) for name in provider_association.NAMES}
    declared = {name: on_off(v) if isinstance(v, bool) else str(v) for name, v in values.items()}
    wanted = desired.model_copy(update={"ion_customer_id": TO_COME})
    if session.association is not None:
        fields = {name: Field("mismatch", text, ABSENT, "") for name, text in declared.items()}
    else:
        fields = {name: Field("not_visible", text, NOT_VISIBLE, "no API") for name, text in declared.items()}
    return provider_association.assess(wanted, known, Facts(fields=fields, seen={"row": ABSENT}), session)


def _tenant(desired: Any, known: Known, facts: Facts, session: Session) -> Outcome:
    wanted = desired.model_copy(update={"ion_customer_id": desired.ion_customer_id or TO_COME})
    found = facts.data["found"]
    if session.association is not None and found.row is None:
        found = replace(found, row=AssociationRow("", "", "", "", False, "", ""), linked="", row_shown=True)
    return tenant_identity.assess(wanted, known, replace(facts, data={**facts.data, "found": found}), session)


def _agreement(desired: Any, known: Known, facts: Facts, session: Session) -> Outcome:
    if facts.seen.get("tenant") == "not related":
        return attestation.assess(desired, known, facts, session)
    changes = {"ion_customer_id": desired.ion_customer_id or TO_COME, "tenant_id": desired.tenant_id or TO_COME}
    field = Field("mismatch", "accepted", ABSENT, "")
    after = Facts(fields={"agreement": field}, seen={"agreement": ABSENT}, data={"kind": "", "when": ""})
    return attestation.assess(desired.model_copy(update=changes), known, after, session)

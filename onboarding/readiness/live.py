"""An account as it is today, from one ION token: no declaration, no state, nothing written to ION.

The four resources observe it as in a run, against a declaration made of what ION holds. Nothing else is declared, so a
gate can only be *seen*, *wrong* or *open*. What no API shows stays open: pricebook and
invoice currency, and the reseller's program access unless the connection confirms it. Gates, verdict and visits are
those of `readiness`. Cost: the list pages and one cloudProfiles call a customer. Never tried on a live account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import schemas
from clients.errors import ClientError, contained
from onboarding import steps
from onboarding.core.catalogue import RESOURCES
from onboarding.core.contract import ABSENT, NOT_CHECKED, Facts, Known, NextStep, Tell, stamp
from onboarding.look.account import each
from onboarding.look.shown import SeenRow, row_of
from onboarding.look.snapshot import IonLook
from onboarding.readiness import counts, table
from onboarding.readiness.counts import Task
from onboarding.readiness.states import ResourceState
from onboarding.readiness.verdicts import Readiness, readiness
from onboarding.resources import customer
from onboarding.resources.provider_association import PRICED
from onboarding.steps.text import ANYWHERE, Reader
from schemas.distributor import DISTRIBUTOR
from schemas.dotted import value_at
from schemas.model.fields import ION
from schemas.model.gates import GATES

if TYPE_CHECKING:
    from clients.ion.models import IonCustomer


@dataclass(frozen=True, slots=True)
class LiveCustomer:
    """One customer of the account that was looked at. row: its Microsoft row, None when we could not look; `trouble`:
    why, "" when we could."""

    customer: IonCustomer
    row: SeenRow | None
    trouble: str = ""


def look_at_account(look: IonLook, tell: Tell = lambda done, total: None) -> list[LiveCustomer]:
    """Every customer of the account, active or not, by e-mail. Reads only; the answers stay in `look`.

    One customer that cannot be read does not stop the others. Raises ClientError when the list cannot be read, and
    CredentialsLost or WrongAccount at once.
    """

    def see(customer: IonCustomer) -> LiveCustomer:
        return LiveCustomer(customer, row_of(look, customer.id))

    def blind(customer: IonCustomer, why: str) -> LiveCustomer:
        return LiveCustomer(customer, None, why)

    customers = sorted(look.ion_customers(), key=lambda one: (one.email.casefold(), one.id))
    return each(look, customers, see, blind, tell)


def verdicts(look: IonLook, everybody: list[LiveCustomer], now: datetime) -> list[Readiness]:
    """The readiness of every customer that was looked at, in the same order; `key` is the e-mail."""
    return [_one(look, seen_now, now) for seen_now in everybody]


def _one(look: IonLook, seen_now: LiveCustomer, now: datetime) -> Readiness:
    """The verdict; of a customer of whom none can be made, one that says so."""
    try:
        with contained():
            return _verdict(look, seen_now, now)
    except ClientError as error:
        told = {"reason": str(error), "since": stamp(now)}
        outputs = {"status": "unobserved", "waiting_on": NOT_CHECKED, "unobserved": told}
        key = seen_now.customer.email.casefold() or seen_now.customer.id
        states = {kind: ResourceState(kind, key, outputs) for kind in RESOURCES}
        return readiness(_stand_in(seen_now.customer, key), states, now)


def only_unseen(verdict: Readiness) -> bool:
    """Nothing that ION shows stands against an order; what is left to a person's look is what no API shows."""
    return not verdict.can_order and all(GATES[name].hidden_in_ion for name in verdict.blockers)


def order_word(verdict: Readiness) -> str:
    """`not checked` or `unclear` for a row that is neither a yes nor a no, else ""."""
    if verdict.unobserved:
        return NOT_CHECKED
    return "unclear" if only_unseen(verdict) else ""


def footer(found: list[Readiness]) -> str:
    """The footer of `csp status`, with the words of the rows."""
    words = Counter(filter(None, map(order_word, found)))
    return table.footer(found, {"unclear": words["unclear"], NOT_CHECKED: words[NOT_CHECKED]})


def report(found: list[Readiness], reader: Reader = ANYWHERE) -> dict[str, Any]:
    """The JSON of `csp status --live`: that of `csp status`, and `only_unseen` for each customer and in the counts."""
    customers = [{**verdict.as_dict(reader), "only_unseen": only_unseen(verdict)} for verdict in found]
    return {
        "customers": customers,
        "counts": {**counts.counts(found), "only_unseen": sum(c["only_unseen"] for c in customers)},
    }


def todo(found: list[Readiness], owner: str = "") -> list[tuple[Task, Readiness]]:
    """The next steps of `csp todo --live`, each with its verdict. Nobody remembers since when: no state, no date."""
    tasks = [(Task(v.key, "", v.next_step), v) for v in found if v.next_step]
    return [(task, verdict) for task, verdict in tasks if owner in ("", task.step.owner)]


def _verdict(look: IonLook, seen_now: LiveCustomer, now: datetime) -> Readiness:
    at = stamp(now)
    key = seen_now.customer.email.casefold() or seen_now.customer.id
    declared = _stand_in(seen_now.customer, key)
    states = {}
    for kind in RESOURCES:
        if seen_now.row is None and kind != "Customer":
            blind: dict[str, Any] = {
                "status": "unobserved",
                "reason": f"could not look: {seen_now.trouble}",
                "observed_at": at,
            }
            blind |= {"waiting_on": NOT_CHECKED, "unobserved": {"reason": seen_now.trouble, "since": at}}
            states[kind] = ResourceState(kind, key, blind)
            continue
        facts = _observed(kind, declared, seen_now, look)
        step, reason = _LEFT[kind](facts, seen_now, look.session.connection)
        outputs: dict[str, Any] = {
            "status": "waiting" if step or seen_now.trouble else "ready",
            "facts": {name: fact.as_dict() for name, fact in facts.fields.items()},
            "reason": reason,
            "next_step": step.as_dict() if step else None,
            "waiting_on": step.owner if step else "",
            "observed_at": at,
        }
        states[kind] = ResourceState(kind, key, outputs)
    verdict = readiness(declared, states, now)
    # Nothing is declared here: a gate says what an order needs.
    gates = {name: replace(g, why=g.why.replace(", declared ", ", needed: ")) for name, g in verdict.gates.items()}
    return replace(verdict, gates=gates)


def _observed(kind: str, declared: schemas.Customer, seen_now: LiveCustomer, look: IonLook) -> Facts:
    """What the resource itself observes; of it the facts that a gate rests on. Answers are those that `look` has."""
    resource = RESOURCES[kind]
    # Not validated, as the declaration is not.
    desired = resource.thing.Inputs.model_construct(
        key=declared.key,
        ion_customer_id=seen_now.customer.id,
        route="customer",
        company="",
        country="",
        **{resource.section: getattr(declared, resource.section)},
    )
    seen: Facts = resource.thing.observe(desired, Known({"ion_customer_id": seen_now.customer.id}), look)
    decisive = {name for gate in GATES.values() if gate.resource == kind for name in gate.facts}
    fields = {name: fact for name, fact in seen.fields.items() if name in decisive}
    if tenant := fields.get("tenant"):  # no tenant is declared: any that is linked will do
        told = seen_now.row.linked if seen_now.row and tenant.state == "match" else tenant.seen
        fields["tenant"] = replace(tenant, declared="linked", seen=told)
    return replace(seen, fields=fields)


def _stand_in(customer: IonCustomer, key: str) -> schemas.Customer:
    """A declaration made of what ION holds. Not validated: that need not be what we would accept in a file."""
    profile: dict[str, Any] = {field.path: value_at(customer, field.path) or None for field in ION}
    profile |= {
        "organization": customer.organization or key,
        "address": schemas.Address.model_construct(**asdict(customer.address)),
    }
    profile = {name: value for name, value in profile.items() if "." not in name}
    declared: dict[str, Any] = {
        "key": key,
        "profile": schemas.Profile.model_construct(**profile),
        "cloud_provider": schemas.CloudProvider().model_copy(update=dict.fromkeys(PRICED, "one")),
        "identity": schemas.ExistingIdentity.model_construct(method="existing"),
        "attestation": schemas.Attestation(),
    }
    return schemas.Customer.model_construct(**declared)


Left = tuple[NextStep | None, str]
"""The step that is left at one resource (None: nothing), and why."""


def _profile(facts: Facts, seen_now: LiveCustomer, connection: schemas.Connection) -> Left:
    if facts.fields["status"].state == "match":
        return None, ""
    word = seen_now.customer.status or ABSENT
    return customer.profile_step(word, connection), f"the profile is {word}"


def _row(_facts: Facts, seen_now: LiveCustomer, _connection: schemas.Connection) -> Left:
    if seen_now.row is None or not seen_now.row.shown:
        return steps.look_for_row(), "ION shows no Cloud Provider row"
    return steps.look_at_pricebook(), "no API shows the pricebook"


def _tenant(facts: Facts, seen_now: LiveCustomer, _connection: schemas.Connection) -> Left:
    tenant = facts.fields["tenant"]
    if tenant.state == "match":
        return None, ""
    if tenant.state == "mismatch":
        return steps.connect_tenant(), "no tenant is linked"
    step = steps.look_behind_portal_access() if seen_now.row and seen_now.row.shown else None
    return step, "ION shows no tenant while portal access is off"


def _agreement(facts: Facts, seen_now: LiveCustomer, _connection: schemas.Connection) -> Left:
    agreement, word = facts.fields["agreement"], str(facts.data["status"])
    if agreement.state == "match":
        return None, ""
    unknown = "unknown" in facts.data
    if not (seen_now.row and seen_now.row.tenant) or (agreement.state == "not_visible" and not unknown):
        return None, "comes with the tenant"
    if unknown:
        return steps.look_at_unknown_status(word=word), f'ION says "{word}", an unknown word'
    return steps.renew_agreement(word=word), "agreement not current"


_LEFT: Mapping[str, Callable[[Facts, LiveCustomer, schemas.Connection], Left]] = {
    "Customer": _profile,
    "ProviderAssociation": _row,
    "TenantIdentity": _tenant,
    "Attestation": _agreement,
}


def open_everywhere(found: list[Readiness]) -> Iterator[str]:
    """What holds for the whole account, said once above the table instead of in every row."""
    if found and all("reseller" in verdict.blockers for verdict in found):
        yield (
            f"Program access of this account is not confirmed: in ION look at {' > '.join(DISTRIBUTOR.programs)}, then "
            "add program_access to the connection file. Until then no customer counts as able to order."
        )

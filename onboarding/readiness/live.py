"""An account as it is today, from one ION token: no declaration, no state, nothing written to ION.

Nothing is declared here, so a gate can only be *seen*, *wrong* or *open*. What no API shows stays open: pricebook and
invoice currency, and the reseller's program access unless the connection confirms it. Gates, verdict and visits are
those of `readiness`. Cost: the list pages and one cloudProfiles call a customer. Never tried on a live account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from threading import Event
from typing import TYPE_CHECKING, Any

import schemas
from clients.errors import ClientError, CredentialsLost, WrongAccount, contained
from clients.words import PROFILE_STATUSES
from onboarding import steps
from onboarding.core.catalogue import RESOURCES
from onboarding.core.contract import ABSENT, NOT_CHECKED, NOT_VISIBLE, Field, FieldState, NextStep, Tell
from onboarding.look.shown import SeenRow, agreement_in, row_in_ion
from onboarding.readiness import counts, table
from onboarding.readiness.counts import Task
from onboarding.readiness.states import ResourceState
from onboarding.readiness.verdicts import Readiness, readiness
from onboarding.resources import customer
from onboarding.resources.attestation import WHERE_ION
from onboarding.resources.tenant_identity.observe import relationship_by_ion
from onboarding.steps.text import ANYWHERE, Reader
from schemas.command import for_connection
from schemas.distributor import DISTRIBUTOR
from schemas.model.fields import ION, value_at
from schemas.model.gates import GATES

if TYPE_CHECKING:
    from clients.ion.models import CloudProfile, IonCustomer
    from clients.session import Session


@dataclass(frozen=True, slots=True)
class Sight:
    """What ION shows of one customer. `row` is the Microsoft row, None when none is shown; `trouble`: why we could not
    look, "" when we could."""

    customer: IonCustomer
    row: CloudProfile | None
    trouble: str = ""

    @property
    def seen(self) -> SeenRow:
        """The row as it is read everywhere."""
        return row_in_ion(self.row)


def look_at_account(session: Session, progress: Tell = lambda done, total: None) -> list[Sight]:
    """Every customer of the account, active or not, by e-mail. Reads only.

    One customer that cannot be read does not stop the others. Raises ClientError when the list cannot be read, and
    CredentialsLost or WrongAccount at once.
    """
    ion = session.ion
    assert ion is not None
    customers = [customer for status in PROFILE_STATUSES for customer in ion.customers(status=status)]

    stop = Event()

    def look(customer: IonCustomer) -> Sight:
        if stop.is_set():
            return Sight(customer, None, "not looked at")
        try:
            with contained():
                rows = ion.cloud_profiles(customer.id)
        except (CredentialsLost, WrongAccount):
            stop.set()  # the same would happen to every other customer
            raise
        except ClientError as error:
            return Sight(customer, None, for_connection(str(error), session.connection.name))
        return Sight(customer, next((row for row in rows if row.is_microsoft), None))

    sights = []
    progress(0, len(customers))
    with ThreadPoolExecutor(session.connection.limits.concurrency, "live") as pool:
        asked = [pool.submit(look, customer) for customer in customers]
        try:
            for number, answer in enumerate(as_completed(asked), 1):
                sights.append(answer.result())
                progress(number, len(customers))
        finally:
            stop.set()  # Ctrl-C ends here too: nothing more is sent
    return sorted(sights, key=lambda sight: (sight.customer.email.casefold(), sight.customer.id))


def verdicts(session: Session, sights: list[Sight], now: datetime) -> list[Readiness]:
    """The readiness of every customer that was looked at, in the same order; `key` is the e-mail."""
    return [_one(session, sight, now) for sight in sights]


def _one(session: Session, sight: Sight, now: datetime) -> Readiness:
    """The verdict; of a customer of whom none can be made, one that says so."""
    try:
        with contained():
            return _verdict(session, sight, now)
    except ClientError as error:
        told = {"reason": str(error), "since": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
        outputs = {"status": "unobserved", "waiting_on": NOT_CHECKED, "unobserved": told}
        key = sight.customer.email.casefold() or sight.customer.id
        states = {kind: ResourceState(kind, key, outputs) for kind in RESOURCES}
        return readiness(_stand_in(sight.customer, key), states, now)


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


def _verdict(session: Session, sight: Sight, now: datetime) -> Readiness:
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    parts = {
        "Customer": _profile(session, sight),
        "ProviderAssociation": _row(sight),
        "TenantIdentity": _tenant(sight),
        "Attestation": _agreement(session, sight),
    }
    key = sight.customer.email.casefold() or sight.customer.id
    states = {}
    for kind in RESOURCES:
        facts, step, reason = parts[kind]
        outputs: dict[str, Any] = {
            "status": "waiting" if step or sight.trouble else "ready",
            "facts": {name: fact.as_dict() for name, fact in facts.items()},
            "reason": reason,
            "next_step": step.as_dict() if step else None,
            "waiting_on": step.owner if step else "",
            "observed_at": stamp,
        }
        if sight.trouble and kind != "Customer":
            outputs |= {"status": "unobserved", "reason": f"could not look: {sight.trouble}", "next_step": None}
            outputs |= {"facts": {}, "waiting_on": NOT_CHECKED, "unobserved": {"reason": sight.trouble, "since": stamp}}
        states[kind] = ResourceState(kind, key, outputs)
    verdict = readiness(_stand_in(sight.customer, key), states, now)
    # Nothing is declared here: a gate says what an order needs.
    gates = {name: replace(g, why=g.why.replace(", declared ", ", needed: ")) for name, g in verdict.gates.items()}
    return replace(verdict, gates=gates)


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
        "identity": schemas.ExistingIdentity.model_construct(method="existing"),
    }
    return schemas.Customer.model_construct(**declared)


Part = tuple[dict[str, Field], NextStep | None, str]
"""Facts of one resource, the step that is left (None: nothing), why."""


def _profile(session: Session, sight: Sight) -> Part:
    word = sight.customer.status or ABSENT
    status = replace(customer.status(sight.customer, session.connection), seen=word)
    # One ION token is all we have here, so that Microsoft is not asked even where the role could.
    facts = {"status": status, "reseller": customer.reseller_by_file(session.connection)}
    if status.state != "match":
        return facts, customer.profile_step(word, session), f"the profile is {word}"
    return facts, None, ""


def _row(sight: Sight) -> Part:
    row = sight.row
    name = DISTRIBUTOR.label("legacy_azure")
    facts = {
        "provider": _fact("not_visible" if row is None else "match", name, row.display_name if row else "", WHERE_ION),
        **{
            field: _fact("not_visible", "one", "", "no API")
            for field in ("pricebook", "provider_currency", "invoice_currency")
        },
    }
    if row is None:
        return facts, steps.look_for_row(), "ION shows no Cloud Provider row"
    return facts, steps.look_at_pricebook(), "no API shows the pricebook"


def _tenant(sight: Sight) -> Part:
    row = sight.seen
    if row.tenant:
        shown = f"{row.tenant} ({row.domain})" if row.domain else row.tenant
        facts = {
            "relationship": relationship_by_ion(linked=True),
            "tenant": _fact("match", "linked", shown, WHERE_ION),
        }
        return facts, None, ""
    state: FieldState = "mismatch" if row.unlinked else "not_visible"
    facts = {
        "relationship": relationship_by_ion(linked=False),
        "tenant": _fact(state, "linked", ABSENT if state == "mismatch" else NOT_VISIBLE, WHERE_ION),
    }
    if state == "mismatch":
        return facts, steps.connect_tenant(), "no tenant is linked"
    step = steps.look_behind_portal_access() if row.shown else None
    return facts, step, "ION shows no tenant while portal access is off"


def _agreement(session: Session, sight: Sight) -> Part:
    found = agreement_in(sight.seen, session.connection)
    status, facts = found.word, {"agreement": _fact(found.state, "accepted", found.text, found.where)}
    if found.state == "match":
        return facts, None, ""
    if not sight.seen.tenant or (found.state == "not_visible" and not found.unknown):
        return facts, None, "comes with the tenant"
    if found.unknown:
        return facts, steps.look_at_unknown_status(word=status), f'ION says "{status}", an unknown word'
    return facts, steps.renew_agreement(word=status), "agreement not current"


def _fact(state: FieldState, wanted: str, seen: str, where: str) -> Field:
    return Field(state, wanted, seen, where)


def open_everywhere(found: list[Readiness]) -> Iterator[str]:
    """What holds for the whole account, said once above the table instead of in every row."""
    if found and all("reseller" in verdict.blockers for verdict in found):
        yield (
            f"Program access of this account is not confirmed: in ION look at {' > '.join(DISTRIBUTOR.programs)}, then "
            "add program_access to the connection file. Until then no customer counts as able to order."
        )

"""What adoption does with every customer of an account: match it with what is declared, and say what cannot be known.

Nothing is guessed. A customer that two files could mean, an e-mail or a tenant that two customers share, a profile that
a file could not declare: each is told and left alone. What no system shows is named in `unknown` of the file and not
compared until somebody fills it in. Nothing is written to a remote system.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import schemas
from clients.ion.models import IonCustomer
from onboarding.adoption.file import MARKS, completed, declared, says_what_is_seen
from onboarding.adoption.read import Candidate, read_account
from onboarding.core import compare
from onboarding.look.shown import is_active
from onboarding.look.snapshot import EstateLook
from onboarding.resources.tenant_identity.observe import declared_domain, declared_tenant

if TYPE_CHECKING:
    from clients.session import Session

__all__ = ["MARKS", "Candidate", "Plan", "plan", "read_account"]


@dataclass
class Plan:
    """What adoption does with every customer of an account.

    new: declarations for customers that no file declares. known: key of a declared customer -> what is seen of it.
    as_seen: those of them that are not in state, and whose file says just what adoption would write (a run that ended
    between files and import). filled: declared customers whose file can be completed, or (with `update`) brought up to
    what is seen. ambiguous, left_out: customer -> why. elsewhere: another stack -> how many it declares. not_chosen,
    inactive: how many customers were not asked for, or are not ACTIVE in ION. tenants: related tenants without an ION
    customer.
    """

    new: list[schemas.Customer] = field(default_factory=list)
    known: dict[str, Candidate] = field(default_factory=dict)
    as_seen: set[str] = field(default_factory=set)
    filled: list[schemas.Customer] = field(default_factory=list)
    ambiguous: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    elsewhere: Counter[str] = field(default_factory=Counter)
    not_chosen: int = 0
    inactive: int = 0
    tenants: list[str] = field(default_factory=list)


def plan(
    session: Session,
    candidates: list[Candidate],
    look: EstateLook,
    estate: schemas.Estate,
    ion_ids: Mapping[str, str],
    today: dt.date,
    *,
    update: bool = False,
    elsewhere: Mapping[str, Sequence[schemas.Customer]] | None = None,
    only: Sequence[str] = (),
) -> Plan:
    """Match what was seen with what is declared. `ion_ids`: ION customer id -> key, as far as the state knows.

    update: bring the files of declared customers up to what is seen, instead of only filling in what they call unknown.
    elsewhere: what other stacks declare on the account. only: patterns as of a shell; no more than the customers whose
    company, e-mail or ION id is like one of them.
    """
    connection = session.connection
    done = Plan(inactive=sum(not is_active(s.customer, connection) for s in candidates))
    everyone = [one for one in look.ion_customers() or [s.customer for s in candidates] if is_active(one, connection)]
    ours = _Matcher([one for one in estate.customers if one.connection == connection.name], ion_ids, everyone)
    # What this stack declares on other accounts: an e-mail or a tenant belongs to one customer of a stack.
    others = _Matcher([one for one in estate.customers if one.connection != connection.name], {}, everyone)
    abroad = {stack: _Matcher(customers, {}, everyone) for stack, customers in (elsewhere or {}).items()}
    shared = Counter(candidate.tenant for candidate in candidates if candidate.tenant)
    keys = {name for one in _all(estate, elsewhere) for name in (one.key, *one.previously)}
    in_state = set(ion_ids.values())
    for candidate in _to_match(candidates, connection, only, done):
        found, why = ours.match(candidate)
        if found:
            done.known[found] = candidate
            better = completed(estate.customer(found), candidate, connection, today, update=update)
            if better is not None:
                done.filled.append(better)
            if found not in in_state and says_what_is_seen(
                better or estate.customer(found), candidate, connection, today
            ):
                done.as_seen.add(found)
            continue
        stack, why = ("", why) if why else _declared_by(candidate, abroad)
        if stack:
            done.elsewhere[stack] += 1
            continue
        why = why or _shared(candidate, others, shared)
        if why:
            done.ambiguous[candidate.name] = why
            continue
        key = _key(candidate.customer, keys)
        made, wrong = declared(candidate, key, connection, today)
        if made is None:
            done.left_out[candidate.name] = wrong
        else:
            keys.add(key)
            done.new.append(made)
    declared_ones = {declared_tenant(one.identity) for one in _all(estate, elsewhere)}
    done.tenants = _unheld(look, {candidate.tenant for candidate in candidates} | declared_ones)
    return done


def _unheld(look: EstateLook, held: set[str]) -> list[str]:
    """Related tenants that are nobody's."""
    return [f"{t.company_name} ({t.domain}), {i}" for i, t in look.related_tenants().items() if i not in held]


def _to_match(
    candidates: list[Candidate], connection: schemas.Connection, only: Sequence[str], done: Plan
) -> Iterator[Candidate]:
    """The active customers that were asked for and could be looked at; `done` takes down the others."""
    for candidate in candidates:
        if not is_active(candidate.customer, connection):
            continue
        if only and not chosen(candidate.customer, only):
            done.not_chosen += 1
        elif candidate.trouble:
            done.left_out[candidate.name] = f"could not look: {candidate.trouble}"
        else:
            yield candidate


def _shared(candidate: Candidate, others: _Matcher, tenants: Counter[str]) -> str:
    """Who else claims this customer, "" when nobody does."""
    if clash := others.claims(candidate):
        return f"{clash}, which is on another account"
    if tenants[candidate.tenant] > 1:
        return f"tenant {candidate.tenant} is linked to {tenants[candidate.tenant]} ION customers"
    return ""


def chosen(customer: IonCustomer, only: Sequence[str]) -> bool:
    """Whether a customer is like one of the patterns."""
    names = [name.casefold() for name in (customer.organization, customer.email, customer.id)]
    return any(fnmatch.fnmatchcase(name, pattern.casefold()) for name in names for pattern in only)


def _all(
    estate: schemas.Estate, elsewhere: Mapping[str, Sequence[schemas.Customer]] | None
) -> Iterator[schemas.Customer]:
    yield from estate.customers
    for customers in (elsewhere or {}).values():
        yield from customers


def _declared_by(candidate: Candidate, abroad: Mapping[str, _Matcher]) -> tuple[str, str]:
    """The other stack that declares it ("" for none), and why that cannot be told ("" when it can)."""
    for stack, matcher in abroad.items():
        found, why = matcher.match(candidate)
        if found:
            return stack, ""
        if why:
            return "", f"{why} (stack {stack})"
    return "", ""


class _Matcher:
    """Finds the declared customer that an ION customer is: by the id in state, else by e-mail, tenant id and domain,
    which must not point to two."""

    def __init__(
        self, ours: Sequence[schemas.Customer], ion_ids: Mapping[str, str], everyone: Sequence[IonCustomer]
    ) -> None:
        self._keys = {one.key for one in ours}
        self._ion_ids = ion_ids
        self._emails = {compare.email(one.profile.email): one.key for one in ours}
        self._tenants = {tenant: one.key for one in ours if (tenant := declared_tenant(one.identity))}
        self._domains = {compare.domain(name): one.key for one in ours if (name := declared_domain(one.identity))}
        self._same_email: dict[str, list[str]] = defaultdict(list)
        for customer in everyone:
            self._same_email[compare.email(customer.email)].append(customer.id)
        known = {ion_ids[one.id]: one.id for one in everyone if one.id in ion_ids}
        self._taken = known | {
            self._emails[email]: ids[0]
            for email, ids in self._same_email.items()
            if email in self._emails and self._emails[email] not in known
        }

    def claims(self, candidate: Candidate) -> str:
        """What a declared customer has in common with it, "" when nothing."""
        by = self._by(candidate)
        return "; ".join(f"the {name} is that of {key}" for name, key in by.items() if key)

    def _by(self, candidate: Candidate) -> dict[str, str]:
        return {
            "e-mail": self._emails.get(compare.email(candidate.customer.email), ""),
            "tenant id": self._tenants.get(candidate.tenant, "") if candidate.tenant else "",
            "domain": self._domains.get(compare.domain(candidate.domain), "") if candidate.domain else "",
        }

    def match(self, candidate: Candidate) -> tuple[str, str]:
        """The key ("" for none), and why it cannot be told ("" when it can)."""
        if (key := self._ion_ids.get(candidate.customer.id, "")) in self._keys:
            return key, ""
        same = self._same_email[compare.email(candidate.customer.email)]
        if len(same) > 1:
            return "", f"the e-mail is that of {len(same)} ION customers, ids {', '.join(same)}"
        by = self._by(candidate)
        found = {key: name for name, key in reversed(by.items()) if key}
        if not found:
            return "", ""
        if len(found) > 1:
            return "", "; ".join(f"the {name} is that of {key}" for key, name in reversed(found.items()))
        key, name = next(iter(found.items()))
        other = self._taken.get(key, candidate.customer.id)
        if other != candidate.customer.id:
            return "", f"the {name} is that of {key}, which is ION customer {other}"
        if not by["e-mail"]:
            return "", f"the {name} is that of {key}, the e-mail is not: correct profile.email of its file"
        return key, ""


def _key(customer: IonCustomer, taken: set[str]) -> str:
    """A key from the company's name; with the ION id when the name is taken, or gives none."""
    text = unicodedata.normalize("NFKD", customer.organization).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", text).strip("-")[:50].strip("-")
    return name if name and name not in taken else "-".join(filter(None, (name, customer.id)))

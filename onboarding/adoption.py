"""What an account holds, as customer files: read, match with what is declared, and say what cannot be known.

Nothing is guessed. A customer that two files could mean, a tenant that two customers share, a profile that a file could
not declare: each is told and left alone. What no system shows is named in `unknown` of the file and not compared until
somebody fills it in. Nothing is written to a remote system, and nothing secret is read.
"""

from __future__ import annotations

import copy
import datetime as dt
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import schemas
from clients.errors import ClientError, CredentialsLost, WrongAccount
from clients.ion.models import IonCustomer
from onboarding import compare
from onboarding.customer import ACTIVE
from onboarding.look import EstateLook
from onboarding.tenant_identity.observe import declared_domain, declared_tenant

if TYPE_CHECKING:
    from clients.connection import Session
    from clients.ion.models import LegacyAgreement
    from clients.partner_center.models import Agreement

Tell = Callable[[int, int], None]
"""Called with (customers done, customers in all)."""

MARKS = {
    "cloud_provider.pricebook": "the pricebook as ION's Cloud Providers page shows it",
    "cloud_provider.portal_access": 'true or false, "Enable provider in customer portal"',
    "identity.tenant_id": "the Microsoft ID of the customer's tenant",
    "attestation.signatory": "who signs for the customer: first_name, last_name, email",
}
"""Name in `unknown` -> what to fill in."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One customer of the account as the systems show it.

    row: what is known of its Cloud Provider row, {} when none is shown. tenant: linked tenant id, lower case, "" when
    none is linked or shown. linkless: a system shows that no tenant is linked. signed: who accepted the agreement
    ("direct", or the signatory of a current attestation), None when nobody is known. trouble: why we could not look.
    """

    customer: IonCustomer
    row: Mapping[str, Any] = field(default_factory=dict)
    tenant: str = ""
    domain: str = ""
    linkless: bool = False
    direct: bool = False
    signatory: Mapping[str, str] | None = None
    trouble: str = ""

    @property
    def name(self) -> str:
        """How messages name it."""
        return f"{self.customer.organization} <{self.customer.email}>, ION id {self.customer.id}"


@dataclass
class Plan:
    """What adoption does with every customer of an account.

    new: declarations for customers that no file declares. known: key of a declared customer -> what is seen of it.
    filled: declared customers whose file can be completed, or (with `update`) brought up to what is seen. differs: a
    declared customer -> why its file is not what the account holds. ambiguous, left_out: customer -> why.
    inactive: how many customers are not ACTIVE in ION. tenants: related tenants without an ION customer.
    """

    new: list[schemas.Customer] = field(default_factory=list)
    known: dict[str, Sight] = field(default_factory=dict)
    filled: list[schemas.Customer] = field(default_factory=list)
    ambiguous: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    inactive: int = 0
    tenants: list[str] = field(default_factory=list)


def read_account(look: EstateLook, tell: Tell = lambda done, total: None) -> list[Sight]:
    """Every customer of the account, by ION id; the answers stay in `look`.

    Raises ClientError when a list cannot be read, and at once for lost credentials or a wrong account; one customer
    that cannot be read does not stop the others.
    """
    session = look.session
    customers = sorted(look.ion_customers(), key=lambda one: (len(one.id), one.id))
    look.related_tenants()
    sights = []
    tell(0, len(customers))
    with ThreadPoolExecutor(session.connection.limits.concurrency, "adopt") as pool:
        try:
            for number, sight in enumerate(pool.map(lambda one: _sight(look, one), customers), 1):
                sights.append(sight)
                tell(number, len(customers))
        except BaseException:  # lost credentials, Ctrl-C: nothing more is sent
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return _by_domain(look, sights, pool)


def _sight(look: EstateLook, customer: IonCustomer) -> Sight:
    if customer.status.upper() != ACTIVE:
        return Sight(customer)
    try:
        sight = _agreed(look, _linked(look, customer))
    except (CredentialsLost, WrongAccount):
        raise
    except ClientError as error:
        return Sight(customer, trouble=str(error))
    return sight


def _linked(look: EstateLook, customer: IonCustomer) -> Sight:
    """The Cloud Provider row. Where portal access is on, ION shows it: a row that is not shown has it off."""
    if look.session.association is not None:
        row = look.row(customer.id)
        if row is None:
            return Sight(customer, linkless=True)
        shown = {k: v for k, v in asdict(row).items() if k not in ("tenant_id", "domain") and v != ""}
        return Sight(customer, shown, row.tenant_id.lower(), row.domain, linkless=not row.tenant_id)
    profile = look.cloud_profile(customer.id)
    if profile is None:
        return Sight(customer)
    linkless = bool(profile.enabled) and not profile.tenant_id
    return Sight(customer, {"portal_access": profile.enabled}, profile.tenant_id.lower(), profile.domain, linkless)


def _agreed(look: EstateLook, sight: Sight) -> Sight:
    """Who accepted the agreement, where a system tells. An agreement that no longer counts names nobody: whoever signs
    next is for a person to say."""
    since = look.session.connection.agreement_valid_from
    if look.session.partner_center is not None:
        if not sight.tenant or sight.tenant not in look.related_tenants():
            return sight
        signatory = _latest(look.agreements(sight.tenant), since)
        direct = signatory is None and look.directly_signed(sight.tenant)
        return replace(sight, signatory=signatory, direct=direct)
    profile = look.cloud_profile(sight.customer.id) if look.session.association is None else None
    if profile is None or not profile.agreement_status.strip():
        return sight
    legacy = look.legacy_profile(sight.customer.id)
    return replace(sight, signatory=_latest(legacy.agreements, since) if legacy else None)


def _latest(agreements: Iterable[Agreement | LegacyAgreement], since: dt.date) -> Mapping[str, str] | None:
    current = [(a.date_agreed, a) for a in agreements if a.date_agreed is not None and a.date_agreed >= since]
    if not current:
        return None
    one = max(current, key=lambda dated: dated[0])[1]
    named = {"first_name": one.first_name, "last_name": one.last_name, "email": one.email, "phone": one.phone_number}
    return {name: text for name, text in named.items() if text}


def _by_domain(look: EstateLook, sights: list[Sight], pool: ThreadPoolExecutor) -> list[Sight]:
    """A tenant that no system links but that OpenID discovery gives for the customer's e-mail domain, when it is one of
    our Partner Center's, linked to nobody else and claimed by this customer alone."""
    taken = {sight.tenant for sight in sights}
    free = {tenant: found for tenant, found in look.related_tenants().items() if tenant not in taken}
    unseen = [s for s in sights if _is_open(s) and not s.tenant and not s.linkless]
    if not free or not unseen:
        return sights
    found = dict(zip([s.customer.id for s in unseen], pool.map(lambda s: _tenant_of(look, s), unseen), strict=True))
    claims = defaultdict(list)
    for customer_id, tenant in found.items():
        claims[tenant].append(customer_id)
    settled = {ids[0]: tenant for tenant, ids in claims.items() if tenant in free and len(ids) == 1}
    return [
        _agreed(look, replace(s, tenant=settled[s.customer.id], domain=free[settled[s.customer.id]].domain))
        if s.customer.id in settled
        else s
        for s in sights
    ]


def _tenant_of(look: EstateLook, sight: Sight) -> str:
    name = sight.customer.email.rpartition("@")[2]
    return look.discovered_tenant(name).lower() if name else ""


def _is_open(sight: Sight) -> bool:
    return sight.customer.status.upper() == ACTIVE and not sight.trouble


def plan(
    session: Session,
    sights: list[Sight],
    look: EstateLook,
    estate: schemas.Estate,
    ion_ids: Mapping[str, str],
    today: dt.date,
    *,
    update: bool = False,
) -> Plan:
    """Match what was seen with what is declared. `ion_ids`: ION customer id -> key, as far as the state knows.

    update: bring the files of declared customers up to what is seen, instead of only filling in what they call unknown.
    """
    done = Plan(inactive=sum(s.customer.status.upper() != ACTIVE for s in sights))
    matcher = _Matcher(session.connection.name, estate, ion_ids, sights)
    shared = _shared_tenants(sights)
    keys = {one.key for one in estate.customers} | {old for one in estate.customers for old in one.previously}
    for sight in sights:
        if sight.customer.status.upper() != ACTIVE:
            continue
        if sight.trouble:
            done.left_out[sight.name] = f"could not look: {sight.trouble}"
            continue
        found, why = matcher.match(sight)
        if why:
            done.ambiguous[sight.name] = why
        elif found:
            done.known[found] = sight
            better = completed(estate.customer(found), sight, session.connection, today, update=update)
            if better is not None:
                done.filled.append(better)
        elif sight.tenant in shared:
            done.ambiguous[sight.name] = f"tenant {sight.tenant} is linked to {shared[sight.tenant]} ION customers"
        else:
            key = _key(sight.customer, keys)
            made, wrong = declared(sight, key, session.connection, today)
            if made is None:
                done.left_out[sight.name] = wrong
            else:
                keys.add(key)
                done.new.append(made)
    held = {sight.tenant for sight in sights} | {declared_tenant(one.identity) for one in estate.customers}
    done.tenants = [f"{t.company_name} ({t.domain}), {i}" for i, t in look.related_tenants().items() if i not in held]
    return done


def _shared_tenants(sights: list[Sight]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for sight in sights:
        counts[sight.tenant] += bool(sight.tenant)
    return {tenant: count for tenant, count in counts.items() if count > 1}


class _Matcher:
    """Finds the declared customer that an ION customer is: by the id in state, else by e-mail, tenant id and domain,
    which must not point to two."""

    def __init__(
        self, connection: str, estate: schemas.Estate, ion_ids: Mapping[str, str], sights: list[Sight]
    ) -> None:
        ours = [one for one in estate.customers if one.connection == connection]
        self._keys = {one.key for one in ours}
        self._ion_ids = ion_ids
        self._emails = {compare.email(one.profile.email): one.key for one in ours}
        self._tenants = {tenant: one.key for one in ours if (tenant := declared_tenant(one.identity))}
        self._domains = {compare.domain(name): one.key for one in ours if (name := declared_domain(one.identity))}
        known = {self._ion_ids[s.customer.id]: s.customer.id for s in sights if s.customer.id in self._ion_ids}
        self._taken = known | {
            self._emails[email]: s.customer.id
            for s in sights
            if (email := compare.email(s.customer.email)) in self._emails and self._emails[email] not in known
        }

    def match(self, sight: Sight) -> tuple[str, str]:
        """The key ("" for none), and why it cannot be told ("" when it can)."""
        if (key := self._ion_ids.get(sight.customer.id, "")) in self._keys:
            return key, ""
        by = {
            "e-mail": self._emails.get(compare.email(sight.customer.email), ""),
            "tenant id": self._tenants.get(sight.tenant, "") if sight.tenant else "",
            "domain": self._domains.get(compare.domain(sight.domain), "") if sight.domain else "",
        }
        found = {key: name for name, key in reversed(by.items()) if key}
        if not found:
            return "", ""
        if len(found) > 1:
            return "", "; ".join(f"the {name} is that of {key}" for key, name in reversed(found.items()))
        key, name = next(iter(found.items()))
        other = self._taken.get(key, sight.customer.id)
        if other != sight.customer.id:
            return "", f"the {name} is that of {key}, which is ION customer {other}"
        if not by["e-mail"]:
            return "", f"the {name} is that of {key}, the e-mail is not: correct profile.email of its file"
        return key, ""


def _key(customer: IonCustomer, taken: set[str]) -> str:
    """A key from the company's name; with the ION id when the name is taken, or gives none."""
    text = unicodedata.normalize("NFKD", customer.organization).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", text).strip("-")[:50].strip("-")
    return name if name and name not in taken else "-".join(filter(None, (name, customer.id)))


def declared(
    sight: Sight, key: str, connection: schemas.Connection, today: dt.date
) -> tuple[schemas.Customer | None, str]:
    """The customer file that says what is seen; or None and why no file may say it."""
    data = _declaration(sight, key, connection.name)
    for _ in range(len(_OPTIONAL) + 1):
        made, findings = schemas.findings_of(copy.deepcopy(data), connection, today)
        if made is not None:
            # Defaults that follow from the connection stay out of the file, as when a person writes it.
            return schemas.Customer.model_validate(data), ""
        if not any(_without(data, found.path) for found in findings):
            told = findings[0]
            return None, f"{told.path}: {told.message} ({told.rule}); correct it in ION or in the connection file"
    raise AssertionError("every round takes an optional part away")


def _declaration(sight: Sight, key: str, connection: str) -> dict[str, Any]:
    customer, unknown = sight.customer, []
    address = {name: text for name, text in asdict(customer.address).items() if text}
    address |= {name: address[name].upper() for name in ("state", "country") if len(address.get(name, "")) == 2}
    profile = {
        "organization": customer.organization,
        "email": customer.email,
        "contact_name": customer.name,
        "title": customer.title or None,
        "phone": customer.phone or None,
        "language": customer.language.upper() or "EN",
        "address": address,
    }
    row = {name: value for name, value in sight.row.items() if value is not None}
    if "pricebook" not in row:
        unknown.append("cloud_provider.pricebook")
    if sight.row and "portal_access" not in row:
        unknown.append("cloud_provider.portal_access")
    identity = {"domain": sight.domain.lower() or None, "tenant_id": sight.tenant or None}
    if not sight.tenant:
        identity["domain"] = None
        unknown.append("identity.tenant_id")
    agreement: dict[str, Any] = {"route": "customer"} if sight.direct else {}
    if sight.signatory:
        agreement["signatory"] = dict(sight.signatory)
    else:
        unknown.append("attestation.signatory")
    return {
        "key": key,
        "connection": connection,
        "unknown": unknown,
        "profile": {name: value for name, value in profile.items() if value is not None},
        "cloud_provider": row,
        "identity": {"method": "existing"} | {name: value for name, value in identity.items() if value is not None},
        "attestation": agreement,
    }


_OPTIONAL = (
    "profile.phone",
    "profile.title",
    "profile.address.suite",
    "attestation.signatory.phone",
    "attestation.signatory",
    "identity.domain",
)
"""What a file may leave out when it could not say it: then it is not managed, or named as unknown."""


def _without(data: dict[str, Any], path: str) -> bool:
    """Leave out the optional part that a finding is about; False when there is none."""
    name = next((one for one in _OPTIONAL if path == one or path.startswith(f"{one}.")), "")
    *parents, last = name.split(".")
    place: Any = data
    for part in parents:
        place = place.get(part) if isinstance(place, dict) else None
    if not isinstance(place, dict) or last not in place:
        return False
    if name == "identity.domain" and "tenant_id" not in place:
        return False
    del place[last]
    if name in MARKS:
        data["unknown"].append(name)
    return True


def completed(
    one: schemas.Customer, sight: Sight, connection: schemas.Connection, today: dt.date, *, update: bool
) -> schemas.Customer | None:
    """The declaration with what its file calls unknown filled in as far as it is seen now; with `update` also with the
    values that differ from what is seen. None when nothing changes."""
    seen = _declaration(sight, one.key, connection.name)
    data = one.model_dump(mode="json", by_alias=True, exclude_unset=True)
    before = copy.deepcopy(data)
    for name in one.unknown:
        value = _get(seen, name)
        if value not in (None, ""):
            _put(data, name, value)
            data["unknown"] = [other for other in data["unknown"] if other != name]
            if name == "cloud_provider.pricebook":
                for currency in ("provider_currency", "invoice_currency"):
                    _put(data, f"cloud_provider.{currency}", seen["cloud_provider"].get(currency, ""))
    if update:
        _take_seen(data, seen)
    if data == before:
        return None
    _, findings = schemas.findings_of(copy.deepcopy(data), connection, today)
    return None if findings else schemas.Customer.model_validate(data)


def _take_seen(data: dict[str, Any], seen: Mapping[str, Any]) -> None:
    """Replace what differs; spellings that mean the same stay as a person wrote them."""
    names = [*(f"profile.{n}" for n in ("organization", "contact_name", "title", "phone", "language"))]
    names += [f"profile.address.{n}" for n in schemas.Address.model_fields]
    names += [f"cloud_provider.{n}" for n in ("provider", "pricebook", "provider_currency", "invoice_currency")]
    for path in names:
        ours, theirs = _get(data, path), _get(seen, path)
        if theirs not in (None, "") and ours is not None:
            rule = path.removeprefix("profile.").removeprefix("cloud_provider.")
            if not compare.same(rule, str(ours), str(theirs)):
                _put(data, path, theirs)
    if "portal_access" in seen["cloud_provider"]:
        _put(data, "cloud_provider.portal_access", seen["cloud_provider"]["portal_access"])


def _get(data: Mapping[str, Any], path: str) -> Any:
    found: Any = data
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    place = data
    for part in parents:
        place = place.setdefault(part, {})
    place[last] = value

"""A deterministic estate of any size: what a sandbox is seeded with, and the customer files that declare it.

One random generator with a fixed seed makes the same customers in every run. Every situation of real life is in it, in
fixed shares; `Made.situation` names a customer's. What a file declares and what a system shows agree, except what the
situation says, so that a look at the untouched estate finds no drift.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML

import schemas

Profile = Literal["provider", "reseller"]
ACCOUNTS = {"provider": "10501", "reseller": "20501"}
CONNECTIONS = {"provider": "us", "reseller": "reseller-us"}
CREATED = "-300d"

SHARES: dict[str, int] = {
    "ready": 46,  # existing tenant, agreement attested, portal access on
    "direct": 18,  # invited tenant, agreement accepted by the customer
    "made": 14,  # tenant made by the reseller
    "by domain": 2,  # existing tenant, the file names only its domain
    "portal off": 8,  # all done, portal access off
    "old agreement": 2,
    "no agreement": 2,
    "not linked": 2,  # row without tenant
    "not related": 2,  # invited, not accepted yet
    "no row": 2,
    "leaving": 1,
    "inactive left": 1,  # gone: declared as left, INACTIVE in ION
}
SETTLED = ("ready", "direct", "made", "by domain")
"""Situations in which every field is seen as declared (for a role that sees it)."""

_CITIES = (
    ("One Microsoft Way", "Redmond", "WA", "98052"),
    ("233 S Wacker Dr", "Chicago", "IL", "60606"),
    ("350 Fifth Avenue", "New York", "NY", "10118"),
    ("600 Congress Ave", "Austin", "TX", "78701"),
    ("1 Ferry Building", "San Francisco", "CA", "94111"),
)
_FIRST = ("Ada", "Bo", "Cy", "Dana", "Eli", "Fay", "Gus", "Hal", "Ida", "Jo", "Kim", "Lee", "Max", "Nia", "Ola", "Pam")
_LAST = ("Archer", "Baker", "Cooper", "Dyer", "Eaton", "Fisher", "Gould", "Hunter", "Ives", "Judd", "Kerr", "Lund")
_TRADES = (
    "Bikes",
    "Books",
    "Foods",
    "Toys",
    "Tools",
    "Travel",
    "Clinics",
    "Farms",
    "Homes",
    "Media",
    "Paints",
    "Wines",
)
_KINDS = ("Inc", "LLC", "Group", "Partners", "& Sons", "Ltd")


@dataclass(frozen=True, slots=True)
class Made:
    """One generated customer: its file, its situation, and the names by which a sandbox knows it."""

    declared: schemas.Customer
    situation: str
    email: str
    tenant: str
    tenant_id: str

    @property
    def key(self) -> str:
        return self.declared.key


@dataclass(frozen=True, slots=True)
class Generated:
    """A whole estate: the customers, the seed that makes a sandbox match them, the connection name that serves them."""

    profile: Profile
    customers: tuple[Made, ...]
    seed: Mapping[str, Any]

    @property
    def connection(self) -> str:
        return CONNECTIONS[self.profile]

    @property
    def account(self) -> str:
        return ACCOUNTS[self.profile]

    def estate(self, connection: schemas.Connection, project_dir: Path) -> schemas.Estate:
        """The estate in memory, without files."""
        return schemas.Estate(
            stack=self.profile,
            project_dir=project_dir,
            customers=tuple(one.declared for one in self.customers),
            connections={self.connection: connection},
            sources={one.key: f"stacks/customers/{one.key}.yaml" for one in self.customers},
        )

    def write_files(self, folder: Path) -> None:
        """The customer files, one a customer."""
        folder.mkdir(parents=True, exist_ok=True)
        yaml = YAML(typ="safe")
        yaml.default_flow_style = False
        for one in self.customers:
            data = one.declared.model_dump(mode="json", exclude_defaults=True, exclude={"key"})
            data["identity"] = {"method": one.declared.identity.method} | data["identity"]
            with (folder / f"{one.key}.yaml").open("w", encoding="utf-8") as stream:
                yaml.dump(data, stream)


def generate(count: int, profile: Profile = "provider", seed: int = 1) -> Generated:
    """An estate of `count` customers in all situations, the same for the same arguments."""
    maker = _Maker(profile, random.Random(f"{profile}/{seed}"))
    names = list(SHARES)
    # The first of each situation comes first, so that a small estate has them all.
    situations = names[:count] + maker.random.choices(names, list(SHARES.values()), k=max(0, count - len(names)))
    customers = tuple(maker.customer(number, situation) for number, situation in enumerate(situations, 1))
    return Generated(profile, customers, maker.seed)


class _Maker:
    def __init__(self, profile: Profile, source: random.Random) -> None:
        self.profile = profile
        self.random = source
        self.account = ACCOUNTS[profile]
        self.seed: dict[str, list[dict[str, Any]]] = {
            "tenants": [],
            "relationships": [],
            "agreements": [],
            "customers": [],
        }

    def customer(self, number: int, situation: str) -> Made:
        key = f"c{number:05d}"
        company = f"{self.random.choice(_LAST)} {self.random.choice(_TRADES)} {number} {self.random.choice(_KINDS)}"
        first, last = self.random.choice(_FIRST), self.random.choice(_LAST)
        email = f"it@{key}.example"
        street, city, state, zip_ = self.random.choice(_CITIES)
        address = {
            "street": f"{street}, floor {number % 40 + 1}",
            "city": city,
            "state": state,
            "zip": zip_,
            "country": "US",
        }
        phone = f"+1425555{number % 10_000:04d}"
        pricebook = self.random.choice(("US Standard", "US Standard", "US Premium"))
        person = {"first_name": first, "last_name": last, "email": email, "phone": phone}
        profile = {
            "organization": company,
            "email": email,
            "contact_name": f"{first} {last}",
            "phone": phone,
            "language": "EN",
            "address": dict(address),
        }
        if number % 3 == 0:
            profile["title"] = "Head of IT"
            profile["website"] = f"https://{key}.example"
        portal = situation not in ("portal off", "leaving", "inactive left")
        row = {
            "pricebook": pricebook,
            "provider_currency": "USD",
            "invoice_currency": "USD",
            "portal_access": portal,
        }
        domain = f"{key}corp.onmicrosoft.com"
        tenant_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.profile}/{domain}"))
        self._seed(number, situation, profile, row, domain, tenant_id, person)
        declared = schemas.Customer.model_validate(
            {
                "key": key,
                "connection": CONNECTIONS[self.profile],
                "lifecycle": {"leaving": "leaving", "inactive left": "left"}.get(situation, "active"),
                "profile": profile,
                "cloud_provider": row | self._confirmed_row(row),
                "identity": self._identity(situation, key, domain, tenant_id, person, portal)
                | (self._tenant(number, profile) if situation == "made" else {}),
                "attestation": {"signatory": person} | self._confirmed_agreement(portal, email),
            }
        )
        return Made(declared, situation, email, domain, tenant_id)

    def _identity(
        self, situation: str, key: str, domain: str, tenant_id: str, person: Mapping[str, str], portal: bool
    ) -> dict[str, Any]:
        if situation == "made":
            prefix = domain.partition(".")[0]
            return {"method": "new", "domain_prefix": prefix, "confirm_new_tenant": prefix, "contact": dict(person)}
        if situation in ("direct", "not related"):
            admin = {"name": f"{person['first_name']} {person['last_name']}", "email": f"admin@{key}.example"}
            return {"method": "invite", "domain": domain, "tenant_id": tenant_id, "global_admin": admin}
        named = {"method": "existing", "domain": domain}
        if situation != "by domain":
            named["tenant_id"] = tenant_id
        if self.profile == "reseller" and not portal:
            fields = {"relationship": tenant_id, "tenant": tenant_id}
            return named | {"confirmed": self._confirmation(fields)}
        return named

    @staticmethod
    def _tenant(number: int, profile: Mapping[str, Any]) -> dict[str, Any]:
        """What some files of tenants that we made say beside the contact, and others leave to the profile."""
        named: dict[str, Any] = {}
        if number % 2:
            named["address"] = dict(profile["address"])
        if number % 3:
            named |= {"culture": "en-US", "language": "en"}
        if number % 4:
            named["company_name"] = profile["organization"]
        return named

    def _confirmed_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A reseller confirms what no API shows."""
        if self.profile == "provider":
            return {}
        fields = {name: row[name] for name in ("pricebook", "provider_currency", "invoice_currency")}
        if not row["portal_access"]:
            fields |= {"provider": "Legacy Azure"}
        return {"confirmed": self._confirmation(fields)}

    def _confirmed_agreement(self, portal: bool, email: str) -> dict[str, Any]:
        if self.profile == "provider" or portal:
            return {}
        return {"confirmed": self._confirmation({"agreement": email})}

    @staticmethod
    def _confirmation(values: Mapping[str, Any]) -> dict[str, Any]:
        day = dt.date(2026, 9, 1)
        return {"fields": list(values), "by": "kim@examplereseller.example", "on": day, "values": dict(values)}

    def _seed(
        self,
        number: int,
        situation: str,
        profile: Mapping[str, Any],
        row: Mapping[str, Any],
        domain: str,
        tenant_id: str,
        person: Mapping[str, str],
    ) -> None:
        self.seed["tenants"].append(
            {
                "initial_domain": domain,
                "id": tenant_id,
                "company_name": profile["organization"],
                "country": "US",
                "email": profile["email"],
                "address": dict(profile["address"]),
                "contact": dict(person),
                "global_admins": [
                    {"name": profile["contact_name"], "email": f"admin@{profile['email'].partition('@')[2]}"}
                ],
            }
        )
        if situation != "not related":
            self.seed["relationships"].append({"tenant": domain, "account": self.account})
        if situation not in ("no agreement", "not related"):
            agreement: dict[str, Any] = {"tenant": domain, "account": self.account, "contact": dict(person)}
            agreement["kind"] = "direct" if situation == "direct" else "attested"
            agreement["date"] = "2022-06-14" if situation == "old agreement" else f"-{60 + number % 200}d"
            self.seed["agreements"].append(agreement)
        customer: dict[str, Any] = {
            "account": self.account,
            "id": str(400_000 + number),
            "organization": profile["organization"],
            "email": profile["email"],
            "name": profile["contact_name"],
            "title": profile.get("title", ""),
            "website": profile.get("website", ""),
            "phone": profile["phone"],
            "language": profile["language"],
            "address": dict(profile["address"]),
            "status": "INACTIVE" if situation == "inactive left" else "ACTIVE",
            "created": CREATED,
        }
        if situation != "no row":
            linked = "" if situation in ("not linked", "not related") else domain
            customer["provider_row"] = dict(row) | ({"tenant": linked} if linked else {})
        self.seed["customers"].append(customer)

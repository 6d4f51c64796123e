"""Situations from plain JSON: the profiles, a seed file, and ``POST /_sandbox/seed``."""

from __future__ import annotations

import gc
import re
from datetime import date, datetime, timedelta
from importlib import resources
from pathlib import Path

from csp_sandbox import links
from csp_sandbox.microsoft import MCA_TEMPLATE
from csp_sandbox.ready import ion_refresh_token, pc_refresh_token
from csp_sandbox.seeds.file import (
    RELATIVE,
    SeedAccount,
    SeedAgreement,
    SeedCustomer,
    SeedFile,
    SeedMail,
    SeedRelationship,
    SeedTenant,
    read,
)
from csp_sandbox.situation import model
from csp_sandbox.situation.clock import parse_instant
from csp_sandbox.situation.world import World

PROFILES = ("provider", "reseller", "empty")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def profile_text(profile: str) -> str:
    """The seed of a profile. Raises ValueError for an unknown one."""
    if profile not in PROFILES:
        raise ValueError(f"no profile is called {profile}; choose from {', '.join(PROFILES)}")
    return (resources.files("csp_sandbox") / "profiles" / f"{profile}.json").read_text(encoding="utf-8")


def prepare(world: World, seed_file: Path | None) -> None:
    """Fill a new world from its profile and seed file; a world that comes from a database stays as it is.

    Raises ValueError when the database belongs to another profile or a seed is wrong, OSError when it cannot be read.
    """
    profile = profile_text(world.profile)
    extra = seed_file.read_text(encoding="utf-8") if seed_file else ""
    kept = world.store.meta.get("profile")
    if kept is not None and kept != world.profile:
        raise ValueError(f"the database holds profile {kept}, not {world.profile}")
    world.seeds = [(profile, f"profile {world.profile}")] + ([(extra, str(seed_file))] if extra else [])
    if kept is None:
        plant_all(world)


def plant_all(world: World) -> None:
    """Plant the profile and the seed file into an empty world, as one transaction."""
    world.store.set_meta("profile", world.profile)
    world.store.set_meta("token", world.token)
    for text, where in world.seeds:
        plant(world, read(text, where))
    world.store.commit()


def plant(world: World, seed: SeedFile) -> None:
    """Add a situation. Raises ValueError when a reference names nothing; the caller then rolls back."""
    if seed.now:
        world.clock.set(parse_instant(seed.now))
        world.save_clock()
    if seed.association_api is not None:
        world.store.set_meta("association_api", seed.association_api)
    if seed.behaviours:
        world.choose(seed.behaviours)
    if seed.people:
        world.store.set_meta("people", {**world.store.meta.get("people", {}), **seed.people})
    collecting = gc.isenabled()
    gc.disable()  # a big seed makes only objects that stay: searching them for garbage would take a third of the time
    try:
        _plant_records(Planter(world), seed)
    finally:
        if collecting:
            gc.enable()


def _plant_records(planter: Planter, seed: SeedFile) -> None:
    for account in seed.accounts:
        planter.account(account)
    for tenant in seed.tenants:
        planter.tenant(tenant)
    for relationship in seed.relationships:
        planter.relationship(relationship)
    for agreement in seed.agreements:
        planter.agreement(agreement)
    for customer in seed.customers:
        planter.customer(customer)
    for mail in seed.mailbox:
        planter.mail(mail)


class Planter:
    """Turns the parts of a seed into records. Raises ValueError for a reference that names nothing."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.store = world.store
        self.now = world.clock.now()

    def moment(self, text: str) -> datetime:
        relative = RELATIVE.fullmatch(text)
        if not relative:
            return parse_instant(text)
        step = timedelta(**{_UNITS[relative[3]]: int(relative[2])})
        return (self.now + step if relative[1] == "+" else self.now - step).replace(microsecond=0)

    def day(self, text: str) -> date:
        return self.moment(text).date()

    def tenant_id(self, reference: str) -> str:
        """GUID of a tenant in the store. Raises ValueError."""
        tenant = self.store.tenants.get(reference.lower()) or self.store.tenants.first("domain", reference.casefold())
        if tenant is None:
            raise ValueError(f"no tenant is called {reference}")
        return tenant.id

    def any_tenant(self, reference: str) -> str:
        """GUID of a tenant that need not be seeded (another provider or reseller)."""
        return (
            reference.lower() if _GUID.fullmatch(reference) else self.world.named_guid(f"tenant/{reference.casefold()}")
        )

    def account_of(self, account_id: str) -> model.Account:
        account = self.store.accounts.get(account_id)
        if account is None:
            raise ValueError(f"no account is called {account_id}")
        return account

    def account(self, seed: SeedAccount) -> None:
        world = self.world
        partner, reseller = self.any_tenant(seed.partner_domain), ""
        if seed.reseller_domain:
            reseller = self.any_tenant(seed.reseller_domain)
        account = model.Account(
            **seed.model_dump(),
            partner_tenant=partner,
            reseller_tenant=reseller,
            client_id=world.named_guid(f"client/{seed.id}"),
            client_secret=f"{world.secret(f'client-secret/{seed.id}', 37)}~X.",
            users=[
                model.AccountUser(
                    id=f"{seed.id}1", name="Integration User", email=f"api@{seed.partner_domain}", role="OWNER"
                )
            ],
        )
        self.store.accounts.put(account)
        for domain, name, guid in (
            (seed.partner_domain, seed.partner_name, partner),
            (seed.reseller_domain, seed.reseller_name, reseller),
        ):
            if domain and guid not in self.store.tenants:
                self.store.tenants.put(
                    model.Tenant(
                        id=guid, initial_domain=domain, company_name=name, country=seed.country, created_at=self.now
                    )
                )
        for token, system, days in (
            (ion_refresh_token(world, seed.id), "ion", 32),
            (pc_refresh_token(world, seed.id), "entra", 90),
        ):
            if system == "entra" and seed.role == "indirect-reseller":
                continue
            self.store.refresh_tokens.put(
                model.RefreshToken(
                    id=token,
                    system=system,
                    owner=seed.id if system == "ion" else partner,
                    chain=f"{system}/{seed.id}",
                    issued_at=self.now,
                    expires_at=self.now + timedelta(days=days),
                    client_id=account.client_id,
                    user=world.named_guid(f"user/{seed.id}"),
                )
            )

    def tenant(self, seed: SeedTenant) -> None:
        if self.store.tenants.first("domain", seed.initial_domain.casefold()):
            raise ValueError(f"two tenants are called {seed.initial_domain}")
        guid = seed.id.lower() or self.any_tenant(seed.initial_domain)
        self.store.tenants.put(
            model.Tenant(
                **seed.model_dump(exclude={"id", "created", "address", "contact", "global_admins"}),
                id=guid,
                address=seed.address,
                contact=seed.contact,
                global_admins=seed.global_admins,
                created_at=self.moment(seed.created),
                commerce_id=self.world.named_guid(f"commerce/{guid}"),
                billing_id=self.world.named_guid(f"billing/{guid}"),
                etag=str(int(self.world.secret(f"etag/{guid}", 15), 16)),
            )
        )

    def relationship(self, seed: SeedRelationship) -> None:
        account = self.account_of(seed.account)
        tenant = self.tenant_id(seed.tenant)
        reseller = {"own": account.reseller_tenant or None, "none": None}.get(seed.reseller, seed.reseller)
        if seed.reseller not in ("own", "none"):
            reseller = self.any_tenant(seed.reseller)
        provider = self.any_tenant(seed.provider) if seed.provider else account.partner_tenant
        self.store.relationships.put(
            model.Relationship(
                id=f"{tenant}/{provider}",
                tenant_id=tenant,
                provider_tenant=provider,
                reseller_tenant=reseller,
                created_at=self.moment(seed.created),
                gdap=seed.gdap,
                gdap_status="active" if seed.gdap else "",
            )
        )

    def agreement(self, seed: SeedAgreement) -> None:
        tenant = self.tenant_id(seed.tenant)
        self.store.agreements.put(
            model.Agreement(
                id=self.world.guid("agreement"),
                tenant_id=tenant,
                kind=seed.kind,
                date=self.day(seed.date),
                template_id=MCA_TEMPLATE,
                contact=seed.contact,
                partner_tenant=self.account_of(seed.account).partner_tenant if seed.account else None,
            )
        )

    def customer(self, seed: SeedCustomer) -> None:
        account = self.account_of(seed.account)
        if self.store.customers.first("email", seed.email.casefold()):
            raise ValueError(f"two customers have the e-mail {seed.email}")
        created = self.moment(seed.created)
        row = seed.provider_row
        rows = []
        if row is not None:
            tenant = self.store.tenants.get(self.tenant_id(row.tenant)) if row.tenant else None
            rows.append(
                model.ProviderRow(
                    **row.model_dump(exclude={"tenant"}),
                    tenant_id=tenant.id if tenant else None,
                    domain=tenant.initial_domain if tenant else None,
                )
            )
        number = seed.id or str(self.world.number("ion-customer", 300_001))
        self.store.customers.put(
            model.IonCustomer(
                id=number,
                account=account.id,
                organization=seed.organization,
                address=seed.address,
                name=seed.name or seed.organization,
                email=seed.email,
                **seed.model_dump(include=set(model.ProfileExtras.model_fields)),
                language=seed.language,
                status=seed.status,
                uid=self.world.secret(f"uid/{number}", 24),
                create_time=created,
                update_time=created,
                rows=rows,
            )
        )

    def mail(self, seed: SeedMail) -> None:
        link = links.invitation_link(self.account_of(seed.account)) if seed.account else ""
        number = self.world.number("mail")
        self.store.mails.put(
            model.Mail(
                id=str(number),
                to=seed.to,
                cc=seed.cc,
                sender=seed.sender,
                subject=seed.subject,
                text=seed.text.replace("{{invitation}}", link),
                html=seed.html.replace("{{invitation}}", link),
                message_id=f"<seed-{number}@sandbox.example>",
                received_at=self.moment(seed.received),
            )
        )

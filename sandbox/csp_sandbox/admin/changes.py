"""Remote changes as data: what somebody did in a console, in Microsoft's portals or by a ticket, without asking anyone.

``POST /_sandbox/changes`` takes a list and applies it as one transaction. Unlike the real consoles it checks nothing: a
drill needs situations that no console would let one person make alone. Tenants are named by initial domain or GUID,
customers by their present e-mail. Edits of a profile move ION's ``updateTime``; edits of a Cloud Provider row do not,
because nobody has seen whether they do.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from csp_sandbox import microsoft
from csp_sandbox.admin.control import ADMIN, explain
from csp_sandbox.ledger import OURS, rule
from csp_sandbox.seeds.situation import Planter
from csp_sandbox.serving.web import Answer, Call, MalformedError
from csp_sandbox.situation import model
from csp_sandbox.situation.world import World


class Change(BaseModel):
    """Base of all changes: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid")


class ProfileChange(Change):
    """Members of an ION profile get other values; ``address.city`` and the like name parts of the address."""

    do: Literal["profile"]
    customer: str
    set: dict[str, str] = Field(min_length=1)


class RowChange(Change):
    """Members of the Microsoft row get other values; a row that is not there is made."""

    do: Literal["row"]
    customer: str
    set: dict[str, str | bool] = Field(min_length=1)


class RowRemoval(Change):
    """The row of a provider disappears. Provider 30 is Microsoft."""

    do: Literal["remove_row"]
    customer: str
    provider_id: str = "30"


class RowAddition(Change):
    """Another provider's row appears, with its own toggle for portal access."""

    do: Literal["add_row"]
    customer: str
    provider_id: str
    name: str
    portal_access: bool = False


class Link(Change):
    """The tenant of the Microsoft row changes; ``tenant`` "" unlinks it."""

    do: Literal["link"]
    customer: str
    tenant: str = ""


class BillingChange(Change):
    """Members of a tenant's billing profile get other values; ``contact.email``, ``address.city`` and the like name
    parts. ``account``: whose partner saved it, so that its activity log tells; "" for the customer or Microsoft."""

    do: Literal["billing"]
    tenant: str
    set: dict[str, str] = Field(min_length=1)
    account: str = ""


class ResellerChange(Change):
    """A customer goes over to another reseller of the same provider; ``reseller`` "" makes it a direct customer."""

    do: Literal["reseller"]
    tenant: str
    account: str
    reseller: str = ""


class RelationshipChange(Change):
    """A relationship with an account's Partner Center begins or ends."""

    do: Literal["relate", "end_relationship"]
    tenant: str
    account: str


class AgreementChange(Change):
    """All agreements of a tenant are replaced by one, or by none (``kind`` "none")."""

    do: Literal["agreement"]
    tenant: str
    kind: Literal["direct", "attested", "none"]
    date: str = "-1d"
    contact: model.Person | None = None


class TemplateChange(Change):
    """Microsoft replaces the template of the agreement; agreements on record keep theirs."""

    do: Literal["template"]
    template: str


AnyChange = Annotated[
    ProfileChange
    | RowChange
    | RowRemoval
    | RowAddition
    | Link
    | BillingChange
    | ResellerChange
    | RelationshipChange
    | AgreementChange
    | TemplateChange,
    Field(discriminator="do"),
]
_CHANGES = TypeAdapter(list[AnyChange])


@ADMIN.operation(
    "admin.changes",
    "POST",
    "/changes",
    refusals=(400,),
    rule=rule(
        "admin.changes",
        "Applies edits that people made elsewhere (profile, row, link, billing profile, reseller, relationship, "
        "agreement, template), all or nothing.",
        source=OURS,
    ),
)
def apply_changes(call: Call) -> Answer:
    """Change the situation behind everybody's back."""
    try:
        changes = _CHANGES.validate_python(call.json())
    except ValidationError as error:
        raise MalformedError(explain(error)) from error
    try:
        for change in changes:
            _apply(call.world, change)
    except ValueError as error:
        raise MalformedError(str(error)) from error
    return Answer(200, {"applied": len(changes)})


def _apply(world: World, change: AnyChange) -> None:
    if isinstance(change, RelationshipChange):
        _relationship(world, change)
    elif isinstance(change, AgreementChange):
        _agreement(world, change)
    elif isinstance(change, BillingChange):
        _billing(world, change)
    elif isinstance(change, ResellerChange):
        _reseller(world, change)
    elif isinstance(change, TemplateChange):
        world.store.set_meta("mca_template", change.template)
    else:
        customer = world.store.customers.first("email", change.customer.casefold())
        if customer is None:
            raise ValueError(f"no customer has the e-mail {change.customer}")
        _customer(world, customer, change)
        world.store.customers.put(customer)


def _customer(
    world: World, customer: model.IonCustomer, change: ProfileChange | RowChange | RowRemoval | RowAddition | Link
) -> None:
    row = customer.microsoft()
    if isinstance(change, ProfileChange):
        for path, value in change.set.items():
            _assign(customer.address if path.startswith("address.") else customer, path.removeprefix("address."), value)
        customer.update_time = world.clock.now().replace(microsecond=0)
    elif isinstance(change, RowAddition):
        row = model.ProviderRow(**change.model_dump(include={"provider_id", "name", "portal_access"}))
        customer.rows.append(row)
    elif isinstance(change, RowRemoval):
        customer.rows = [kept for kept in customer.rows if kept.provider_id != change.provider_id]
    elif isinstance(change, RowChange):
        if row is None:
            row = model.ProviderRow()
            customer.rows.append(row)
        for name, wanted in change.set.items():
            _assign(row, name, wanted)
    else:
        if row is None:
            raise ValueError(f"{customer.email} has no Microsoft row")
        tenant = _tenant(world, change.tenant) if change.tenant else None
        row.tenant_id = tenant.id if tenant else None
        row.domain = tenant.initial_domain if tenant else None


def _assign(record: model.Record, name: str, value: Any) -> None:
    if name not in type(record).model_fields:
        raise ValueError(f"nothing is called {name}")
    setattr(record, name, value)


def _tenant(world: World, reference: str) -> model.Tenant:
    tenant = world.store.tenants.get(Planter(world).tenant_id(reference))
    if tenant is None:
        raise ValueError(f"no tenant is called {reference}")
    return tenant


def _account(world: World, number: str) -> model.Account:
    account = world.store.accounts.get(number)
    if account is None:
        raise ValueError(f"no account is called {number}")
    return account


def _billing(world: World, change: BillingChange) -> None:
    store, tenant = world.store, _tenant(world, change.tenant)
    for path, value in change.set.items():
        part, _, name = path.rpartition(".")
        record = {"": tenant, "contact": tenant.contact, "address": tenant.address}.get(part)
        if record is None:
            raise ValueError(f"nothing is called {path}")
        _assign(record, name, value)
    tenant.etag = microsoft.etag(tenant.id, tenant.etag)
    store.tenants.put(tenant)
    if change.account:
        partner = _account(world, change.account).partner_tenant
        what = "update_customer_billing_profile"
        microsoft.audit_change(store, world.clock.now(), partner, what, tenant, user="ops@example.net")


def _reseller(world: World, change: ResellerChange) -> None:
    store, tenant = world.store, _tenant(world, change.tenant)
    row = microsoft.relationship(store, tenant.id, _account(world, change.account).partner_tenant)
    if row is None:
        raise ValueError(f"{change.tenant} is not related to account {change.account}")
    row.reseller_tenant = change.reseller or None
    store.relationships.put(row)


def _relationship(world: World, change: RelationshipChange) -> None:
    store, now = world.store, world.clock.now()
    account = _account(world, change.account)
    tenant = _tenant(world, change.tenant)
    if change.do == "relate":
        microsoft.relate(store, now, tenant, account.partner_tenant, account.reseller_tenant)
        microsoft.audit_change(
            store, now, account.partner_tenant, "create_partner_relationship", tenant, user="ops@example.net"
        )
        return
    row = microsoft.relationship(store, tenant.id, account.partner_tenant)
    if row is None:
        raise ValueError(f"{change.tenant} is not related to account {change.account}")
    store.relationships.remove(row.id)
    microsoft.audit_change(
        store, now, account.partner_tenant, "remove_partner_customer_relationship", tenant, user="ops@example.net"
    )


def _agreement(world: World, change: AgreementChange) -> None:
    store, tenant = world.store, _tenant(world, change.tenant)
    for kept in store.agreements.find("tenant", tenant.id):
        store.agreements.remove(kept.id)
    if change.kind == "none":
        return
    store.agreements.put(
        model.Agreement(
            id=world.guid("agreement"),
            tenant_id=tenant.id,
            kind=change.kind,
            template_id=microsoft.mca_template(store),
            date=Planter(world).day(change.date),
            contact=change.contact,
        )
    )

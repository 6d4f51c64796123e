"""ION's management console: what its forms do, field by field.

Sources: article (ion.md 8), 7.3, 7.6. The operator's web page and the people both end here, with the
labels that the screen shows. A refusal is what the screen would say.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from csp_sandbox import microsoft
from csp_sandbox.ledger import Rule, rule
from csp_sandbox.partner_center import addresses, countries
from csp_sandbox.situation.model import Account, Address, AttestedBy, IonCustomer, Person, ProviderRow
from csp_sandbox.situation.world import World

ROW = rule(
    "console.row",
    "Add or Edit of Legacy Azure sets pricebook, currencies and portal toggle; a pricebook has one provider currency.",
    source="ion.md 5, 8 (11-14, 21-23)",
)
CUSTOMER = rule(
    "console.customer",
    "A customer is found by its e-mail; a name that does not fit it stops the operator.",
    source="sandbox",
)
IDENTITY_LIST = rule(
    "console.identity",
    "The section Microsoft Azure Identity offers a new or an existing identity; two of its three texts are not known.",
    source="ion.md 7.3, 8 (8, 9, 24)",
    confidence="inferred",
)
NEW_REFUSED = rule(
    "console.identity.new.refused",
    "A new identity needs every field with * and the agreement, credentials of the list, a free prefix of 1 to 27 "
    "letters and digits, and an address of the credentials' country that Microsoft verifies.",
    source="ion.md 7.3, 8 (25-30)",
    confidence="inferred",
)
NEW = rule(
    "console.identity.new",
    "Create New Customer Identity makes the tenant in TD SYNNEX's Partner Center for this reseller, records "
    "the agreement and shows admin and password once.",
    source="ion.md 7.3, 7.6, 8 (24-36)",
)
EXISTING = rule(
    "console.identity.existing",
    "An existing Microsoft ID is refused until its tenant is related to TD SYNNEX's Partner Center; a linked "
    "one is never replaced here.",
    source="ion.md 7.7",
    confidence="inferred",
)
ATTESTATION = rule(
    "console.attestation",
    "Attestation records who agreed and when for the linked tenant; it may be updated.",
    source="ion.md 8 (17, 28)",
    confidence="inferred",
)
ONE_TENANT = rule("console.identity.one-tenant", "One tenant belongs to one ION customer.", source="ion.md 0 (7)")

PROVIDER = "Legacy Azure"
IDENTITY_NEW, IDENTITY_EXISTING = "Create New Customer Identity", "Add existing Microsoft ID"
ROW_LABELS = (
    "Cloud Provider",
    "Pricebook",
    "Provider Currency",
    "Invoice Currency",
    "Enable provider in customer portal",
)
SIGNATORY_LABELS = (
    "Agreement signatory first name",
    "Agreement signatory last name",
    "Agreement signatory e-mail",
    "Agreement signatory phone",
    "Agreement date",
)
TENANT_LABELS = (
    "CSP Credentials", "Domain prefix", "Company name", "First name", "Last name", "E-mail", "Phone", "Address line 1",
    "Address line 2", "City", "State", "Postal code", "Country", "Language",
)  # fmt: skip
EXISTING_LABELS = ("Microsoft ID", "Domain")
IDENTITY = "Microsoft Azure Identity"
LABELS = (*ROW_LABELS, IDENTITY, *TENANT_LABELS, *EXISTING_LABELS, *SIGNATORY_LABELS)
_CURRENCIES = ("USD", "CAD", "EUR", "GBP", "MXN", "BRL")

Values = dict[str, str]
#: What a save still has to write, once every field was found good.
Finish = Callable[[], None]


class FormError(Exception):
    """The form was not saved; the text is what the screen says, `rule` the ledger row that demands it."""

    def __init__(self, rule: Rule, text: str) -> None:
        super().__init__(text)
        self.rule = rule


@dataclass(slots=True)
class Saved:
    """What a save did. `user` and `password` are the confirmation screen of a new tenant, shown once."""

    did: list[str] = field(default_factory=list)
    user: str = ""
    password: str = ""


def customer_by_email(world: World, email: str) -> tuple[Account, IonCustomer]:
    """Find a customer as an operator does, by e-mail. Raises FormError."""
    customer = world.store.customers.first("email", email.strip().casefold())
    account = world.store.accounts.get(customer.account) if customer else None
    if customer is None or account is None:
        raise FormError(CUSTOMER, f'no customer with the e-mail "{email}"')
    return account, customer


def save(world: World, values: Values) -> Saved:
    """Save the Cloud Provider screen of one customer: row, identity, attestation, in this order.

    All fields are checked before anything is written. Raises FormError.
    """
    values = {label: text.strip() for label, text in values.items() if text.strip()}
    account, customer = customer_by_email(world, values.get("Customer e-mail", ""))
    name = values.get("Customer", customer.organization)
    if name.casefold() != customer.organization.casefold():
        raise FormError(CUSTOMER, f'the customer with this e-mail is "{customer.organization}", not "{name}"')
    old = customer.microsoft()
    row = old.model_copy(deep=True) if old else None
    saved = Saved()
    row = _row(account, row, values, saved)
    finish = _identity(world, account, customer, row, values, saved)
    if finish is None and any(label in values for label in SIGNATORY_LABELS):
        finish = _attestation(world, account, row, values, saved)
    if row != old or finish is not None:
        if finish is not None:
            finish()
        customer.rows = [other for other in customer.rows if other.provider_id != row.provider_id] + [row]
        customer.update_time = world.clock.now()
        world.store.customers.put(customer)
    return saved


def _row(account: Account, row: ProviderRow | None, values: Values, saved: Saved) -> ProviderRow:
    provider = values.get("Cloud Provider", PROVIDER)
    if provider.casefold() != PROVIDER.casefold():
        raise FormError(ROW, f'Cloud Provider: "{provider}" is not in the list')
    if row is None:
        missing = [label for label in ROW_LABELS[1:4] if label not in values]
        if missing:
            raise FormError(ROW, f"the row needs {', '.join(missing)}")
        row = ProviderRow(name=PROVIDER)
        saved.did.append(f"added {PROVIDER}")
    before = row.model_copy()
    row.pricebook = values.get("Pricebook", row.pricebook)
    if row.pricebook not in account.pricebooks:
        raise FormError(ROW, f'Pricebook: "{row.pricebook}" is not in the list')
    row.provider_currency = values.get("Provider Currency", row.provider_currency).upper()
    row.invoice_currency = values.get("Invoice Currency", row.invoice_currency).upper()
    if row.provider_currency != account.pricebooks[row.pricebook]:
        raise FormError(
            ROW, f'Pricebook: "{row.pricebook}" is in {account.pricebooks[row.pricebook]}, not {row.provider_currency}'
        )
    if row.invoice_currency not in _CURRENCIES:
        raise FormError(ROW, f'Invoice Currency: "{row.invoice_currency}" is not in the list')
    toggle = values.get("Enable provider in customer portal", "on" if row.portal_access else "off").lower()
    if toggle not in ("on", "off"):
        raise FormError(ROW, f'Enable provider in customer portal: "{toggle}" is neither on nor off')
    row.portal_access = toggle == "on"
    if row != before:
        saved.did.append(
            f"set pricebook {row.pricebook}, currencies {row.provider_currency}/{row.invoice_currency}, portal "
            f"access {toggle}"
        )
    return row


def _identity(
    world: World, account: Account, customer: IonCustomer, row: ProviderRow, values: Values, saved: Saved
) -> Finish | None:
    choice = values.get(IDENTITY, "")
    if not choice and any(label in values for label in EXISTING_LABELS):
        choice = IDENTITY_EXISTING
    if not choice:
        return None
    if choice == IDENTITY_NEW:
        return _new_tenant(world, account, row, values, saved)
    if choice == IDENTITY_EXISTING:
        return _existing_tenant(world, account, customer, row, values, saved)
    raise FormError(IDENTITY_LIST, f'{IDENTITY}: "{choice}" is not in the list')


def _new_tenant(world: World, account: Account, row: ProviderRow, values: Values, saved: Saved) -> Finish:
    if row.tenant_id:
        raise FormError(NEW_REFUSED, "the customer has a Microsoft identity already")
    needed = [label for label in TENANT_LABELS if label not in ("Address line 2", "Phone")] + list(SIGNATORY_LABELS[:3])
    missing = [f"{label} *" for label in needed if label not in values]
    if missing:
        raise FormError(NEW_REFUSED, f"required: {', '.join(missing)}")
    if values["CSP Credentials"] not in account.csp_credentials:
        raise FormError(NEW_REFUSED, f'CSP Credentials: "{values["CSP Credentials"]}" is not in the list')
    prefix = values["Domain prefix"].lower()
    if not re.fullmatch(r"[a-z0-9]{1,27}", prefix):
        raise FormError(NEW_REFUSED, "Domain prefix: 1 to 27 letters and digits")
    domain = f"{prefix}.onmicrosoft.com"
    if microsoft.domain_taken(world.store, domain):
        raise FormError(NEW_REFUSED, f"Domain prefix: {domain} is taken")
    place = _address(account, values)
    contact = Person(
        first_name=values["First name"],
        last_name=values["Last name"],
        email=values["E-mail"],
        phone=values.get("Phone", ""),
    )
    attested = _signatory(world, values)
    new = microsoft.NewTenant(
        domain=domain,
        company=values["Company name"],
        contact=contact,
        address=place,
        culture=countries.rules(place.country)["defaultCulture"],
        language=values["Language"],
    )

    def finish() -> None:
        now = world.clock.now()
        tenant, password = microsoft.create_tenant(world.store, now, new)
        microsoft.relate(world.store, now, tenant, account.partner_tenant, account.reseller_tenant)
        microsoft.attest(
            world.store, now, tenant.id, attested.date, attested.contact, partner=account.partner_tenant, user="ion"
        )
        microsoft.audit_change(world.store, now, account.partner_tenant, "add_customer", tenant, user="ion")
        row.tenant_id, row.domain, row.attested = tenant.id, tenant.initial_domain, attested
        saved.user, saved.password = f"admin@{tenant.initial_domain}", password
        saved.did.append(f"created the tenant {domain}, the password was shown once")

    return finish


def _existing_tenant(
    world: World, account: Account, customer: IonCustomer, row: ProviderRow, values: Values, saved: Saved
) -> Finish | None:
    microsoft_id, domain = values.get("Microsoft ID", "").lower(), values.get("Domain", "").casefold()
    if not microsoft_id:
        raise FormError(EXISTING, "required: Microsoft ID *")
    tenant = world.store.tenants.get(microsoft_id)
    if tenant is None or microsoft.relationship(world.store, tenant.id, account.partner_tenant) is None:
        raise FormError(
            EXISTING,
            "the Microsoft ID is not known to TD SYNNEX's Partner Center: the customer has not accepted the "
            "relationship",
        )
    if domain and domain not in {name.casefold() for name in (tenant.initial_domain, *tenant.domains)}:
        raise FormError(EXISTING, f"Domain: {domain} does not belong to this Microsoft ID")
    if row.tenant_id == tenant.id:
        return None
    if row.tenant_id:
        raise FormError(EXISTING, "another Microsoft ID is linked to this customer: open a ticket")
    others = [other for other in world.store.customers.find("tenant", tenant.id) if other.id != customer.id]
    if others:
        raise FormError(ONE_TENANT, f"the Microsoft ID is linked to {others[0].organization} already")
    attested = _signatory(world, values) if any(label in values for label in SIGNATORY_LABELS) else None

    def finish() -> None:
        row.tenant_id, row.domain = tenant.id, tenant.initial_domain
        saved.did.append(f"added the Microsoft ID {tenant.id}")
        if attested is not None:
            _attest(world, account, row, attested, saved)

    return finish


def _attestation(world: World, account: Account, row: ProviderRow, values: Values, saved: Saved) -> Finish | None:
    if not row.tenant_id:
        raise FormError(ATTESTATION, "Attestation: the customer has no Microsoft identity yet")
    attested = _signatory(world, values)
    if row.attested == attested:
        return None
    return lambda: _attest(world, account, row, attested, saved)


def _attest(world: World, account: Account, row: ProviderRow, attested: AttestedBy, saved: Saved) -> None:
    assert row.tenant_id is not None
    microsoft.attest(
        world.store,
        world.clock.now(),
        row.tenant_id,
        attested.date,
        attested.contact,
        partner=account.partner_tenant,
        user="ion",
    )
    row.attested = attested
    saved.did.append(f"recorded the agreement of {attested.contact.email} on {attested.date.isoformat()}")


def _signatory(world: World, values: Values) -> AttestedBy:
    first, last, email, phone, when = (values.get(label, "") for label in SIGNATORY_LABELS)
    if not (first and last and email):
        raise FormError(ATTESTATION, "Attestation: first name, last name and e-mail of the signatory are required")
    today = world.clock.now().date()
    try:
        agreed = date.fromisoformat(when) if when else today  # the form comes with the present day filled in
    except ValueError:
        raise FormError(ATTESTATION, f'Agreement date: "{when}" is not a date') from None
    if agreed > today:
        raise FormError(ATTESTATION, "Agreement date: it cannot be later than today")
    return AttestedBy(date=agreed, contact=Person(first_name=first, last_name=last, email=email, phone=phone))


def _address(account: Account, values: Values) -> Address:
    country = values["Country"].upper()
    if country != account.country:
        raise FormError(NEW_REFUSED, f'Country: "{values["Country"]}" is not served by these credentials')
    asked = addresses.Address(
        line1=values["Address line 1"],
        line2=values.get("Address line 2", ""),
        city=values["City"],
        state=values["State"],
        postal_code=values["Postal code"],
        country=country,
    )
    verdict = addresses.validate(asked)
    if not verdict.usable:
        raise FormError(NEW_REFUSED, f"Microsoft does not accept the address ({verdict.status}): {verdict.message}")
    return Address(
        street=asked.line1,
        suite=asked.line2,
        city=asked.city,
        state=asked.state,
        zip=asked.postal_code,
        country=country,
    )

"""The texts of next steps, in the words that the consoles use.

`{customer}`, `{email}`, `{admin}` and `{admin_email}` stand for company, customer e-mail and Global Admin: readiness
fills them in (onboarding.core.visits), so that a renamed company does not show as a change of every resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import schemas
from onboarding.core import labels
from onboarding.core.contract import NextStep
from schemas.command import command

CUSTOMER_FILE, CONNECTION_FILE = "customer file", "connection file"
"""Where a step is a line in one of our files; `onboarding.core.places` names the file and the line."""
ROW = ("pricebook", "provider_currency", "invoice_currency")
CONSOLE = "ION (management console, not the customer portal)"
ON, OFF = "on", "off"
ADMINISTRATOR = "an administrator (Global or Billing Administrator)"
"""Who accepts at Microsoft. Its pages name one role here and the other there, so both are told."""
NEEDS_AGREEMENT = "without a current agreement Microsoft takes no order, seat change, upgrade, term or billing change"
"""Since 2025-10-07 (partner-center.md 14 (6))."""
TICKET_WHERE = 'TD SYNNEX support: "?" icon, upper right in ION, or Submit a ticket'


def confirmed_by(given: schemas.Confirmation) -> str:
    """Who stated it, when, and where the evidence is."""
    return f"{given.by} on {given.on.isoformat()}" + (f" ({given.ref})" if given.ref else "")


def on_off(value: bool) -> str:
    """A toggle in the console's words."""
    return ON if value else OFF


def row_path(*, exists: bool) -> str:
    """Where the Cloud Provider row is edited, or added."""
    path = f"{CONSOLE}: {labels.text('menu')} > {{customer}} > {labels.text('menu_providers')}"
    name = labels.text("legacy_azure")
    return f"{path} > {name}" if exists else f"{path} > {labels.text('add')} > {name}"


def _values(**named: str | None) -> dict[str, str]:
    return {labels.text(name): text for name, text in named.items() if text}


def who() -> dict[str, str]:
    """The customer, as every form asks for it."""
    return _values(customer="{customer}", customer_email="{email}")


def ticket(text: str) -> NextStep:
    """A ticket for TD SYNNEX's operations, ready to paste."""
    return NextStep(
        "distributor",
        TICKET_WHERE,
        "Open a ticket with the text below and wait for the answer.",
        who() | _values(ticket=text),
    )


def reactivate(word: str) -> NextStep:
    """A profile that is not active, as ION says in its `word`: only the console or support can activate it."""
    return ticket(
        f"Please set the customer {{customer}} ({{email}}) to ACTIVE again. The profile is {word}, so nothing can "
        "be ordered for it."
    )


def reseller(fact: Mapping[str, str], connection: str) -> NextStep:
    """We may not transact, or nobody has looked: it concerns every customer of the connection."""
    if fact.get("state") == "mismatch":
        return NextStep(
            "us",
            "Partner Center: Account settings, Programs and Agreements",
            f"Microsoft does not let our reseller account transact ({fact.get('seen')}). Check the partner id in the "
            f"connection file {connection}, sign the Microsoft Partner Agreement if it is open, else ask TD SYNNEX.",
        )
    return NextStep(
        "us",
        "ION (management console, not the customer portal): Partners > (TD SYNNEX) > Programs",
        "Look whether the Microsoft CSP program is approved for our account. If it is, run "
        f"{command('confirm', connection, 'reseller')}; if it is not, ask TD SYNNEX for it. No API shows it, and it "
        "concerns every customer of the connection.",
    )


def leaving(what: str, *, portal_on: bool) -> NextStep:
    """What is open for a leaving customer; nothing is deleted."""
    return NextStep(
        "us",
        row_path(exists=True),
        f"{{customer}} is leaving. {what} Nothing is deleted in ION.",
        who() | _values(portal_access=OFF if portal_on else ""),
    )


def portal_off() -> NextStep:
    """A leaving customer can still buy."""
    return leaving("Switch portal access off: as long as it is on, the customer can buy.", portal_on=True)


def provider_row(
    declared: schemas.CloudProvider,
    *,
    exists: bool,
    confirm: tuple[str, ...],
    hidden: bool = False,
    differs: bool = True,
) -> NextStep:
    """Add or correct the Cloud Provider row in the console. `hidden`: nobody can see whether it exists; `differs`: what
    is seen of it is not as declared."""
    open_ = [f"cloud_provider.{name}" for name in ROW if not getattr(declared, name)]
    if open_:
        return NextStep(
            "us",
            CUSTOMER_FILE,
            f"Fill in {', '.join(open_)} from ION ({row_path(exists=exists or hidden)}): nobody has written down what "
            "the row has, and no API shows it.",
            who(),
        )
    if hidden:
        verb = "Look at the row (add it if it is missing) and set"
    elif exists and not differs:
        verb = "The row is there: look whether it has"
    else:
        verb = "Open the row and set" if exists else "Add the row with"
    ending = " and correct what differs" if exists and not differs else f", then {labels.text('save')}"
    return NextStep(
        "us",
        row_path(exists=exists or hidden),
        f"{verb} pricebook, currencies and portal access as below{ending}.",
        who()
        | _values(
            provider=declared.provider,
            pricebook=declared.pricebook,
            provider_currency=declared.provider_currency,
            invoice_currency=declared.invoice_currency,
            portal_access=on_off(declared.portal_access),
        ),
        confirm=confirm,
    )


def add_identity(
    tenant_id: str,
    domain: str,
    *,
    hint: str,
    hidden: bool = False,
    confirm: tuple[str, ...] = (),
    mail: Mapping[str, str] | None = None,
    link: str = "",
) -> NextStep:
    """Add an existing tenant to the row. `mail`: to write if ION refuses the tenant. `hidden`: no API will show it.

    confirm: gates that the person records afterwards."""
    enter = f"choose {labels.text('identity_existing')} and enter the Microsoft ID below."
    action = f"If this tenant is not linked yet, {enter}" if hidden else f"{enter[0].upper()}{enter[1:]}"
    return NextStep(
        "us",
        row_path(exists=True),
        f"{action} {hint}".strip(),
        who()
        | _values(identity=labels.text("identity_existing"), microsoft_id=tenant_id, domain=domain)
        | dict(mail or {}),
        link,
        confirm=confirm,
    )


def look_for_relationship(tenant: str, key: str, link: str) -> NextStep:
    """An indirect reseller looks itself: its own Partner Center lists the customers it is related to."""
    return NextStep(
        "us",
        "Microsoft Partner Center (your own account, in the browser): Customers",
        f"If {{customer}} ({tenant}) is listed there with TD SYNNEX as the provider, run "
        f"{command('confirm', key, 'relationship')}. If it is not, the relationship has ended: send the link below to "
        f"{ADMINISTRATOR} of the customer, who accepts it, and confirm then.",
        who(),
        link,
    )


def new_identity(
    declared: schemas.NewIdentity,
    company: str,
    place: schemas.Address,
    credentials: str,
    *,
    key: str,
    confirm: tuple[str, ...],
) -> NextStep:
    """Make a new tenant in the console: one visit, the vault entry opened first."""
    person = declared.contact
    return NextStep(
        "us",
        row_path(exists=True),
        f"Open the vault entry first with {command('handover', 'put', key)}: the password is shown once. Choose "
        f"{labels.text('identity_new')}, "
        f"fill in the form as below with the agreement, press {labels.text('create_customer')}, copy user and "
        f"password into the "
        "vault entry. This cannot be undone.",
        who()
        | _values(
            identity=labels.text("identity_new"),
            credentials=declared.csp_credentials or credentials,
            domain_prefix=declared.domain_prefix,
            company=company,
            first_name=person.first_name,
            last_name=person.last_name,
            email=person.email,
            phone=person.phone,
            address_line_1=place.street,
            address_line_2=place.suite,
            city=place.city,
            state=place.state,
            postal_code=place.zip,
            country=place.country,
            language=declared.language,
        ),
        confirm=confirm,
    )


def tenant_is_there(key: str, domain: str, confirm: tuple[str, ...]) -> NextStep:
    """A new tenant exists since somebody pressed the button: it is recorded, never made a second time."""
    return NextStep(
        "us",
        row_path(exists=True),
        f"The tenant {domain} exists: look whether it is the one in the row. If nobody of us made it, choose another "
        "prefix. If it is, nothing is to be made again; say where its one-time password is with "
        f"{command('handover', 'record', key)}, or that nobody has it with "
        f"{command('handover', 'lost', key, why='the screen was closed')}.",
        who(),
        confirm=confirm,
    )


def confirm_new_tenant(prefix: str) -> NextStep:
    """The reviewed second signature of an irreversible step."""
    return NextStep(
        "us",
        "customer file",
        f"A new tenant {prefix}.onmicrosoft.com cannot be undone. If it is right, set "
        f"identity.confirm_new_tenant: {prefix} "
        "in the customer file and have it reviewed.",
    )


def attest_in_console(signatory: schemas.Person, agreed_on: str, *, hidden: bool) -> NextStep:
    """ION's attestation form, part of the same visit as the tenant."""
    return NextStep(
        "us",
        row_path(exists=True),
        f"{'If it is not attested yet, fill in' if hidden else 'Fill in'} {labels.text('attestation')} "
        "(Microsoft Customer Agreement, also called Microsoft Cloud Customer Agreement) "
        f"with the person who agreed{'' if agreed_on else ' and the day of the agreement'}.",
        who()
        | _values(
            signatory_first=signatory.first_name,
            signatory_last=signatory.last_name,
            signatory_email=signatory.email,
            signatory_phone=signatory.phone,
            agreement_date=agreed_on,
        ),
        confirm=("agreement",) if hidden else (),
    )


def name_tenant(linked: str, domain: str) -> NextStep:
    """An adopted customer whose tenant no system showed when its file was written. `linked`: what ION shows now."""
    shown = f" ION shows {domain or linked}." if linked else ""
    return NextStep(
        "us",
        "customer file",
        f"Name the customer's Microsoft tenant in identity.tenant_id (or identity.domain).{shown}",
        {labels.text("microsoft_id"): linked} if linked else {},
    )


def name_signatory() -> NextStep:
    """An adopted customer whose signatory no system shows."""
    return NextStep("us", "customer file", "Name the customer's person who may sign in attestation.signatory.")


def reset_password(key: str) -> NextStep:
    """Nobody has the one-time password: the only way is a new one. It stops no order."""
    return NextStep(
        "us",
        "Microsoft 365 admin center, or Partner Center > Customers",
        "Nobody has the one-time password of the tenant's administrator. Reset it: Partner Center user administration "
        "(needs GDAP), else ask Microsoft support through TD SYNNEX. Store the new one with "
        f"{command('handover', 'put', key)}; when the client resets it alone, say so with "
        f"{command('handover', 'record', key)}.",
        who(),
        labels.ADMIN_CENTER,
    )


def store_password(key: str) -> NextStep:
    """No place took the one-time password: the output of the run that made the tenant, and the state, hold it
    encrypted."""
    return NextStep(
        "us",
        "command line, with the private key of a recipient",
        "No place took the one-time password of the tenant's administrator. The output of the run that made the tenant "
        "holds it as one line of base64, and the state as credentials_text: decode it (base64 -d), open it with the "
        f"private key (age -d -i), and store it with {command('handover', 'put', key)}. If it cannot be opened, state "
        f"that with {command('handover', 'lost', key, why='nobody can open it')}.",
        who(),
    )


def deliver_credentials(key: str, recipient: str) -> NextStep:
    """The one-time password waits, encrypted."""
    return NextStep(
        "us",
        "command line, with the private key of a recipient",
        "The one-time password of the tenant's administrator waits. Deliver it once, to a named person and not by "
        f"the mail that carries the user name: {command('handover', 'deliver', key)}.",
        who() | ({"Recipient": recipient} if recipient else {}),
    )


def interrupted_delivery(key: str, to: str, by: str, on: str) -> NextStep:
    """A delivery began and its end was not noted: only the people know."""
    return NextStep(
        "us",
        f"ask {by} and {to}",
        f"A delivery of the one-time password to {to} by {by} on {on} did not end. If it arrived: "
        f"{command('handover', 'deliver', key, arrived=True)}. If nobody saw it: "
        f"{command('handover', 'deliver', key, nothing_arrived=True)}. If somebody else may have seen it: "
        f"{command('handover', 'lost', key, why='somebody else may have seen it')}.",
        who(),
    )


def credentials_unknown(key: str) -> NextStep:
    """A tenant that was made in the console, whose password nobody stored."""
    return NextStep(
        "us",
        "command line",
        "The tenant is there, and nobody has said where the one-time password of its administrator is. If you have it: "
        f"{command('handover', 'put', key)}. If it is kept elsewhere or the client has it: "
        f"{command('handover', 'record', key)}. If the screen was closed before it was copied: "
        f"{command('handover', 'lost', key, why='the screen was closed')}.",
        who(),
    )


def mail_values(to: str, subject: str, text: str, copy: str = "") -> dict[str, str]:
    """A mail that the operator sends by hand."""
    return who() | _values(mail_to=to, mail_cc=copy, mail_subject=subject, mail_text=text)


LOST, IN_OUTPUT = "lost", "output"
"""What the state says of credentials that no store has: nobody received them; the output of the run that made the
tenant holds them, encrypted, because no place took them."""
UNKEPT: Mapping[str, Callable[[str], NextStep]] = {LOST: reset_password, IN_OUTPUT: store_password}
"""What to do about them, for the customer with that key."""

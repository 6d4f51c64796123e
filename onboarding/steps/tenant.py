"""Steps that bring about the Microsoft tenant, and its link to the Cloud Provider row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onboarding.steps.model import About, Instructions, Mail, Screen
from onboarding.steps.places import (
    ADMINISTRATOR,
    PARTNER_CENTER,
    entries,
    in_file,
    label,
    row,
    said,
    who,
)
from onboarding.steps.registry import step
from schemas.command import command
from schemas.distributor import DISTRIBUTOR


@step("us")
def make_tenant(about: About, *, key: str, form: Mapping[str, str], confirm: Sequence[str] = ()) -> Instructions:
    """Make a new tenant in the console: one visit, the vault entry opened first. `form`: name of a label -> value."""
    actions = (
        said("Open the vault entry first with ", command("handover", "put", key), ": the password is shown once."),
        said(
            f"Choose {label('identity_new')}, fill in the form as below with the agreement, press "
            f"{label('create_customer')}, copy user and password into the vault entry."
        ),
        said("This cannot be undone."),
    )
    ordered = {name: form[name] for name in FORM if name in form}
    values = entries(identity=label("identity_new"), **ordered)
    return Instructions((row(about, *actions, form=values),), confirm=tuple(confirm))


FORM = (
    "credentials",
    "domain_prefix",
    "company",
    "first_name",
    "last_name",
    "email",
    "phone",
    "address_line_1",
    "address_line_2",
    "city",
    "state",
    "postal_code",
    "country",
    "language",
)
"""The form of a new tenant in its order; a state sorts what it keeps."""


@step("us")
def record_tenant(about: About, *, key: str, domain: str, confirm: Sequence[str] = ()) -> Instructions:
    """A new tenant exists since somebody pressed the button: it is recorded, never made a second time."""
    actions = (
        said(f"The tenant {domain} exists: look whether it is the one in the row."),
        said("If nobody of us made it, choose another prefix."),
        said(
            "If it is, nothing is to be made again; say where its one-time password is with ",
            command("handover", "record", key),
            ", or that nobody has it with ",
            command("handover", "lost", key, why="the screen was closed"),
            ".",
        ),
    )
    return Instructions((row(about, *actions),), confirm=tuple(confirm))


@step("us")
def confirm_new_tenant(about: About, *, prefix: str) -> Instructions:
    """The reviewed second signature of an irreversible step."""
    actions = (
        said(f"A new tenant {prefix}.onmicrosoft.com cannot be undone."),
        said(f"If it is right, set identity.confirm_new_tenant: {prefix} in the customer file and have it reviewed."),
    )
    return Instructions((in_file("identity.confirm_new_tenant", *actions),))


@step("us")
def add_tenant(
    about: About,
    *,
    tenant: str,
    domain: str = "",
    hidden: bool = False,
    confirm: Sequence[str] = (),
    first: str = "",
    admin: str = "",
    sent_on: str = "",
    by_hand: bool = False,
    again: str = "",
    mail: Mapping[str, str] | None = None,
    link: str = "",
) -> Instructions:
    """Add an existing tenant to the row. `hidden`: no API shows whether it is linked.

    `first`, what comes before, because ION refuses a tenant without a relationship: "ask" (`admin` was invited on
    `sent_on`; `again`: the customer whose invitation a command renews, "" to remind), "send" (the invitation, to
    `admin`), "if refused" (`mail` goes to whoever administers the tenant), "" for nothing.
    """
    enter = f"choose {label('identity_existing')} and enter the Microsoft ID below."
    actions = [said(f"If this tenant is not linked yet, {enter}" if hidden else f"{enter[0].upper()}{enter[1:]}")]
    if first == "ask":
        actions.append(said(f"First ask {admin} whether the invitation was accepted."))
        if sent_on:
            actions.append(sent(sent_on, by_hand=by_hand))
        renew = (command("invite", "renew", again), " sends it again.") if again else ("remind them.",)
        actions.append(said("If ION refuses the Microsoft ID, it was not: ", *renew))
    elif first == "send":
        actions.append(
            said(
                f"First send the mail below to {admin}; ION refuses the Microsoft ID until its invitation is accepted."
            )
        )
    elif first:
        actions.append(
            said(
                f"If ION refuses it, the tenant is not related to {DISTRIBUTOR.name} yet: send the mail below to "
                f"{ADMINISTRATOR} of the customer and add the Microsoft ID after the acceptance."
            )
        )
    form = entries(identity=label("identity_existing"), microsoft_id=tenant, domain=domain)
    screen = row(about, *actions, form=form)
    return Instructions((screen,), link, Mail.of(mail, about), confirm=tuple(confirm))


def sent(day: str, *, by_hand: bool) -> tuple[str, ...]:
    """That a mail left."""
    return said(f"It was sent by hand on {day}." if by_hand else f"The mail was sent on {day}.")


@step("us")
def look_for_relationship(about: About, *, key: str, tenant: str, link: str = "") -> Instructions:
    """An indirect reseller looks itself: its own Partner Center lists the customers it is related to."""
    actions = (
        said(
            f"If {about.organization} ({tenant}) is listed there with {DISTRIBUTOR.name} as the provider, run ",
            command("confirm", key, "relationship"),
            ".",
        ),
        said(
            f"If it is not, the relationship has ended: send the link below to {ADMINISTRATOR} of the customer, who "
            "accepts it, and confirm then."
        ),
    )
    system = f"Microsoft {PARTNER_CENTER} (your own account, in the browser)"
    return Instructions((Screen(system, actions, who(about), ("Customers",)),), link)


@step("us")
def name_tenant(about: About, *, tenant: str = "", domain: str = "") -> Instructions:
    """An adopted customer whose tenant no system showed when its file was written. `tenant`: what ION shows now."""
    action = said("Name the customer's Microsoft tenant in identity.tenant_id (or identity.domain).")
    more = (said(f"ION shows {domain or tenant}."),) if tenant else ()
    return Instructions((in_file("identity.tenant_id", action, *more, form=entries(microsoft_id=tenant)),))


@step("us")
def set_identity_back(about: About, *, tenant: str) -> Instructions:
    """The file names another tenant than the one that was settled."""
    actions = (
        said("The tool never re-points a customer to another tenant."),
        said(f"Set the identity back to {tenant}; another tenant is another customer file (same group)."),
    )
    return Instructions((in_file("identity", *actions),))


@step("us")
def teach_relationship(about: About) -> Instructions:
    """Microsoft has a word for the relationship that is in no table."""
    actions = (
        said(f"Look in Partner Center > Customers what the relationship with {about.organization} is."),
        said("Teach the word to the connection file (status_words) as related or not related."),
    )
    return Instructions((Screen(PARTNER_CENTER, actions, who(about)),))


@step("us")
def same_company(about: About) -> Instructions:
    """Our Partner Center has a customer with exactly this domain, and another name."""
    action = "If it is the same company, add adopt: true to the customer file; else choose another prefix."
    return Instructions((in_file("identity.domain_prefix", said(action)),))


@step("us")
def wait_or_another_prefix(about: About, *, free: str) -> Instructions:
    """The domain exists, and ION shows no linked tenant. `free`: the next prefix."""
    actions = (
        said("If it was just made in ION, wait until ION shows it."),
        said(f"Otherwise it is somebody else's or half made: {another_prefix(free)}"),
    )
    return Instructions((in_file("identity.domain_prefix", *actions),))


@step("us")
def choose_another_prefix(about: About, *, free: str = "") -> Instructions:
    """The prefix is taken. `free`: one that is not."""
    return Instructions((in_file("identity.domain_prefix", said(another_prefix(free))),))


def another_prefix(free: str) -> str:
    """What to do about a prefix that is gone for ever. `free`: one that is not, "" where a few tries found none."""
    example = f", for example {free}," if free else " (with the next numbers behind it, it is taken too)"
    return f"Choose another prefix{example} and confirm it in identity.confirm_new_tenant."


@step("us")
def see_why_not_linked(about: About) -> Instructions:
    """The association endpoint refused the link."""
    return Instructions((in_file("identity", said("See the reason; the tenant was not linked.")),))


@step("us")
def rename_in_partner_center(about: About, *, before: str, after: str) -> Instructions:
    """Partner Center refused to rename the billing profile."""
    action = f"Rename the customer {before} to {after} there (Account > Billing profile)."
    return Instructions((Screen(PARTNER_CENTER, (said(action),)),))

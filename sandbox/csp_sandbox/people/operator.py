"""Our ION operator: works off a to-do list in the management console, as the list says and no further.

Source: article (ion.md 7, 8). The values are filled in by the labels of the screen; what is missing or
wrong fails as the console would fail.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from csp_sandbox import forms, mailbox
from csp_sandbox.ledger import rule
from csp_sandbox.situation.world import World

REMIND = rule("people.operator.remind", "A step that names nobody to write to cannot be done.", source="sandbox")
ADDRESS = "operator@reseller.example"
_MAIL = ("Mail to", "Mail cc", "Mail subject", "Mail text")


class Step(BaseModel):
    """One next step, as the to-do list prints it. `values` maps labels of a screen to what goes in there."""

    model_config = ConfigDict(extra="ignore")

    customer: str = ""
    owner: str
    where: str = ""
    action: str = ""
    values: dict[str, Any] = Field(default_factory=dict)
    link: str | None = None

    def text(self, label: str) -> str:
        """A value without outer spaces, "" when absent."""
        value = self.values.get(label)
        return "" if value is None else str(value).strip()

    @property
    def key(self) -> str:
        """What the answer calls the customer."""
        return self.customer or self.text("Customer e-mail")


def wants_console(step: Step) -> bool:
    """True when the step has something to fill into the Cloud Provider screen."""
    return any(step.text(label) for label in forms.LABELS)


def fill_in(world: World, step: Step, known: dict[str, str]) -> list[str]:
    """Fill the console's form. `known` holds Microsoft IDs that TD SYNNEX told, by e-mail. Raises FormError."""
    values = {label: step.text(label) for label in (*forms.LABELS, "Customer", "Customer e-mail") if step.text(label)}
    existing = values.get(forms.IDENTITY) == forms.IDENTITY_EXISTING or "Domain" in values
    told = known.get(values.get("Customer e-mail", "").casefold())
    if told and existing:
        values.setdefault("Microsoft ID", told)
    return forms.save(world, values).did


def wants_mail(step: Step) -> bool:
    """True when the step is a mail to write, or somebody to remind."""
    return bool(step.text("Mail to")) or step.owner == "customer"


def write_mail(world: World, step: Step) -> list[str]:
    """Write the mail of a step, or remind the customer of it. Raises FormError when nobody can be written to."""
    to, text = step.text("Mail to"), step.text("Mail text") or f"{step.action}\n"
    if not to:
        to = _administrator(world, step)
    if step.link and step.link not in text:
        text += f"\n{step.link}\n"
    subject = step.text("Mail subject") or "A step that only you can do"
    mailbox.write(world, sender=ADDRESS, to=to, cc=step.text("Mail cc"), subject=subject, text=text)
    return [f"wrote to {to}"]


def _administrator(world: World, step: Step) -> str:
    """Whom to remind when the step names nobody: the Global Admin of the tenant, else the contact."""
    email = step.text("Customer e-mail").casefold()
    store = world.store
    tenant = store.tenants.get(step.text("Microsoft ID").lower()) or store.tenants.first(
        "domain", step.text("Domain").casefold()
    )
    if tenant is None and email:
        customer = store.customers.first("email", email)
        row = customer.microsoft() if customer else None
        tenant = store.tenants.get(row.tenant_id) if row and row.tenant_id else store.tenants.first("contact", email)
    if tenant is not None and tenant.global_admins:
        return tenant.global_admins[0].email
    if not email:
        raise forms.FormError(REMIND, "nobody to write to: the step has neither a Mail to nor a Customer e-mail")
    return email

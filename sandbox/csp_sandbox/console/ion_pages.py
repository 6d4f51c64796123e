"""ION's management console: customers, their Cloud Providers, the form of Legacy Azure.

Source: article (ion.md 7.2, 8). The layout is ours; menu path, buttons and labels are the article's,
the rest inferred.
"""

from __future__ import annotations

from csp_sandbox import forms, microsoft
from csp_sandbox.console.system import CONSOLE, missing
from csp_sandbox.ledger import rule
from csp_sandbox.rendered import show
from csp_sandbox.serving.web import Answer, Call
from csp_sandbox.situation.model import Account, IonCustomer

_ARTICLE = "ion.md 7.2, 8"
HOME = rule("console.home", "Ways into the pages of the simulated world.", source="sandbox")
CUSTOMERS = rule("console.ion.customers", "Navigation menu Customer: the customers of one account.", source=_ARTICLE)
CUSTOMER = rule(
    "console.ion.customer", "Cloud Billing > Cloud Providers: the table of a customer, with Add.", source=_ARTICLE
)
FORM = rule(
    "console.ion.form",
    "The form of Legacy Azure; Figures 2 and 3 are images, so field names are inferred.",
    source=_ARTICLE,
    confidence="inferred",
)
SUCCESS = rule(
    "console.ion.success",
    "After Create Customer user and password of the new Global Admin are shown once.",
    source="ion.md 7.6",
)
PAGE = 100


def _account(call: Call) -> Account:
    account = call.world.store.accounts.get(call.params["account"])
    if account is None:
        raise missing(call, "account")
    return account


def _customer(call: Call) -> tuple[Account, IonCustomer]:
    account = _account(call)
    customer = call.world.store.customers.get(call.params["customer"])
    if customer is None or customer.account != account.id:
        raise missing(call, "customer")
    return account, customer


@CONSOLE.operation("console.home", "GET", "/", rule=HOME)
def home(call: Call) -> Answer:
    """Where to go."""
    return show(call, "home.html", title="Simulated ION and Microsoft", accounts=list(call.world.store.accounts))


@CONSOLE.operation("console.ion.customers", "GET", "/ion/{account}/customers", rule=CUSTOMERS)
def list_customers(call: Call) -> Answer:
    """Customers of an account, by organization or e-mail."""
    account, wish = _account(call), call.query.get("search", "").strip().casefold()
    found = []
    for customer in call.world.store.customers.after("account", account.id, 0):
        if wish in customer.organization.casefold() or wish in customer.email.casefold():
            found.append(customer)
        if len(found) > PAGE:
            break
    return show(
        call,
        "customers.html",
        title="Customer",
        account=account,
        customers=found[:PAGE],
        more=len(found) > PAGE,
        search=wish,
    )


@CONSOLE.operation("console.ion.customer", "GET", "/ion/{account}/customers/{customer}", rule=CUSTOMER)
def show_customer(call: Call) -> Answer:
    """A customer's Cloud Providers."""
    account, customer = _customer(call)
    return show(call, "customer.html", title=customer.organization, account=account, customer=customer)


@CONSOLE.operation("console.ion.form", "GET", "/ion/{account}/customers/{customer}/legacy-azure", rule=FORM)
def show_form(call: Call) -> Answer:
    """The form of Legacy Azure, filled with what is on record."""
    return _form(call, {}, "")


def _form(call: Call, values: forms.Values, problem: str, status: int = 200) -> Answer:
    account, customer = _customer(call)
    row = customer.microsoft()
    known = {
        "Pricebook": row.pricebook if row else "",
        "Provider Currency": row.provider_currency if row else account.currency,
        "Invoice Currency": row.invoice_currency if row else account.currency,
        "Enable provider in customer portal": "on" if row and row.portal_access else "off",
        "Company name": customer.organization,
        "E-mail": customer.email,
        "Phone": customer.phone,
        "Address line 1": customer.address.street,
        "Address line 2": customer.address.suite,
        "City": customer.address.city,
        "State": customer.address.state,
        "Postal code": customer.address.zip,
        "Country": customer.address.country,
        "Language": customer.language.lower(),
        "Agreement date": call.world.clock.now().date().isoformat(),
    }
    tenant = call.world.store.tenants.get(row.tenant_id) if row and row.tenant_id else None
    return show(
        call,
        "form.html",
        status,
        title="Legacy Azure",
        account=account,
        customer=customer,
        row=row,
        tenant=tenant,
        agreed=bool(tenant and microsoft.agreement_current(call.world.store, tenant.id)),
        values=known | values,
        problem=problem,
        forms=forms,
    )


@CONSOLE.operation(
    "console.ion.save", "POST", "/ion/{account}/customers/{customer}/legacy-azure", rule=SUCCESS, form=True
)
def save_form(call: Call) -> Answer:
    """Save the form; the answer is the confirmation screen."""
    account, customer = _customer(call)
    given = {label: text for label, text in call.form().items() if label in forms.LABELS}
    try:
        saved = forms.save(call.world, _sections(given) | {"Customer e-mail": customer.email})
    except forms.FormError as error:
        call.rule = error.rule.id
        return _form(call, given, str(error), 422)
    return show(call, "saved.html", title="Saved", account=account, customer=customer, saved=saved)


def _sections(given: forms.Values) -> forms.Values:
    """What the screen really sends: a browser posts hidden sections too, and they do not count."""
    choice = given.get(forms.IDENTITY, "")
    shown = dict(given)
    if choice != forms.IDENTITY_NEW:
        shown = {label: text for label, text in shown.items() if label not in forms.TENANT_LABELS}
    if choice != forms.IDENTITY_EXISTING:
        shown = {label: text for label, text in shown.items() if label not in forms.EXISTING_LABELS}
    if not any(shown.get(label) for label in forms.SIGNATORY_LABELS[:4]):  # the date is filled in beforehand
        shown.pop("Agreement date", None)
    return shown

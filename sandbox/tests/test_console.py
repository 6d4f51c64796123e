"""The web console by its forms: what a person can do with a browser, field by field."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import httpx
import pytest
from csp_sandbox import forms, links, mailbox

from .conftest import Box
from .test_people import blockers, profile, tenant_id


@pytest.fixture
def reseller(boxes: Callable[..., Box]) -> Box:
    return boxes("reseller")


def fields(page: str) -> dict[str, str]:
    """The form of a page as a browser would post it unchanged."""
    out = {}
    for tag in re.findall(r"<input [^>]*>", page):
        found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" in found:
            out[html.unescape(found["name"])] = html.unescape(found.get("value", ""))
    for name, options in re.findall(r'<select name="([^"]*)">(.*?)</select>', page, re.DOTALL):
        values = re.findall(r'<option(?: value="([^"]*)")?( selected)?>([^<]*)', options)
        chosen = next((text for value, selected, text in values if selected), values[0][2] if values else "")
        empty = bool(values) and not any(selected for _, selected, _ in values) and '<option value="">' in options
        out[html.unescape(name)] = "" if empty else html.unescape(chosen)
    return out


def path_of(box: Box, email: str) -> str:
    customer = box.world.store.customers.first("email", email)
    assert customer is not None
    return f"/console/ion/{customer.account}/customers/{customer.id}/legacy-azure"


def get(box: Box, path: str, status: int = 200) -> str:
    answer = box.http.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


def post(box: Box, path: str, form: dict[str, str]) -> httpx.Response:
    return box.http.post(path, data=form)


def test_the_way_to_the_form_is_the_articles(reseller: Box) -> None:
    assert "/console/ion/20501/customers" in get(reseller, "/console/")
    listed = get(reseller, "/console/ion/20501/customers?search=contoso")
    assert "Contoso Ltd" in listed
    assert "Wingtip" not in listed
    customer = reseller.world.store.customers.first("email", "it@contoso.example")
    assert customer is not None
    page = get(reseller, f"/console/ion/20501/customers/{customer.id}")
    assert "Cloud Billing &gt; Cloud Providers" in page
    assert "US Standard" in page
    get(reseller, "/console/ion/20501/customers/1", 404)
    get(reseller, "/console/ion/1/customers", 404)


def test_every_label_of_the_form_is_on_the_page(reseller: Box) -> None:
    profile(reseller, "it@fabrikam.example", "Fabrikam Inc")
    shown = fields(get(reseller, path_of(reseller, "it@fabrikam.example")))
    assert set(shown) == set(forms.LABELS)


def test_a_new_tenant_shows_its_password_once(reseller: Box) -> None:
    email = "it@fabrikam.example"
    profile(reseller, email, "Fabrikam Inc")
    path = path_of(reseller, email)
    form = fields(get(reseller, path)) | {
        "Pricebook": "US Standard",
        forms.IDENTITY: forms.IDENTITY_NEW,
        "CSP Credentials": "TD SYNNEX US Commercial",
        "Domain prefix": "fabrikamdemo",
        "First name": "Fay",
        "Last name": "Brikam",
    }
    refused = post(reseller, path, form)
    assert refused.status_code == 422
    assert "Agreement signatory first name *" in refused.text
    assert 'value="fabrikamdemo"' in refused.text  # nothing typed is lost
    signatory = dict(zip(forms.SIGNATORY_LABELS[:3], ("Fay", "Brikam", email), strict=True))
    done = post(reseller, path, form | signatory)
    assert done.status_code == 200
    assert "New Tenant Global Admin Credentials" in done.text
    assert "admin@fabrikamdemo.onmicrosoft.com" in done.text
    assert "secret" not in re.sub(r"<style>.*?</style>", "", get(reseller, path), flags=re.DOTALL)
    assert blockers(reseller, email) == []


def test_an_unrelated_id_is_refused_then_accepted_from_the_mailbox_and_added(reseller: Box) -> None:
    email, admin = "it@litware.example", "admin@litware.example"
    profile(reseller, email, "Litware Inc")
    path = path_of(reseller, email)
    form = fields(get(reseller, path)) | {
        "Pricebook": "US Standard",
        forms.IDENTITY: forms.IDENTITY_EXISTING,
        "Microsoft ID": tenant_id(reseller, "litwareinc.onmicrosoft.com"),
    }
    refused = post(reseller, path, form)
    assert refused.status_code == 422
    assert "has not accepted the relationship" in refused.text

    account = reseller.world.store.accounts.get("20501")
    assert account is not None
    link = links.invitation_link(account)
    mailbox.write(
        reseller.world, sender="us@reseller.example", to=admin, subject="Invitation", text=f"Please open {link}"
    )
    reseller.world.store.commit()
    assert admin in get(reseller, "/console/mail")
    inbox = get(reseller, f"/console/mail/{admin}")
    mail = re.search(r"/console/mail/[^/\"]+/\d+", inbox)
    assert mail is not None
    target = re.search(r'href="(/console/microsoft/accept[^"]*)"', get(reseller, mail[0]))
    assert target is not None
    page = get(reseller, html.unescape(target[1]))
    assert "TD SYNNEX US together with Example Reseller" in page
    assert (
        "accepted the relationship"
        in post(reseller, "/console/microsoft/accept", fields(page) | {"answer": "accept"}).text
    )
    assert post(reseller, path, form).status_code == 200
    assert blockers(reseller, email) == []
    assert reseller.admin("GET", "/counters").json()["links_opened_by_others"] == 0


def test_an_acceptance_page_that_nobody_was_mailed_is_counted(reseller: Box) -> None:
    get(reseller, "/console/microsoft/attestation/00000000-0000-0000-0000-000000000000", 403)
    get(reseller, "/console/microsoft/accept?link=https://admin.microsoft.com/", 403)
    assert reseller.admin("GET", "/counters").json()["links_opened_by_others"] == 2


def test_saving_twice_changes_nothing(reseller: Box) -> None:
    path = path_of(reseller, "it@contoso.example")
    assert "Nothing had changed" in post(reseller, path, fields(get(reseller, path))).text

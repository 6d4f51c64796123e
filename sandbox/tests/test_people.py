"""The people: customers by mail, the operator by labels, TD SYNNEX by ticket; and the checkout after them."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from csp_sandbox import links

from .conftest import Box, running

IDENTITY = "Microsoft Azure Identity"


@pytest.fixture
def reseller(boxes: Callable[..., Box]) -> Box:
    return boxes("reseller")


def act(box: Box, *todo: dict[str, Any]) -> dict[str, Any]:
    answer = box.admin("POST", "/people/act", json={"todo": list(todo)})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def step(owner: str, email: str, link: str = "", **values: str) -> dict[str, Any]:
    named = {key.replace("_", " "): value for key, value in values.items()}
    return {
        "customer": email.split("@")[1].split(".")[0],
        "owner": owner,
        "values": {"Customer e-mail": email, **named},
        "link": link,
    }


def blockers(box: Box, email: str) -> list[str]:
    answer = box.admin("GET", "/checkout", params={"account": box.account, "customer": email})
    return list(answer.json()["blockers"])


def profile(box: Box, email: str, organization: str) -> None:
    """What csp does by API before any console work."""
    body = {
        "customerOrganization": organization,
        "customerName": organization,
        "customerEmail": email,
        "languageCode": "EN",
        "customerAddress": {
            "street": "One Microsoft Way",
            "city": "Redmond",
            "state": "WA",
            "zip": "98052",
            "country": "US",
        },
    }
    assert box.ion("POST", "/customers", box.ion_token(), json=body).status_code == 200


def tenant_id(box: Box, domain: str) -> str:
    tenant = box.world.store.tenants.first("domain", domain)
    assert tenant is not None
    return tenant.id


ROW = {
    "Cloud_Provider": "Legacy Azure",
    "Pricebook": "US Standard",
    "Provider_Currency": "USD",
    "Invoice_Currency": "USD",
    "Enable_provider_in_customer_portal": "on",
}


def test_the_invitation_in_the_mailbox_is_accepted_before_the_id_is_added(reseller: Box) -> None:
    email = "it@proseware.example"
    profile(reseller, email, "Proseware Inc")
    number = tenant_id(reseller, "prosewareinc.onmicrosoft.com")
    values = {IDENTITY.replace(" ", "_"): "Add existing Microsoft ID", "Microsoft_ID": number, **ROW}
    answer = act(reseller, step("us", email, **values))
    assert answer["refused"] == []
    assert next(line["who"] for line in answer["acted"]) == "admin@proseware.example"
    assert blockers(reseller, email) == []


def test_ion_refuses_the_id_until_the_customer_has_accepted(reseller: Box) -> None:
    email = "it@litware.example"
    profile(reseller, email, "Litware Inc")
    number = tenant_id(reseller, "litwareinc.onmicrosoft.com")
    add = step("us", email, **{IDENTITY.replace(" ", "_"): "Add existing Microsoft ID", "Microsoft_ID": number, **ROW})
    refused = act(reseller, add)
    assert [line["who"] for line in refused["refused"]] == ["ION operator"]
    assert "has not accepted the relationship" in refused["refused"][0]["why"]
    assert blockers(reseller, email) == ["cloud_provider", "pricebook", "relationship", "tenant", "agreement"]
    account = reseller.world.store.accounts.get("20501")
    assert account is not None
    remind = step("customer", email, link=links.invitation_link(account))
    done = act(reseller, add, remind)
    assert [line["overcome"] for line in done["refused"]] == [True]
    assert blockers(reseller, email) == []


def test_the_operator_makes_a_new_tenant_by_the_labels(reseller: Box) -> None:
    email = "it@fabrikam.example"
    profile(reseller, email, "Fabrikam Inc")
    form = {
        IDENTITY: "Create New Customer Identity",
        "CSP Credentials": "TD SYNNEX US Commercial",
        "Domain prefix": "fabrikamdemo",
        "Company name": "Fabrikam Inc",
        "First name": "Fay",
        "Last name": "Brikam",
        "E-mail": email,
        "Address line 1": "One Microsoft Way",
        "City": "Redmond",
        "State": "WA",
        "Postal code": "98052",
        "Country": "US",
        "Language": "en",
        "Agreement signatory first name": "Fay",
        "Agreement signatory last name": "Brikam",
        "Agreement signatory e-mail": email,
        "Agreement date": "2026-11-20",
    }
    without = {label: text for label, text in form.items() if label != "CSP Credentials"}
    missing = act(reseller, step("us", email, **ROW, **without))
    assert missing["refused"][0]["why"] == "required: CSP Credentials *"
    assert reseller.world.store.tenants.first("domain", "fabrikamdemo.onmicrosoft.com") is None
    done = act(reseller, step("us", email, **ROW, **form))
    assert done["refused"] == []
    assert blockers(reseller, email) == []
    tenant = reseller.world.store.tenants.first("domain", "fabrikamdemo.onmicrosoft.com")
    assert tenant is not None
    assert tenant.admin_password_hash


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Pricebook": "Gold"}, 'Pricebook: "Gold" is not in the list'),
        ({"Pricebook": "US Euro"}, 'Pricebook: "US Euro" is in EUR, not USD'),
        ({"Invoice_Currency": ""}, "the row needs Invoice Currency"),
        ({"Cloud_Provider": "Azure"}, 'Cloud Provider: "Azure" is not in the list'),
        ({"Enable_provider_in_customer_portal": "maybe"}, "neither on nor off"),
    ],
)
def test_a_wrong_value_fails_as_the_console_would(reseller: Box, change: dict[str, str], why: str) -> None:
    profile(reseller, "it@adatum.example", "Adatum Corp")
    answer = act(reseller, step("us", "it@adatum.example", **(ROW | change)))
    assert why in answer["refused"][0]["why"]
    customer = reseller.world.store.customers.first("email", "it@adatum.example")
    assert customer is not None
    assert customer.rows == []


def test_an_old_agreement_is_accepted_again(reseller: Box) -> None:
    answer = act(reseller, step("customer", "it@tailspin.example", link=links.AGREEMENT_PAGE))
    who = [line["who"] for line in answer["acted"] if "tailspin" in line["customer"]]
    assert who == ["ION operator", "admin@tailspin.example"]
    assert blockers(reseller, "it@tailspin.example") == []


def test_a_contact_passes_the_mail_on_to_the_global_admin(reseller: Box) -> None:
    values = {"Mail_to": "it@tailspin.example", "Mail_text": f"Please accept: {links.AGREEMENT_PAGE}."}
    answer = act(reseller, step("us", "it@tailspin.example", **values))
    assert "passed the mail on to admin@tailspin.example" in answer["acted"][-1]["did"]
    assert blockers(reseller, "it@tailspin.example") == []


def test_the_distributor_links_the_declared_tenant_by_ticket(reseller: Box) -> None:
    email = "it@northwind.example"
    assert blockers(reseller, email) == ["relationship"]
    text = "Please link northwindtraders.onmicrosoft.com instead of northwindold.onmicrosoft.com."
    answer = act(reseller, step("distributor", email, Ticket_text=text))
    assert (
        next(line["did"] for line in answer["acted"] if line["who"] == "TD SYNNEX operations")
        == "unlinked northwindold.onmicrosoft.com and linked northwindtraders.onmicrosoft.com"
    )
    assert blockers(reseller, email) == []


def test_the_distributor_tells_a_tenant_id_that_nobody_knows(reseller: Box) -> None:
    email = "it@adatum.example"
    profile(reseller, email, "Adatum Corp")
    ask = step("distributor", email, Ticket_text="Which Microsoft ID has adatumcorp.onmicrosoft.com?")
    add = step("us", email, **{IDENTITY.replace(" ", "_"): "Add existing Microsoft ID", **ROW})
    assert all(line["overcome"] for line in act(reseller, add, ask)["refused"])
    assert blockers(reseller, email) == []


def test_an_invitation_that_does_not_fit_leads_nowhere(reseller: Box) -> None:
    account = reseller.world.store.accounts.get("20501")
    assert account is not None
    wrong = links.invitation_link(account).replace("4847383", "1")
    answer = act(reseller, step("customer", "it@litware.example", link=wrong))
    assert "do not belong together" in answer["refused"][0]["why"]


def test_act_moves_the_clock_by_five_minutes(reseller: Box) -> None:
    before = reseller.world.clock.now()
    act(reseller)
    assert (reseller.world.clock.now() - before).total_seconds() == 300


def test_the_mail_listener_takes_a_mail_and_a_customer_acts_on_it() -> None:
    with running("--profile", "provider") as sandbox:
        ready = sandbox.ready
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Cc"] = (
            "us@reseller.example",
            "admin@maplegrove.example",
            "it@maplegrove.example",
        )
        mail["Subject"], mail["Message-ID"] = "Invitation für Sie", "<one@reseller.example>"
        ca = ready["accounts"]["ca"]
        link = (
            f"https://admin.microsoft.com/Adminportal/Home?invType=IndirectResellerRelationship&partnerId={ca['reseller_tenant_id']}"
            f"&msppId={ca['reseller_partner_id']}&indirectCSPId={ca['pc_tenant']}&DAP=false#/BillingAccounts/partner-invitation"
        )
        mail.set_content(f"Bitte öffnen:\n\n{link}\n")
        mail.add_alternative(f'<p><a href="{link.replace("&", "&amp;")}">accept</a></p>', subtype="html")
        with smtplib.SMTP(ready["smtp"]["host"], ready["smtp"]["port"], timeout=10) as server:
            server.send_message(mail)
        with httpx.Client(timeout=10) as http:
            # Two minutes later any request is the moment at which people on automatic have had time to read.
            sandbox.admin("POST", "clock", json={"advance": 121}).raise_for_status()
            http.get(
                f"{ready['entra']}/maplegrove.onmicrosoft.com/v2.0/.well-known/openid-configuration"
            ).raise_for_status()
            mails = sandbox.admin("GET", "mailbox", params={"address": "it@maplegrove.example"}).json()["mails"]
            query = {"account": ca["ion_account_id"], "customer": "it@maplegrove.example"}
            verdict = sandbox.admin("GET", "checkout", params=query).json()
        assert [(m["message_id"], m["subject"], m["cc"]) for m in mails] == [
            ("<one@reseller.example>", "Invitation für Sie", ["it@maplegrove.example"])
        ]
        assert mails[0]["read"]
        assert verdict == {
            "allowed": False,
            "blockers": ["profile", "cloud_provider", "pricebook", "relationship", "tenant", "agreement"],
        }

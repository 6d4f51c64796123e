"""What ION shows of a customer's Microsoft side. Source: ion.md 3."""

from __future__ import annotations

from datetime import date
from typing import Any

from csp_sandbox import microsoft
from csp_sandbox.ion.bodies import LegacyQuery, Profiles, ProfilesQuery
from csp_sandbox.ion.system import INVALID_ARGUMENT, ION, NO_ACCESS, NOT_FOUND, account_of, customer_of
from csp_sandbox.ledger import rule, switch
from csp_sandbox.serving.web import Answer, Call
from csp_sandbox.situation.model import Agreement, IonCustomer, ProviderRow, Tenant

PORTAL_OFF = switch(
    "ion.cloud-profiles.portal-off",
    'What cloudProfiles says of a row whose toggle "Enable provider in customer portal" is off. The vendor only says '
    "that details are then incomplete.",
    source="ion 3, U5",
    choices={
        "partial": "the row with enabled=false; no tenant, domain or agreement",
        "empty": "the row is not listed",
        "forbidden": "403 for the whole answer",
    },
    default="partial",
    strict="empty",
)
STATUS_OF_OLD = switch(
    "ion.cloud-profiles.old-agreement",
    "agreementStatus of a tenant whose only MCA is older than 2023-04-01. Its words are published nowhere; the sandbox "
    'says "Accepted" and "NotAccepted".',
    source="ion 3, U4; pc 5.5",
    choices={"Expired": 'a word of its own: "Expired"', "Accepted": "no difference to a current one"},
    default="Expired",
    strict="Accepted",
)
LEGACY_PORTAL_OFF = switch(
    "ion.cloud-profile.portal-off",
    "Whether the deprecated cloudProfile needs the portal toggle too.",
    source="ion 3.1",
    choices={"shown": "it answers in full", "hidden": "404 while the toggle is off"},
    default="shown",
    strict="hidden",
)


def agreement_status(call: Call, tenant_id: str) -> str:
    """ION's word for the agreement of a tenant."""
    store = call.world.store
    if microsoft.agreement_current(store, tenant_id):
        return "Accepted"
    old = any(row.type == microsoft.MCA for row in store.agreements.find("tenant", tenant_id))
    return call.world.choice(STATUS_OF_OLD) if old else "NotAccepted"


def _entry(call: Call, row: ProviderRow) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "providerId": row.provider_id,
        "displayName": row.name,
        "shortName": "AZURE",
        "enabled": row.portal_access,
    }
    if not row.portal_access:
        return entry
    relationship = None
    if row.tenant_id:
        relationship = microsoft.relationship(call.world.store, row.tenant_id, account_of(call).partner_tenant)
    return {
        **entry,
        "customerTenantId": row.tenant_id or "",
        "customerDomain": row.domain or "",
        "allowDelegatedAccess": False,
        "gdapStatus": relationship.gdap_status if relationship else "",
        "gdapLevel": "",
        "gdapRoles": [],
        "agreementStatus": agreement_status(call, row.tenant_id) if row.tenant_id else "",
    }


@ION.operation(
    "ion.cloudProfiles.get",
    "GET",
    "/api/v3/accounts/{account}/customers/{customer}/cloudProfiles",
    query=ProfilesQuery,
    answer=Profiles,
    refusals=(400, 401, 403),
    rule=rule(
        "ion.cloudProfiles.get",
        "Provider 30 is Microsoft. Complete only while the portal toggle is on; pricebook, currencies and CSP "
        "credentials are never shown. An unknown customer answers 403: no 404 is declared.",
        source="ion 3",
    ),
)
def cloud_profiles(call: Call) -> Answer:
    """Cloud Provider rows of a customer."""
    customer = customer_of(call, NO_ACCESS)
    query = call.query
    provider = query.get("providerId", "")
    if provider and not (provider.isascii() and provider.isdigit()):
        raise INVALID_ARGUMENT(call, "providerId is not a number")
    only_enabled = query.get("enabledOnly", "").lower() == "true"
    reading = call.world.choice(PORTAL_OFF)
    entries = []
    for row in customer.rows:
        if provider and row.provider_id != provider:
            continue
        if not row.portal_access:
            if reading == "forbidden":
                raise NO_ACCESS(call)
            if only_enabled or reading == "empty":
                continue
        entries.append(_entry(call, row))
    return Answer(
        200,
        {
            "customerId": customer.id,
            "customerOrganization": customer.organization,
            "customerCloudProfiles": entries,
        },
    )


@ION.operation(
    "ion.cloudProfile.get",
    "GET",
    "/api/v3/accounts/{account}/customers/{customer}/cloudProfile",
    query=LegacyQuery,
    refusals=(400, 401, 403, 404),
    rule=rule(
        "ion.cloudProfile.get",
        "Deprecated, Azure only: a live read of TD SYNNEX's Partner Center with the agreements that a partner "
        "attested (direct acceptance is not listed there). providerId may be left out. No linked tenant: 404.",
        source="ion 3.1; pc 5.3",
        confidence="inferred",
    ),
)
def cloud_profile(call: Call) -> Answer:
    """The deprecated profile with company, domains and agreements."""
    customer = customer_of(call)
    provider = call.query.get("providerId", "")
    if provider and not (provider.isascii() and provider.isdigit()):
        raise INVALID_ARGUMENT(call, "providerId is not a number")
    row = customer.microsoft()
    tenant = call.world.store.tenants.get(row.tenant_id) if row and row.tenant_id else None
    hidden = row is not None and not row.portal_access and call.world.choice(LEGACY_PORTAL_OFF) == "hidden"
    if row is None or tenant is None or hidden or provider not in ("", row.provider_id):
        raise NOT_FOUND(call, f"accounts/{customer.account}/customers/{customer.id}/cloudProfile")
    return Answer(200, _legacy(call, customer, tenant))


def _legacy(call: Call, customer: IonCustomer, tenant: Tenant) -> dict[str, Any]:
    agreements = call.world.store.agreements.find("tenant", tenant.id)
    address = {
        "country": tenant.country,
        "region": "",
        "city": tenant.address.city,
        "state": tenant.address.state,
        "addressLine1": tenant.address.street,
        "addressLine2": tenant.address.suite,
        "postalCode": tenant.address.zip,
        "firstName": tenant.contact.first_name,
        "lastName": tenant.contact.last_name,
        "phoneNumber": tenant.contact.phone,
    }
    return {
        "id": customer.id,
        "companyProfile": {
            "tenantId": tenant.id,
            "domain": tenant.initial_domain,
            "companyName": tenant.company_name,
            "email": tenant.email,
            "address": address,
        },
        "billingProfile": {
            "id": tenant.billing_id,
            "email": tenant.email,
            "culture": tenant.culture,
            "language": tenant.language,
            "companyName": tenant.company_name,
            "defaultAddress": address,
        },
        "customDomains": [d for d in tenant.domains if d.casefold() != tenant.initial_domain.casefold()],
        "allowDelegatedAccess": False,
        "agreementStatus": agreement_status(call, tenant.id),
        "agreements": [_agreement(row) for row in agreements if row.kind == "attested"],
    }


def _agreement(row: Agreement) -> dict[str, Any]:
    contact = row.contact
    return {
        "firstName": contact.first_name if contact else "",
        "lastName": contact.last_name if contact else "",
        "middleName": "",
        "email": contact.email if contact else "",
        "phoneNumber": contact.phone if contact else "",
        "templateId": row.template_id,
        "dateAgreed": _day(row.date),
        "type": row.type,
        "agreementLink": "https://aka.ms/customeragreement",
    }


def _day(value: date) -> str:
    return f"{value.isoformat()}T00:00:00Z"

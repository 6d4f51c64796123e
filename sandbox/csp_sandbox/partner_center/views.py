"""What Partner Center shows of a tenant, in the documented shapes (partner-center.md 2.1-2.7, vectors V1-V4)."""

from __future__ import annotations

from typing import Any

from csp_sandbox.situation.model import Relationship, Tenant


def self_link(path: str) -> dict[str, Any]:
    return {"self": {"uri": path, "method": "GET", "headers": []}}


def collection(items: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A Collection; `totalCount` counts the items of this page (2.5)."""
    return {"totalCount": len(items), "items": items, **more, "attributes": {"objectType": "Collection"}}


def list_item(tenant: Tenant) -> dict[str, Any]:
    """A customer as the list shows it: without billing profile, reseller and delegated access."""
    return {
        "id": tenant.id,
        "companyProfile": {
            "tenantId": tenant.id,
            "domain": tenant.initial_domain,
            "companyName": tenant.company_name,
            "links": self_link(f"/customers/{tenant.id}/profiles/company"),
            "attributes": {"objectType": "CustomerCompanyProfile"},
        },
        "relationshipToPartner": "reseller",
        "links": self_link(f"/customers/{tenant.id}"),
        "attributes": {"objectType": "Customer"},
    }


def customer(tenant: Tenant, relationship: Relationship) -> dict[str, Any]:
    """A customer by id. Address, e-mail and custom domains of the company need GDAP (2.4)."""
    body = list_item(tenant)
    body["commerceId"] = tenant.commerce_id or tenant.id
    body["billingProfile"] = billing_profile(tenant)
    body["allowDelegatedAccess"] = relationship.gdap
    if relationship.gdap:
        # V3: the state is called region here and comes in lower case.
        body["companyProfile"]["address"] = company_address(tenant)
        body["companyProfile"]["email"] = tenant.email
        body["customDomains"] = tenant.domains or [tenant.initial_domain]
    if relationship.reseller_tenant:
        body["associatedPartnerId"] = relationship.reseller_tenant
    return body


def created(tenant: Tenant, relationship: Relationship, password: str) -> dict[str, Any]:
    """The answer of a create, with the one-time password (V1, V2)."""
    body: dict[str, Any] = {
        "id": tenant.id,
        "commerceId": tenant.commerce_id,
        "companyProfile": {
            "tenantId": tenant.id,
            "domain": tenant.initial_domain,
            "companyName": tenant.company_name,
            "links": self_link(f"/customers/{tenant.id}/profiles/company"),
            "attributes": {"objectType": "CustomerCompanyProfile"},
        },
        "billingProfile": billing_profile(tenant),
        # V1: the create answer of a direct customer reads "none"; it proves nothing.
        "relationshipToPartner": "reseller" if relationship.reseller_tenant else "none",
        "allowDelegatedAccess": relationship.gdap,
        "userCredentials": {"userName": "admin", "password": password},
        "attributes": {"objectType": "Customer"},
    }
    if relationship.reseller_tenant:
        body["associatedPartnerId"] = relationship.reseller_tenant
    return body


def billing_profile(tenant: Tenant) -> dict[str, Any]:
    """The billing profile; empty fields are left out, as in V16, but `phoneNumber` comes back as "" (V1)."""
    contact, address = tenant.contact, tenant.address
    known = {
        "country": address.country or tenant.country,
        "city": address.city,
        "state": address.state,
        "addressLine1": address.street,
        "addressLine2": address.suite,
        "postalCode": address.zip,
        "firstName": contact.first_name,
        "lastName": contact.last_name,
    }
    out = {
        "id": tenant.billing_id or tenant.id,
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "email": tenant.email or contact.email,
        "culture": tenant.culture,
        "language": tenant.language,
        "companyName": tenant.company_name,
    }
    return {
        **{key: value for key, value in out.items() if value},
        "defaultAddress": {**{key: value for key, value in known.items() if value}, "phoneNumber": contact.phone},
        "links": self_link(f"/v1/customers/{tenant.id}/profiles/billing"),
        "attributes": {"etag": tenant.etag or "0", "objectType": "CustomerBillingProfile"},
    }


def company_address(tenant: Tenant) -> dict[str, Any]:
    address = tenant.address
    return {
        "country": address.country or tenant.country,
        "region": address.state.lower(),
        "city": address.city,
        "addressLine1": address.street,
        "postalCode": address.zip,
        "phoneNumber": tenant.contact.phone,
    }


def company_profile(tenant: Tenant) -> dict[str, Any]:
    body: dict[str, Any] = {
        "tenantId": tenant.id,
        "domain": tenant.initial_domain,
        "companyName": tenant.company_name,
        "address": company_address(tenant),
        "email": tenant.email,
        "links": self_link(f"/customers/{tenant.id}/profiles/company"),
        "attributes": {"objectType": "CustomerCompanyProfile"},
    }
    if tenant.registration_number:
        body["organizationRegistrationNumber"] = tenant.registration_number
    return body

"""OpenID discovery: which tenant a domain belongs to, without credentials. Source: partner-center.md 4.4, 12."""

from __future__ import annotations

from csp_sandbox.entra.system import ENTRA, tenant_of
from csp_sandbox.ledger import rule
from csp_sandbox.serving.web import Answer, Call

_RULE = rule(
    "entra.discovery",
    "Per domain (initial or custom) or tenant GUID; the GUID is in issuer, {tenantid} for common and organizations. An "
    "unknown one: 400 AADSTS90002. Served with and without v2.0; endpoints are named at the address that was asked.",
    source="pc 4.4, 12",
    confidence="seen in client code",
)


def discovery(call: Call) -> Answer:
    """OpenID discovery document of a tenant."""
    reference = call.params["tenant"]
    # Of no tenant: everybody's endpoints, and an issuer with a place for the tenant of the token.
    anybody = reference in ("common", "organizations")
    tenant = "{tenantid}" if anybody else tenant_of(call).id
    root = f"{call.root}/{reference if anybody else tenant}"
    version = "/v2.0" if "/v2.0/" in call.path else ""
    return Answer(
        200,
        {
            "token_endpoint": f"{root}/oauth2{version}/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{root}/discovery{version}/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"https://login.microsoftonline.com/{tenant}/v2.0"
            if version
            else f"https://sts.windows.net/{tenant}/",
            "authorization_endpoint": f"{root}/oauth2{version}/authorize",
            "device_authorization_endpoint": f"{root}/oauth2{version}/devicecode",
            "tenant_region_scope": "NA",
            "cloud_instance_name": "microsoftonline.com",
        },
    )


for _id, _path in (
    ("entra.discovery", "/{tenant}/v2.0/.well-known/openid-configuration"),
    ("entra.discovery-v1", "/{tenant}/.well-known/openid-configuration"),
):
    ENTRA.operation(_id, "GET", _path, refusals=(400,), rule=_RULE)(discovery)


@ENTRA.operation(
    "entra.instances",
    "GET",
    "/common/discovery/instance",
    rule=rule(
        "entra.instances",
        "The clouds and the aliases of their login hosts; every login host answers, also for authorities it is not.",
        source="pc 1.4; general knowledge of msal, which asks it before the first token unless told not to",
        confidence="seen in client code",
    ),
)
def instances(call: Call) -> Answer:
    """Which login hosts are one cloud."""
    hosts = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"]
    root = f"{call.root}/{call.query.get('tenant', 'common')}"
    return Answer(
        200,
        {
            "tenant_discovery_endpoint": f"{root}/v2.0/.well-known/openid-configuration",
            "api-version": call.query.get("api-version", "1.1"),
            "metadata": [
                {"preferred_network": hosts[0], "preferred_cache": hosts[1], "aliases": hosts},
            ],
        },
    )

"""Entra's habits: errors are OAuth bodies with an AADSTS number. Source: partner-center.md 1, 6.1 D, 12."""

from __future__ import annotations

from csp_sandbox.ledger import Rule, rule
from csp_sandbox.serving.web import Answer, Call, RefusalError, System
from csp_sandbox.situation.model import Tenant


class EntraRefusal:
    """One AADSTS error; call it to get something to raise. ``text`` may hold ``{}`` places."""

    def __init__(
        self, number: int, error: str, text: str, *, status: int = 400, source: str, sure: bool = False
    ) -> None:
        self.rule: Rule = rule(
            f"entra.error.AADSTS{number}",
            text.replace("{}", "..."),
            source=source,
            confidence="documented" if sure else "seen in client code",
        )
        self.number = number
        self.error = error
        self.text = text
        self.status = status

    def __call__(self, call: Call, *values: str) -> RefusalError:
        trace, correlation = call.world.request_guid(), call.world.request_guid()
        moment = call.world.clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
        body = {
            "error": self.error,
            "error_description": f"AADSTS{self.number}: {self.text.format(*values)} Trace ID: {trace} "
            f"Correlation ID: {correlation} Timestamp: {moment}",
            "error_codes": [self.number],
            "timestamp": moment,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }
        return RefusalError(self.rule, Answer(self.status, body))


_OAUTH = "OAuth error shape and AADSTS numbers, general Entra knowledge; pc 1.4, 6.1 D"
UNKNOWN_TENANT = EntraRefusal(
    90002,
    "invalid_tenant",
    "Tenant '{}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.",
    source=_OAUTH,
)
NO_SUCH_APP = EntraRefusal(
    700016, "unauthorized_client", "Application with identifier '{}' was not found in the directory.", source=_OAUTH
)
WRONG_SECRET = EntraRefusal(7000215, "invalid_client", "Invalid client secret provided.", status=401, source=_OAUTH)
NO_CREDENTIAL = EntraRefusal(
    7000218,
    "invalid_client",
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    status=401,
    source=_OAUTH,
)
BAD_ASSERTION = EntraRefusal(
    700027, "invalid_client", "Client assertion failed signature validation.", status=401, source=_OAUTH
)
BAD_REFRESH = EntraRefusal(9002313, "invalid_grant", "Invalid request. Request is malformed or invalid.", source=_OAUTH)
DEAD_REFRESH = EntraRefusal(700082, "invalid_grant", "The refresh token has expired due to inactivity.", source=_OAUTH)
OTHER_CLIENT = EntraRefusal(
    700007, "invalid_grant", "The refresh token was issued to another client.", source="pc 1.4 (PowerShell#419)"
)
MFA_AGAIN = EntraRefusal(
    50078,
    "interaction_required",
    "Presented multi-factor authentication has expired due to policies configured by your administrator, you must "
    "refresh your multi-factor authentication to access '{}'.",
    source="pc 1.4 (PowerShell#317)",
)
MFA_NEEDED = EntraRefusal(
    50076, "invalid_grant", "You must use multi-factor authentication to access '{}'.", source="pc 1.4 (PowerShell#259)"
)
NO_RESOURCE = EntraRefusal(
    900144, "invalid_request", "The request body must contain the following parameter: '{}'.", source=_OAUTH
)
WRONG_RESOURCE = EntraRefusal(
    500011, "invalid_resource", "The resource principal named {} was not found in the tenant.", source=_OAUTH
)
WRONG_GRANT = EntraRefusal(
    70003, "unsupported_grant_type", "The app requested an unsupported grant type '{}'.", source=_OAUTH
)
PENDING = EntraRefusal(
    70016,
    "authorization_pending",
    "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
    source=_OAUTH,
)
CODE_EXPIRED = EntraRefusal(70019, "expired_token", "Verification code expired.", source=_OAUTH)
BAD_CODE = EntraRefusal(70000, "invalid_grant", "The device code is not valid.", source=_OAUTH)
MALFORMED = EntraRefusal(900561, "invalid_request", "The endpoint cannot read this request. {}", source=_OAUTH)
_OTHER = rule(
    "entra.error.http",
    "Unknown paths and methods: 404, 405, 500 with an OAuth body.",
    source=_OAUTH,
    confidence="inferred",
)


def _trouble(call: Call, status: int, message: str) -> RefusalError:
    if status == 400:
        return MALFORMED(call, message)
    return RefusalError(_OTHER, Answer(status, {"error": "invalid_request", "error_description": f"HTTP {status}"}))


ENTRA = System(name="entra", title="Microsoft Entra", base="/entra", trouble=_trouble)


def tenant_of(call: Call) -> Tenant:
    """The tenant that the path names by GUID or any of its domains. Raises AADSTS90002."""
    reference = call.params["tenant"]
    store = call.world.store
    tenant = store.tenants.get(reference.lower()) or store.tenants.first("domain", reference.casefold())
    if tenant is None:
        raise UNKNOWN_TENANT(call, reference)
    return tenant

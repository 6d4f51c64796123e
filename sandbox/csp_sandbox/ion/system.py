"""ION's habits: bearer token, account in the path, two error shapes. Source: ion.md 1, 2.6."""

from __future__ import annotations

from typing import Any

from csp_sandbox.ledger import Rule, rule, switch
from csp_sandbox.serving.web import Answer, Call, RefusalError, System
from csp_sandbox.situation.model import Account, IonCustomer

_REQUEST_INFO = "type.googleapis.com/google.rpc.RequestInfo"


class IonRefusal:
    """A refusal in the v3 shape; call it to get something to raise. ``message`` may hold ``{}`` places."""

    def __init__(self, row: Rule, status: int, error: str, message: str, *, body_code: int = 0, **detail: str) -> None:
        self.rule = row
        self.status = status
        self.error = error
        self.message = message
        self.code = body_code or status
        self.detail = detail

    def __call__(self, call: Call, *values: str) -> RefusalError:
        info = {"@type": _REQUEST_INFO, "requestId": call.world.request_guid(), **self.detail}
        message = self.message.format(*values)
        if self.detail:
            info["detail"] = message
        body = {"error": self.error, "message": message, "code": self.code, "details": [info]}
        return RefusalError(self.rule, Answer(self.status, body))


INVALID = IonRefusal(
    rule("ion.error.invalid-request", "Unreadable or incomplete requests: 400 INVALID_REQUEST.", source="ion 2.6"),
    400,
    "INVALID_REQUEST",
    "{}",
)
INVALID_ARGUMENT = IonRefusal(
    rule(
        "ion.error.invalid-argument",
        "A path id that is no number, an unknown filter value or page token: 400 INVALID_ARGUMENT.",
        source="ion 2.6 (defined, attached to no operation)",
        confidence="inferred",
    ),
    400,
    "INVALID_ARGUMENT",
    "{}",
)
NO_SESSION = IonRefusal(
    rule(
        "ion.error.no-session",
        "No, unknown or expired access token: 401 in the v3 shape.",
        source="ion 13 (real clients refresh on 401)",
        confidence="seen in client code",
    ),
    401,
    "UNAUTHENTICATED",
    "The access token is missing, expired or not valid.",
)
OTHER_ACCOUNT = IonRefusal(
    rule(
        "ion.error.other-account", "A valid session of another account: 403 naming the account.", source="ion 2.6, 13"
    ),
    403,
    "PERMISSION_DENIED",
    "permission denied to access accounts/{}",
)
NO_ACCESS = IonRefusal(
    rule("ion.error.rbac", "A user whose role does not reach: 403 PERMISSION_DENIED.", source="ion 2.6"),
    403,
    "PERMISSION_DENIED",
    "User does not have access to this resource.",
)
NOT_FOUND = IonRefusal(
    rule("ion.error.not-found", "Unknown customer: 404 with its resource name.", source="ion 2.6"),
    404,
    "NOT_FOUND",
    "resource '{}' not found",
)
NO_PATH = IonRefusal(
    rule(
        "ion.error.no-path",
        "A path or method that v3 does not have: 404 or 405.",
        source="ion 2",
        confidence="inferred",
    ),
    404,
    "NOT_FOUND",
    "Not Found",
)
NO_METHOD = IonRefusal(NO_PATH.rule, 405, "UNIMPLEMENTED", "Method Not Allowed")
INTERNAL = IonRefusal(
    rule("ion.error.internal", "500 INTERNAL_ERROR.", source="ion 2.6"), 500, "INTERNAL_ERROR", "Internal Server Error"
)
_OAUTH_TROUBLE = rule(
    "ion.oauth.error-shape", 'Errors of /oauth are {"error": text}, not the v3 shape.', source="ion 1.1"
)

LOW_ROLE = switch(
    "ion.users.role",
    "Which role an API user needs. USER is refused; whether SALES is enough differs between integrators.",
    source="ion 1.3, U3",
    choices={"any": "every role but USER may call", "owner": "only Account Admin (OWNER) may call"},
    default="any",
    strict="owner",
)


def _trouble(call: Call, status: int, message: str) -> RefusalError:
    if "/oauth/" in call.path:
        texts = {404: "not found", 405: "method not allowed", 500: "internal error"}
        return RefusalError(_OAUTH_TROUBLE, Answer(status, {"error": message or texts.get(status, "bad request")}))
    if status == 400:
        return INVALID(call, message)
    return {404: NO_PATH, 405: NO_METHOD}.get(status, INTERNAL)(call)


def session(call: Call) -> Account:
    """The account of the bearer token. Raises the 401 refusal."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    token = call.world.store.access_tokens.get(value.strip()) if scheme.lower() == "bearer" else None
    if token is None or token.revoked or token.expires_at <= call.world.clock.now():
        raise NO_SESSION(call)
    account = call.world.store.accounts.get(token.account)
    if account is None:
        raise NO_SESSION(call)
    return account


def own_account(call: Call) -> None:
    """Authenticate, and refuse another account's path. Fills ``principal`` and ``owner``."""
    account = session(call)
    named = call.params.get("account", account.id)
    if not named.isascii() or not named.isdigit():
        raise INVALID_ARGUMENT(call, f"resource name 'accounts/{named}' is invalid")
    if named != account.id:
        raise OTHER_ACCOUNT(call, named)
    role = account.users[0].role if account.users else "OWNER"
    if role == "USER" or (role != "OWNER" and call.world.choice(LOW_ROLE) == "owner"):
        raise NO_ACCESS(call)
    call.principal = account
    call.owner = account.id


def _before(call: Call) -> None:
    if call.operation.auth != "none":
        own_account(call)


ION = System(name="ion", title="StreamOne ION v3", base="/ion", trouble=_trouble, before=_before)


def account_of(call: Call) -> Account:
    """The caller's account."""
    account: Account = call.principal
    return account


def customer_of(call: Call, missing: IonRefusal = NOT_FOUND) -> IonCustomer:
    """The customer that the path names, if it is the caller's. Raises the refusal ``missing``."""
    account, number = account_of(call), call.params["customer"]
    if not number.isascii() or not number.isdigit():
        raise INVALID_ARGUMENT(call, f"resource name 'accounts/{account.id}/customers/{number}' is invalid")
    customer = call.world.store.customers.get(number)
    if customer is None or customer.account != account.id:
        raise missing(call, f"accounts/{account.id}/customers/{number}")
    return customer


EMPTY = rule(
    "ion.empty-body",
    "A write without a body is a body without members: its first missing property is named.",
    source="ion 2.2 (the specification does not mark the body as required)",
    confidence="inferred",
)


def object_of(call: Call) -> dict[str, Any]:
    """The JSON object of a request, {} for an empty body (:data:`EMPTY`)."""
    return call.json_object() if call.content.strip() else {}


def wrong_type(call: Call, name: str, kind: str) -> RefusalError:
    """The refusal of a field of the wrong JSON type."""
    return INVALID(call, f"'{name}' must be {kind}")


def text_of(call: Call, body: dict[str, Any], name: str) -> str:
    """An optional text field. Raises the 400 refusal for another type."""
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong_type(call, name, "string")
    return value.strip()

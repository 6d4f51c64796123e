"""Partner Center as a system: who may call, what every answer carries, how a repeated write is answered.

Sources: partner-center.md 1 (authentication), 6.3 (throttling), 6.4 (idempotency).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from pydantic import BaseModel

from csp_sandbox.entra.tokens import read_token
from csp_sandbox.ledger import Rule, rule, switch
from csp_sandbox.partner_center import errors
from csp_sandbox.serving.web import Answer, Call, Handler, RefusalError, System
from csp_sandbox.situation.model import Account, Replay
from csp_sandbox.situation.world import World

AUDIENCE = "https://api.partnercenter.microsoft.com"
_AUTH = "partner-center.md 1"

NO_TOKEN = rule(
    "pc.auth.no-token",
    "No token, or one that is expired or not ours: 401 with an empty body.",
    source="partner-center.md 6.1 shape F",
)
AUDIENCE_RULE = rule(
    "pc.auth.audience",
    "A token for another audience (graph.windows.net): 401, code 900420.",
    source="partner-center.md 0.1, 6.2",
)
MFA = rule(
    "pc.auth.mfa",
    "An App+User token without an MFA claim: 401, code 900421. App-only calls are not affected.",
    source="partner-center.md 1.5",
)
APP_ONLY = rule(
    "pc.auth.app-only-refused",
    "An app-only token on an App+User operation: 403, code 900329.",
    source="partner-center.md 1.7",
)
USER_ONLY = rule(
    "pc.auth.user-refused",
    "An App+User token on the enhanced attestation: 403, code 900308.",
    source="partner-center.md 1.7, 5.6",
    confidence="inferred",
)
NO_RESELLERS = rule(
    "pc.auth.indirect-reseller",
    "Indirect resellers have no access to the API: 403, code 2032.",
    source="partner-center.md 1.1",
    confidence="inferred",
)
HEADERS = rule(
    "pc.headers",
    "Every answer carries MS-RequestId, MS-CorrelationId, MS-CV, MS-ServerId and Request-Context.",
    source="partner-center.md 1.6",
)
VALIDATE_MFA = rule(
    "pc.headers.validate-mfa",
    "ValidateMfa: true is answered with the header isMfaCompliant.",
    source="partner-center.md 1.5; partner-center.md 16 (3)",
)
REPLAYED = rule(
    "pc.idempotent",
    "A write repeated with its MS-RequestId gets the kept answer of the first one, however late; a refused write is "
    "tried again.",
    source="partner-center.md 1.6, 6.4",
)
REUSED = rule(
    "pc.idempotent.other-body",
    "The MS-RequestId of an earlier write with another body or path: 400, code 800002.",
    source="partner-center.md 6.4",
    confidence="inferred",
)
REPLAY_PASSWORD = switch(
    "pc.idempotent.password",
    "Whether a replayed create repeats the one-time password.",
    source="partner-center.md 2.1",
    choices={"left-out": "the replay has no userCredentials", "repeated": "the replay equals the first answer"},
    default="left-out",
    strict="left-out",
)
THROTTLE = switch(
    "pc.throttle",
    "Customer reads are limited to 500 a minute; the answer is 429 with Retry-After in seconds. Refused calls count.",
    source="partner-center.md 6.3",
    choices={"customer": "counted by partner and customer", "partner": "counted by partner", "off": "never"},
    default="customer",
    strict="partner",
)
LIMIT = 500


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `user` is the signed-in partner user's object id, "" for an app-only token."""

    tenant: str
    account: Account
    app: str
    user: str
    user_name: str


def _trouble(call: Call, status: int, message: str) -> RefusalError:
    if status == 400:
        return errors.shape_a(
            errors.BAD_JSON, 400, 800002, message or "Invalid request input.", "PartnerApiServiceControllers"
        )
    texts = {404: (1000, f"No resource was found at {call.path}."), 405: (1000, "The method is not allowed.")}
    code, text = texts.get(status, (0, "Internal server error."))
    return errors.shape_a(errors.NO_PATH, status, code, text)


def _before(call: Call) -> None:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    challenge = {"WWW-Authenticate": "Bearer"}
    if scheme.lower() != "bearer" or not token:
        raise errors.empty(NO_TOKEN, 401, challenge)
    claims = read_token(call.world, token)
    if claims is None:
        raise errors.empty(NO_TOKEN, 401, challenge)
    if str(claims.get("aud", "")).rstrip("/") not in (AUDIENCE, call.world.partner_center):
        raise errors.shape_a(AUDIENCE_RULE, 401, 900420, "The token audience is no longer supported.")
    by_user = bool(claims.get("scp"))
    if by_user and "mfa" not in claims.get("amr", ()):
        raise errors.shape_a(
            MFA, 401, 900421, "Authentication failed. The token has no multi-factor authentication claim."
        )
    call.principal = _caller(call, claims, by_user)
    call.owner = call.principal.tenant
    if call.operation.auth == "user" and not by_user:
        raise errors.shape_a(APP_ONLY, 403, 900329, "The resource does not support app-only authentication.")
    if call.operation.auth == "app" and by_user:
        raise errors.shape_a(USER_ONLY, 403, 900308, "Insufficient privileges: the operation needs an app-only token.")
    if call.operation.path.startswith("/customers/{tenant}") and call.method == "GET":
        _throttle(call)


def _caller(call: Call, claims: dict[str, Any], by_user: bool) -> Caller:
    tenant = str(claims.get("tid", "")).lower()
    accounts = call.world.store.accounts
    account = accounts.first("partner_tenant", tenant)
    if account is None or account.role == "indirect-reseller":
        if account is None and accounts.first("reseller_tenant", tenant) is None:
            raise errors.empty(NO_TOKEN, 401, {"WWW-Authenticate": "Bearer"})
        raise errors.shape_a(
            NO_RESELLERS, 403, 2032, "Access denied. The partner is not enabled for the Partner Center API."
        )
    user = str(claims.get("oid", "")) if by_user else ""
    return Caller(tenant, account, str(claims.get("appid", "")), user, str(claims.get("upn", "")))


_windows: WeakKeyDictionary[World, dict[str, tuple[int, int]]] = WeakKeyDictionary()


def _throttle(call: Call) -> None:
    reading = call.world.choice(THROTTLE)
    if reading == "off":
        return
    key = call.owner + ("/" + call.params["tenant"].lower() if reading == "customer" else "")
    minute, second = divmod(int(call.world.clock.timestamp()), 60)
    windows = _windows.setdefault(call.world, {})
    started, used = windows.get(key, (minute, 0))
    used = used + 1 if started == minute else 1
    windows[key] = (minute, used)
    if used > LIMIT:
        raise errors.throttled(THROTTLE, 60 - second)


def _after(call: Call, answer: Answer) -> None:
    answer.headers["MS-RequestId"] = call.headers.get("ms-requestid") or call.world.request_guid()
    answer.headers["MS-CorrelationId"] = call.headers.get("ms-correlationid") or call.world.request_guid()
    answer.headers["MS-CV"] = f"sandbox.{call.world.request_guid()[:8]}.0"
    answer.headers["MS-ServerId"] = "1"
    answer.headers["Request-Context"] = "appId=cid-v1:sandbox"
    if call.headers.get("validatemfa", "").lower() == "true" and isinstance(call.principal, Caller):
        answer.headers["isMfaCompliant"] = "true"


DOUBLE_SLASH = rule(
    "pc.double-slash",
    "One slash too many after the version is overlooked: clients append links.next.uri to /v1/. A second version "
    "(/v1/v1/, /v1//v1/) is an unknown path.",
    source="partner-center.md 16 (8); partner-center.md 2.5 (PowerShell#379)",
    confidence="seen in client code",
)
BOM = switch(
    "pc.bom",
    "JSON bodies may begin with a UTF-8 byte order mark; not always, and nobody says when.",
    source="partner-center.md 12 (msrest-for-python#144)",
    choices={"not-sent": "plain UTF-8", "sent": "every JSON body begins with a byte order mark"},
    default="not-sent",
    strict="sent",
)

PARTNER_CENTER = System(
    name="partner_center",
    title="Partner Center v1",
    base="/partner-center/v1",
    trouble=_trouble,
    before=_before,
    after=_after,
    aliases=("/partner-center/v1.0",),
    double_slash=True,
    bom=BOM,
)


def operation(
    operation_id: str,
    method: str,
    path: str,
    *,
    rule: Rule,
    auth: str = "",
    writes: bool | None = None,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    status: int = 200,
    refusals: tuple[int, ...] = (),
) -> Callable[[Handler], Handler]:
    """Register a handler of Partner Center. `auth`: "" takes both token kinds, "user" App+User only, "app" app-only."""

    def register(handler: Handler) -> Handler:
        write = method not in ("GET", "HEAD") if writes is None else writes
        entry = _once(handler) if write else handler
        codes = (401, 403, *refusals)
        PARTNER_CENTER.operation(
            f"pc.{operation_id}",
            method,
            path,
            rule=rule,
            writes=write,
            auth=auth,
            body=body,
            query=query,
            status=status,
            refusals=codes,
        )(entry)
        return handler

    return register


def _once(handler: Handler) -> Handler:
    """A write whose answer is kept for its MS-RequestId."""

    def handle(call: Call) -> Answer:
        request_id = call.headers.get("ms-requestid", "").lower()
        if not request_id:
            return handler(call)
        key = f"{call.owner}/{request_id}"
        what = f"{call.method} {call.path} ".encode() + call.content
        body_hash = hashlib.sha256(what).hexdigest()
        kept = call.world.store.replays.get(key)
        if kept is not None:
            return _replay(call, kept, body_hash)
        answer = handler(call)
        body = dict(answer.body) if isinstance(answer.body, dict) else {}
        # The password is kept nowhere, unless the reading that repeats it is switched on.
        if call.world.choice(REPLAY_PASSWORD) == "left-out":
            body.pop("userCredentials", None)
        call.world.store.replays.put(
            Replay(
                id=key,
                operation=call.operation.id,
                body_hash=body_hash,
                status=answer.status,
                answer=body,
                at=call.world.clock.now(),
            )
        )
        return answer

    handle.__doc__ = handler.__doc__
    return handle


def _replay(call: Call, kept: Replay, body_hash: str) -> Answer:
    if kept.body_hash != body_hash:
        raise errors.shape_a(
            REUSED, 400, 800002, "The MS-RequestId was used for another request.", "PartnerApiServiceControllers"
        )
    call.rule = REPLAYED.id
    return Answer(kept.status, dict(kept.answer) or None)


def caller(call: Call) -> Caller:
    """The authenticated caller of a request."""
    assert isinstance(call.principal, Caller)
    return call.principal


def is_guid(value: str) -> bool:
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return len(value) == 36

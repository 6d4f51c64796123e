"""Entra's token endpoint, v1 and v2. Source: partner-center.md 1.2 to 1.5, 12."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any

import jwt
from pydantic import BaseModel, ConfigDict

from csp_sandbox.entra import system as errors
from csp_sandbox.entra.system import ENTRA
from csp_sandbox.ledger import rule, switch
from csp_sandbox.serving.web import Answer, Call
from csp_sandbox.situation.model import Account, RefreshToken
from csp_sandbox.situation.world import World

PARTNER_CENTER = "https://api.partnercenter.microsoft.com"
_PARTNER_CENTER_APP = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"
#: Audiences that a token can be had for; only the first is still taken by Partner Center.
RESOURCES = (PARTNER_CENTER, "https://graph.windows.net", "https://graph.microsoft.com")
LIFE_SECONDS = 3_600
REFRESH_DAYS = 90
ANY_TENANT = ("common", "organizations")

ASSERTION = switch(
    "entra.assertion",
    "How closely a client assertion (certificate or federation) is looked at. The sandbox holds no public keys.",
    source="OAuth client assertions, general Entra knowledge",
    choices={"readable": "any readable JWT that has not expired", "named": "its sub must also name the client id"},
    default="readable",
    strict="readable",
)


class TokenForm(BaseModel):
    """Form of the token endpoint; what is needed depends on grant_type."""

    model_config = ConfigDict(extra="allow")

    grant_type: str
    client_id: str
    client_secret: str | None = None
    client_assertion: str | None = None
    scope: str | None = None
    resource: str | None = None
    refresh_token: str | None = None
    device_code: str | None = None
    code: str | None = None
    redirect_uri: str | None = None
    code_verifier: str | None = None


def home_tenant(account: Account) -> str:
    """The tenant in which an account's app is registered. An indirect reseller has an app in its own tenant only."""
    return account.reseller_tenant if account.role == "indirect-reseller" else account.partner_tenant


def _key(world: World) -> str:
    return world.secret("jwt-key", 64)


def read_token(world: World, value: str) -> dict[str, Any] | None:
    """Claims of an access token of this sandbox; None when it is forged, unreadable or expired."""
    claims = _verified(value, _key(world))
    return claims if claims is not None and claims.get("exp", 0) > world.clock.timestamp() else None


@lru_cache(maxsize=1_000)
def _verified(value: str, key: str) -> dict[str, Any] | None:
    try:
        claims: dict[str, Any] = jwt.decode(
            value,
            key,
            algorithms=["HS256"],
            options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except jwt.PyJWTError:
        return None
    return claims


def account_of(call: Call, form: dict[str, str]) -> Account:
    """The app's account, after its credential was checked."""
    client_id = form.get("client_id", "")
    basic = call.headers.get("authorization", "")
    secret = form.get("client_secret", "")
    if basic.startswith("Basic "):
        try:
            client_id, _, secret = base64.b64decode(basic[6:]).decode().partition(":")
        except ValueError:
            raise errors.WRONG_SECRET(call) from None
    account = call.world.store.accounts.first("client_id", client_id.lower()) if client_id else None
    reference = call.params["tenant"]
    if account is None:
        raise errors.NO_SUCH_APP(call, client_id)
    if reference not in ANY_TENANT and errors.tenant_of(call).id != home_tenant(account):
        raise errors.NO_SUCH_APP(call, client_id)
    if form.get("client_assertion"):
        _check_assertion(call, form["client_assertion"], account)
    elif secret:
        if secret != account.client_secret:
            raise errors.WRONG_SECRET(call)
    elif form.get("grant_type") == "client_credentials":
        # A public client (native app) has no credential; it can do the user flows only.
        raise errors.NO_CREDENTIAL(call)
    call.owner = home_tenant(account)
    return account


def _check_assertion(call: Call, assertion: str, account: Account) -> None:
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise errors.BAD_ASSERTION(call) from None
    expires = claims.get("exp", 0)
    if not isinstance(expires, int | float) or expires <= call.world.clock.timestamp():
        raise errors.BAD_ASSERTION(call)
    if call.world.choice(ASSERTION) == "named" and claims.get("sub") != account.client_id:
        raise errors.BAD_ASSERTION(call)


def resource_of(call: Call, form: dict[str, str], v2: bool) -> str:
    """The audience that is asked for. Raises the AADSTS refusals for none and for an unknown one."""
    name = "scope" if v2 else "resource"
    wanted = [
        part for part in form.get(name, "").split() if part not in ("openid", "profile", "offline_access", "email")
    ]
    if not wanted:
        if form.get("grant_type") == "client_credentials" or not v2:
            raise errors.NO_RESOURCE(call, name)
        return PARTNER_CENTER  # the user flows keep what was consented to
    text = wanted[0].removesuffix("/.default").removesuffix("/user_impersonation").rstrip("/")
    if text in (_PARTNER_CENTER_APP, f"api://{_PARTNER_CENTER_APP}"):
        return PARTNER_CENTER
    if text not in RESOURCES:
        raise errors.WRONG_RESOURCE(call, text)
    return text


def issue(world: World, account: Account, resource: str, *, user: str = "", mfa: bool = True) -> tuple[str, int]:
    """An access token and the second it ends at. Without ``user`` it is app-only."""
    now = int(world.clock.timestamp())
    tenant = home_tenant(account)
    claims: dict[str, Any] = {
        "aud": resource,
        "iss": f"https://sts.windows.net/{tenant}/",
        "iat": now,
        "nbf": now,
        "exp": now + LIFE_SECONDS,
        "appid": account.client_id,
        "tid": tenant,
        "uti": world.request_guid(),
        "ver": "1.0",
    }
    if user:
        claims |= {"oid": user, "sub": user, "scp": "user_impersonation", "amr": ["pwd", "mfa"] if mfa else ["pwd"]}
        claims |= {"upn": f"csp-admin@{account.partner_domain}", "idtyp": "user"}
    else:
        service = world.named_guid(f"service-principal/{account.id}")
        claims |= {"oid": service, "sub": service, "idtyp": "app"}
    return jwt.encode(claims, _key(world), algorithm="HS256"), now + LIFE_SECONDS


def _answer(world: World, resource: str, token: str, end: int, v2: bool, **more: str) -> Answer:
    seconds = end - int(world.clock.timestamp())
    if v2:
        body = {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}
        return Answer(200, {**body, **more})
    numbers = {
        "expires_in": str(seconds),
        "ext_expires_in": str(seconds),
        "expires_on": str(end),
        "not_before": str(end - LIFE_SECONDS),
    }
    return Answer(200, {"token_type": "Bearer", **numbers, "resource": resource, "access_token": token, **more})


def _token(call: Call) -> Answer:
    """Issue tokens."""
    form = call.form()
    v2 = "/v2.0/" in call.path
    grant = form.get("grant_type", "")
    for name in ("grant_type", "client_id"):
        if not form.get(name) and not (name == "client_id" and "authorization" in call.headers):
            raise errors.NO_RESOURCE(call, name)
    if grant == "client_credentials":
        account = account_of(call, form)
        resource = resource_of(call, form, v2)
        return _answer(call.world, resource, *issue(call.world, account, resource), v2)
    if grant == "refresh_token":
        return _refresh(call, form, v2)
    if grant in _GRANTS:
        return _GRANTS[grant](call, account_of(call, form), form, v2)
    if grant == "password":
        account_of(call, form)
        raise errors.MFA_NEEDED(call, _PARTNER_CENTER_APP)
    raise errors.WRONG_GRANT(call, grant)


def _refresh(call: Call, form: dict[str, str], v2: bool) -> Answer:
    world, account = call.world, account_of(call, form)
    resource = resource_of(call, form, v2)
    row = world.store.refresh_tokens.get(form.get("refresh_token", ""))
    if row is None or row.system != "entra":
        raise errors.BAD_REFRESH(call)
    if row.client_id != account.client_id:
        raise errors.OTHER_CLIENT(call)
    if row.revoked:
        raise errors.MFA_AGAIN(call, _PARTNER_CENTER_APP)
    if row.expires_at <= world.clock.now():
        raise errors.DEAD_REFRESH(call)
    return user_answer(call, account, resource, form, v2, user=row.user, mfa=row.mfa, chain=row.chain)


def _new_refresh_token(world: World, account: Account, user: str, mfa: bool, chain: str) -> str:
    now, number = world.clock.now(), world.number(f"pc-token/{account.id}")
    row = RefreshToken(
        id=f"0.pc-rt-{world.secret(f'pc-refresh/{account.id}/{number}', 48)}",
        system="entra",
        owner=home_tenant(account),
        chain=chain,
        issued_at=now,
        expires_at=now + timedelta(days=REFRESH_DAYS),
        mfa=mfa,
        user=user,
        client_id=account.client_id,
    )
    return world.store.refresh_tokens.put(row).id


def user_answer(
    call: Call,
    account: Account,
    resource: str,
    form: dict[str, str],
    v2: bool,
    *,
    user: str,
    mfa: bool,
    chain: str,
    nonce: str = "",
    refresh: bool = True,
) -> Answer:
    """Tokens of a signed-in user; `refresh` False leaves the refresh token out."""
    world, now = call.world, call.world.clock.now()
    token, end = issue(world, account, resource, user=user, mfa=mfa)
    more = {"scope": f"{resource}/user_impersonation" if v2 else "user_impersonation"}
    if refresh:
        more["refresh_token"] = _new_refresh_token(world, account, user, mfa, chain)
    if "openid" in form.get("scope", ""):
        more["id_token"] = jwt.encode(
            {
                **({"nonce": nonce} if nonce else {}),
                "aud": account.client_id,
                "iss": f"https://login.microsoftonline.com/{home_tenant(account)}/v2.0",
                "iat": int(now.timestamp()),
                "exp": int(now.timestamp()) + 86_400,
                "oid": user,
                "sub": user,
                "tid": home_tenant(account),
                "preferred_username": f"csp-admin@{account.partner_domain}",
            },
            _key(world),
            algorithm="HS256",
        )
    if form.get("client_info"):
        info = json.dumps({"uid": user, "utid": home_tenant(account)}).encode()
        more["client_info"] = base64.urlsafe_b64encode(info).decode().rstrip("=")
    return _answer(world, resource, token, end, v2, **more)


#: A grant of the token endpoint that has a module of its own: call, app, form, whether the path is v2's.
Grant = Callable[[Call, Account, dict[str, str], bool], Answer]
_GRANTS: dict[str, Grant] = {}


def register_grant(name: str, grant: Grant) -> None:
    """Add a grant type to the token endpoint."""
    _GRANTS[name] = grant


_TOKEN = rule(
    "entra.token",
    "client_credentials (secret or assertion), refresh_token, authorization_code and device_code; v1 with resource and "
    "numbers as text, v2 with scope. Tokens are JWTs that live 3,600 s. A user's refresh answers with a new refresh "
    "token and leaves the old one valid. The password grant is refused: it can carry no MFA.",
    source="pc 1.3, 1.4, 12",
)
for _id, _path in (("entra.token", "/{tenant}/oauth2/v2.0/token"), ("entra.token-v1", "/{tenant}/oauth2/token")):
    ENTRA.operation(_id, "POST", _path, writes=False, form=True, body=TokenForm, refusals=(400, 401), rule=_TOKEN)(
        _token
    )

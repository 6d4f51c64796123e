"""Entra's authorization code flow: a person signs in with MFA, the app redeems the code.

Source: partner-center.md 1.4 (step 1 of the Secure Application Model, once for each consent) and the OAuth code
flow with PKCE (RFC 6749, 7636).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel

from csp_sandbox.entra import system as errors
from csp_sandbox.entra.system import ENTRA, EntraRefusal, tenant_of
from csp_sandbox.entra.tokens import ANY_TENANT, home_tenant, register_grant, resource_of, user_answer
from csp_sandbox.ledger import rule
from csp_sandbox.rendered import show
from csp_sandbox.serving.web import HTML, Answer, Call, RefusalError
from csp_sandbox.situation.model import Account, AuthCode

CODE_SECONDS = 600
_OAUTH = "OAuth code flow and AADSTS numbers, general Entra knowledge; pc 1.4"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NATIVE = ("https://login.microsoftonline.com/common/oauth2/nativeclient", "urn:ietf:wg:oauth:2.0:oob")

AUTHORIZE = rule(
    "entra.authorize",
    "A page on which the partner's user signs in with MFA; then redirect_uri with code and state (response_mode query, "
    "fragment or form_post). With people on automatic they have signed in already. Redirect addresses are those of "
    "this machine and the native client's.",
    source="pc 1.4, OAuth code flow",
)
SIGN_IN = rule("entra.login", "The button of the sign-in page.", source=_OAUTH, confidence="inferred")
CODE = rule(
    "entra.code",
    "A code lives 600 s, is redeemed once, by the app and with the redirect_uri it was made for, and with the "
    "code_verifier of its code_challenge. v1 always answers with a refresh token and an id token, v2 when the scope "
    "asks for offline_access and openid.",
    source="pc 1.4; RFC 6749 4.1, RFC 7636",
)
WRONG_REDIRECT = EntraRefusal(
    50011,
    "invalid_request",
    "The redirect URI '{}' specified in the request does not match the redirect URIs configured for the application.",
    source=_OAUTH,
)
WRONG_TYPE = EntraRefusal(
    700054, "unsupported_response_type", "response_type '{}' is not enabled for the application.", source=_OAUTH
)
REDEEMED = EntraRefusal(
    54005,
    "invalid_grant",
    "OAuth2 Authorization code was already redeemed, please retry with a new valid code.",
    source=_OAUTH,
)
CODE_OLD = EntraRefusal(
    70008, "invalid_grant", "The provided authorization code or refresh token has expired.", source=_OAUTH
)
OTHER_REDIRECT = EntraRefusal(
    500112,
    "invalid_grant",
    "The reply address '{}' does not match the one of the authorization request.",
    source=_OAUTH,
)
WRONG_VERIFIER = EntraRefusal(
    501481,
    "invalid_grant",
    "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    source=_OAUTH,
)
NO_VERIFIER = EntraRefusal(
    50148, "invalid_grant", "The code_verifier does not match the code_challenge: it is missing.", source=_OAUTH
)


class AuthorizeQuery(BaseModel):
    """Query of the sign-in page."""

    client_id: str
    redirect_uri: str
    response_type: str = "code"
    scope: str = ""
    resource: str = ""
    state: str = ""
    response_mode: str = "query"
    code_challenge: str = ""
    code_challenge_method: str = ""
    nonce: str = ""


def authorize(call: Call) -> Answer:
    """Sign in and get a code."""
    asked = call.query
    account = _known(call, asked)
    if asked.get("response_type", "") != "code":
        return _back(asked, _error(call, WRONG_TYPE(call, asked.get("response_type", ""))))
    try:
        resource_of(call, {**asked, "grant_type": "authorization_code"}, "/v2.0/" in call.path)
    except RefusalError as refused:
        return _back(asked, _error(call, refused))
    if call.world.store.meta.get("people", {}).get("mode") == "auto":
        return _signed_in(call, account, asked, "/v2.0/" in call.path)
    version = "2" if "/v2.0/" in call.path else "1"
    return show(
        call,
        "signin.html",
        title="Microsoft",
        action=f"{call.root}/{call.params['tenant']}/login",
        user=f"csp-admin@{account.partner_domain}",
        partner=account.partner_name,
        fields={**asked, "version": version},
    )


def sign_in(call: Call) -> Answer:
    """Press the button of the sign-in page."""
    form = call.form()
    return _signed_in(call, _known(call, form), form, form.get("version") == "2")


def _known(call: Call, asked: dict[str, str]) -> Account:
    """The app that asks. Whoever is not known, or wants to be answered elsewhere, sees a page and is sent nowhere."""
    try:
        for name in ("client_id", "redirect_uri"):
            if not asked.get(name):
                raise errors.NO_RESOURCE(call, name)
        account = call.world.store.accounts.first("client_id", asked["client_id"].lower())
        reference = call.params["tenant"]
        other = account is not None and reference not in ANY_TENANT and tenant_of(call).id != home_tenant(account)
        if account is None or other:
            raise errors.NO_SUCH_APP(call, asked["client_id"])
        if not _may_return_to(asked["redirect_uri"]):
            raise WRONG_REDIRECT(call, asked["redirect_uri"])
    except RefusalError as refused:
        text = refused.answer.body["error_description"]
        page = show(call, "problem.html", 400, title="Microsoft", text=text)
        raise RefusalError(refused.rule, page) from None
    call.owner = home_tenant(account)
    return account


def _may_return_to(uri: str) -> bool:
    try:
        return uri in _NATIVE or (urlsplit(uri).scheme in ("http", "https") and urlsplit(uri).hostname in _LOOPBACK)
    except ValueError:
        return False


def _signed_in(call: Call, account: Account, asked: dict[str, str], v2: bool) -> Answer:
    world = call.world
    number = world.number("auth-code")
    code = world.store.auth_codes.put(
        AuthCode(
            id=f"1.sandbox-{world.secret(f'auth-code/{number}', 64)}",
            client_id=account.client_id,
            redirect_uri=asked["redirect_uri"],
            resource=asked.get("scope" if v2 else "resource", ""),
            nonce=asked.get("nonce", ""),
            challenge=asked.get("code_challenge", ""),
            plain=asked.get("code_challenge_method", "plain") == "plain",
            expires_at=world.clock.now() + timedelta(seconds=CODE_SECONDS),
        )
    )
    return _back(asked, {"code": code.id, "session_state": world.request_guid()})


def _error(call: Call, refused: RefusalError) -> dict[str, str]:
    call.rule = refused.rule.id
    return {name: refused.answer.body[name] for name in ("error", "error_description")}


def _back(asked: dict[str, str], told: dict[str, str]) -> Answer:
    """Back to the app, the way that it wanted to be told."""
    uri = asked["redirect_uri"]
    if asked.get("state"):
        told = {**told, "state": asked["state"]}
    if asked.get("response_mode") == "form_post":
        inputs = "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in told.items())
        page = f'<form method="post" action="{escape(uri)}">{inputs}<button type="submit">Continue</button></form>'
        return Answer(200, content=page.encode(), media=HTML)
    mark = "#" if asked.get("response_mode") == "fragment" else "&" if "?" in uri else "?"
    return Answer(302, headers={"Location": f"{uri}{mark}{urlencode(told)}"})


def redeem(call: Call, account: Account, form: dict[str, str], v2: bool) -> Answer:
    """The grant authorization_code of the token endpoint."""
    world = call.world
    if not form.get("code"):
        raise errors.NO_RESOURCE(call, "code")
    code = world.store.auth_codes.get(form["code"])
    if code is None:
        raise errors.BAD_REFRESH(call)
    if code.client_id != account.client_id:
        raise errors.OTHER_CLIENT(call)
    if code.used:
        raise REDEEMED(call)
    if code.expires_at <= world.clock.now():
        raise CODE_OLD(call)
    if form.get("redirect_uri", "") != code.redirect_uri:
        raise OTHER_REDIRECT(call, form.get("redirect_uri", ""))
    _verify(call, code, form.get("code_verifier", ""))
    code.used = True
    world.store.auth_codes.put(code)
    # A token request may leave out what the authorization request asked for.
    name = "scope" if v2 else "resource"
    asked: dict[str, Any] = {**form, name: form.get(name) or code.resource}
    resource = resource_of(call, asked, v2)
    return user_answer(
        call,
        account,
        resource,
        asked if v2 else {**asked, "scope": "openid offline_access"},
        v2,
        user=world.named_guid(f"user/{account.id}"),
        mfa=True,
        chain=f"entra/{account.id}/{world.number(f'pc-chain/{account.id}')}",
        nonce=code.nonce,
        refresh=not v2 or "offline_access" in str(asked["scope"]).split(),
    )


def _verify(call: Call, code: AuthCode, verifier: str) -> None:
    if not code.challenge:
        return
    if not verifier:
        raise NO_VERIFIER(call)
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    if not hmac.compare_digest((verifier if code.plain else digest).encode(), code.challenge.encode()):
        raise WRONG_VERIFIER(call)


register_grant("authorization_code", redeem)
for _id, _path in (
    ("entra.authorize", "/{tenant}/oauth2/v2.0/authorize"),
    ("entra.authorize-v1", "/{tenant}/oauth2/authorize"),
):
    ENTRA.operation(_id, "GET", _path, query=AuthorizeQuery, refusals=(302, 400), rule=AUTHORIZE)(authorize)
ENTRA.operation("entra.login", "POST", "/{tenant}/login", form=True, status=302, refusals=(200, 400), rule=SIGN_IN)(
    sign_in
)

"""Entra's device flow: a program shows a code, a person enters it in a browser. Source: partner-center.md 1.4."""

from __future__ import annotations

from datetime import timedelta

from csp_sandbox.entra import system as errors
from csp_sandbox.entra.system import ENTRA
from csp_sandbox.entra.tokens import PARTNER_CENTER, account_of, home_tenant, register_grant, user_answer
from csp_sandbox.ledger import rule
from csp_sandbox.serving.web import Answer, Call
from csp_sandbox.situation.model import Account, DeviceLogin
from csp_sandbox.situation.world import World

_DEVICE = rule(
    "entra.devicecode",
    "A code for a person to enter with MFA, on the page that the answer names. With people on automatic it is entered "
    "before the second poll; a program enters it with POST /_sandbox/device-logins. It lives 900 s.",
    source="OAuth device flow, general Entra knowledge",
    confidence="seen in client code",
)


def device_code(call: Call) -> Answer:
    """Start a device login."""
    world = call.world
    account = account_of(call, call.form())
    number = world.number("device-login")
    user_code = world.secret(f"user-code/{number}", 9).upper()
    login = world.store.device_logins.put(
        DeviceLogin(
            id=world.secret(f"device-code/{number}", 48),
            tenant=home_tenant(account),
            client_id=account.client_id,
            user_code=user_code,
            expires_at=world.clock.now() + timedelta(seconds=900),
        )
    )
    where = f"{world.console}/devicelogin"
    return Answer(
        200,
        {
            "user_code": user_code,
            "device_code": login.id,
            "verification_uri": where,
            "expires_in": 900,
            "interval": 5,
            "message": f"To sign in, use a web browser to open the page {where} and enter the code {user_code}.",
        },
    )


for _id, _path in (
    ("entra.devicecode", "/{tenant}/oauth2/v2.0/devicecode"),
    ("entra.devicecode-v1", "/{tenant}/oauth2/devicecode"),
):
    ENTRA.operation(_id, "POST", _path, writes=False, form=True, refusals=(400, 401), rule=_DEVICE)(device_code)


def enter_device_code(world: World, user_code: str) -> bool:
    """A person enters a device code and passes MFA. False when no login waits for it."""
    wanted = user_code.strip().upper()
    for login in world.store.device_logins:
        if wanted and login.user_code == wanted:
            login.done = True
            world.store.device_logins.put(login)
            return True
    return False


def redeem(call: Call, account: Account, form: dict[str, str], v2: bool) -> Answer:
    """The grant device_code of the token endpoint."""
    world = call.world
    login = world.store.device_logins.get(form.get("device_code", "") or form.get("code", ""))
    if login is None or login.client_id != account.client_id:
        raise errors.BAD_CODE(call)
    if login.expires_at <= world.clock.now():
        raise errors.CODE_EXPIRED(call)
    login.polled += 1
    world.store.device_logins.put(login)
    automatic = world.store.meta.get("people", {}).get("mode") == "auto" and login.polled > 1
    if not login.done and not automatic:
        raise errors.PENDING(call)
    world.store.device_logins.remove(login.id)
    chain = f"entra/{account.id}/{world.number(f'pc-chain/{account.id}')}"
    user = world.named_guid(f"user/{account.id}")
    return user_answer(call, account, PARTNER_CENTER, form, v2, user=user, mfa=True, chain=chain)


for _name in ("urn:ietf:params:oauth:grant-type:device_code", "device_code"):
    register_grant(_name, redeem)

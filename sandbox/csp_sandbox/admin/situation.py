"""Administration of the situation: reset, seed, tokens and device logins."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from csp_sandbox.admin.control import ADMIN, explain
from csp_sandbox.entra.device import enter_device_code
from csp_sandbox.ion import oauth
from csp_sandbox.ledger import OURS, rule
from csp_sandbox.ready import account_keys
from csp_sandbox.seeds import file as seed_file
from csp_sandbox.seeds import situation as seed
from csp_sandbox.serving.web import Answer, Call, MalformedError
from csp_sandbox.situation.clock import Clock
from csp_sandbox.situation.world import World


def _totals(world: World) -> Answer:
    store = world.store
    return Answer(
        200,
        {
            "profile": world.profile,
            "accounts": len(store.accounts),
            "customers": len(store.customers),
            "tenants": len(store.tenants),
            "relationships": len(store.relationships),
            "agreements": len(store.agreements),
            "mails": len(store.mails),
        },
    )


@ADMIN.operation(
    "admin.reset",
    "POST",
    "/reset",
    rule=rule(
        "admin.reset",
        "Back to the situation of the start: profile and seed file, clock, faults, recorder. Tokens are those of the "
        "ready line again.",
        source=OURS,
    ),
)
def reset(call: Call) -> Answer:
    """Start anew."""
    world = call.world
    world.store.wipe()
    world.clock = Clock()
    world.faults.clear()
    world.recorder.reset()
    seed.plant_all(world)
    return _totals(world)


@ADMIN.operation(
    "admin.seed",
    "POST",
    "/seed",
    refusals=(400,),
    rule=rule("admin.seed", "Adds a seed (seed.schema.json) to the situation, all or nothing.", source=OURS),
)
def add_seed(call: Call) -> Answer:
    """Add to the situation."""
    try:
        seed.plant(call.world, seed_file.read(call.content.decode("utf-8-sig"), "seed"))
    except ValueError as error:
        raise MalformedError(str(error)) from error
    return _totals(call.world)


class TokenOrder(BaseModel):
    """What happens to the credentials of one account."""

    model_config = ConfigDict(extra="forbid")

    account: str
    system: Literal["ion", "entra"]
    action: Literal["new", "revoke", "no_mfa"]


@ADMIN.operation(
    "admin.tokens",
    "POST",
    "/tokens",
    refusals=(400,),
    rule=rule(
        "admin.tokens",
        "new: a person clicks Request New Credentials in ION, the answer holds the refresh token. revoke: all refresh "
        "tokens end. no_mfa: the partner user's consent loses its MFA claim (900421 follows).",
        source=OURS,
    ),
)
def tokens(call: Call) -> Answer:
    """Change the credentials of an account."""
    world = call.world
    try:
        order = TokenOrder.model_validate(call.json_object())
    except ValidationError as error:
        raise MalformedError(explain(error)) from error
    account = world.store.accounts.get(order.account)
    if account is None:
        raise MalformedError(f"no account is called {order.account}")
    if order.action == "new":
        if order.system != "ion":
            raise MalformedError("new credentials of Entra come from a device login")
        return Answer(200, {"refresh_token": oauth.request_new_credentials(world, account.id)})
    owner = account.id if order.system == "ion" else account.partner_tenant
    for row in world.store.refresh_tokens:
        if row.system == order.system and row.owner == owner:
            row.revoked = row.revoked or order.action == "revoke"
            row.mfa = row.mfa and order.action != "no_mfa"
            world.store.refresh_tokens.put(row)
    return Answer(200, account_keys(world, account))


@ADMIN.operation(
    "admin.device-logins",
    "POST",
    "/device-logins",
    refusals=(400,),
    rule=rule("admin.device-logins", "A person enters a device code and passes MFA.", source=OURS),
)
def device_logins(call: Call) -> Answer:
    """Enter a device code."""
    wanted = str(call.json_object().get("user_code", ""))
    if not enter_device_code(call.world, wanted):
        raise MalformedError(f"no login waits for the code {wanted!r}")
    return Answer(200, {"user_code": wanted.strip().upper()})

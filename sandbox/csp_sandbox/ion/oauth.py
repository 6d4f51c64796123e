"""ION's tokens: single-use refresh tokens, opaque access tokens. Source: ion.md 1, 13."""

from __future__ import annotations

from datetime import datetime, timedelta

from csp_sandbox.ion.bodies import AccessLife, TokenForm, Tokens, ValidateForm
from csp_sandbox.ion.system import ION
from csp_sandbox.ledger import rule, switch
from csp_sandbox.serving.web import Answer, Call, RefusalError
from csp_sandbox.situation.model import AccessToken, RefreshToken
from csp_sandbox.situation.world import World

ACCESS_SECONDS = 7_200

REFRESH_DAYS = switch(
    "ion.oauth.refresh-days",
    "Life of a refresh token.",
    source="ion 1.2, U2",
    choices={"32": "32 days (specification)", "30": "30 days (an integrator's guide)"},
    default="32",
    strict="30",
)
REUSE = switch(
    "ion.oauth.reuse",
    "What a spent refresh token does when it is presented again.",
    source="ion 13",
    choices={"refused": "400; the winner's chain goes on", "family": "400; the whole chain dies"},
    default="refused",
    strict="family",
)
OLD_ACCESS = switch(
    "ion.oauth.old-access",
    "Whether a refresh ends the previous access token.",
    source="ion 1.2, U1",
    choices={"lives": "it lives until it expires", "dies": "it ends at once"},
    default="lives",
    strict="dies",
)
NEW_CREDENTIALS = switch(
    "ion.oauth.new-credentials",
    "Whether Request New Credentials ends earlier credentials of that user.",
    source="ion 1.2",
    choices={"ends": "earlier tokens end", "adds": "several chains live side by side"},
    default="ends",
    strict="ends",
)
_NOT_VALID = rule(
    "ion.oauth.not-valid",
    'Unknown, expired and spent tokens cannot be told apart: 400 {"error": "cannot validate token: redis: nil"}.',
    source="ion 1.1",
)
_GRANT = rule("ion.oauth.grant", "Only grant_type=refresh_token: else 400.", source="ion 1.1", confidence="inferred")


def _not_valid() -> RefusalError:
    return RefusalError(_NOT_VALID, Answer(400, {"error": "cannot validate token: redis: nil"}))


@ION.operation(
    "ion.oauth.token",
    "POST",
    "/oauth/token",
    auth="none",
    writes=False,
    form=True,
    body=TokenForm,
    answer=Tokens,
    refusals=(400,),
    rule=rule(
        "ion.oauth.token",
        "The refresh token is spent by its first use; the answer holds the next one and an access token for 7,200 s. "
        "Unknown form fields (redirect_uri) are ignored, multipart forms are accepted, no client secret is asked.",
        source="ion 1.1, 1.2, 13",
    ),
)
def token(call: Call) -> Answer:
    """Exchange the refresh token."""
    world, form = call.world, call.form()
    if form.get("grant_type") != "refresh_token":
        raise RefusalError(_GRANT, Answer(400, {"error": "unsupported grant_type"}))
    now = world.clock.now()
    row = world.store.refresh_tokens.get(form.get("refresh_token", ""))
    if row is None or row.system != "ion" or row.revoked or row.expires_at <= now:
        raise _not_valid()
    call.owner = row.owner
    if row.spent:
        world.recorder.count("spent_tokens_presented")
        if world.choice(REUSE) == "family":
            revoke_chain(world, row.chain)
        raise _not_valid()
    row.spent = True
    world.store.refresh_tokens.put(row)
    if world.choice(OLD_ACCESS) == "dies":
        _revoke_access(world, row.chain)
    return Answer(200, _issue(world, row.owner, row.chain, now))


def _issue(world: World, owner: str, chain: str, now: datetime) -> dict[str, str | int]:
    number = world.number(f"ion-token/{owner}")
    refresh = f"ion-rt-{world.secret(f'ion-refresh/{owner}/{number}', 48)}"
    access = f"ion-at-{world.secret(f'ion-access/{owner}/{number}', 48)}"
    world.store.refresh_tokens.put(
        RefreshToken(
            id=refresh,
            system="ion",
            owner=owner,
            chain=chain,
            issued_at=now,
            expires_at=now + timedelta(days=int(world.choice(REFRESH_DAYS))),
        )
    )
    world.store.access_tokens.put(
        AccessToken(id=access, account=owner, chain=chain, expires_at=now + timedelta(seconds=ACCESS_SECONDS))
    )
    return {
        "access_token": access,
        "expires_in": ACCESS_SECONDS,
        "refresh_token": refresh,
        "token_type": "Bearer",
    }


def _revoke_access(world: World, chain: str) -> None:
    for access in world.store.access_tokens.find("chain", chain):
        world.store.access_tokens.remove(access.id)


def revoke_chain(world: World, chain: str) -> None:
    """End every token of a chain."""
    _revoke_access(world, chain)
    for row in world.store.refresh_tokens.find("chain", chain):
        row.revoked = True
        world.store.refresh_tokens.put(row)


def request_new_credentials(world: World, account_id: str) -> str:
    """What a person gets after Users > Edit > OAuth credentials > Request New Credentials: a refresh token."""
    if world.choice(NEW_CREDENTIALS) == "ends":
        chains = {row.chain for row in world.store.refresh_tokens if row.system == "ion" and row.owner == account_id}
        for chain in sorted(chains):
            revoke_chain(world, chain)
    chain = f"ion/{account_id}/{world.number(f'ion-chain/{account_id}')}"
    return str(_issue(world, account_id, chain, world.clock.now())["refresh_token"])


@ION.operation(
    "ion.oauth.validate",
    "POST",
    "/oauth/validateAccess",
    auth="none",
    writes=False,
    form=True,
    body=ValidateForm,
    answer=AccessLife,
    refusals=(400,),
    rule=rule(
        "ion.oauth.validate", "Seconds that the access and the refresh token still live; else 400.", source="ion 1.1"
    ),
)
def validate(call: Call) -> Answer:
    """Remaining life of an access token and of its chain."""
    return _validated(call, call.form().get("access_token", ""))


@ION.operation(
    "ion.oauth.validate-get",
    "GET",
    "/oauth/validateAccess",
    auth="none",
    answer=AccessLife,
    refusals=(400,),
    rule=rule(
        "ion.oauth.validate-get",
        "validateAccess also answers a GET with the bearer header.",
        source="ion 1.1 (IONModule)",
        confidence="seen in client code",
    ),
)
def validate_get(call: Call) -> Answer:
    """Remaining life of the bearer token."""
    return _validated(call, call.headers.get("authorization", "").removeprefix("Bearer ").strip())


def _validated(call: Call, value: str) -> Answer:
    now = call.world.clock.now()
    access = call.world.store.access_tokens.get(value)
    if access is None or access.revoked or access.expires_at <= now:
        raise _not_valid()
    call.owner = access.account
    live = [r for r in call.world.store.refresh_tokens.find("chain", access.chain) if not r.spent and not r.revoked]
    refresh = max((int((row.expires_at - now).total_seconds()) for row in live), default=0)
    return Answer(
        200,
        {"access_expires_in": int((access.expires_at - now).total_seconds()), "refresh_expires_in": max(refresh, 0)},
    )

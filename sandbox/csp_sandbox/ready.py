"""The line that a ready sandbox prints: where everything is and what a client needs to come in."""

from __future__ import annotations

from typing import Any

from csp_sandbox.situation.model import Account
from csp_sandbox.situation.world import World


def ion_refresh_token(world: World, account_id: str) -> str:
    """The refresh token that "Request New Credentials" would have shown for an account's integration user."""
    return f"ion-rt-{world.secret(f'ion-refresh/{account_id}', 48)}"


def _current(world: World, first: str, system: str, owner: str) -> str:
    """The first token while it is unspent, else the newest usable one: a restart continues on its database."""
    rows = [row for row in world.store.refresh_tokens if row.system == system and row.owner == owner]
    usable = [row for row in rows if not row.spent and not row.revoked]
    if not usable or any(row.id == first for row in usable):
        return first
    return max(usable, key=lambda row: row.seq).id


def pc_refresh_token(world: World, account_id: str) -> str:
    """The refresh token of the partner user's consent with MFA."""
    return f"0.pc-rt-{world.secret(f'pc-refresh/{account_id}', 48)}"


def account_keys(world: World, account: Account) -> dict[str, Any]:
    """What a client of one account needs. An indirect reseller has no Partner Center access: those keys are empty."""
    has_api = account.role != "indirect-reseller"
    return {
        "role": account.role,
        "country": account.country,
        "ion_account_id": account.id,
        "ion_refresh_token": _current(world, ion_refresh_token(world, account.id), "ion", account.id),
        "pc_tenant": account.partner_tenant if has_api else "",
        "pc_client_id": account.client_id if has_api else "",
        "pc_client_secret": account.client_secret if has_api else "",
        "pc_refresh_token": pc_refresh_token(world, account.id) if has_api else "",
        "reseller_tenant_id": account.reseller_tenant,
        "reseller_partner_id": account.reseller_partner_id,
    }


def ready_line(world: World) -> dict[str, Any]:
    """The whole line. The keys of the first account are repeated on the top level."""
    accounts = {account.key: account_keys(world, account) for account in world.store.accounts}
    first = next(iter(accounts.values()), {})
    return {
        "ion": world.ion,
        "partner_center": world.partner_center,
        "entra": world.entra,
        "hosts": world.hosts,
        "admin": world.admin,
        "token": world.token,
        "console": f"{world.console}/?token={world.token}",
        "profile": world.profile,
        **first,
        "accounts": accounts,
        **world.ready_extra,
    }

"""Where one connection goes: addresses and account ids, from its file or from the ready file of a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import schemas
from clients.errors import PersonMustAct, Problem
from schemas.command import command
from schemas.kinds import hosts
from schemas.read.json_text import json_of

_ION = "https://ion.tdsynnex.com"
_LOGIN = "https://login.microsoftonline.com"
_PARTNER_CENTER = "https://api.partnercenter.microsoft.com"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses and account ids; "" where the connection has none."""

    ion: str
    account: str
    association: str
    partner_center: str
    partner_tenant: str
    entra: str
    login: str
    reseller_tenant: str
    reseller_partner_id: str
    smtp_host: str
    smtp_port: int


def check_hosts(connection: schemas.Connection, where: Endpoints, environment: Mapping[str, str]) -> None:
    """Whatever a file or a sandbox's ready file names: no client is made for a host that may get no credential. The
    loader tells the same with the line of the file. Raises PersonMustAct."""
    sandbox = connection.sandbox is not None
    used = [("ion", where.ion), ("partner_center", where.partner_center), ("login", where.login)]
    used += [("login", where.entra)]
    for place in (connection.handover, connection.token_store):
        if place is not None and place.key_vault:
            used.append(("key_vault", str(place.key_vault)))
    for service, address in used:
        wrong = hosts.refused(service, address, environment, sandbox=sandbox)
        if connection.sandbox and service != "key_vault" and not hosts.is_loopback(address):
            told = f"sandbox {connection.sandbox.profile} names an address that is not on this machine"
            wrong = hosts.Refused(told, "stop and start the sandbox, which writes its addresses anew")
        if wrong:
            raise PersonMustAct(
                Problem("connection", "open", None, "host", f"connection {connection.name}: {wrong.message}"),
                owner="us",
                action=wrong.hint,
            )


def accounts_of(connection: schemas.Connection, home: Path) -> tuple[str, str]:
    """ION account and partner tenant of a connection, without a credential. Raises PersonMustAct (no sandbox runs)."""
    where = endpoints_of(connection, ready_file(connection, home))
    return where.account, where.partner_tenant


def ready_file(connection: schemas.Connection, home: Path) -> Mapping[str, Any]:
    """What the running sandbox told, with the keys of its account on the top level; {} without a sandbox."""
    if connection.sandbox is None:
        return {}
    path = home / "sandbox" / f"{connection.sandbox.profile}.json"
    try:
        data: Any = json_of(path.read_text(encoding="utf-8"))
        account = data["accounts"][connection.sandbox.account]
        return {**data, **account}
    except (OSError, ValueError, KeyError, TypeError):
        problem = Problem(
            "sandbox",
            "open",
            None,
            "not-started",
            f"connection {connection.name}: no running sandbox {connection.sandbox.profile} with account "
            f"{connection.sandbox.account}",
        )
        raise PersonMustAct(
            problem, owner="us", action=("run ", command("sandbox", "start", profile=connection.sandbox.profile))
        ) from None


def endpoints_of(connection: schemas.Connection, ready: Mapping[str, Any]) -> Endpoints:
    association = connection.association_api.base_path if connection.association_api else ""
    smtp = ready.get("smtp") or {}
    if ready:
        return Endpoints(
            ion=str(ready["ion"]),
            account=str(ready["ion_account_id"]),
            association=association,
            partner_center=str(ready["partner_center"]),
            partner_tenant="" if connection.role == "indirect-reseller" else str(ready.get("pc_tenant") or ""),
            entra=str(ready["entra"]),
            login=str(ready["entra"]),
            reseller_tenant=str(ready.get("reseller_tenant_id") or ""),
            reseller_partner_id=str(ready.get("reseller_partner_id") or ""),
            smtp_host=str(smtp.get("host") or ""),
            smtp_port=int(smtp.get("port") or 0),
        )
    ion, partner, reseller = connection.ion, connection.partner_center, connection.reseller
    login = str(partner.login) if partner else _LOGIN
    return Endpoints(
        ion=str(ion.base_url) if ion else _ION,
        account=ion.account_id if ion else "",
        association=association,
        partner_center=str(partner.base_url) if partner else _PARTNER_CENTER,
        partner_tenant=str(partner.tenant_id).lower() if partner else "",
        entra=str(connection.entra.base_url) if connection.entra else login,
        login=login,
        reseller_tenant=str(reseller.tenant_id).lower() if reseller else "",
        reseller_partner_id=reseller.partner_id if reseller else "",
        smtp_host="",
        smtp_port=0,
    )

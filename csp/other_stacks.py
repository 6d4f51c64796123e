"""What the other stacks of the project declare on the same accounts: no state and no credential of theirs is needed."""

from __future__ import annotations

from collections.abc import Mapping

import schemas
from clients.endpoints import accounts_of
from clients.errors import ClientError
from clients.session import Session
from csp.project import Project
from onboarding.drift.run import Elsewhere
from schemas.command import command
from schemas.plain import count


def elsewhere(project: Project, stack: str, sessions: Mapping[str, Session]) -> tuple[Elsewhere, dict[str, str]]:
    """Their customers on the accounts of these sessions, and why a stack was left out: its files cannot be read."""
    found: dict[str, dict[str, list[schemas.Customer]]] = {}
    left_out: dict[str, str] = {}
    for other in project.stacks():
        if other == stack:
            continue
        try:
            estate = project.estate_so_far(other)
        except schemas.DeclarationErrors as errors:
            left_out[other] = (
                f"{count(len(errors.findings), 'error')} in its files ({command('validate', stack=other)})"
            )
            continue
        except (OSError, ValueError) as error:
            left_out[other] = f"its files cannot be read: {error}"
            continue
        for customer in estate.customers:
            for name in _same_account(estate.connections[customer.connection], sessions, project):
                found.setdefault(name, {}).setdefault(other, []).append(customer)
    return found, left_out


def _same_account(theirs: schemas.Connection, sessions: Mapping[str, Session], project: Project) -> list[str]:
    """The connections of ours that lead to the same account of ION, or the same Partner Center."""
    if theirs.name in sessions:
        return [theirs.name]
    try:
        account, tenant = accounts_of(theirs, project.home)
    except ClientError:  # a sandbox that does not run shares no account with one that does
        return []
    return [
        name
        for name, ours in sessions.items()
        if (account and account == ours.account) or (not account and tenant and tenant == ours.partner_tenant)
    ]

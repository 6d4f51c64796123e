"""The lines of a connection that decide whom we trust: where credentials, one-time passwords and mails go, who counts
as one of us, which links a mail may hold, what a person vouched for.

The guard (providers/estate.py) keeps them in state, so that a plan shows a change of one by its name, old and new.
Addresses and names are in clear, recipients and mail templates as digests; no secret is among them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from schemas.connection import Connection
from schemas.inside import UnreadableError, is_inside, read_inside
from schemas.plain import plain

NOTHING = "(none)"


def lines_of(connection: Connection, project_dir: Path) -> dict[str, str]:
    """Name of the line as it stands in the file -> its value, defaults included; a line without value is left out."""
    told: dict[str, str] = {}
    if connection.sandbox:
        told["sandbox"] = f"{connection.sandbox.profile} {connection.sandbox.account}"
    told["role"] = connection.role
    if ion := connection.ion:
        told |= {"ion.base_url": ion.base_url, "ion.account_id": ion.account_id}
    if center := connection.partner_center:
        told |= {"partner_center.base_url": center.base_url, "partner_center.login": center.login}
        told["partner_center.tenant_id"] = center.tenant_id
    if connection.entra:
        told["entra.base_url"] = connection.entra.base_url
    if reseller := connection.reseller:
        told |= {"reseller.tenant_id": reseller.tenant_id, "reseller.partner_id": reseller.partner_id}
    if connection.association_api:
        told["association_api.base_path"] = connection.association_api.base_path
    told["own_domains"] = _listed(connection.own_domains)
    for link in connection.relationship_links:
        told[f"relationship_links {link.partner_center} {link.cohort or 'all'}"] = link.url
    if handover := connection.handover:
        told["handover.recipients"] = _listed(_recipient(one, project_dir) for one in handover.recipients)
        told["handover.key_vault"] = handover.key_vault or ""
    if store := connection.token_store:
        told |= {"token_store.file": store.file or "", "token_store.key_vault": store.key_vault or ""}
    if mail := connection.mail:
        told |= {"mail.host": mail.host, "mail.port": str(mail.port), "mail.from": mail.sender}
        told |= {"mail.starttls": _word(mail.starttls), "mail.tls": _word(mail.tls), "mail.copy": mail.copy_to or ""}
    told["mail_links"] = _listed(connection.mail_links)
    told["mail_templates"] = connection.mail_templates
    told |= _templates(project_dir, connection.mail_templates)
    if given := connection.program_access:
        ref = f" ({given.ref})" if given.ref else ""
        told["program_access"] = f"{_listed(given.values.values())} by {given.by} on {given.on.isoformat()}{ref}"
    told["status_words"] = _listed(f"{word}={meaning}" for word, meaning in sorted(connection.status_words.items()))
    attestation = connection.enhanced_attestation
    told |= {
        "enhanced_attestation.path": attestation.path,
        "enhanced_attestation.link_template": attestation.link_template,
    }
    return {name: plain(value) for name, value in told.items() if value}


def changes(old: Mapping[str, Mapping[str, str]], new: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """ "CONNECTION: LINE" -> "OLD -> NEW", of connections that were there and of new ones; sorted."""
    told = {}
    for name in sorted({*old, *new}):
        before, after = old.get(name, {}), new.get(name, {})
        if name not in new:
            told[f"{name}: connection"] = "no customer uses it any more"
            continue
        for line in sorted({*before, *after}):
            was, is_now = before.get(line, NOTHING), after.get(line, NOTHING)
            if was != is_now:
                told[f"{name}: {line}"] = f"{was} -> {is_now}" if name in old else f"{is_now} (new connection)"
    return told


def _listed(values: Iterable[str]) -> str:
    return ", ".join(values)


def _word(flag: bool) -> str:
    return "true" if flag else "false"


def _recipient(declared: str, project_dir: Path) -> str:
    """The digest of a public key. Of a file in the project, which is reviewed like the line, with what is in it."""
    content = b""
    if declared.startswith("file:") and "$" not in declared:
        content = _content(project_dir / declared.removeprefix("file:"), project_dir)
    return _digest(declared.encode() + content)


def _templates(project_dir: Path, folder: str) -> dict[str, str]:
    """Our own mail templates, each with its digest."""
    place = project_dir / folder
    if not folder or not is_inside(place, project_dir):
        return {}
    return {f"{folder}/{path.name}": _digest(_content(path, project_dir)) for path in sorted(place.glob("*.j2"))}


def _content(path: Path, project_dir: Path) -> bytes:
    """b"" for what is no regular file of the project."""
    try:
        return read_inside(path, project_dir)
    except UnreadableError:
        return b""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]

"""Warnings before a run about customers that are in the state and no longer in the files.

The engine forgets such a customer, and nothing changes at ION or Microsoft. Whether it can go on buying is in the state
only, where the last look found portal access on; so it is told here, before the engine starts.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import schemas
from csp.engine import words as engine_words
from csp.errors import CommandError
from csp.say import say
from onboarding.core import compare
from onboarding.core.names import TYPE_PREFIX, customer_of
from onboarding.readiness.states import States, states_from_export
from onboarding.resources import leaving

VERBS = ("up", "preview", "destroy")
"""The verbs that can let a customer go."""
ALLOWED = "CSP_ALLOW_REMOVALS"


def check(export: dict[str, Any], estate: schemas.Estate, verb: str, arguments: Sequence[str]) -> None:
    """Warn loudly of every customer whom this verb of VERBS lets go and who can go on buying.

    `export` is the state as the engine exports it. Raises CommandError for a `destroy` that would end more
    relationships than CSP_ALLOW_REMOVALS allows: all or none, where the plugin could only stop half-way.
    """
    asked = engine_words.read(arguments)
    states = states_from_export(export)
    kept = {key for one in estate.customers for key in (one.key, *one.previously)}
    reached = {_key(urn) for urn in _urns(export) if asked.may_reach(urn)}
    going = sorted(reached & (set(states) if verb == "destroy" else set(states) - kept))
    for key in going:
        if leaving.still_buying(states[key]):
            say(
                f"csp: WARNING: {key} leaves the files, and its portal access was seen ON: this customer can go on "
                "buying. Put the file back with lifecycle: leaving to have it switched off",
                err=True,
            )
    if verb != "destroy":
        for line in renamed(states, going, estate):
            say(line, err=True)
    if verb == "destroy" and not asked.targets:  # what targets hit is for the plugin to count
        _all_or_none([_key(urn) for urn in _ending(export) if asked.may_reach(urn)])


def renamed(states: States, going: Sequence[str], estate: schemas.Estate) -> Iterator[str]:
    """A line for every customer who goes while another key comes with the same e-mail, tenant or domain."""
    coming = [one for one in estate.customers if one.key not in states and not set(one.previously) & set(states)]
    for key in going:
        known = _claims({name: part for kind in states[key].values() for name, part in kind.outputs.items()})
        for one in coming:
            declared = _claims(one.model_dump(mode="json"))
            if same := [what for what, text in declared.items() if text and known.get(what) == text]:
                file = estate.sources.get(one.key, "its declaration")
                yield (
                    f"csp: {key} leaves the files and {one.key} comes with the same {same[0]}. If that is one "
                    f"customer, add previously: [{key}] to {file}, else its state is lost"
                )


def _claims(values: Mapping[str, Any]) -> dict[str, str]:
    """What belongs to one customer only, of a customer file or of its resources in state."""
    identity = values.get("identity") or {}
    tenant = identity.get("tenant_id") or values.get("tenant_id") or ""
    domain = identity.get("domain") or identity.get("domain_prefix") or ""
    email = (values.get("profile") or {}).get("email") or ""
    return {"e-mail": compare.email(email), "tenant": tenant.lower(), "domain": compare.domain(domain)}


def _all_or_none(ending: list[str]) -> None:
    text = os.environ.get(ALLOWED) or "0"
    if not text.isdigit():
        raise CommandError(f"{ALLOWED}={text}: write how many relationships may end in this run, a number", 2)
    allowed = int(text)
    if len(ending) > allowed:
        raise CommandError(
            f"destroy would end {len(ending)} relationships ({', '.join(ending[:5])}{', ...' if ending[5:] else ''}), "
            f"allowed are {allowed}; nothing was done. If it is meant, set {ALLOWED}={len(ending)} for this run"
        )


def _ending(export: dict[str, Any]) -> list[str]:
    """URNs of tenants that the engine would hand to the plugin for their end."""
    resources = (export.get("deployment") or {}).get("resources") or []
    kind = f"{TYPE_PREFIX}TenantIdentity"
    doomed = [one for one in resources if one.get("type") == kind and not one.get("retainOnDelete")]
    return sorted(str(one["urn"]) for one in doomed if not one.get("delete"))


def _urns(export: dict[str, Any]) -> list[str]:
    return [str(one.get("urn")) for one in (export.get("deployment") or {}).get("resources") or []]


def _key(urn: str) -> str:
    return customer_of(urn.rsplit("::", 1)[-1])

"""Opens the store that a connection, or another process, names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from clients.errors import PersonMustAct, Problem
from clients.tokens.binding import bound
from clients.tokens.store import FileTokenStore, TokenStore


def open_store(spec: Mapping[str, str]) -> TokenStore:
    """The store that `spec()` of another process names. The Azure library is loaded only where a vault is used."""
    return bound(_opened(spec), spec)


def _opened(spec: Mapping[str, str]) -> TokenStore:
    if spec["kind"] == "file":
        return FileTokenStore(Path(spec["path"]))
    if spec["kind"] == "key_vault":
        from clients.tokens.key_vault import KeyVaultTokenStore

        return KeyVaultTokenStore.open(spec["vault"], spec["name"])
    problem = Problem("tokens", "open", None, "unknown-store", f"no token store of kind {spec['kind']}")
    raise PersonMustAct(problem, owner="us", action="name a file or a key vault as token_store of the connection")

"""Every fault at every call to Key Vault, through Azure's own library, over TLS on a socket.

`python -m drills.faults.vault [--every N]`, ends with `N cells, F failed`. The faults and what is expected of
each are data (tests/scenarios/faults/vault.json). A cell passes when the outcome is an expected one, in one line
without a secret, and the same call works afterwards.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clients.errors import PersonMustAct, RetryLater
from clients.tokens.key_vault import KeyVaultHandover, KeyVaultTokenStore
from clients.tokens.store import Chain
from equipment.fake_vault import FakeVault
from equipment.virtual import VirtualClock
from equipment.workspace import ROOT

FAULTS = json.loads((ROOT / "tests" / "scenarios" / "faults" / "vault.json").read_text())["faults"]
CHAIN = Chain(refresh_token="canary-refresh", access_token="canary-access", seed="s")


class Vault:
    def __init__(self, server: FakeVault) -> None:
        self.clock = clock = VirtualClock()
        server.clock = clock
        self.server = server
        client = server.client()
        self.store = KeyVaultTokenStore(client, "chain", clock=clock, patience_seconds=10.0)
        self.handover = KeyVaultHandover(client, clock=clock)
        self.store.save(CHAIN)
        self.handover.put("entry", "canary-password", {"csp": "1"})

    def lease(self) -> None:
        with self.store.lease():
            pass


Act = Callable[[Vault], Any]
#: Name, method, text in the path, the call.
CALLS: list[tuple[str, str, str, Act]] = [
    ("load", "GET", "/secrets/chain", lambda v: v.store.load()),
    ("save", "PUT", "/secrets/chain", lambda v: v.store.save(CHAIN)),
    ("take the lease", "PUT", "/secrets/chain-lease", Vault.lease),
    ("see the lease", "GET", "/versions", Vault.lease),
    ("release the lease", "PATCH", "/secrets/chain-lease", Vault.lease),
    ("put", "PUT", "/secrets/entry", lambda v: v.handover.put("entry", "canary-password", {"csp": "1"})),
    ("get", "GET", "/secrets/entry", lambda v: v.handover.get("entry")),
    ("tag: look", "GET", "/versions", lambda v: v.handover.tag("entry", {"csp": "2"}, enabled=True)),
    ("tag: write", "PATCH", "/secrets/entry", lambda v: v.handover.tag("entry", {"csp": "2"}, enabled=True)),
    ("list", "GET", "/secrets?", lambda v: v.handover.tagged("csp")),
]


def outcome(act: Act, vault: Vault) -> tuple[str, str]:
    """Our word for what happened, and the line that tells it."""
    try:
        act(vault)
    except RetryLater as told:
        return "later", str(told)
    except PersonMustAct as told:
        return "person", str(told)
    except Exception as other:
        return type(other).__name__, str(other)
    return "ok", ""


def play(vault: Vault, call: tuple[str, str, str, Act], moment: str, fault: dict[str, Any]) -> str:
    """One cell; "" or what is wrong."""
    name, method, path, act = call
    vault.server.fault, vault.server.struck = (method, path, moment, fault), 0
    seen, line = outcome(act, vault)
    # A release that fails costs the others the rest of the lease's life, nothing else.
    expected = ["ok"] if name == "release the lease" else fault["expected"].split(" or ")
    if not vault.server.struck:
        return "the fault did not strike"
    if seen not in expected:
        return f"expected {fault['expected']}, saw {seen} ({line})"
    if "\n" in line or "canary" in line:
        return f"not one clean line: {line!r}"
    vault.server.fault = None
    vault.clock.sleep(200)  # a lease that nobody could release runs out
    again, line = outcome(act, vault)
    if again != "ok":
        return f"then {again} ({line})"
    return "" if vault.store.load() == CHAIN else "another chain is stored"


def run(every: int = 1, report: Callable[[str], None] = print) -> tuple[int, int]:
    """Cells and failures. `every` N plays each N-th cell."""
    cells = [(call, moment, fault) for call in CALLS for moment in ("before", "after") for fault in FAULTS]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        server = FakeVault(Path(folder))
        vault = Vault(server)
        for call, moment, fault in cells[::every]:
            if wrong := play(vault, call, moment, fault):
                failed += 1
                report(f"key vault {call[0]}, {fault['name']}, {moment}: {wrong}")
        server.shutdown()
        server.server_close()
    return len(cells[::every]), failed


def main() -> int:
    # Azure's library logs each broken answer with a trace; what counts is what it raises.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    logging.getLogger("azure").propagate = False
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    played, failed = run(parser.parse_args().every)
    print(f"{played} cells, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

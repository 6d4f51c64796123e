"""Renewal in a process of its own (`python -m clients.tokens.renewer`, job on stdin, outcome on stdout).

A run may be killed at any moment: by a person, a CI time-out, the engine. Between the answer of the token call and its
storing that would end the chain. This short process is in a session of its own, holds the lease itself, and so finishes
what it began although whoever started it is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from schemas.command import packed, unpacked
from schemas.read.json_text import json_of

if __name__ == "__main__":
    # httpx works without its command line; that would load click, rich and pygments, half of this process's start.
    sys.modules["click"] = None  # type: ignore[assignment]


from clients.errors import (
    ClientError,
    CredentialsLost,
    NotReached,
    OurBug,
    PersonMustAct,
    Problem,
    RetryLater,
    UnknownOutcome,
    WrongAccount,
)
from clients.ion.errors import describe
from clients.redact import SECRETS
from clients.tokens.opening import open_store
from clients.tokens.renewal import Wanted, exchange_over, renew, unknown
from clients.tokens.store import Chain, TokenStore
from clients.wire.bounded import open_client
from clients.wire.clock import SystemClock
from clients.wire.pace import CallStats, Limits, Pace, Pauses, PausesOf
from clients.wire.transport import Transport
from clients.wire.wirelog import WireLog

_CLASSES: Mapping[str, type[ClientError]] = {
    kind.__name__: kind for kind in (RetryLater, OurBug, UnknownOutcome, WrongAccount)
}
_LONGEST = 300.0


def renew_detached(
    store: TokenStore, base_url: str, wanted: Wanted, *, pauses: Path | None, trust_env: bool, database: str = ""
) -> None:
    """`renew` in a process that outlives this one. `pauses`: their folder, None where the shared database at `database`
    holds them. Raises what `renew` raises."""
    before = store.load()
    job = {
        "store": store.spec(),
        "base_url": base_url,
        "wanted": asdict(wanted),
        "pauses": str(pauses) if pauses else None,
        "database": database,
        "trust_env": trust_env,
    }
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((root, os.environ.get("PYTHONPATH", "")))}
    process = subprocess.Popen(
        [sys.executable, "-m", "clients.tokens.renewer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
        text=True,
        encoding="utf-8",
    )
    try:
        output, _ = process.communicate(json.dumps(job), timeout=_LONGEST)
    except subprocess.TimeoutExpired:
        message = f"the renewal of {store.place} has not ended after {_LONGEST:.0f} s and goes on"
        raise RetryLater(Problem("ion", "oauth.token", None, "renewal-slow", message)) from None
    try:
        outcome: dict[str, Any] = json_of(output)
    except ValueError:
        outcome = {"died": f"the renewal process ended with code {process.returncode} and no outcome"}
    if "died" in outcome:
        _look_after(store, before, str(outcome["died"]))
    if "error" in outcome:
        raise _error(outcome["error"])


def _look_after(store: TokenStore, before: Chain | None, died: str) -> None:
    """What a renewal did that ended without a word: the store tells. Returns when it had stored the new token; raises
    CredentialsLost (unknown: it was sent) or RetryLater (not sent)."""
    now = store.load()
    if now is not None and now.sent_at is not None:
        raise unknown(store, died)
    if now is not None and (before is None or now.refresh_token != before.refresh_token) and now.access_token:
        return
    message = f"{died}; the refresh token was not sent"
    raise RetryLater(Problem("ion", "oauth.token", None, "renewal-died", message))


def _error(data: Mapping[str, Any]) -> ClientError:
    problem = Problem(**data["problem"])
    action = unpacked(data["action"])
    if data["kind"] == "CredentialsLost":
        return CredentialsLost(problem, action=action)
    if data["kind"] == "NotReached":
        return NotReached(problem, action=action)
    if data["kind"] == "PersonMustAct":
        return PersonMustAct(problem, owner=data["owner"], action=action)
    return _CLASSES[data["kind"]](problem)


def _pauses(job: Mapping[str, Any], clock: SystemClock) -> PausesOf:
    """Those that the run keeps which asked: all runners honour them."""
    if job["pauses"] is not None:
        return Pauses(Path(job["pauses"]), clock)
    from clients.shared import postgres

    return postgres.SharedPauses(postgres.Database(job["database"]))


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """One job; never raises for a remote reason."""
    clock = SystemClock()
    limits = Limits(attempts=2, call_seconds=90.0)
    pauses = _pauses(job, clock)
    with (
        contextlib.closing(pauses),
        open_client(seconds=60.0, connect_seconds=10.0, trust_env=job["trust_env"]) as http,
    ):
        transport = Transport(
            "ion",
            http,
            clock=clock,
            pace=Pace("ion-oauth", limits, pauses, clock),
            limits=limits,
            stats=CallStats(),
            describe=describe,
            log=WireLog.from_environment(),
            base=job["base_url"],
        )
        try:
            renew(open_store(job["store"]), exchange_over(transport, job["base_url"]), Wanted(**job["wanted"]), clock)
        except ClientError as error:
            return {
                "error": {
                    "kind": type(error).__name__,
                    "problem": asdict(error.problem),
                    "action": packed(getattr(error, "action", ())),
                    "owner": getattr(error, "owner", ""),
                }
            }
        except Exception as bug:  # whoever asked looks into the store for what was done
            return {"died": f"the renewal failed inside: {type(bug).__name__}"}
    return {"ok": True}


def main() -> int:
    # Ctrl-C and a closing terminal go to whole process groups; this process ends by itself within seconds.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, signal.SIG_IGN)
    outcome = SECRETS.hide_data(run(json.load(sys.stdin)))
    with contextlib.suppress(BrokenPipeError):  # whoever asked is gone; the tokens are stored
        print(json.dumps(outcome), flush=True)  # noqa: T201 - for the process that started this one
    return 0


if __name__ == "__main__":
    sys.exit(main())

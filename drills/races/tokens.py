"""Two processes race for one single-use refresh token while SIGKILL hits them at random points.

`python -m drills.races.tokens [--races 1000] [--seed 1]`, ends with `N races, F failed`. After every race
the store must hold exactly one usable token, and whoever was not killed must hold a good access token.

The contestants are whole process groups, killed as CI kills them. What they have started to renew goes on in a session
of its own; that process is the one thing the drill does not kill in the first series. The second series kills that one
too: then the answer may be lost with it, and the store must say so instead of sending a token of unknown fate.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
import urllib.parse
import uuid
from pathlib import Path

import httpx

from clients.errors import ClientError, CredentialsLost
from clients.tokens import renewer
from clients.tokens.ion import IonTokens
from clients.tokens.store import FileTokenStore
from clients.wire.clock import SystemClock

_PATIENCE = 60.0
_MARK = "CSP_TOKEN_RACE"


class TokenServer(http.server.ThreadingHTTPServer):
    """ION's token call: every refresh token is good once. Delays fall before and after the rotation."""

    daemon_threads = True

    def __init__(self, randomness: random.Random) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.random = randomness
        self.lock = threading.Lock()
        self.valid: dict[str, str] = {}  # refresh token -> chain
        self.access: dict[str, str] = {}  # access token -> chain
        self.rotations = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def rotate(self, refresh_token: str) -> dict[str, object] | None:
        with self.lock:
            chain = self.valid.pop(refresh_token, None)
            if chain is None:
                return None
            self.rotations += 1
            new, access = f"rt-{uuid.uuid4().hex}", f"at-{uuid.uuid4().hex}"
            self.valid[new], self.access[access] = chain, chain
            return {"access_token": access, "refresh_token": new, "expires_in": 7200, "token_type": "Bearer"}

    def start_chain(self) -> str:
        token = f"rt-{uuid.uuid4().hex}"
        with self.lock:
            self.valid[token] = token
        return token

    def handle_error(self, request: object, client_address: object) -> None:
        """A killed client is no news here."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: TokenServer

    def do_POST(self) -> None:
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        time.sleep(self.server.random.uniform(0, 0.02))
        answer = self.server.rotate(form["refresh_token"][0])
        time.sleep(self.server.random.uniform(0, 0.02))
        body = json.dumps(answer or {"error": "cannot validate token: redis: nil"}).encode()
        self.send_response(200 if answer else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def contestant(path: Path, url: str, seed: str, result: Path) -> None:
    """What a run does for its first call: get a token, in a process group of its own."""
    os.setpgid(0, 0)
    os.environ[_MARK] = str(path)
    store = FileTokenStore(path)

    def renew(where: object, wanted: object) -> None:
        renewer.renew_detached(store, url, wanted, pauses=path.parent, trust_env=False)  # type: ignore[arg-type]

    try:
        outcome = IonTokens(store, renew, clock=SystemClock(), seed=seed).token()
    except ClientError as error:
        outcome = f"{type(error).__name__}: {error}"
    result.write_text(outcome, "utf-8")


def fork(path: Path, url: str, seed: str, result: Path) -> int:
    """A forked contestant starts in milliseconds, so that kills fall into the interesting moments."""
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            contestant(path, url, seed, result)
        os._exit(0)
    return pid


def quiet(path: Path) -> None:
    """Until no process holds the lease: a renewal that was begun has ended."""
    with FileTokenStore(path, lease_seconds=_PATIENCE).lease():
        pass


def race(server: TokenServer, folder: Path, randomness: random.Random, *, kill_renewer: bool) -> str:
    """One race; "" or what is wrong."""
    path, seed = folder / "chain.json", server.start_chain()
    results = [folder / "one", folder / "two"]
    pids = [fork(path, server.url, seed, result) for result in results]
    victims = [pid for pid in pids if randomness.random() < 0.75]
    for pid in victims:
        time.sleep(randomness.uniform(0, 0.5))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if kill_renewer:
        time.sleep(randomness.uniform(0, 0.4))
        for child in renewers(path):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    for pid in pids:
        os.waitpid(pid, 0)
    deadline = time.monotonic() + _PATIENCE
    while renewers(path) and time.monotonic() < deadline:
        time.sleep(0.01)
    quiet(path)
    return verdict(server, path, seed, results, kill_renewer=kill_renewer)


def verdict(server: TokenServer, path: Path, seed: str, results: list[Path], *, kill_renewer: bool) -> str:
    chain = FileTokenStore(path).load()
    with server.lock:
        usable = [token for token, owner in server.valid.items() if owner == seed]
        good = {token for token, owner in server.access.items() if owner == seed}
    if len(usable) != 1:
        return f"the server knows {len(usable)} usable tokens"
    stored = chain.refresh_token if chain is not None else seed
    if kill_renewer and chain is not None and chain.sent_at is not None:
        return honest(path, seed)
    if stored != usable[0]:
        return "the store does not hold the usable token"
    if chain is not None and chain.sent_at is not None:
        return "the store holds a usable token and calls it unknown"
    for result in results:
        if not result.exists() or kill_renewer:
            continue
        outcome = result.read_text("utf-8")
        if outcome and outcome not in good:
            return f"a run that was not killed got: {outcome}"
    return ""


def honest(path: Path, seed: str) -> str:
    """The answer was lost with its renewer: the next run must stop and say so, without sending anything."""

    def no_call(where: object, wanted: object) -> None:
        renewer.renew_detached(
            FileTokenStore(path),
            "http://127.0.0.1:9",
            wanted,  # type: ignore[arg-type]
            pauses=path.parent,
            trust_env=False,
        )

    try:
        IonTokens(FileTokenStore(path), no_call, clock=SystemClock(), seed=seed).token()
    except CredentialsLost as error:
        return "" if error.problem.code == "unknown" else f"a lost answer was told as {error.problem.code}"
    except ClientError as error:
        return f"a token of unknown fate would have been sent: {error}"
    return "a token of unknown fate was taken for good"


def renewers(path: Path) -> list[int]:
    """Renewal processes of this race: they inherit its mark in their environment, so nobody else's is ever touched."""
    mark, found = f"{_MARK}={path}".encode(), []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if (
                b"clients.tokens.renewer" in (entry / "cmdline").read_bytes()
                and mark in (entry / "environ").read_bytes()
            ):
                found.append(int(entry.name))
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--races", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    randomness = random.Random(wanted.seed)
    server = TokenServer(random.Random(wanted.seed + 1))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    failures, began = 0, time.monotonic()
    for number in range(wanted.races):
        kill_renewer = number % 5 == 4
        with tempfile.TemporaryDirectory() as folder:
            wrong = race(server, Path(folder), randomness, kill_renewer=kill_renewer)
        if wrong:
            failures += 1
            print(f"race {number}{' (renewer killed too)' if kill_renewer else ''}: {wrong}", flush=True)
        elif sys.stdout.isatty() and number % 10 == 0:
            print(f"{number} of {wanted.races}\r", end="", flush=True)
    server.shutdown()
    seconds = time.monotonic() - began
    print(f"{wanted.races} races, {failures} failed ({server.rotations} rotations, {seconds:.0f} s)")
    return 1 if failures else 0


if __name__ == "__main__":
    assert httpx.__version__  # loaded before the first fork, so that contestants start fast
    sys.exit(main())

"""Locks, pauses, sent markers and what a plan allows once, in PostgreSQL, for runners that share no folder
(`coordination: postgresql`).

A lock is an advisory lock of a connection of its own: it ends with that connection, so a runner that dies leaves none.
Because a connection can also be lost while its run goes on, a write asks once more whether its lock is still held.
Times are the database's, so that clocks of runners need not agree. Source: PostgreSQL documentation, "Advisory Locks".
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clients.errors import PersonMustAct, Problem, RetryLater
from clients.locks import Taken, what_is
from clients.redact import SECRETS

if TYPE_CHECKING:
    import psycopg

VARIABLE = "CSP_POSTGRESQL"
"""Variable of the runner: a connection string of libpq, such as postgresql://user@host/database?sslmode=verify-ca."""
CONNECT_SECONDS = 10
_TABLES = """
CREATE TABLE IF NOT EXISTS csp_pause (scope text PRIMARY KEY, until timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS csp_sent (
    message text PRIMARY KEY, marker jsonb NOT NULL, at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS csp_allowed (
    plan text, step text, call text NOT NULL, at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (plan, step)
);
"""
_SETTINGS = {
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "csp-onboarding",
    # A machine that vanishes without a word is noticed by both ends within about a minute.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "options": "-c statement_timeout=30000 -c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 "
    "-c tcp_keepalives_count=3",
}


class Database:
    """Where the shared things are. Opens nothing before it is asked; each connection is in autocommit."""

    def __init__(self, address: str) -> None:
        """`address`: what `VARIABLE` holds. Raises PersonMustAct when it is empty or no connection string."""
        if not address:
            raise _ask("it is empty", f"set {VARIABLE} to the address of the database that the runners share")
        from psycopg import ProgrammingError, conninfo

        try:
            parts = conninfo.conninfo_to_dict(address)
        except ProgrammingError:
            raise _ask("it is no connection string", f"write {VARIABLE} as postgresql://user@host/database") from None
        SECRETS.add(str(parts.get("password") or ""))
        self._address = address
        self._ready = False
        self._lock = threading.Lock()

    def open(self) -> psycopg.Connection[Any]:
        """Raises RetryLater when the database does not answer."""
        import psycopg

        try:
            connection = psycopg.connect(self._address, autocommit=True, **_SETTINGS)  # type: ignore[arg-type]
            with self._lock:
                if not self._ready:
                    # Two runners may come first at once: IF NOT EXISTS alone is no protection against that.
                    with connection.transaction():
                        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_number("csp", "tables", "")])
                        connection.execute(_TABLES)
                    self._ready = True
        except psycopg.Error as broken:
            raise unreachable(broken) from None
        return connection

    @contextlib.contextmanager
    def asked(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection for one question. Raises RetryLater."""
        import psycopg

        try:
            with contextlib.closing(self.open()) as connection:
                yield connection
        except psycopg.Error as broken:
            raise unreachable(broken) from None


def unreachable(broken: Exception) -> RetryLater:
    """The database does not answer: nothing is written without it."""
    told = str(broken).strip().splitlines() or [type(broken).__name__]
    message = f"the shared database does not answer, so nothing is written ({told[0]})"
    return RetryLater(Problem("locks", "database", None, "database", message))


class SharedLocks:
    """One lock per natural key, among all runners of a database. As `clients.locks.KeyLocks`."""

    def __init__(self, database: Database, scope: str, *, timeout_seconds: float = 300.0) -> None:
        self._database = database
        self._scope = scope
        self._timeout = timeout_seconds
        self._held = threading.local()

    @contextlib.contextmanager
    def hold(self, kind: str, natural_key: str) -> Iterator[None]:
        """Raises Taken when another run keeps the lock for longer than the time-out, RetryLater without the database.
        Not re-entrant."""
        import psycopg

        number, what = _number(self._scope, kind, natural_key.strip().casefold()), what_is(kind)
        connection = self._database.open()
        try:
            ends = time.monotonic() + self._timeout
            try:
                while not _first(connection, "SELECT pg_try_advisory_lock(%s)", number):
                    if time.monotonic() >= ends:
                        message = f"another run works on {what} {natural_key} (waited {self._timeout:.0f} s)"
                        message += "; the next run goes on"
                        raise Taken(Problem("locks", kind, None, "locked", message))
                    time.sleep(0.05)
            except psycopg.Error as broken:
                raise unreachable(broken) from None
            mine = self._of_thread()
            mine.append((connection, number))
            try:
                yield
            finally:
                mine.remove((connection, number))
        finally:
            connection.close()  # the lock ends with it, also when the connection is broken

    def check(self) -> None:
        """Right before a write: every lock of this thread is still held. Raises RetryLater: then nothing was sent."""
        import psycopg

        for connection, number in self._of_thread():
            high, low = (number >> 32) & 0xFFFFFFFF, number & 0xFFFFFFFF
            try:
                held = _first(
                    connection,
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()"
                    " AND classid::bigint = %s AND objid::bigint = %s AND objsubid = 1",
                    high,
                    low,
                )
            except psycopg.Error as broken:
                raise unreachable(broken) from None
            if not held:
                raise RetryLater(Problem("locks", "check", None, "lost", "the lock was lost, so nothing was written"))

    def _of_thread(self) -> list[tuple[Any, int]]:
        if not hasattr(self._held, "locks"):
            self._held.locks = []
        found: list[tuple[Any, int]] = self._held.locks
        return found


class SharedPauses:
    """Pauses ("do not call before") that all runners honour. As `clients.wire.pace.Pauses`."""

    FRESH = 0.5
    """Seconds for which an answer of the database counts: a pause is asked for before every call."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, float]] = {}
        self._connection: psycopg.Connection[Any] | None = None

    def remaining(self, scope: str) -> float:
        """Seconds to wait before `scope` may be called; 0.0 when free. Without the database: what we know."""
        now = time.monotonic()
        with self._lock:
            asked, until = self._seen.get(scope, (-self.FRESH, 0.0))
            if now - asked >= self.FRESH:
                question = "SELECT extract(epoch FROM until - now()) FROM csp_pause WHERE scope = %s"
                left = self._ask(lambda connection: _first(connection, question, scope))
                until = max(until, now + float(left)) if left and 0 < float(left) <= 86_401 else until
                self._seen[scope] = (now, until)
        return max(until - now, 0.0)

    def hold(self, scope: str, seconds: float) -> None:
        """Nobody calls `scope` for `seconds`; a longer pause that already stands is kept."""
        with self._lock:
            now = time.monotonic()
            self._seen[scope] = (now, max(self._seen.get(scope, (0.0, 0.0))[1], now + seconds + 0.05))
            self._ask(
                lambda connection: connection.execute(
                    "INSERT INTO csp_pause VALUES (%s, now() + make_interval(secs => %s)) ON CONFLICT (scope)"
                    " DO UPDATE SET until = greatest(csp_pause.until, excluded.until)",
                    [scope, seconds + 0.05],
                )
            )

    def close(self) -> None:
        """Ends the connection; a later question opens another."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _ask(self, question: Callable[[psycopg.Connection[Any]], Any]) -> Any:
        """The answer, None where the database has none: a pause that cannot be told is no reason to stop."""
        import psycopg

        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._database.open()
            return question(self._connection)
        except (psycopg.Error, RetryLater):
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            return None


class SharedMarkers:
    """Sent markers of mails. As `clients.mail.outbox.FileMarkers`; without the addressee, as others read the table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, message_id: str) -> Mapping[str, Any] | None:
        """Raises OSError when the database does not answer."""
        with _as_disk(), self._database.asked() as connection:
            found = _first(connection, "SELECT marker FROM csp_sent WHERE message = %s", _digest(message_id))
            return found if found is None or isinstance(found, dict) else {}

    def write(self, message_id: str, marker: Mapping[str, Any]) -> None:
        """On disk in the database when this returns. Raises OSError."""
        kept = json.dumps({name: marker[name] for name in ("result", "at")})
        with _as_disk(), self._database.asked() as connection:
            connection.execute(
                "INSERT INTO csp_sent (message, marker) VALUES (%s, %s)"
                " ON CONFLICT (message) DO UPDATE SET marker = excluded.marker, at = now()",
                [_digest(message_id), kept],
            )


class SharedLedger:
    """What a plan allows once. As `clients.ledger.FileLedger`; hashed, as a step names people and others read the
    table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, plan: str, step: str, call: str) -> bool:
        """Raises RetryLater when the database does not answer: then nobody knows."""
        with self._database.asked() as connection:
            connection.execute(
                "INSERT INTO csp_allowed (plan, step, call) VALUES (%s, %s, %s) ON CONFLICT (plan, step) DO NOTHING",
                [plan, _digest(step), _digest(call)],
            )
            question = "SELECT call FROM csp_allowed WHERE plan = %s AND step = %s"
            return bool(_first(connection, question, plan, _digest(step)) == _digest(call))


@contextlib.contextmanager
def _as_disk() -> Iterator[None]:
    try:
        yield
    except RetryLater as broken:
        raise OSError(broken.problem.message) from None


def _first(connection: psycopg.Connection[Any], question: str, *values: object) -> Any:
    """The first value of the first row, None when there is no row."""
    row = connection.execute(question, list(values)).fetchone()
    return row[0] if row else None


def _number(scope: str, kind: str, key: str) -> int:
    """The name of an advisory lock: 64 bits, signed. Hashed, as a key may be somebody's e-mail and others see locks."""
    digest = hashlib.sha256(f"{scope}\n{kind}\n{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def _ask(what: str, action: str) -> PersonMustAct:
    problem = Problem("locks", "database", None, "database", f"{VARIABLE}: {what}")
    return PersonMustAct(problem, owner="us", action=action)

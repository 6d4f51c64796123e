"""A slice of the vault's fault matrix in every test run (`make faults` plays all of it), and answers without an end."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from clients.errors import RetryLater
from clients.wire.bounded import MOST_BYTES, in_time
from drills.faults import vault as drill
from equipment.fake_vault import FakeVault


def test_a_slice_of_the_matrix() -> None:
    wrong: list[str] = []
    played, failed = drill.run(every=7, report=wrong.append)
    assert not wrong
    assert (played > 40, failed) == (True, 0)


def test_a_value_without_an_end_is_not_kept(tmp_path: Path) -> None:
    server = FakeVault(tmp_path)
    vault = drill.Vault(server)
    huge = {"status": 200, "body": '{"value": "' + "x" * (MOST_BYTES + 1)}
    server.fault = ("GET", "/secrets/chain", "before", huge)
    with pytest.raises(RetryLater, match="more than 16 MiB"):
        vault.store.load()
    server.shutdown()
    server.server_close()


def test_a_library_without_a_limit_gets_one() -> None:
    never = threading.Event()
    with pytest.raises(TimeoutError, match="no answer within 0 s"):
        in_time(never.wait, 0.05)
    never.set()
    assert in_time(lambda: 7, 60) == 7
    with pytest.raises(KeyError):
        in_time(lambda: {}["x"], 60)

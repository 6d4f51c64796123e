"""ION's refresh token is single-use: whatever a disk does meanwhile, the chain goes on or the line is true."""

import contextlib
import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.errors import ClientError, CredentialsLost, RetryLater
from clients.tokens.ion import IonTokens
from clients.tokens.renewal import Exchanged, Wanted, exchange_over, renew
from clients.tokens.renewer import _look_after
from clients.tokens.store import Chain, FileTokenStore
from drills.faults.failing_disk import FAILURES, FailingDisk
from equipment.virtual import Script, VirtualClock, transport


class Ion:
    """Knows one valid refresh token at a time."""

    def __init__(self) -> None:
        self.valid, self.calls = "refresh-0", 0

    def __call__(self, refresh_token: str) -> Exchanged:
        assert refresh_token == self.valid, "a spent token was sent"
        self.calls += 1
        self.valid = f"refresh-{self.calls}"
        return Exchanged(f"access-{self.calls}", self.valid, 7200)


def started(tmp_path: Path) -> tuple[Ion, FileTokenStore, VirtualClock]:
    """A chain that works, and an access token that ends."""
    ion, store, clock = Ion(), FileTokenStore(tmp_path / "tokens" / "us.json"), VirtualClock()
    first = IonTokens(store, lambda where, wanted: renew(where, ion, wanted, clock), clock=clock, seed="refresh-0")
    assert first.token() == "access-1"
    first.worked("access-1")
    clock.sleep(7200)
    return ion, store, clock


def operations(tmp_path: Path) -> int:
    ion, store, clock = started(tmp_path)
    disk = FailingDisk([tmp_path])
    with disk.inserted():
        renew(store, ion, Wanted(), clock)
    assert {"open", "fsync", "replace"} <= {name.partition(" ")[0] for name in disk.seen}
    return len(disk.seen)


@pytest.mark.parametrize("error", FAILURES, ids=lambda number: errno.errorcode[number])
@pytest.mark.parametrize("count", [1, 2, 1000], ids=["one", "two", "all"])
def test_every_file_operation_of_a_renewal_may_fail(tmp_path: Path, error: int, count: int) -> None:
    total = operations(tmp_path / "count")
    lost = []
    for at in range(1, total + 1):
        ion, store, clock = started(tmp_path / str(at))
        told: ClientError | None = None
        with FailingDisk([tmp_path / str(at)], at, count, error).inserted():
            try:
                renew(store, ion, Wanted(), clock)
            except ClientError as failed:
                told = failed
        sent = ion.calls == 2
        after = FileTokenStore(Path(store.place)).load()
        assert after is not None
        if told is None:
            assert after.refresh_token == ion.valid, at
        elif isinstance(told, CredentialsLost):
            assert sent, f"{at}: {told} although nothing was sent"
        else:
            assert not sent, f"{at}: {told} although the token was spent"
            assert "not sent" in str(told) or "lease" in str(told), told
        if after.refresh_token != ion.valid:
            lost.append(at)
        # The next run, on a disk that works again, goes on, or says that it does not know; it sends no spent token.
        with contextlib.suppress(CredentialsLost):
            renew(FileTokenStore(Path(store.place)), ion, Wanted(), clock)
            assert store.load() == FileTokenStore(Path(store.place)).load()
    # Where nothing can be written any more, once the token is spent, the line above said so.
    assert not lost or count == 1000, f"the chain was lost at operations {lost}"


def answer(**members: Any) -> Script:
    return Script(httpx.Response(200, json={"access_token": "access", "refresh_token": "refresh-new", **members}))


@pytest.mark.parametrize(
    ("number", "seconds"),
    [
        (7200, 7200),
        (7200.0, 7200),
        ("3600", 3600),
        ("3600.5", 3600),
        (None, 7200),
        (0, 7200),
        (-1, 7200),
        (10**400, 7200),
        (1e300, 7200),
        ("NaN", 7200),
        ("soon", 7200),
        (True, 7200),
        ([], 7200),
        ({"seconds": 1}, 7200),
    ],
)
def test_an_odd_number_does_not_cost_the_chain(tmp_path: Path, number: Any, seconds: int) -> None:
    _ion, store, clock = started(tmp_path)
    renew(store, exchange_over(transport(answer(expires_in=number)), "http://ion.example"), Wanted(), clock)
    chain = store.load()
    assert chain is not None
    assert (chain.refresh_token, chain.sent_at) == ("refresh-new", None)
    assert chain.expires_at == clock.now().timestamp() + seconds


@pytest.mark.parametrize("access", [None, "", 5, ["x"], {"a": 1}])
def test_an_answer_without_an_access_token_still_brings_the_next_refresh_token(tmp_path: Path, access: Any) -> None:
    _ion, store, clock = started(tmp_path)
    with pytest.raises(RetryLater, match=r"its new refresh token is stored in .*, and the next run renews again"):
        renew(store, exchange_over(transport(answer(access_token=access)), "http://ion.example"), Wanted(), clock)
    chain = store.load()
    assert chain is not None
    assert (chain.refresh_token, chain.access_token) == ("refresh-new", "")


def test_a_renewer_that_died_is_told_by_what_it_left(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "us.json")
    before = Chain("refresh-1", "access-1")
    store.save(before)
    with pytest.raises(RetryLater, match=r"ended with code -9; the refresh token was not sent"):
        _look_after(store, before, "ended with code -9")
    store.save(Chain("refresh-2", "access-2"))
    _look_after(store, before, "ended with code -9")  # it had stored the answer
    store.save(replace(before, sent_at=1.0))
    with pytest.raises(CredentialsLost, match=r"nobody knows whether .* was spent: ended with code -9"):
        _look_after(store, before, "ended with code -9")


def test_an_answer_that_a_failing_disk_kept_in_the_draft_is_found(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "us.json")
    store.save(Chain("refresh-1", sent_at=100.0))
    draft = tmp_path / ".us.json.room"
    draft.write_text(Chain("refresh-2", "access-2", obtained_at=101.0).to_json() + " " * 99, "utf-8")
    found = store.load()
    assert found is not None
    assert found.refresh_token == "refresh-2"
    draft.write_text(Chain("refresh-0", obtained_at=99.0).to_json(), "utf-8")  # an older one
    found = store.load()
    assert found is not None
    assert (found.refresh_token, found.sent_at) == ("refresh-1", 100.0)

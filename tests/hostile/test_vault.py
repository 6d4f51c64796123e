"""Azure Key Vault: a vault that sends us elsewhere gets nothing there, and what it keeps is bound like a file."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.errors import ClientError, WrongAccount
from clients.tokens.binding import Binding, BoundStore
from clients.tokens.key_vault import KeyVaultHandover, KeyVaultTokenStore
from clients.tokens.store import Chain
from equipment.fake_vault import FakeVault
from equipment.workspace import ROOT

FAULTS = json.loads((ROOT / "tests/scenarios/faults/vault.json").read_text("utf-8"))["faults"]


@pytest.fixture
def vaults(tmp_path: Path) -> Iterator[tuple[FakeVault, FakeVault]]:
    """Two vaults under one certificate, so that nothing but the rule keeps a redirect from being followed."""
    first = FakeVault(tmp_path)
    both = first, FakeVault(tmp_path, first.certificate)
    yield both
    for one in both:
        one.shutdown()
        one.server_close()


def test_a_redirect_carries_neither_token_nor_secret(vaults: tuple[FakeVault, FakeVault]) -> None:
    ours, evil = vaults
    ours.moved_to = evil.url
    client = ours.client()
    store, handover = KeyVaultTokenStore(client, "csp-us"), KeyVaultHandover(client)
    for act in (
        store.load,
        lambda: store.save(Chain("refresh-canary")),
        lambda: handover.put("contoso-1", "one-time-canary", {"customer": "contoso"}),
        lambda: handover.get("contoso-1"),
        lambda: handover.tagged("csp-handover"),
    ):
        with pytest.raises(ClientError):
            act()
    assert ours.asked > 0
    assert evil.asked == 0
    assert evil.secrets == {}
    client.close()


def test_a_strange_answer_is_one_line_and_no_traceback_of_a_library(
    vaults: tuple[FakeVault, FakeVault], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Python prints what a library logs where nobody set a log up, as in our commands."""
    monkeypatch.setattr(logging.root, "handlers", [])
    ours, _ = vaults
    client = ours.client()
    fault = next(one for one in FAULTS if one["name"] == "redirect")
    ours.fault = ("GET", "/secrets/csp-us", "before", fault)
    with pytest.raises(ClientError) as told:
        KeyVaultTokenStore(client, "csp-us").load()
    assert "\n" not in str(told.value)
    assert ours.struck > 0
    assert capfd.readouterr().err == ""
    client.close()


def test_a_chain_in_a_vault_is_for_its_account_alone(vaults: tuple[FakeVault, FakeVault]) -> None:
    ours, _ = vaults
    client = ours.client()
    mine = Binding("https://ion.tdsynnex.com", "10501", "`csp auth ion login -c us`", first_use=True)
    theirs = Binding("https://ion.tdsynnex.com", "10999", "`csp auth ion login -c us`", first_use=True)
    kept = BoundStore(KeyVaultTokenStore(client, "csp-us"), mine, account_proven=True)
    kept.save(Chain("refresh-canary"))
    versions = len(ours.secrets["csp-us"])
    other = BoundStore(KeyVaultTokenStore(client, "csp-us"), theirs, account_proven=True)
    with pytest.raises(WrongAccount, match="nothing was sent"):
        other.load()
    assert len(ours.secrets["csp-us"]) == versions
    found = kept.load()
    assert found is not None
    assert (found.refresh_token, found.account) == ("refresh-canary", "10501")
    client.close()

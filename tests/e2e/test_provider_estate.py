"""Proof 1: the `provider` estate from an empty sandbox to four customers that can order."""

import re

from equipment.workspace import Workspace

CUSTOMERS = {
    "adventure": ("it@adventure.example", "us"),
    "alpine": ("it@alpine.example", "us"),
    "blueyonder": ("it@blueyonder.example", "us"),
    "maplegrove": ("it@maplegrove.example", "ca"),
}


FOR_EVER = "will create the Microsoft tenant"


def test_one_up_the_people_act_one_more_up_and_all_can_order(provider: Workspace) -> None:
    provider.up()
    first = provider.status()
    assert sorted(first) == sorted(CUSTOMERS)
    assert not any(c["can_order"] for c in first.values())
    assert {key: c["next_step"]["owner"] for key, c in first.items()} == dict.fromkeys(CUSTOMERS, "customer")

    provider.sandbox.act()
    told = provider.preview()
    assert set(re.findall(rf"(\w+): {FOR_EVER}", told)) == {"alpine"}, (
        "blueyonder has its tenant, others brought theirs"
    )
    assert f"{FOR_EVER} alpineskihouse.onmicrosoft.com for ever. It cannot be undone" in told
    assert FOR_EVER not in provider.up()
    second = provider.status()
    assert {key: c["blockers"] for key, c in second.items()} == {key: [] for key in CUSTOMERS}
    assert all(c["can_order"] and c["next_step"] is None for c in second.values())
    for email, account in CUSTOMERS.values():
        assert provider.sandbox.checkout(email, account) == []

    provider.assert_quiet()
    writes = provider.sandbox.writes()
    provider.up()
    assert provider.sandbox.writes() == writes, "a third up sends no write"
    counters = provider.sandbox.counters()
    assert counters["writes_without_request_id"] == 0
    assert counters["early_retries"] == 0
    assert counters["links_opened_by_others"] == 0
    assert counters["duplicate_creates"] == 0


def test_gates_equal_the_checkout_after_every_step(provider: Workspace) -> None:
    for _ in range(3):
        provider.up()
        for key, verdict in provider.status().items():
            email, account = CUSTOMERS[key]
            assert sorted(verdict["blockers"]) == provider.sandbox.checkout(email, account), key
        provider.sandbox.act()

"""The store: indexes, one transaction a request, restart."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from csp_sandbox.situation.model import Address, IonCustomer
from csp_sandbox.situation.store import Store

MOMENT = datetime(2026, 11, 22, tzinfo=UTC)


def customer(number: int, email: str = "") -> IonCustomer:
    return IonCustomer(
        id=str(number), account="1", organization="O", address=Address(), name="N", email=email or f"{number}@x.test",
        create_time=MOMENT, update_time=MOMENT,
    )  # fmt: skip


def test_indexes_follow_changes() -> None:
    store = Store()
    row = store.customers.put(customer(1))
    assert store.customers.first("email", "1@x.test") is row
    row.email, row.status = "New@x.test", "INACTIVE"
    store.customers.put(row)
    assert store.customers.first("email", "1@x.test") is None
    assert store.customers.first("email", "new@x.test") is row
    assert store.customers.find("account", ("1", "ACTIVE")) == []
    assert store.customers.find("account", ("1", "INACTIVE")) == [row]
    store.customers.remove("1")
    assert store.customers.find("account", "1") == []
    store.close()


def test_pages_are_sought_by_creation() -> None:
    store = Store()
    for number in range(5):
        store.customers.put(customer(number))
    third = store.customers.get("2")
    assert third is not None
    assert [row.id for row in store.customers.after("account", "1", third.seq)] == ["3", "4"]
    store.close()


def test_rollback_restores_changed_and_new_rows() -> None:
    store = Store()
    store.customers.put(customer(1))
    store.set_meta("kept", 1)
    store.commit()
    row = store.customers.get("1")
    assert row is not None
    row.email = "changed@x.test"
    store.customers.put(row)
    store.customers.put(customer(2))
    store.set_meta("kept", 2)
    store.rollback()
    assert store.customers.first("email", "changed@x.test") is None
    assert store.customers.first("email", "1@x.test") is not None
    assert store.customers.get("2") is None
    assert store.meta["kept"] == 1
    store.close()


def test_rollback_restores_removed_rows() -> None:
    store = Store()
    store.customers.put(customer(1))
    store.commit()
    store.customers.remove("1")
    store.rollback()
    assert store.customers.first("email", "1@x.test") is not None
    store.close()


def test_restart_keeps_rows_order_and_numbers(tmp_path: Path) -> None:
    first = Store(tmp_path / "a.db")
    for number in (3, 1, 2):
        first.customers.put(customer(number))
    first.commit()
    row = first.customers.get("3")
    assert row is not None
    first.customers.put(row)
    first.customers.remove("2")
    first.close()
    second = Store(tmp_path / "a.db")
    assert [row.id for row in second.customers] == ["3", "1"]
    assert second.customers.put(customer(4)).seq == 4
    second.close()

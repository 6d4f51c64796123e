"""A sample of the storage drill: `python -m drills.faults.storage` plays all of it."""

from drills.faults import storage


def test_a_failing_disk_loses_nothing() -> None:
    told: list[str] = []
    played, failed = storage.run(every=53, report=told.append, only="first run")
    assert played >= 5
    assert failed == 0, "\n".join(told)

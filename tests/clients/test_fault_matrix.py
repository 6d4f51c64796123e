"""A slice of the fault matrix in every test run; `make faults` plays all of it."""

from __future__ import annotations

from drills.faults import wire


def test_a_slice_of_the_matrix() -> None:
    wrong: list[str] = []
    played, failed = wire.run(every=41, report=wrong.append)
    assert not wrong
    assert (played > 25, failed) == (True, 0)

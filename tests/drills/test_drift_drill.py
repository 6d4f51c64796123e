"""The drift drill at a size for every run of the suite; `python -m tests.drills.drift` measures 1,000 customers."""

from pathlib import Path

import pytest

from tests.drills import drift
from tests.drills.changes import SORTS, generate
from tests.drills.estate import Profile

LISTS = 20
"""Calls of a look that do not depend on the number of customers: tokens, list pages, activity log."""


@pytest.mark.parametrize("profile", ["reseller", "provider"])
def test_every_change_is_found_and_nothing_else(profile: Profile, tmp_path: Path) -> None:
    with drift.bench(60, profile, tmp_path) as bench:
        before, cold = bench.look()
        quiet, warm = bench.look()
        changes = generate(bench.generated, 40)
        bench.apply(changes)
        after, _ = bench.look(fresh=True)
    assert not before.not_checked
    assert not after.not_checked
    assert [f for f in (*before.findings, *quiet.findings) if f.kind in ("drift", "progress")] == []
    result = drift.compare(before, after, changes)
    assert not result.missed
    assert not result.false
    assert len({change.name for change in changes}) >= 30
    assert cold <= drift.COLD[profile] * 60 + LISTS
    assert warm <= drift.WARM
    assert before.exit_code() == 0
    assert after.exit_code() == 7


@pytest.mark.parametrize("profile", ["reseller", "provider"])
def test_a_state_alone_tells_the_same(profile: Profile, tmp_path: Path) -> None:
    with drift.bench(45, profile, tmp_path, seed=3) as bench:
        states = bench.states()
        before, _ = bench.look(states=states)
        bench.forget()
        changes = generate(bench.generated, 30, seed=3)
        bench.apply(changes)
        after, _ = bench.look(states=states)
    result = drift.compare(before, after, changes)
    assert not result.missed
    assert not result.false


def test_the_generator_knows_enough_sorts() -> None:
    for role in ("provider", "reseller"):
        names = {one.name for one in SORTS if role in one.roles}
        assert len(names) >= 20

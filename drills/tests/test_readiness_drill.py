"""The readiness drill at a size for every run of the suite; `python -m drills.reading.readiness` takes all of them."""

import pytest

from drills.reading.readiness import COMBINATIONS, WAYS, Way, measure

FEW = [opened for number, opened in enumerate(COMBINATIONS) if len(opened) in (0, 1, 7) or number % 16 == 5]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_verdict_and_next_step_agree_with_the_checkout(way: Way) -> None:
    result = measure(way, FEW)
    assert result.wrong == {}
    assert result.cells == len(FEW)

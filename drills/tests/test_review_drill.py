"""The review drill at a size for every run of the suite; `python -m drills.races.review` plays 200 changes."""

from collections.abc import Iterator

import pytest

from drills.races.review import Situation, cases, play, reviewed_estate

FEW = {
    "file adventure profile.phone",
    "file maplegrove identity.global_admin.email",
    "connection mail",
    "plan doctored",
    "plan expired",
    "ION adventure phone",
    "tenant unlinked",
    "people go on",
    "confirmation",
}


@pytest.fixture(scope="module")
def base() -> Iterator[Situation]:
    made = reviewed_estate()
    yield made
    made.pipeline.remove()


@pytest.mark.parametrize("case", [one for one in cases() if one.name in FEW], ids=lambda one: one.name)
def test_what_changes_after_the_review(base: Situation, case: object) -> None:
    assert play(case, base) == []  # type: ignore[arg-type]

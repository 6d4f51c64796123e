"""A sample of the crash and race drills; the whole of them is `make drills`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from drills import database
from drills.kills import handover, runs
from drills.races import order, two_pipelines, two_processes


def test_a_sample_of_kills_converges() -> None:
    told: list[str] = []
    _, played, failed = runs.run(every=53, report=told.append)
    assert played >= 12
    assert failed == 0, "\n".join(told)


def test_a_sample_of_change_sets_ends_equal_in_either_order() -> None:
    told: list[str] = []
    assert order.run(7, report=told.append) == 0, "\n".join(told)


def test_a_sample_of_interleavings_of_two_pipelines_makes_nothing_twice() -> None:
    told: list[str] = []
    played, failed = two_pipelines.run(every=37, report=told.append)
    assert played >= 10
    assert failed == 0, "\n".join(told)


def test_a_sample_of_two_pipelines_that_share_a_database_alone_makes_nothing_twice() -> None:
    told: list[str] = []
    with database.server() as address:
        played, failed = two_pipelines.run(every=41, report=told.append, address=address)
    assert played >= 15
    assert failed == 0, "\n".join(told)


def test_one_reviewed_plan_is_carried_out_once_by_two_runners(tmp_path: Path) -> None:
    with database.server() as address:
        assert two_processes.one_plan(address, tmp_path) == []


@pytest.mark.parametrize(
    ("part", "every", "only"),
    [(handover.files, 19, ("put --replace", "deliver")), (handover.requests, 9, ("deliver",))],
)
def test_a_sample_of_killed_commands_of_people(
    part: Callable[..., tuple[int, int, int]], every: int, only: tuple[str, ...]
) -> None:
    told: list[str] = []
    boundaries, kills, failed = part(every, told.append, [case for case in handover.HANDOVER if case.name in only])
    assert boundaries >= 14
    assert kills >= 2
    assert failed == 0, "\n".join(told)

"""What the kill drill found: proofs of single cells, named."""

from collections.abc import Iterator

import pytest

from drills.harness import Calls, Pipeline
from drills.remote import Killed


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    made = Pipeline.example("provider")
    made.declared = {"blueyonder": made.declared["blueyonder"]}
    yield made
    made.remove()


def crash(pipeline: Pipeline, moment: str, later: int = 0) -> None:
    """Crash around the call that makes the tenant, or `later` calls after it; two minutes pass."""
    rehearsal, calls = pipeline.copy(), Calls()
    rehearsal.hook = calls
    rehearsal.up()
    rehearsal.remove()
    pipeline.hook = Calls(calls.names.index("POST /partner-center/v1/customers") + 1 + later, moment)
    with pytest.raises(Killed):
        pipeline.up()
    pipeline.hook = Calls()
    pipeline.remote.sleep(120)


def credentials(pipeline: Pipeline) -> str:
    return str(pipeline.state["blueyonder", "TenantIdentity"].outputs["memory"]["credentials"])


def test_a_password_whose_answer_nobody_read_is_told_as_lost(pipeline: Pipeline) -> None:
    crash(pipeline, "after")
    pipeline.up()
    assert credentials(pipeline) == "lost"
    assert pipeline.remote.twice() == []


def test_a_password_that_was_encrypted_before_the_crash_is_found_again(pipeline: Pipeline) -> None:
    crash(pipeline, "before", later=1)
    pipeline.up()
    assert (pipeline.home / "handover" / f"{credentials(pipeline)}.json").is_file()
    assert pipeline.remote.twice() == []
    assert pipeline.up() == []

"""docs/words.md is the vocabulary of every level: what stands in it is what the code says, and the other way round."""

from __future__ import annotations

import re
from typing import get_args

from equipment.workspace import ROOT
from onboarding.core.contract import NOT_CHECKED, FieldState, Status
from onboarding.drift.report import KINDS
from onboarding.drift.verdict import Verdict
from onboarding.readiness.gates import MEANINGS, GateState
from onboarding.resources import leaving


def words() -> dict[str, dict[str, str]]:
    """Heading of the page -> word -> meaning."""
    page = (ROOT / "docs" / "words.md").read_text("utf-8")
    sections = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    row = re.compile(r"^\| `([a-z_ ]+)` \| (.+) \|$", re.MULTILINE)
    return {one.split("\n")[0].partition(":")[0]: dict(row.findall(one)) for one in sections}


def test_the_page_has_the_words_of_the_code() -> None:
    page = words()
    assert set(page["A field"]) == set(get_args(FieldState))
    assert set(page["A gate"]) == set(MEANINGS)
    assert set(get_args(GateState)) < set(MEANINGS)
    assert set(page["A resource"]) == set(get_args(Status))
    assert {"yes", "no", "leaving", NOT_CHECKED} < set(page["A customer"])
    assert set(page["A step of leaving, and what nobody sees"]) == {leaving.DONE, leaving.OPEN, leaving.UNSEEN}
    assert set(page["A finding of drift"]) == {*get_args(Verdict), *KINDS}


def test_a_gate_means_the_same_on_the_page_and_in_the_docs() -> None:
    for word, meaning in words()["A gate"].items():
        assert meaning.startswith(MEANINGS[word]), word

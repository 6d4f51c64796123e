"""docs/article.md keeps its promise: every item of the article has a place, and every place and test exists."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ITEMS = 46
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| `(test_\w+)` \|$", re.MULTILINE)


def rows() -> list[tuple[str, str, str, str]]:
    return ROW.findall((ROOT / "docs" / "article.md").read_text("utf-8"))


def test_every_item_of_the_article_has_a_row() -> None:
    assert [int(number) for number, *_ in rows()] == list(range(1, ITEMS + 1))


def test_every_test_that_is_named_exists() -> None:
    folders = ("tests", "engine/tests", "sandbox/tests")
    sources = [p.read_text("utf-8") for folder in folders for p in (ROOT / folder).rglob("test_*.py")]
    defined = set(re.findall(r"def (test_\w+)\(", "\n".join(sources)))
    assert {test for *_, test in rows()} <= defined

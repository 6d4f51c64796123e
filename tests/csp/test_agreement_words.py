"""What a missing agreement stops is said wherever somebody decides by it: pages, mails in every language, README."""

import re
from datetime import UTC, datetime

import pytest

from csp.views import report
from equipment.workspace import ROOT

EN = ("order", r"seats?\b", "upgrade", r"\bterm\b", "billing")
FR = ("commande", "postes", "mise à niveau", "durée", "facturation")
TEXTS = {
    "README.md": EN,
    "docs/readiness.md": EN,
    "onboarding/people/mail_templates/agreement.en.txt.j2": EN,
    "onboarding/people/mail_templates/agreement.fr.txt.j2": FR,
}


def says_all(text: str, words: tuple[str, ...]) -> bool:
    """Whether one paragraph names everything that stops."""
    return any(
        all(re.search(word, " ".join(part.split())) for word in words) for part in re.split(r"\n\s*\n|\n- |<p", text)
    )


def test_every_language_of_the_mail_is_looked_at() -> None:
    mails = sorted((ROOT / "onboarding" / "people" / "mail_templates").glob("agreement.*"))
    assert {one.relative_to(ROOT).as_posix() for one in mails} <= set(TEXTS)


@pytest.mark.parametrize("name", TEXTS)
def test_texts_name_all_that_stops(name: str) -> None:
    assert says_all((ROOT / name).read_text("utf-8"), TEXTS[name])


@pytest.mark.parametrize("format_", sorted(report.FORMATS))
def test_the_readiness_page_names_all_that_stops(format_: str) -> None:
    assert says_all(report.render(format_, "us", report.LAST_RUN, [], datetime(2026, 11, 26, tzinfo=UTC)), EN)

"""A plan as text, comment, page and SARIF: it fits, it counts what does not, and nothing in it acts."""

from __future__ import annotations

import json
import re

import pytest
from markdown_it import MarkdownIt

from csp.views import plan_markdown, plan_page, plan_text
from csp.views.plan_markdown import LIMIT, RESERVE, comment
from equipment.workspace import ROOT
from onboarding.allowed.once import MAIL, Step
from onboarding.plan.report import (
    IRREVERSIBLE,
    RECORDED,
    REMOVAL,
    STEP,
    WRITE,
    Change,
    Line,
    Refusal,
    Report,
    Unlooked,
    Value,
    ordered,
)
from tests.schemas.test_plain import HOSTILE

QUICK = (
    "/close",
    "/merge",
    "@everyone",
    "#1",
    "!1",
    "~bug",
    "GH-1",
    "a/b#1",
    "</details>",
    "<script>x</script>",
    "`",
    "``",
)


def report(*changes: Change, **more: object) -> Report:
    return Report("live", "1.0", "sha256:0", max(len(changes), 1), ordered(changes), **more)  # type: ignore[arg-type]


def one(number: int, text: str = "customer profile: this run corrects phone in ION") -> Change:
    values = tuple(
        Value(f"profile.{name}", "+1 425 555 0100", f"+1 425 555 {number:04}") for name in ("phone", "title")
    )
    file = f"stacks/customers/live/c{number}.yaml"
    return Change(f"c{number}", f"Customer {number} Ltd", "us", file, (Line(WRITE, text, values),))


def test_nothing_for_customers_that_do_not_change() -> None:
    assert plan_text.text(report(one(7))).count("c7") == 2
    quiet = plan_text.text(report())
    assert "Nothing changes for 1 customer." in quiet
    assert comment(report()).text.count("\n") < 8


def test_the_most_serious_first_in_the_estate_and_in_each_customer() -> None:
    mixed = Change("b", "B", "us", "b.yaml", (Line(RECORDED, "r"), Line(STEP, "s"), Line(IRREVERSIBLE, "i")))
    text = plan_text.text(report(one(1), mixed))
    assert text.index("Cannot be undone: i") < text.index("person's step: s") < text.index("only recorded: r")
    assert text.index("Cannot be undone") < text.index("Is written")


def test_a_thousand_changes_fit_and_what_does_not_is_counted() -> None:
    many = comment(report(*map(one, range(1000))))
    assert not many.cut
    assert len(many.text) <= LIMIT - RESERVE
    shown = many.text.count("<details>")
    assert shown == many.text.count("</details>")
    assert shown + many.left_out == 1000
    assert f"**{many.left_out} customers more did not fit here.**" in many.text
    assert len(many.text) > LIMIT - RESERVE - 2000  # as many as there is room for


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_at_the_limit(extra: int) -> None:
    changes = report(*map(one, range(5)))
    whole = comment(changes)
    assert whole.left_out == 0
    exact = len(whole.text) + RESERVE
    tight = comment(changes, exact + extra)
    assert len(tight.text) <= exact + extra - RESERVE
    assert (tight.left_out == 0) == (extra >= 0)


def test_characters_are_counted_as_the_platforms_count_them() -> None:
    told = comment(report(*(one(number, "\N{GRINNING FACE}" * 200) for number in range(400)))).text
    assert LIMIT - RESERVE - 2000 < len(told.encode("utf-16-le")) // 2 <= LIMIT - RESERVE


def test_what_must_be_seen_is_never_left_out_or_the_plan_is_cut() -> None:
    gone = [Change(f"g{n}", f"g{n}", "", "", (Line(REMOVAL, "removed from the files only"),)) for n in range(200)]
    tenants = [
        Change(f"t{n}", "T", "us", "t.yaml", (Line(IRREVERSIBLE, f"makes the Microsoft tenant t{n}"),))
        for n in range(200)
    ]
    fits = comment(report(*gone, *tenants, *map(one, range(1000))))
    assert not fits.cut
    assert all(f"makes the Microsoft tenant t{n}`" in fits.text for n in range(200))
    assert all(f"- `g{n}`:" in fits.text for n in range(200))

    long = [Change(f"t{n}", "T", "us", "t.yaml", (Line(IRREVERSIBLE, "x" * 200),)) for n in range(400)]
    cut = comment(report(*long))
    assert cut.cut
    assert len(cut.text) <= LIMIT - RESERVE
    assert "does not count as reviewed" in cut.text
    assert re.search(r"- and \d+ lines more", cut.text)


def hostile(text: str) -> Report:
    change = Change(
        text, text, text, "stacks/customers/live/a.yaml", (Line(IRREVERSIBLE, text, (Value(text, text, text, text),)),)
    )
    step = Line(STEP, text, (Value(text, text, text),), "us", text, text)
    return report(
        Change(text, text, text, "", (Line(REMOVAL, text), step)),
        change,
        refusals=(Refusal(text, text, text),),
        lines={text: text},
        unlooked=(Unlooked(text, (text,), text, text),),
        once=(Step(text, MAIL, text),),
    )


@pytest.mark.parametrize("text", [*HOSTILE, *QUICK])
def test_nothing_acts_in_a_comment(text: str) -> None:
    told = comment(hostile(f"{text}")).text
    assert not any(line.lstrip("> ").startswith(("/", "::")) for line in told.split("\n"))
    assert "##[" not in told
    tokens = MarkdownIt("commonmark").parse(told)
    allowed = {"<details>", "</details>", "<summary>", "</summary>", "<sub>", "</sub>", "<code>", "</code>"}
    for token in tokens:
        if token.type == "html_block":
            assert set(re.findall(r"</?[a-z]+[^>]*>", token.content)) <= allowed, token.content
        for inner in token.children or ():
            assert inner.type in {"text", "code_inline", "strong_open", "strong_close", "html_inline", "softbreak"}
            if inner.type == "html_inline":
                assert inner.content in allowed
            if inner.type == "text":  # ours alone: no person, no issue, no command
                assert not re.search(r"[@#!~](?=\w)", inner.content), inner.content
    blocks = "".join(token.content for token in tokens if token.type == "html_block")
    assert blocks.count("<details>") == blocks.count("</details>") == 2


@pytest.mark.parametrize("text", [*HOSTILE, *QUICK])
def test_nothing_acts_on_a_page_or_a_terminal_or_in_sarif(text: str) -> None:
    whole = hostile(text)
    page = plan_page.html(whole)
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("</section>") == 2
    for line in plan_text.text(whole).split("\n"):
        assert line.isprintable()
        assert not line.lstrip().startswith("::")
    document = json.loads(json.dumps(plan_page.sarif(whole, ROOT)))
    for result in document["runs"][0]["results"]:
        assert "](" not in result["message"]["text"]


def test_commands_in_a_review_are_those_of_every_installation() -> None:
    told = comment(report(one(1, "customer profile: `csp retry c1`"))).text
    assert "`` customer profile: `csp retry c1 -s live` ``" in told
    assert str(ROOT) not in told


def test_a_code_span_holds_any_run_of_backticks() -> None:
    for text in ("`", "``", "a`b", " `", "```x``"):
        (token,) = MarkdownIt("commonmark").parseInline(plan_markdown.code(text))
        assert token.children is not None
        assert [child.type for child in token.children] == ["code_inline"]
        assert token.children[0].content.strip() == text.strip()

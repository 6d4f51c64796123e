"""Text from elsewhere is shown and never obeyed: on a terminal, in markdown, in JSON, by the runner of a pipeline."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from schemas.plain import as_json, block, markdown, markdown_block, message, plain

HOSTILE = (
    "Contoso [uk] Ltd",
    "Fabrikam [/] Ltd",
    "a\nb",
    "a\r\nb",
    "a\u2028b\u0085c\x0bd",
    "\x1b]0;owned\x07\x1b[2J\x9b31m",
    "abc\u202etxt.exe",
    "a\u200bb\u00adc\ufeffd",
    "::error file=a::b",
    "   ::stop-commands::x",
    "x ##vso[task.setvariable]y ##[error]z",
    "<script>alert(1)</script>",
    "</td><img src=x onerror=y>",
    "[a](javascript:x) ![b](https://t.example/p.png) <https://t.example>",
    "| a | b |",
    "\\| a \\",
    "`csp up -s x` or ``csp up`` or \\`csp up | a`",
    "`a` ``b``` **c** _d_ ~~e~~",
    "# Title",
    "1. a",
    "- a",
    "---",
    "===",
    "    code",
    "@everyone and #12",
    "https://t.example www.t.example",
    "&lt;b&gt; &amp; $x$",
    ":smile: [bold]",
    "\ud800",
    "\u3164",
    "{{ 7 * 7 }} ${x} %0A",
)
anything = st.text() | st.sampled_from(HOSTILE) | st.lists(st.sampled_from(HOSTILE), max_size=3).map(" ".join)


def acts(line: str) -> list[str]:
    """What in a printed line would act on a terminal, a reader's eye or a runner."""
    found = [repr(one) for one in line if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    return found + re.findall(r"##(?:\[|[a-z]+\[)", line) + re.findall(r"^\s*::", line)


@given(anything)
@example("a##[b")
@example("##\n[")
def test_any_text_is_one_line_that_does_nothing(text: str) -> None:
    line = plain(text)
    assert acts(line) == []
    assert len(line.splitlines()) <= 1
    line.encode("utf-8")
    assert plain(line) == line


@pytest.mark.parametrize(
    "text",
    [
        "Contoso [uk] Ltd",
        "北京科技有限公司",
        "Émile Zoë & Fils",
        "株式会社　青空",
        "שלום",
        "a\u00a0b",
        "10:30::",
        "C# ##",
    ],
)
def test_ordinary_names_stay_as_they_are(text: str) -> None:
    assert plain(text) == text


def test_what_cannot_be_seen_is_written_out() -> None:
    assert plain("a\nb\x1b[1m\u202ec\U000e0041") == r"a\nb\x1b[1m\u202ec\U000e0041"
    assert plain("::add-mask::x") == r"\x3a:add-mask::x"
    assert plain("x ##vso[y]") == r"x \x23#vso[y]"


@given(anything)
def test_a_block_keeps_its_line_ends_and_nothing_else(text: str) -> None:
    told = block(text, "  ")
    assert [line for line in told.split("\n") if acts(line)] == []
    assert all(line.startswith("  ") for line in told.split("\n"))


def words(tokens: list, into: list[str]) -> list[str]:  # type: ignore[type-arg]
    """Types of all tokens; their text goes to `into`."""
    kinds = []
    for token in tokens:
        kinds.append(token.type if token.content != "<!-- -->" else "comment")
        if token.type in ("text", "text_special", "code_inline"):
            into.append(token.content)
        kinds += words(token.children or [], into)
    return kinds


@given(anything)
@example("`")
@example("\\")
@example("a &colon;")
def test_markdown_shows_the_text_and_nothing_else(text: str) -> None:
    reader = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    shown: list[str] = []
    kinds = words(reader.parse(f"| {markdown(text)} | end |\n|---|---|\n| {markdown(text)} | end |"), shown)
    assert set(kinds) <= {*CELLS, "inline", "text", "text_special", "code_inline", "comment"}
    assert kinds.count("th_open") == kinds.count("td_open") == 2
    once = "".join(shown).partition("end")[0].strip()
    assert once == plain(text).strip().replace("`csp up -s x`", "csp up -s x")


CELLS = {f"{part}_{end}" for part in ("table", "thead", "tbody", "tr", "th", "td") for end in ("open", "close")}


@given(anything)
def test_a_markdown_paragraph_is_a_paragraph(text: str) -> None:
    shown: list[str] = []
    kinds = words(MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(f"{markdown(text)}\n"), shown)
    assert set(kinds) <= {
        "paragraph_open",
        "paragraph_close",
        "inline",
        "text",
        "text_special",
        "code_inline",
        "comment",
    }
    assert "".join(shown).strip() == plain(text).strip().replace("`csp up -s x`", "csp up -s x")


def test_a_command_of_ours_stays_code_in_markdown() -> None:
    assert markdown("Then [1] `csp up -s eu`.") == r"Then \[1\] `csp up -s eu`."
    assert markdown("`rm -rf` `csp up|x`") == r"\`rm -rf\` \`csp up\|x\`"


def test_markdown_calls_nobody_and_links_nowhere() -> None:
    assert "@<!-- -->everyone" in markdown("hi @everyone")
    assert "https:" not in markdown("see https://t.example")
    assert "www." not in markdown("WWW.t.example").lower()
    assert markdown_block("a\n- b") == "a<br>\\- b"


@given(st.recursive(anything, lambda inner: st.lists(inner) | st.dictionaries(anything, inner), max_leaves=5))
def test_json_loses_nothing_and_does_nothing(value: object) -> None:
    told = as_json(value)
    assert json.loads(told) == json.loads(json.dumps(value))
    assert [line for line in told.split("\n") if acts(line)] == []
    told.encode("utf-8")


def test_a_sarif_message_has_no_link() -> None:
    assert re.search(r"\[[^\]]*\]\(", message("[a](1) [b]( c")) is None


@pytest.mark.parametrize(
    "text", ["cloud_provider.pricebook", "+14255550001", "it@contoso.example", "3.14", "-5", "A & B"]
)
def test_markdown_of_ordinary_values_reads_well_as_text_too(text: str) -> None:
    assert markdown(text) == text.replace("&", "&amp;")

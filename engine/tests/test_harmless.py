"""Text from elsewhere is one harmless line in everything that the engine prints, and whole in its JSON."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest
from dynamic_engine.commands import harmless
from workbench import Workbench

HOSTILE = (
    "Nørd 株 \x1b]0;owned\x07\x9b31m \u202etxt\u2066 \u2028 \r\n::error file=a::b\n  ::stop-commands::x "
    "##vso[task.x]y \u200b\ud800"
)


def acts(text: str) -> set[str]:
    """What would act on a terminal, a reader's eye or a runner."""
    odd = {one for one in text if one != "\n" and unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    return odd | set(re.findall(r"##(?:\[|[a-z]+\[)", text)) | set(re.findall(r"(?m)^\s*::", text))


def test_a_line_a_block_and_a_document() -> None:
    assert acts(HOSTILE), "the test's own eyes"
    assert acts(harmless.line(HOSTILE)) == acts(harmless.block(HOSTILE)) == acts(harmless.dumps([HOSTILE], 2)) == set()
    assert "\n" not in harmless.line(HOSTILE)
    assert harmless.block("a\nb\r\n", "  ") == "a\n  b"
    assert json.loads(harmless.dumps({HOSTILE: [HOSTILE]}, 4)) == {HOSTILE: [HOSTILE]}
    assert harmless.line("Nørd 株\u00a0Ltd ~é") == "Nørd 株\u00a0Ltd ~é", "what can be seen stays as it is"


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def test_everything_that_a_run_prints(bench: Workbench) -> None:
    """Names of resources, inputs, outputs, refusals and exceptions of a provider, messages of the program."""
    text = HOSTILE.replace("\ud800", "")  # no UTF-8, so neither a file nor a wire holds it
    bench.case(f"""
    text = {text!r}
    pulumi.log.warn(text)
    thing = Thing("a", {{"color": text, "labels": {{text: text}}}})
    Thing(text, {{"size": 1}})
    pulumi.export("told", thing.color)
    """)
    told = [
        bench.run("preview", "--diff"),
        bench.run("preview", "--json"),
        bench.must("up", "--yes", "--message", text, "--diff"),
        bench.must("stack", "output"),
        bench.must("stack", "output", "--json"),
        bench.must("stack", "export"),
        bench.must("stack", "history"),
        bench.must("stack", "history", "--json"),
        bench.run("stack", "output", text),
        bench.run("state", "remove", "-y", text),
        bench.run("config", "get", text),
    ]
    assert [acts(one.text) for one in told] == [set()] * len(told)
    assert r"Nørd 株 \x1b]0;owned\x07\x9b31m \u202etxt" in told[2].out
    assert json.loads(told[4].out) == {"told": text}
    assert bench.resources()["a"]["inputs"]["color"] == text

    bench.case(f'Thing("a", {{"fail": "update", "color": {text!r}}})\nThing({text!r}, {{"color": "wrong"}})')
    failed = bench.run("up", "--yes", "--skip-preview")
    assert failed.code == 1
    assert acts(failed.text) == set()

"""The tables of docs/engines.md are those of the engine's parser."""

import importlib.util
from pathlib import Path

from dynamic_engine.commands.flags import REFUSED, SAME
from dynamic_engine.commands.verbs import VERBS

ROOT = Path(__file__).resolve().parent.parent


def test_the_page_shows_what_the_parser_does() -> None:
    spec = importlib.util.spec_from_file_location("engine_table", ROOT / "tools" / "engine_table.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    text = (ROOT / "docs" / "engines.md").read_text("utf-8")
    assert text == tool.page(text)
    refused = [flag for verb in VERBS for flag in verb.flags if flag.how != SAME]
    assert refused
    assert all(flag.note for flag in refused), "what is not the same says how, or what to do instead"
    assert all(verb.note for verb in VERBS if verb.how == REFUSED)

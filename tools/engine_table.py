"""The tables of docs/engines.md: what the embedded engine does about each verb and flag of the Pulumi CLI.

They are made of the data that its parser reads. `make schemas` writes them, `make check` (--check) compares.
"""

import sys
from collections import defaultdict
from pathlib import Path

from dynamic_engine.commands.flags import DIFFERS, GLOBAL, REFUSED, SAME, TAKEN, Flag, Verb
from dynamic_engine.commands.verbs import VERBS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "engines.md"
START, END = "<!-- tables: tools/engine_table.py -->", "<!-- end of tables -->"


def tables() -> str:
    """Both tables in Markdown."""
    rows = ["| verb | here | |", "|---|---|---|"]
    rows += [f"| {_verb(one)} | {one.how} | {one.text} |" for one in VERBS if one.how != REFUSED]
    refused: dict[str, list[str]] = defaultdict(list)
    for one in VERBS:
        if one.how == REFUSED:
            refused[one.note].append(f"`{one.name}`")
    rows += [f"| {', '.join(names)} | refused | {note} |" for note, names in refused.items()]
    rows += ["", "| flag | of | here | |", "|---|---|---|---|"]
    return "\n".join([*rows, *_flag_rows()])


def _verb(verb: Verb) -> str:
    return f"`{verb.name}`" + "".join(f", `{alias}`" for alias in verb.aliases)


def _flag_rows() -> list[str]:
    verbs = [verb for verb in VERBS if verb.how != REFUSED and verb.flags]
    of: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for flag in GLOBAL:
        of[_row(flag)].append("all verbs")
    for verb in verbs:
        for flag in verb.flags:
            of[_row(flag)].append(verb.name)
    order = {SAME: 0, DIFFERS: 1, TAKEN: 2, REFUSED: 3}
    found = sorted(of.items(), key=lambda item: (order[item[0][2]], item[0][0]))
    return [
        f"| `--{name}`{f', `-{short}`' if short else ''} | {_names(names, len(verbs))} | {how} | {note} |"
        for (name, short, how, note), names in found
    ]


def _row(flag: Flag) -> tuple[str, str, str, str]:
    return flag.name, flag.short, flag.how, flag.note


def _names(names: list[str], every: int) -> str:
    return "all verbs" if len(names) == every else ", ".join(names)


def page(text: str) -> str:
    """*text* of the page with the tables as they must be."""
    before, rest = text.split(START)
    return f"{before}{START}\n\n{tables()}\n\n{END}{rest.split(END)[1]}"


def main() -> int:
    text = PAGE.read_text("utf-8")
    if text == page(text):
        return 0
    if "--check" in sys.argv:
        print("docs/engines.md: the tables are not those of the engine's parser; run make schemas")
        return 1
    PAGE.write_text(page(text), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

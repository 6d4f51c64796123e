"""csp sees what the engine will do: flags in every spelling, variables, and nothing that it does not know."""

from __future__ import annotations

import pytest

from csp.engine import words as engine_words
from csp.engine.words import Asked, read
from csp.errors import CommandError

URN = "urn:pulumi:live::csp::pulumi-python:dynamic/csp:TenantIdentity::"


def asked(line: str, **variables: str) -> Asked:
    return read(line.split(), {f"PULUMI_{name}": text for name, text in variables.items()})


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("-yf", ["--yes=true", "--skip-preview=true"]),
        ("--yes -rf", ["--yes=true", "--refresh=true", "--skip-preview=true"]),
        ("-jr=false", ["--json=true", "--refresh=false"]),
        ("-yp4", ["--yes=true", "--parallel=4"]),
        ("-t a -tb --target=c", ["--target=a", "--target=b", "--target=c"]),
        ("-ft=**::a", ["--skip-preview=true", "--target=**::a"]),
        ("--yes=false -m x", ["--yes=false", "--message=x"]),
        ("--suppress-permalink --diff", ["--suppress-permalink=false", "--diff=true"]),
        ("-s live --yes -- word", ["--yes=true", "--", "word"]),
    ],
)
def test_flags_are_read_as_the_cli_reads_them(line: str, arguments: list[str]) -> None:
    assert asked(line).arguments == arguments


def test_the_stack_is_found_in_every_spelling() -> None:
    assert {asked(line).stack for line in ("-s live", "-slive", "--stack=live", "-ys live", "-yfs=live")} == {"live"}
    assert asked("", OPTION_STACK="live").stack == "live"


def test_variables_stand_for_flags_and_a_flag_beats_its_variable() -> None:
    assert asked("", OPTION_TARGET='**::a,"**::b"').arguments == ["--target=**::a", "--target=**::b"]
    assert asked("-t **::c", OPTION_TARGET="**::a").arguments == ["--target=**::c"]
    assert asked("--refresh=false", OPTION_REFRESH="true").arguments == ["--refresh=false"]
    assert asked("", OPTION_YES="1").yes
    assert not asked("--yes=false", OPTION_YES="true").yes
    assert asked("", SKIP_CONFIRMATIONS="true").yes
    assert asked("", SKIP_CONFIRMATIONS="true").arguments == []


def test_a_variable_of_a_flag_that_the_verb_does_not_have_means_nothing() -> None:
    variables = {"PULUMI_OPTION_YES": "true", "PULUMI_OPTION_REFRESH": "true", "PULUMI_OPTION_TARGET": "x"}
    assert read([], variables, "preview").arguments == ["--refresh=true", "--target=x"]
    assert read([], variables, "refresh").arguments == ["--target=x", "--yes=true"]


@pytest.mark.parametrize(
    "line", ["--nothing", "-yz", "--target", "-t", "--yes=perhaps", "-C /elsewhere", "--cwd=/elsewhere", "--remote"]
)
def test_what_csp_does_not_know_it_refuses(line: str) -> None:
    with pytest.raises(CommandError) as refused:
        asked(line)
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)


def test_a_short_form_that_only_other_verbs_have_is_refused() -> None:
    """The CLI's `up` has --exclude and no -x (3.274.1)."""
    assert read(["-x", "**::a"], {}, "preview").arguments == ["--exclude=**::a"]
    for line in (["-x", "**::a"], ["-yx**::a"]):
        with pytest.raises(CommandError, match="write --exclude"):
            read(line, {}, "up")


@pytest.mark.parametrize("name", ["OPTION_NOTHING", "OPTION_CWD", "OPTION_REMOTE"])
def test_a_variable_that_csp_does_not_know_is_refused_by_name(name: str) -> None:
    with pytest.raises(CommandError, match=f"PULUMI_{name} is set"):
        asked("", **{name: "x"})


def test_whom_a_run_comes_to() -> None:
    def reaches(line: str, key: str = "a") -> tuple[bool, bool]:
        one = asked(line)
        return one.surely_reaches(f"{URN}{key}"), one.may_reach(f"{URN}{key}")

    assert reaches("--yes") == (True, True)
    assert reaches("-t **::a") == (True, True)
    assert reaches("-t **::ba") == (False, False)
    assert reaches("-t *::a") == (False, False)  # one star ends at a colon
    assert reaches(f"-t {URN}*") == (True, True)
    assert reaches("--target-replace **::b") == (False, False)
    assert reaches("-t **::b --target-dependents") == (False, True)
    assert reaches("--exclude **::a") == (False, False)
    assert reaches("--exclude **::b") == (True, True)
    assert reaches("--exclude **::b --exclude-dependents") == (False, False)


def test_what_csp_starts_gets_no_variable_that_stands_for_a_flag() -> None:
    given = {"PULUMI_OPTION_SHOW_SECRETS": "true", "PULUMI_BACKEND_URL": "file:///x"}
    assert engine_words.without_options(given) == {"PULUMI_BACKEND_URL": "file:///x"}


def test_the_flags_are_those_of_the_embedded_engine_too() -> None:
    from dynamic_engine.commands.flags import ARRAY, BOOL, GLOBAL, SLICE
    from dynamic_engine.commands.verbs import VERBS

    kinds = {BOOL: engine_words.SWITCHES, ARRAY: engine_words.LISTS, SLICE: engine_words.LISTS}
    for verb in VERBS:
        name = verb.name
        if name not in engine_words.NOT_OF:
            continue
        flags = {flag.name: flag for flag in (*verb.flags, *GLOBAL) if flag.name != "cwd"}
        known = engine_words.SWITCHES | engine_words.LISTS | engine_words.VALUES
        assert set(flags) == known - engine_words.NOT_OF[name]
        for flag in flags.values():
            assert flag.name in kinds.get(flag.kind, engine_words.VALUES), flag
            assert not flag.short or engine_words.SHORT[flag.short] == flag.name
        for letter, long in engine_words.SHORT.items():
            if long in flags and flags[long].short != letter:
                assert letter in engine_words.LONG_ONLY[name]
            assert flag.kind == BOOL or flag.alone == engine_words.ALONE.get(flag.name, "")

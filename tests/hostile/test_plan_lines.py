"""A line of a connection that decides whom we trust shows in the plan as what it is, by name, old and new."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

import schemas
from equipment.workspace import Workspace
from onboarding.core.state_format import FORMAT
from providers import estate
from schemas.check import sensitive
from schemas.model.traits import Harmless, fields_with, models_of
from tests.hostile.accounts import live

CASES = yaml.safe_load((Path(__file__).parent / "lines.yaml").read_text("utf-8"))
OURS: dict[str, Any] = {
    "handover": {"recipients": ["age1ours"]},
    "mail": {"host": "smtp.reseller.example", "from": "us@reseller.example"},
    "own_domains": ["reseller.example"],
    "relationship_links": [{"partner_center": "us", "url": "https://admin.microsoft.com/ours"}],
}


def lines(folder: Path, **changed: Any) -> dict[str, dict[str, str]]:
    content = live(**json.loads(json.dumps(OURS)))
    for path, value in changed.items():
        *parents, last = path.split("__")
        place = content
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = value
    connection = schemas.Connection.model_validate({"name": "us", **content})
    return {"us": sensitive.lines_of(connection, folder)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case["set"]))
def test_each_line_is_told_by_name(case: dict[str, Any], tmp_path: Path) -> None:
    old, new = lines(tmp_path), lines(tmp_path, **case["set"])
    inputs = (
        estate.provider()
        .check(
            {"customers": {"a": "1"}, "connections": old}, {"customers": {"a": "1"}, "connections": new, "run": "this"}
        )
        .inputs
    )
    changed = inputs.get("changed", {})
    told = {name: re.sub(r"\b[0-9a-f]{16}\b", "{digest}", str(line)) for name, line in changed.items()}
    assert told == case["told"]
    answer = estate.provider().diff("estate", {"customers": {"a": "1"}, "connections": old, "removed": {}}, inputs)
    assert answer.changes is (None if told else False)
    again = estate.provider().check(inputs, {"customers": {"a": "1"}, "connections": new, "run": "next"}).inputs
    assert "changed" not in again, "told once"
    assert estate.provider().diff("estate", inputs, again).changes is False


def test_no_secret_and_no_key_is_in_clear(tmp_path: Path) -> None:
    kept = json.dumps(lines(tmp_path, handover__recipients=["AGE-SECRET-KEY-1PASTEDBYMISTAKE", "age1ours"]))
    assert "SECRET" not in kept
    assert "age1ours" not in kept


def test_a_template_or_a_key_file_of_the_project_shows_its_change(tmp_path: Path) -> None:
    folder = tmp_path / "stacks" / "mail"
    folder.mkdir(parents=True)
    template, keys = folder / "invitation.en.txt.j2", tmp_path / "stacks" / "keys.txt"
    template.write_text("Hello", "utf-8")
    keys.write_text("age1ours", "utf-8")
    declared = {"handover__recipients": ["file:stacks/keys.txt"]}
    before = lines(tmp_path, **declared)
    template.write_text("Hello, pay here", "utf-8")
    (folder / "more.en.txt.j2").symlink_to("/dev/zero")
    keys.write_text("age1other", "utf-8")
    told = sensitive.changes(before, lines(tmp_path, **declared))
    assert sorted(told) == [
        "us: handover.recipients",
        "us: stacks/mail/invitation.en.txt.j2",
        "us: stacks/mail/more.en.txt.j2",
    ]
    assert "pay" not in json.dumps(told)


def test_a_new_connection_is_told_line_by_line_and_a_state_of_before_is_filled_in_silently(tmp_path: Path) -> None:
    new = lines(tmp_path)
    old_state = {"customers": {"a": "1"}, "removed": {}}
    inputs = estate.provider().check(old_state, {"customers": {"a": "1"}, "connections": new, "run": "this"}).inputs
    assert inputs == {"customers": {"a": "1"}, "removed": {}, "connections": new, "format": FORMAT}
    assert estate.provider().diff("estate", old_state, inputs).changes is False
    added = estate.provider().check(inputs, {"customers": {"a": "1"}, "connections": {**new, "ca": new["us"]}}).inputs
    assert added["changed"]["ca: ion.base_url"] == "https://ion.tdsynnex.com (new connection)"


ODD_STATES: list[dict[str, Any]] = [
    {"connections": "x"},
    {"connections": [1]},
    {"connections": {"us": "x"}},
    {"connections": {"us": {"role": 5}}},
    {"customers": []},
    {"customers": "x"},
    {"customers": {"a": 5}},
    {"customers": {"a": {"b": "c"}}, "connections": 7},
]


@pytest.mark.parametrize("odd", ODD_STATES, ids=json.dumps)
def test_a_guard_that_cannot_read_its_state_lets_nothing_pass(odd: dict[str, Any]) -> None:
    answer = estate.provider().check(odd, {"customers": {"b": "1"}, "connections": {"us": {}}, "run": "this"})
    (failure,) = answer.failures
    assert failure.reason.startswith("the state of the guard cannot be read: c")
    assert "\n" not in failure.reason


def test_a_look_keeps_what_it_cannot_see() -> None:
    """The inputs of the state stay, because a look gets the outputs alone."""
    outs = {"customers": {"a": "1"}, "removed": {"b": "x"}, "connections": {"us": {"x": "y"}}, "run": "r"}
    read = estate.provider().read("estate", outs)
    assert read.inputs is None
    assert read.outs == {"customers": {"a": "1"}, "removed": {}, "connections": {"us": {"x": "y"}}}


def _guard(workspace: Workspace) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    (file,) = (workspace.home / "state" / ".pulumi" / "stacks").rglob(f"{workspace.stack}.json")
    whole = json.loads(file.read_text("utf-8"))
    resources = whole["checkpoint"]["latest"]["resources"]
    return file, whole, next(one for one in resources if one["type"].endswith("csp:Estate"))


def test_on_an_engine(reseller: Workspace) -> None:
    """Plain engine, without csp: shown in the preview, gone after the `up`; an earlier release's state is quiet."""
    reseller.up()
    assert "decide whom we trust" not in reseller.plain("preview", "--expect-no-changes")
    file, whole, guard = _guard(reseller)
    for part in ("inputs", "outputs"):
        assert guard[part].pop("connections")
    file.write_text(json.dumps(whole), "utf-8")
    reseller.assert_quiet()
    reseller.plain("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert _guard(reseller)[2]["inputs"]["connections"], "filled in by a run that changes nothing"
    connection = reseller.root / "stacks" / "connections" / "reseller-us.yaml"
    text = connection.read_text("utf-8")
    assert "own_domains" in text
    connection.write_text(re.sub(r"own_domains: \[.*\]", "own_domains: [customer.example]", text), "utf-8")
    told = reseller.plain("preview")
    assert re.search(r"reseller-us: own_domains: \S+ -> customer\.example", told), told
    assert re.search(r"reseller-us: own_domains: \S+ -> customer\.example", reseller.plain("preview", "--diff"))
    reseller.up()
    reseller.assert_quiet()


REVIEWED = {
    "name",
    "description",
    "countries",
    "currencies",
    "pricebooks",
    "coordination",  # the address is the runner's, never a file's
    "follow_up_days",
    "invitation_days",
    "limits",
}
"""Settings of a connection that decide nothing about whom we trust. Each was thought about by a person: what a customer
pays in, where customers are, when we remind, how fast we send."""


def settings(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Every setting that a connection file can hold, by its name in the file."""
    for name, info in model.model_fields.items():
        inner = [one for one in models_of(info.annotation) if one is not model]
        path = f"{above}{info.alias or name}"
        if any(isinstance(mark, Harmless) for mark in info.metadata) or not inner:
            yield path
        for one in inner if path not in REVIEWED else ():
            yield from settings(one, f"{path}.")


def test_each_setting_is_a_line_or_reviewed_as_none(tmp_path: Path) -> None:
    """A new setting is a line by itself, and has no place to be forgotten: its change needs a row above, or a mark in
    the schema that this list repeats."""
    every = set(settings(schemas.Connection))
    shown = [
        re.sub(r"^us: (\w+) us \w+ ", r"us: \1.", line).removeprefix("us: ") for case in CASES for line in case["told"]
    ]
    told = {re.sub(r"(?<=also)\.0 .*", "", line) for line in shown}
    # Two are in the name of the line, and one has a single value.
    fixed = {"relationship_links.partner_center", "relationship_links.cohort", "partner_center.cloud"}
    assert fields_with(schemas.Connection, Harmless) == tuple(
        name for name in schemas.Connection.model_fields if name in REVIEWED
    )
    assert every - REVIEWED - fixed == told


def test_a_setting_that_an_earlier_release_did_not_know_makes_no_noise(tmp_path: Path) -> None:
    new = lines(tmp_path)
    old = {"us": {name: value for name, value in new["us"].items() if "link_minutes" not in name}}
    assert sensitive.changes(old, new) == {}
    changed = lines(tmp_path, enhanced_attestation={"link_minutes": 60})
    assert sensitive.changes(old, changed) == {"us: enhanced_attestation.link_minutes": "(none) -> 60"}


@pytest.mark.parametrize("second", ["https://admin.microsoft.com/evil", "https://admin.microsoft.com/ours"])
def test_no_second_link_hides_behind_the_one_that_is_shown(tmp_path: Path, second: str) -> None:
    """The first of two was used, the last of two was told."""
    folder = tmp_path / "stacks" / "connections"
    folder.mkdir(parents=True)
    links = [{"partner_center": "us", "url": url} for url in (second, "https://admin.microsoft.com/ours")]
    (folder / "us.yaml").write_text(yaml.safe_dump(live(relationship_links=links)), "utf-8")
    with pytest.raises(schemas.DeclarationErrors) as wrong:
        schemas.load_connection("us", tmp_path)
    assert any(found.rule == "CSP-CONN-014" and found.path == "relationship_links.1" for found in wrong.value.findings)


def test_the_order_of_links_decides_nothing(tmp_path: Path) -> None:
    both = [
        {"partner_center": "us", "url": "https://admin.microsoft.com/all"},
        {"partner_center": "us", "cohort": "scm-migrated", "url": "https://admin.microsoft.com/migrated"},
    ]
    for links in (both, both[::-1]):
        one = schemas.Connection.model_validate({"name": "us", **live(cohort="scm-migrated", relationship_links=links)})
        link = one.relationship_link()
        assert link is not None
        assert link.url.endswith("/migrated")

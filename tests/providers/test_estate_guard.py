"""The guard against mass changes, and what is told about customers that are only removed from the files."""

import pytest
from pulumi.dynamic import CheckResult

from providers import estate


def customers(number: int, version: str = "a") -> dict[str, str]:
    return {f"c{n:03}": version for n in range(number)}


@pytest.mark.parametrize(
    ("before", "removed", "allowed"),
    [(8, 2, True), (8, 3, False), (2, 2, True), (100, 20, True), (100, 21, False), (0, 0, True)],
)
def test_removals(before: int, removed: int, allowed: bool) -> None:
    old = customers(before)
    new = dict(list(old.items())[removed:])
    told = estate.refusals(old, new)
    assert (told == []) is allowed
    if not allowed:
        assert f"{removed} of {before}" in told[0]
        assert f"CSP_ALLOW_MASS_REMOVAL={removed}" in told[0]


@pytest.mark.parametrize(("changed", "allowed"), [(10, True), (30, True), (31, False)])
def test_updates(changed: int, allowed: bool) -> None:
    old = customers(100)
    new = old | customers(changed, "b")
    assert (estate.refusals(old, new) == []) is allowed


def test_the_way_out_is_a_figure_for_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSP_ALLOW_MASS_REMOVAL", "3")
    assert estate.refusals(customers(8), customers(5)) == []
    assert estate.refusals(customers(8), customers(4)) != []


def check(old: dict[str, str], new: dict[str, str]) -> CheckResult:
    return estate.provider().check({"customers": old} if old else {}, {"customers": new})


def test_check_fails_before_anything_runs_and_never_names_a_property() -> None:
    failures = check(customers(8), customers(4)).failures
    assert [f.property for f in failures] == [""]


def test_removed_customers_are_told_loudly_when_they_can_still_buy() -> None:
    told = check({"a": "1", "b": "2" + estate.PORTAL, "c": "3"}, {"c": "3"}).inputs["removed"]
    assert sorted(told) == ["a", "b"]
    assert "remain" in told["a"]
    assert "WARNING" not in told["a"]
    assert "portal access remains ON" in told["b"]


def test_only_the_digests_decide_whether_it_changed() -> None:
    provider = estate.provider()
    old = {"customers": {"a": "1"}, "removed": {"b": "x"}}
    assert provider.diff("estate", old, {"customers": {"a": "1"}, "removed": {}}).changes is False
    assert provider.diff("estate", old, {"customers": {"a": "2"}, "removed": {}}).changes is None


def test_a_look_ends_the_message() -> None:
    read = estate.provider().read("estate", {"customers": {"a": "1"}, "removed": {"b": "x"}})
    assert read.outs == read.inputs == {"customers": {"a": "1"}, "removed": {}}


def test_the_message_names_its_run_so_that_no_later_run_repeats_it() -> None:
    """`--refresh=false` gets the output of the run that removed: it must not say that a relationship ends now."""
    news = {"customers": {"a": "1"}, "run": "this"}
    removing = estate.provider().check({"customers": {"a": "1", "b": "2"}}, news).inputs
    assert removing["run"] == "this"
    assert set(removing["removed"]) == {"b"}
    later = estate.provider().check(removing, news | {"run": "next"}).inputs
    assert later == {"customers": {"a": "1"}, "removed": {}}


def test_a_renamed_customer_is_neither_removed_nor_new() -> None:
    old = customers(3)
    new = {"c000": "a", "c001": "a", "renamed": "b"}
    checked = estate.provider().check({"customers": old}, {"customers": new, "renamed": {"renamed": ["c002"]}})
    assert checked.failures == []
    assert checked.inputs == {"customers": new, "removed": {}}


def test_endings_are_counted_apart_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    old = {"a": f"1{estate.ENDS}", "b": f"2{estate.PORTAL}", "c": "3"}
    assert estate.refusals(old, {"b": "2+portal", "c": "3"}) == [
        "this ends 1 relationships (a), allowed are 0; if it is meant, set CSP_ALLOW_REMOVALS=1 for this run"
    ]
    monkeypatch.setenv("CSP_ALLOW_REMOVALS", "1")
    assert estate.refusals(old, {"b": "2+portal", "c": "3"}) == []
    told = estate.remains(old, {"c": "3"})
    assert "ends in this run" in told["a"]
    assert "WARNING: portal access remains ON" in told["b"]

"""The guard against mass changes, and what is told about customers that are only removed from the files."""

from typing import Any

import pytest
from pulumi.dynamic import CheckResult

import schemas
from onboarding.core.state_format import FORMAT
from onboarding.resources.digests import ENDS, PORTAL, digest, first_digests
from providers import estate
from providers.errors import OnboardingError


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
    told = check({"a": "1", "b": "2" + PORTAL, "c": "3"}, {"c": "3"}).inputs["removed"]
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
    assert read.outs == {"customers": {"a": "1"}, "removed": {}}
    assert read.inputs is None, "the inputs stay: a look gets the outputs alone"


def test_the_message_names_its_run_so_that_no_later_run_repeats_it() -> None:
    """`--refresh=false` gets the output of the run that removed: it must not say that a relationship ends now."""
    news = {"customers": {"a": "1"}, "run": "this"}
    removing = estate.provider().check({"customers": {"a": "1", "b": "2"}}, news).inputs
    assert removing["run"] == "this"
    assert set(removing["removed"]) == {"b"}
    later = estate.provider().check(removing, news | {"run": "next"}).inputs
    assert later == {"customers": {"a": "1"}, "removed": {}, "format": FORMAT}


def test_a_renamed_customer_is_neither_removed_nor_new() -> None:
    old = customers(3)
    new = {"c000": "a", "c001": "a", "renamed": "b"}
    checked = estate.provider().check({"customers": old}, {"customers": new, "renamed": {"renamed": ["c002"]}})
    assert checked.failures == []
    assert checked.inputs == {"customers": new, "removed": {}, "format": FORMAT}


def test_endings_are_counted_apart_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    old = {"a": f"1{ENDS}", "b": f"2{PORTAL}", "c": "3"}
    assert estate.refusals(old, {"b": "2+portal", "c": "3"}) == [
        "this ends 1 relationships (a), allowed are 0; if it is meant, set CSP_ALLOW_REMOVALS=1 for this run"
    ]
    monkeypatch.setenv("CSP_ALLOW_REMOVALS", "1")
    assert estate.refusals(old, {"b": "2+portal", "c": "3"}) == []
    told = estate.remains(old, {"c": "3"})
    assert "ends in this run" in told["a"]
    assert "WARNING: portal access remains ON" in told["b"]


FILE = {
    "key": "contoso",
    "connection": "us",
    "profile": {
        "organization": "Contoso Ltd",
        "email": "it@contoso.example",
        "contact_name": "Cora Toso",
        "address": {"street": "1 Way", "city": "Redmond", "state": "WA", "zip": "98052", "country": "US"},
    },
    "identity": {"method": "existing", "domain": "contoso.onmicrosoft.com"},
    "attestation": {"signatory": {"first_name": "Sam", "last_name": "Roe", "email": "sam@contoso.example"}},
}
OF_0_1_0 = "db0f614df1e43b7f"
"""What release 0.1.0 kept of FILE."""


def declared(**more: object) -> schemas.Customer:
    return schemas.Customer.model_validate({**FILE, **more})


def test_a_digest_covers_what_the_file_says_and_nothing_that_a_release_adds() -> None:
    class Later(schemas.Customer):
        """A customer of a later release, with one more optional field and another default."""

        wishes: str = "none"
        adopt: bool = True

    assert digest(Later.model_validate(FILE)) == digest(declared())
    assert digest(Later.model_validate({**FILE, "wishes": "many"})) != digest(declared())
    assert digest(declared(group="Contoso")) != digest(declared())
    confirmed = {"fields": ["tenant"], "by": "kim", "on": "2026-11-02", "values": {"tenant": "x"}}
    assert digest(declared(identity={**FILE["identity"], "confirmed": confirmed})) == digest(declared())
    assert digest(declared(cloud_provider={"portal_access": True})).endswith(PORTAL)
    assert digest(declared(on_remove="end-relationship")).endswith(ENDS)


def of(*customers: schemas.Customer, first: bool = True) -> dict[str, Any]:
    news: dict[str, Any] = {"customers": {one.key: digest(one) for one in customers}}
    return news | ({"first": {one.key: first_digests(one) for one in customers}} if first else {})


def test_a_state_of_the_first_release_is_compared_in_its_own_form() -> None:
    assert OF_0_1_0 in first_digests(declared())
    old = {"customers": {"contoso": OF_0_1_0}}
    checked = estate.provider().check(old, of(declared()))
    written = {"customers": {"contoso": OF_0_1_0}, "removed": {}, "format": FORMAT}
    assert checked.inputs == written, "nothing changed, nothing is written"
    assert estate.provider().diff("estate", old | {"removed": {}}, checked.inputs).changes is False


def test_a_state_of_a_newer_release_is_refused_alone_and_in_one_line() -> None:
    newer = {"customers": customers(8), "format": FORMAT + 1}
    (failure,) = estate.provider().check(newer, {"customers": {}}).failures
    assert f"state format {FORMAT + 1}" in failure.reason
    with pytest.raises(OnboardingError, match="newer release"):
        estate.provider().read("estate", newer)


def test_a_refresh_keeps_the_format_of_the_guard() -> None:
    assert estate.provider().read("estate", {"customers": {}, "format": FORMAT}).outs["format"] == FORMAT


def test_a_digest_of_the_first_release_is_renewed_with_the_next_change() -> None:
    old = {"customers": {"contoso": OF_0_1_0}}
    both = estate.provider().check(old, of(declared(), declared(key="second"))).inputs["customers"]
    assert both["contoso"] == digest(declared()), "renewed with the next change of the estate"


def test_a_change_in_the_run_of_the_upgrade_counts() -> None:
    files = [declared(key=f"c{number:03}") for number in range(100)]
    old = {"customers": {one.key: first_digests(one)[0] for one in files}}
    edited = [schemas.Customer.model_validate(one.model_dump(exclude_unset=True) | {"group": "new"}) for one in files]
    assert estate.provider().check(old, of(*edited[:30], *files[30:])).failures == []
    [failure] = estate.provider().check(old, of(*edited[:31], *files[31:])).failures
    assert "this changes 31 of 100 customers" in failure.reason


def test_letters_that_can_be_written_in_two_ways_are_no_change() -> None:
    """0.1.0 told "u" with two dots from one letter with them; a file that a Mac wrote is no change."""
    apart = {**FILE["profile"], "organization": "Bru\u0308cke GmbH"}
    together = {**FILE["profile"], "organization": "Br\u00fccke GmbH"}
    assert digest(declared(profile=apart)) == digest(declared(profile=together))
    assert set(first_digests(declared(profile=apart))) == set(first_digests(declared(profile=together)))


def test_a_rename_without_its_former_key_is_told() -> None:
    """The same content under another key: one customer, whose state would be lost, and mails sent again."""
    old = of(declared(), declared(key="other", group="x"))
    new = of(declared(key="contoso-ltd"), declared(key="other", group="x"))
    [failure] = estate.provider().check(old, new).failures
    assert "previously: [contoso]" in failure.reason
    told = new | {"renamed": {"contoso-ltd": ["contoso"]}}
    assert estate.provider().check(old, told).failures == []
    assert (
        estate.provider().check(old, of(declared(key="new", group="y"), declared(key="other", group="x"))).failures
        == []
    )


def test_a_declared_file_that_is_no_longer_read_is_told() -> None:
    """Renamed to .yml: not five deletes, but one line that names the file."""
    old = of(declared(), declared(key="other", group="x"))
    new = of(declared(key="other", group="x")) | {"strays": {"contoso": "stacks/customers/contoso.yml"}}
    [failure] = estate.provider().check(old, new).failures
    assert "stacks/customers/contoso.yml is there" in failure.reason
    quiet = of(declared(), declared(key="other", group="x")) | {"strays": {"draft": "stacks/draft.yaml"}}
    assert estate.provider().check(old, quiet).failures == [], "what was there before stops nobody"


def test_what_is_sent_must_be_right_and_what_is_held_may_be_odd() -> None:
    line = "stacks/customers/contoso.yaml:3:4  profile.phone  CSP-CUST-006  no phone"
    news = of(declared()) | {"if_sent": {"contoso": [line]}}
    assert [f.reason for f in estate.provider().check({}, news).failures] == [line], "a new customer"
    assert estate.provider().check({"customers": {"contoso": OF_0_1_0}}, news).failures == [], (
        "as it was at the last run"
    )
    edited = of(declared(group="x")) | {"if_sent": {"contoso": [line]}}
    assert [f.reason for f in estate.provider().check(of(declared()), edited).failures] == [line], "edited since"


def test_a_run_of_one_customer_leaves_what_the_guard_knows_of_the_others() -> None:
    first = estate.provider().check({}, {"customers": {"a": "2:a", "b": "2:b"}, "connections": {"us": {"role": "x"}}})
    only = {"key": "b", "connection": "us"}
    news = {"customers": {"a": "2:z", "b": "2:y", "c": "2:c"}, "connections": {"us": {"role": "x"}}, "only": only}
    found = estate.provider().check(first.inputs, news)
    assert found.failures == []
    assert found.inputs["customers"] == {"a": "2:a", "b": "2:y"}
    assert found.inputs["removed"] == {}
    gone = estate.provider().check(first.inputs, {**news, "customers": {"b": "2:y"}})
    assert gone.inputs["customers"] == {"a": "2:a", "b": "2:y"}

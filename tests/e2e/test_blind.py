"""A run that looked and could not see is never green; it does everything else first."""

import re
import shutil

from equipment.workspace import Sandbox, Workspace, start_sandbox

US, CA = "3 of 3 customers of connection us", "1 of 1 customer of connection ca"


def test_without_any_system_every_verb_is_red_and_offline_ones_are_not(ready_provider: Workspace) -> None:
    w = ready_provider
    w.sandbox.stop()
    told = w.preview("--expect-no-changes", expect=10)
    assert US in told
    assert CA in told
    assert "To do: run `" in told
    assert US in w.plain("preview", "--expect-no-changes", expect=1)
    w.plain("preview", "--expect-no-changes", "--refresh=false")
    w.plain("up", "--yes", "--target", "**::adventure")
    assert US in w.up(expect=10)
    # A red preview would end a plain `up` before anything is done, so it goes on to the update.
    told = w.plain("up", "--yes", expect=1)
    assert "Performing update" in told or "Updating" in told
    assert US in told


def test_status_todo_and_reports_say_it_first(ready_provider: Workspace) -> None:
    w = ready_provider
    w.sandbox.stop()
    w.csp("refresh", "-s", "provider", "--yes", expect=10)
    table = w.csp("status", "-s", "provider")
    assert table.startswith("NOT LOOKED AT since ")
    assert table.count("yes, not checked") == 4
    assert "4 can order, 0 cannot (4 as last seen, not checked since)" in table
    todo = w.csp("todo", "-s", "provider")
    assert todo.startswith("NOT LOOKED AT since ")
    assert "Nothing to do" not in todo
    for kind in ("blocked", "waiting", "unobserved"):
        w.csp("status", "-s", "provider", "--fail-on", kind, expect=10)
    report = w.csp_json("status", "-s", "provider", "--format", "json")
    assert [(one["connection"], len(one["customers"])) for one in report["not_looked_at"]] == [("ca", 1), ("us", 3)]
    assert report["counts"]["unobserved"] == 4
    assert w.todo()[0]["owner"] == "us"
    assert w.csp_result("status", "-s", "provider", "--format", "markdown").stdout.startswith("> **NOT LOOKED AT since")
    page = w.csp_result("status", "-s", "provider", "--format", "html").stdout
    assert page.index("NOT LOOKED AT since") < page.index("<h1>")
    assert w.csp_result("evidence", "-s", "provider").stdout.startswith("# NOT LOOKED AT since")


def test_one_blind_account_stops_nothing_else(ready_provider: Workspace) -> None:
    """Everything behind the other connection is done; the next run that sees takes the mark away."""
    w = ready_provider
    w.sandbox.fault("ion.customers.list", "status", status=503, times=1000)
    w.edit("maplegrove", "phone:", "title: Owner\n  phone:")
    told = w.plain("up", "--yes", "--skip-preview", expect=1)
    assert "connection us" in told
    w.sandbox.admin("DELETE", "faults")
    w.up()
    assert not any(c["resources"]["Customer"]["status"] == "unobserved" for c in w.status().values())
    w.assert_quiet()


def test_one_stopped_sandbox_stops_nothing_behind_another(ready_provider: Workspace) -> None:
    """Both connections have work, and the one whose turn comes first cannot even be opened."""
    w = ready_provider
    north = _north(w)
    try:
        w.up()
        w.assert_all_can_order()
    finally:
        north.stop()
    for key in ("maplegrove", "alpine"):
        w.edit(key, "phone:", "title: Owner\n  phone:")
    told = w.up(expect=10)
    assert f"{CA}: no running sandbox north with account ca. To do: run `" in told
    assert "connection us" not in told
    seen = w.status()
    assert seen["alpine"]["can_order"]
    assert {part["status"] for part in seen["maplegrove"]["resources"].values()} == {"unobserved"}
    assert "title" not in w.preview("--target", "**::alpine"), "it is done"
    # The same for the engine alone, when both have work again.
    w.edit("adventure", "phone:", "title: Owner\n  phone:")
    assert CA in w.plain("up", "--yes", expect=1)
    assert w.preview(expect=10).splitlines()[-1].startswith("csp: NOT LOOKED AT since")
    north = start_sandbox(w.home, "provider", "--db", str(w.home / "sandbox" / "north.db"), known_as="north")
    try:
        w.up()
        w.assert_all_can_order()
        w.assert_quiet()
    finally:
        north.stop()


def _north(w: Workspace) -> Sandbox:
    """Connection ca gets a sandbox of its own, with all that it has now."""
    w.sandbox.stop()
    db = w.home / "sandbox" / "provider.db"
    other = shutil.copy(db, db.with_name("north.db"))
    w.sandbox = start_sandbox(w.home, "provider", "--db", str(db))
    north = start_sandbox(w.home, "provider", "--db", str(other), known_as="north")
    file = w.root / "stacks" / "connections" / "ca.yaml"
    file.write_text(file.read_text("utf-8").replace("profile: provider", "profile: north"), "utf-8")
    for tokens in (w.home / "tokens").glob("ca*"):  # they are of the other sandbox
        tokens.unlink()
    return north


def test_a_run_that_failed_before_it_saw_anything_leaves_something_to_do(reseller: Workspace) -> None:
    first = reseller.preview(expect=2)
    assert "has no state yet: run `" in first
    assert "up -s reseller` first" in first
    reseller.sandbox.stop()
    reseller.up(expect=1)
    todo = reseller.csp("todo", "-s", "reseller")
    assert re.match(r"NOT LOOKED AT since \S+ \S+ UTC: 8 of 8 customers of connection reseller-us", todo)
    assert "sandbox start" in todo.splitlines()[0]
    assert "Nothing to do" not in todo
    table = reseller.csp("status", "-s", "reseller")
    assert "next run" not in table
    assert "0 can order, 0 cannot, 8 not checked" in table

"""Customers who leave: the steps, the loud warning, the end of a relationship by `up`, `destroy`, `--target`."""

from equipment.workspace import Workspace

ENDED = "lifecycle: left\non_remove: end-relationship\n"
ONE = {"CSP_ALLOW_REMOVALS": "1"}


def declare(provider: Workspace, key: str, lines: str) -> None:
    """Put lines at the top level of a customer file."""
    provider.edit(key, "profile:\n", f"{lines}profile:\n")


def related(provider: Workspace) -> int:
    """How many relationships there are."""
    return len(provider.sandbox.state()["relationships"])


def test_leaving_then_left(ready_provider: Workspace) -> None:
    provider = ready_provider
    provider.sandbox.change({"do": "row", "customer": "it@blueyonder.example", "set": {"portal_access": True}})
    declare(provider, "blueyonder", "lifecycle: leaving\n")
    before, relationships = provider.sandbox.writes(), related(provider)
    provider.up()
    assert provider.sandbox.writes() == before + 1, "portal access goes off, and nothing else is written"
    shown = provider.csp_json("status", "-s", "provider", "--format", "json")
    assert shown["counts"]["customers"] == 3
    steps = next(c["leaving"] for c in shown["customers"] if c["key"] == "blueyonder")
    assert [step["state"] for step in steps] == ["done", "cannot be seen", "open"]
    table = provider.csp("status", "-s", "provider")
    assert "3 can order, 0 cannot" in table
    assert "subscriptions settled" in table
    [item] = [item for item in provider.todo() if item["customer"] == "blueyonder"]
    assert "lifecycle: left" in item["action"]
    provider.csp("status", "-s", "provider", "--fail-on", "waiting")
    provider.assert_quiet()

    provider.edit("blueyonder", "lifecycle: leaving", "lifecycle: left")
    provider.up()
    assert "blueyonder" not in provider.status()
    assert not [item for item in provider.todo() if item["customer"] == "blueyonder"]
    assert (provider.sandbox.writes(), related(provider)) == (before + 1, relationships)
    provider.assert_quiet()


def test_a_removed_customer_that_can_go_on_buying_is_told_loudly(ready_provider: Workspace) -> None:
    provider = ready_provider
    provider.sandbox.change({"do": "row", "customer": "it@adventure.example", "set": {"portal_access": True}})
    provider.csp("refresh", "-s", "provider", "--yes")
    provider.customer_file("adventure").unlink()
    before = provider.sandbox.writes()
    for said in (provider.preview(), provider.up()):
        assert "WARNING: adventure leaves the files, and its portal access was seen ON" in said
    assert provider.sandbox.writes() == before


def test_a_relationship_ends_through_up_only_when_everything_says_so(ready_provider: Workspace) -> None:
    provider = ready_provider
    declare(provider, "blueyonder", ENDED)
    provider.up()
    provider.customer_file("blueyonder").unlink()
    before, relationships = provider.sandbox.writes(), related(provider)
    assert "this ends 1 relationships (blueyonder), allowed are 0" in provider.preview(expect=1)
    provider.up(expect=1)
    assert provider.sandbox.writes() == before
    provider.extra_env.update(ONE)
    plan = provider.preview()
    assert "its relationship with us ends in this run" in plan
    assert provider.sandbox.writes() == before
    provider.up()
    assert (provider.sandbox.writes(), related(provider)) == (before + 1, relationships - 1)
    provider.extra_env.clear()
    provider.assert_quiet()
    assert {c["can_order"] for c in provider.status().values()} == {True}


def test_destroy_and_target_pass_the_program_but_not_the_plugin(ready_provider: Workspace) -> None:
    provider = ready_provider
    declare(provider, "blueyonder", ENDED)
    provider.edit("maplegrove", "connection: ca\n", f"connection: ca\n{ENDED}")
    declare(provider, "alpine", "on_remove: end-relationship\n")
    provider.up()
    before, relationships = provider.sandbox.writes(), related(provider)
    destroy = ("destroy", "-s", "provider", "--yes")
    refused = provider.csp(*destroy, env=ONE, expect=1)
    assert "destroy would end 3 relationships" in refused
    assert "nothing was done" in refused

    both = ("--target", "**::blueyonder", "--target", "**::maplegrove")  # two connections: two plugin processes
    provider.csp(*destroy, *both, expect=None)
    assert provider.sandbox.writes() == before, "none is allowed"
    # Still a customer, so that nobody said that its subscriptions are settled.
    refused = provider.csp(*destroy, "--target", "**::alpine", env={"CSP_ALLOW_REMOVALS": "9"}, expect=None)
    assert "subscription is settled" in refused
    assert provider.sandbox.writes() == before

    refused = provider.csp(*destroy, *both, env=ONE, expect=None)
    assert "CSP_ALLOW_REMOVALS=2" in refused
    assert (provider.sandbox.writes(), related(provider)) == (before + 1, relationships - 1)
    provider.csp(*destroy, *both, env=ONE)  # the next run may end one more
    assert (provider.sandbox.writes(), related(provider)) == (before + 2, relationships - 2)

"""`csp drift` beside a real state: quiet, then drift, then quiet again once `up` has repaired or handed it over."""

from typing import Any

from equipment.workspace import Workspace


def told(report: dict[str, Any], kind: str) -> set[tuple[str, str]]:
    """Customer and field of the findings of one kind."""
    return {(one["customer"], one["field"]) for one in report[kind]}


def test_drift_ends_with_the_next_up(ready_provider: Workspace) -> None:
    provider = ready_provider
    arguments = ("drift", "-s", "provider", "--format", "json", "--fail-on", "drift,progress,unmanaged,inconsistent")
    assert provider.csp_json(*arguments)["counts"]["customers"] == 4

    provider.sandbox.change(
        {"do": "profile", "customer": "it@alpine.example", "set": {"phone": "+1 206 555 0199"}},
        {"do": "row", "customer": "it@blueyonder.example", "set": {"pricebook": "US Premium"}},
        {"do": "end_relationship", "tenant": "adventureworks.onmicrosoft.com", "account": "10501"},
    )
    changed = provider.csp_json(*arguments, expect=7)
    assert told(changed, "drift") == {
        ("alpine", "profile.phone"),
        ("blueyonder", "cloud_provider.pricebook"),
        ("adventure", "identity.relationship"),
    }
    ended = next(one for one in changed["drift"] if one["field"] == "identity.relationship")
    assert "remove_partner_customer_relationship" in ended["who"]
    assert ended["will"].startswith("makes it a next step for the customer")
    assert told(changed, "inconsistent") == {("adventure", "consistency")}

    provider.up()
    after = provider.csp_json("drift", "-s", "provider", "--format", "json")
    assert told(after, "drift") == set()
    assert after["counts"]["pending"] >= 1  # the ended relationship is a step of the customer now
    assert "But systems contradict each other" in provider.csp("drift", "-s", "provider")

    # A link that outlives a relationship which was ended on purpose is nothing that a person must look at.
    file = provider.customer_file("adventure")
    file.write_text(file.read_text("utf-8") + "lifecycle: left\n", "utf-8")
    left = provider.csp_json("drift", "-s", "provider", "--format", "json")
    assert told(left, "inconsistent") == set()
    provider.sandbox.change(
        {"do": "link", "customer": "it@alpine.example", "tenant": "blueyonderus.onmicrosoft.com"},
    )
    twice = provider.csp_json("drift", "-s", "provider", "--fresh", "--format", "json", expect=7)
    (finding,) = [one for one in twice["inconsistent"] if one["declared"] == "one tenant, one customer"]
    assert finding["where"] == "ION customers"

"""Proofs 3 and 4: what somebody changed by hand, and what a reviewed edit will do."""

import json

from equipment.workspace import Workspace


def test_drift_is_named_counted_repaired_or_handed_over_and_then_quiet(ready_provider: Workspace) -> None:
    provider = ready_provider
    provider.sandbox.change(
        {"do": "profile", "customer": "it@alpine.example", "set": {"phone": "+1 206 555 0199"}},
        {"do": "row", "customer": "it@blueyonder.example", "set": {"pricebook": "US Premium"}},
        {"do": "end_relationship", "tenant": "adventureworks.onmicrosoft.com", "account": "10501"},
    )

    plan = provider.preview("--diff")
    assert "phone" in plan
    assert "US Premium" in plan
    assert "adventure" in plan
    provider.csp("refresh", "-s", "provider", "--preview-only", "--expect-no-changes", expect=7)
    provider.preview("--expect-no-changes", expect=7)

    provider.up()
    verdicts = provider.status()
    assert verdicts["alpine"]["can_order"]
    assert verdicts["blueyonder"]["can_order"]
    assert "relationship" in verdicts["adventure"]["blockers"]
    assert verdicts["adventure"]["next_step"] is not None
    provider.assert_quiet()
    provider.csp("refresh", "-s", "provider", "--preview-only", "--expect-no-changes")


def steps(workspace: Workspace) -> dict[str, list[str]]:
    """The operations that an offline preview plans, by the last part of the URN's type and name."""
    digest = json.loads(workspace.csp_result("preview", "-s", workspace.stack, "--refresh=false", "--json").stdout)
    planned: dict[str, list[str]] = {}
    for step in digest["steps"]:
        if step["op"] != "same":
            kind, name = step["urn"].split("::")[-2].split("$")[-1], step["urn"].split("::")[-1]
            planned.setdefault(name, []).append(
                f"{kind.split(':')[-1]} {step['op']} {','.join(sorted(step.get('detailedDiff') or {}))}"
            )
    return planned


def test_a_reviewed_edit_shows_itself_and_nothing_else(ready_provider: Workspace) -> None:
    provider = ready_provider
    writes = provider.sandbox.writes()
    for old, new, resource in (
        ("phone:", "phone: '+1 425 555 0155' #", "Customer"),
        ("identity:\n", "cloud_provider: {pricebook: US Premium}\nidentity:\n", "ProviderAssociation"),
    ):
        before = provider.customer_file("adventure").read_text("utf-8")
        provider.edit("adventure", old, new)
        planned = steps(provider)
        assert set(planned) == {"adventure", "estate"}, planned  # the guard keeps a digest of each file
        assert any(line.startswith(resource) for line in planned["adventure"])
        assert len(planned["adventure"]) == 1, planned
        provider.customer_file("adventure").write_text(before, "utf-8")
    assert provider.sandbox.writes() == writes


def test_a_new_prefix_for_an_existing_tenant_is_blocked_with_the_reason(ready_provider: Workspace) -> None:
    provider = ready_provider
    writes = provider.sandbox.writes()
    text = provider.customer_file("blueyonder").read_text("utf-8")
    provider.customer_file("blueyonder").write_text(text.replace("blueyonderus", "blueyondernew"), "utf-8")
    provider.up()
    verdict = provider.status()["blueyonder"]
    assert "tenant" in verdict["blockers"]
    assert "blueyonderus" in json.dumps(verdict)
    assert provider.sandbox.writes() == writes, "nothing was sent"
    provider.assert_quiet()

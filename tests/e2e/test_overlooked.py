"""What files no longer say, and what they say oddly, judged with the state of the last run."""

import json

import schemas
from equipment.workspace import Workspace
from onboarding.core.names import GUARD_TYPE
from onboarding.resources.digests import digest


def test_a_file_renamed_to_yml_stops_with_one_line_and_nobody_is_removed(ready_provider: Workspace) -> None:
    provider = ready_provider
    file = provider.customer_file("alpine")
    other = file.rename(file.with_suffix(".yml"))
    writes = provider.sandbox.writes()
    told = provider.csp("validate", "-s", "provider")
    assert "alpine.yml" in told
    assert "CSP-EST-006" in told
    for told in (provider.plain("preview", expect=1), provider.plain("up", "--yes", "--skip-preview", expect=1)):
        assert {one for one in told.splitlines() if "alpine.yml is there" in one} != set()
        assert "alpine is in no file that a stack includes" in told
        assert "delete" not in told
    assert provider.sandbox.writes() == writes
    other.rename(file)
    provider.plain("preview", "--expect-no-changes", "--refresh=false")


def test_a_rule_about_what_is_sent_is_an_error_or_a_warning_by_the_state(ready_provider: Workspace) -> None:
    """A value that breaks a rule is refused in an edited file, and told of one that has not changed since the last run
    (of a release without the rule, which the state is made to say)."""
    provider = ready_provider
    assert "nothing wrong" in provider.csp("validate", "-s", "provider")
    provider.edit("alpine", 'phone: "+14255550111"', 'phone: "+1 425"')
    told = provider.csp("validate", "-s", "provider", expect=2)
    assert "CSP-CUST-006" in told
    assert "CSP-CUST-006" in provider.plain("preview", "--refresh=false", expect=1)

    state = json.loads(provider.plain("stack", "export"))
    (guard,) = [one for one in state["deployment"]["resources"] if one["type"] == GUARD_TYPE]
    estate = schemas.load_estate(provider.root / "stacks" / "Pulumi.provider.yaml", provider.root, split_if_sent=True)
    for part in ("inputs", "outputs"):
        guard[part]["customers"]["alpine"] = digest(estate.customer("alpine"))
    changed = provider.root / "state.json"
    changed.write_text(json.dumps(state), "utf-8")
    provider.plain("stack", "import", "--file", str(changed))
    told = provider.csp("validate", "-s", "provider")
    assert "CSP-CUST-006" in told
    assert "warning" in told

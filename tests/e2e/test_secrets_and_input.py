"""Proofs 10 to 12: no secret anywhere, wrong input is told before anything is sent, engines can be changed."""

import shutil

import pytest

from equipment.workspace import Workspace


def test_no_secret_leaves_its_place(provider: Workspace) -> None:
    ready = provider.sandbox.ready
    canaries = {
        account[name]
        for account in ready["accounts"].values()
        for name in ("ion_refresh_token", "pc_client_secret", "pc_refresh_token")
    }
    printed = provider.up() + provider.preview("--diff")
    provider.sandbox.act()
    printed += provider.up() + provider.preview("--json") + provider.csp("status", "-s", "provider", "--format", "json")
    issued = provider.sandbox.admin("GET", "secrets")[
        "secrets"
    ]  # every password and token that the sandbox ever handed out
    assert len(issued) > 6
    kept = "".join(
        f.read_text("utf-8", "replace")
        for f in provider.home.rglob("*")
        if f.is_file() and f.parent.name in ("state", "handover", "logs")
    )
    for secret in canaries | set(issued):
        assert secret not in printed
        assert secret not in provider.state_text()
        assert secret not in kept


@pytest.mark.parametrize(
    ("key", "old", "new", "expected"),
    [
        ("adventure", "it@adventure.example", "it.adventure.example", "CSP-"),
        ("adventure", "country: US", "country: Untied States", "CSP-"),
        ("blueyonder", "domain_prefix: blueyonderus", "domain_prefix: blueyonderusblueyonderusblue", "at most 27"),
        ("maplegrove", "pricebook: CA Standard", "pricebook: US Standard", "CSP-"),
        ("alpine", "it@alpine.example", "it@adventure.example", "adventure"),
    ],
)
def test_wrong_input_is_one_line_and_nothing_is_sent(
    provider: Workspace, key: str, old: str, new: str, expected: str
) -> None:
    provider.edit(key, old, new)
    before = provider.sandbox.counters()["requests"]["total"]
    result = provider.csp_result("validate", "-s", "provider")
    assert result.returncode == 2
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert any(line.startswith(f"stacks/customers/provider/{key}.yaml:") and expected in line for line in lines), lines
    assert provider.csp_result("up", "-s", "provider", "--yes").returncode == 2
    assert provider.sandbox.counters()["requests"]["total"] == before


@pytest.mark.skipif(shutil.which("pulumi") is None, reason="compares the embedded engine with a Pulumi CLI on PATH")
def test_a_stack_goes_from_one_engine_to_the_other_with_a_clean_preview(provider: Workspace) -> None:
    provider.up()
    other = {"CSP_ENGINE": "pulumi" if provider.engine == "embedded" else "embedded"}
    provider.csp("preview", "-s", "provider", "--expect-no-changes", env=other)
    provider.sandbox.act()
    provider.csp("up", "-s", "provider", "--yes", env=other)
    provider.preview("--expect-no-changes")

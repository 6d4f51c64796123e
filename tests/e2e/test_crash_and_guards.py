"""Proofs 5 to 9: lost responses, a killed engine, removals, the wrong account, one customer that the API rejects."""

import json
import re

from equipment.workspace import Workspace


def test_a_lost_answer_to_a_customer_create_is_adopted_in_the_same_or_the_next_run(provider: Workspace) -> None:
    provider.sandbox.fault("ion.customers.create", "cut_after")
    provider.up()
    provider.up()
    emails = [c["email"] for c in provider.sandbox.state()["ion_customers"]]
    assert len(emails) == len(set(emails)) == 4
    assert provider.sandbox.counters()["duplicate_creates"] == 0


def test_a_lost_answer_to_a_tenant_create_leaves_one_tenant_and_a_credential_told_as_lost(provider: Workspace) -> None:
    provider.sandbox.fault("pc.customers.create", "cut_after")
    provider.up()
    provider.sandbox.admin("POST", "clock", {"advance": 120})
    provider.up()
    domains = [t["initial_domain"] for t in provider.sandbox.state()["tenants"]]
    assert domains.count("blueyonderus.onmicrosoft.com") == 1
    told = json.dumps(provider.status()["blueyonder"]).lower()
    assert "lost" in told
    assert "reset" in told


def test_a_killed_engine_leaves_no_duplicates(provider: Workspace) -> None:
    provider.killed_in_a_create(seconds=5)
    # The plugin finishes its call and goes, so that the guide's first step ends (docs/pipelines.md).
    provider.wait_until(lambda: provider.plugins() == [], seconds=60)
    assert "locked" in provider.up(expect=1)
    provider.csp("cancel", "-s", "provider", "--yes")
    provider.up()
    emails = [c["email"] for c in provider.sandbox.state()["ion_customers"]]
    assert len(emails) == len(set(emails)) == 4
    assert provider.sandbox.counters()["duplicate_creates"] == 0


def test_removing_one_customer_file_retains_and_says_what_remains(ready_provider: Workspace) -> None:
    provider = ready_provider
    provider.customer_file("adventure").unlink()
    plan = provider.preview()
    assert "[retain]" in plan
    assert re.search(r"adventure.*(remain|stay)", plan, re.IGNORECASE | re.DOTALL)
    before = provider.sandbox.writes()
    provider.up()
    assert provider.sandbox.writes() == before


def test_removing_three_of_eight_is_refused_by_the_guard(reseller: Workspace) -> None:
    reseller.up()
    for key in ("adatum", "litware", "proseware"):
        reseller.customer_file(key).unlink()
    refused = reseller.preview(expect=1)
    assert "3 of 8" in refused
    assert "[retain]" not in refused
    reseller.up(expect=1)


def test_the_wrong_account_is_told_and_nothing_is_created_again(provider: Workspace) -> None:
    provider.up()
    creates = provider.sandbox.writes()
    connection = provider.root / "stacks" / "connections" / "us.yaml"
    connection.write_text(connection.read_text("utf-8").replace("account: us", "account: ca"), "utf-8")
    told = provider.csp("up", "-s", "provider", "--yes", expect=None)
    assert "10501" in told
    assert "10502" in told
    assert provider.sandbox.writes() == creates


def test_one_rejected_customer_never_stops_the_others(provider: Workspace) -> None:
    # Another account holds the e-mail: ION refuses the create, and we cannot see who has it.
    held = {"account": "10502", "email": "it@alpine.example", "organization": "Somebody else"}
    provider.sandbox.admin("POST", "seed", {"customers": [held]})
    provider.up()
    verdicts = provider.status()
    assert "profile" in verdicts["alpine"]["blockers"]
    assert "it@alpine.example" in json.dumps(verdicts["alpine"])
    assert len(provider.sandbox.state()["ion_customers"]) == 1 + 3
    provider.csp("status", "-s", "provider", "--fail-on", "blocked", expect=1)

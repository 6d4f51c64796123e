"""Proof 2: the `reseller` estate, as ION's public API really allows it today."""

from equipment.workspace import Workspace

EMAILS = {
    name: f"it@{name}.example"
    for name in ("adatum", "contoso", "fabrikam", "litware", "northwind", "proseware", "tailspin", "wingtip")
}


def test_first_verdicts_people_act_confirmations_and_the_checkout_agrees(reseller: Workspace) -> None:
    reseller.up()
    first = reseller.status()
    assert sorted(first) == sorted(EMAILS)
    # Every customer that cannot order has exactly one next step with an owner.
    for key, verdict in first.items():
        assert verdict["can_order"] == (verdict["next_step"] is None), key
    assert first["northwind"]["next_step"]["owner"] == "distributor"
    assert first["tailspin"]["next_step"]["owner"] == "customer"
    assert first["fabrikam"]["next_step"]["owner"] == "us"
    assert "switch" not in first["wingtip"]["next_step"]["action"].lower() if first["wingtip"]["next_step"] else True

    refusals: list[str] = []
    for _ in range(6):
        answer = reseller.sandbox.act(reseller.todo())
        refusals += [line["why"] for line in answer["refused"]]
        reseller.up()
        if not answer["acted"]:
            break
    assert any("relationship" in why for why in refusals), "ION refuses a tenant that has not accepted the invitation"

    confirm_what_no_api_shows(reseller)
    reseller.up()
    final = reseller.status()
    for key, verdict in final.items():
        assert sorted(verdict["blockers"]) == reseller.sandbox.checkout(EMAILS[key]), key
    assert all(v["can_order"] for v in final.values()), {k: v["blockers"] for k, v in final.items()}
    assert reseller.sandbox.admin("GET", "counters")["links_opened_by_others"] == 0
    reseller.assert_quiet()


def confirm_what_no_api_shows(reseller: Workspace) -> None:
    """As the operator would: one `csp confirm` per gate that only a confirmation can close."""
    for key, verdict in reseller.status().items():
        for gate in verdict["blockers"]:
            reseller.csp("confirm", key, gate, "-s", "reseller", "--by", "operator@reseller.example", "--ref", "INC-1")


def test_nothing_is_written_to_ion_beyond_customer_profiles(reseller: Workspace) -> None:
    reseller.up()
    written = {
        (r["method"], r["operation"]) for r in reseller.sandbox.admin("GET", "requests", writes="true")["requests"]
    }
    assert {operation for _, operation in written} <= {
        "ion.oauth.token",
        "ion.customers.create",
        "ion.customers.update",
        "ion.products.pricing",
    }

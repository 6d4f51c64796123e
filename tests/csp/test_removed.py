"""What is told before the engine runs: customers that leave the files and can go on buying; a destroy that ends too
much."""

from __future__ import annotations

from typing import Any

import pytest

from csp.engine import removed
from csp.errors import CommandError
from csp.known import no_customer
from onboarding.core.names import TYPE_PREFIX
from tests.onboarding.test_readiness import customer, estate


def state() -> dict[str, Any]:
    """Two customers; both were declared to end, one can buy."""
    resources = [_resource("TenantIdentity", key, {}) for key in ("contoso", "fabrikam")]
    access = {"portal_access": {"seen": "on", "state": "mismatch", "declared": "off", "where": "ION"}}
    resources.append(_resource("ProviderAssociation", "fabrikam", {"facts": access}))
    resources.append(_resource("Customer", "contoso", {}, retainOnDelete=True))
    return {"deployment": {"resources": resources}}


def _resource(kind: str, key: str, outputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    kind = f"{TYPE_PREFIX}{kind}"
    return {"type": kind, "urn": f"urn:pulumi:s::p::{kind}::{key}", "outputs": outputs, **more}


def check(verb: str, *arguments: str, **changes: Any) -> None:
    removed.check(state(), estate(customer(**changes)), verb, arguments)


@pytest.mark.parametrize("verb", ["up", "preview"])
def test_who_can_go_on_buying_is_told_loudly(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    check(verb)
    assert "WARNING: fabrikam leaves the files" in capsys.readouterr().err
    check(verb, previously=["fabrikam"])  # renamed, not removed
    assert capsys.readouterr().err == ""


def test_destroy_ends_all_or_none(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CSP_ALLOW_REMOVALS", "1")
    with pytest.raises(CommandError, match=r"would end 2 relationships \(contoso, fabrikam\), allowed are 1"):
        check("destroy", "--yes")
    assert "fabrikam" in capsys.readouterr().err
    check("destroy", "--yes", "--target=**::contoso")  # the plugin counts what the target hits
    monkeypatch.setenv("CSP_ALLOW_REMOVALS", "2")
    check("destroy", "--yes")


def test_a_limit_that_is_no_number_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSP_ALLOW_REMOVALS", "two")
    with pytest.raises(CommandError, match="CSP_ALLOW_REMOVALS=two: write how many"):
        check("destroy", "--yes")


def test_a_customer_who_comes_under_another_key_is_told_as_a_rename(capsys: pytest.CaptureFixture[str]) -> None:
    comes = customer()
    profile = {"profile": {"email": comes.profile.email.upper()}}
    gone = {"deployment": {"resources": [_resource("Customer", "before", profile)]}}
    removed.check(gone, estate(comes), "preview", ())
    told = capsys.readouterr().err
    assert f"before leaves the files and {comes.key} comes with the same e-mail" in told
    assert "previously: [before]" in told
    removed.check(gone, estate(customer(previously=["before"])), "preview", ())
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("typed", ["contos", "CONTOSO", "it@contoso.example", "Contoso Ltd", "former"])
def test_an_unknown_key_gets_did_you_mean(typed: str) -> None:
    known = estate(customer(key="contoso", previously=["former"]))
    one = known.customers[0]
    name = {"it@contoso.example": one.profile.email, "Contoso Ltd": one.profile.organization}.get(typed, typed)
    assert str(no_customer("us", name, known)).endswith("did you mean contoso?")
    assert "did you mean" not in str(no_customer("us", "zzzz", known))

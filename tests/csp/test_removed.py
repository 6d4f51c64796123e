"""What is told before the engine runs: customers that leave the files and can go on buying; a destroy that ends too
much."""

from __future__ import annotations

from typing import Any

import pytest

from csp import removed
from csp.errors import CommandError
from onboarding.readiness import TYPE_PREFIX
from tests.onboarding.test_readiness import customer, estate


class FakeEngine:
    """Exports a state of two customers; both were declared to end, one can buy."""

    def __init__(self, *, there: bool = True) -> None:
        self.there = there
        self.asked = 0

    def export_if_there(self) -> dict[str, Any] | None:
        self.asked += 1
        resources = [_resource("TenantIdentity", key, {}) for key in ("contoso", "fabrikam")]
        access = {"portal_access": {"seen": "on", "state": "mismatch", "declared": "off", "where": "ION"}}
        resources.append(_resource("ProviderAssociation", "fabrikam", {"facts": access}))
        resources.append(_resource("Customer", "contoso", {}, retainOnDelete=True))
        return {"deployment": {"resources": resources}} if self.there else None


def _resource(kind: str, key: str, outputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    kind = f"{TYPE_PREFIX}{kind}"
    return {"type": kind, "urn": f"urn:pulumi:s::p::{kind}::{key}", "outputs": outputs, **more}


def check(engine: FakeEngine, verb: str, *arguments: str, **changes: Any) -> None:
    removed.check(engine, estate(customer(**changes)), verb, arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("verb", ["up", "preview"])
def test_who_can_go_on_buying_is_told_loudly(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    check(FakeEngine(), verb)
    assert "WARNING: fabrikam leaves the files" in capsys.readouterr().err
    check(FakeEngine(), verb, previously=["fabrikam"])  # renamed, not removed
    assert capsys.readouterr().err == ""


def test_destroy_ends_all_or_none(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CSP_ALLOW_REMOVALS", "1")
    with pytest.raises(CommandError, match=r"would end 2 relationships \(contoso, fabrikam\), allowed are 1"):
        check(FakeEngine(), "destroy", "--yes")
    assert "fabrikam" in capsys.readouterr().err
    check(FakeEngine(), "destroy", "--yes", "--target=**::contoso")  # the plugin counts what the target hits
    monkeypatch.setenv("CSP_ALLOW_REMOVALS", "2")
    check(FakeEngine(), "destroy", "--yes")


def test_nothing_is_asked_or_told_without_need() -> None:
    engine = FakeEngine()
    check(engine, "refresh")
    assert engine.asked == 0
    check(FakeEngine(there=False), "destroy")

"""`csp retry` and `csp invite` are runs: the stack's policy and a plan that it requires hold for them too."""

from __future__ import annotations

from typing import Any

import pytest

import schemas
from csp.engine import interrupted, moving
from csp.engine import start as engines
from csp.errors import CommandError
from csp.project import Project
from tests.csp.conftest import Desk

FREEZE = "freeze: [{from: 2020-01-01, to: 2999-01-01, why: audit}]"


@pytest.mark.parametrize(
    ("policy", "told"), [(FREEZE, "policy freeze"), ("plan: {required: true}", "policy plan"), ("new_tenants: 3", "")]
)
def test_policy_holds_for_a_run_of_one_customer(
    reseller_desk: Desk, monkeypatch: pytest.MonkeyPatch, policy: str, told: str
) -> None:
    stack = reseller_desk.root / "stacks" / "Pulumi.reseller.yaml"
    stack.write_text(stack.read_text("utf-8").rstrip() + f"\n    policy: {{{policy}}}\n", "utf-8")
    state: dict[str, Any] = {"deployment": {"resources": []}}
    monkeypatch.setattr(engines.Engine, "export", lambda self: state)
    begun: list[tuple[Any, ...]] = []
    monkeypatch.setattr(interrupted, "run", lambda *words: begun.append(words) or 0)
    monkeypatch.chdir(reseller_desk.root)
    monkeypatch.setenv("CSP_ENGINE", "embedded")
    project = Project.find()
    estate: schemas.Estate = project.estate("reseller")
    engine = engines.choose(project, "reseller", estate)
    key = estate.customers[0].key
    if told:
        with pytest.raises(CommandError, match=told):
            moving.one(engine, estate, key)
        assert begun == []
    else:
        assert moving.one(engine, estate, key) == 0
        assert len(begun) == 1

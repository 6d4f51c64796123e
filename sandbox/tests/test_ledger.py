"""The ledger is complete: nothing is answered that has no row."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import csp_sandbox
import pytest
from csp_sandbox import behaviours, ledger
from csp_sandbox.ledger import RULES
from csp_sandbox.systems import SYSTEMS

from .conftest import Box
from .test_ion import BODY

PACKAGE = Path(csp_sandbox.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
#: The one place that answers a fault on order, which is no behaviour of a system.
FAULTS = {"server.py"}


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, ast.AST]]:
    """Every call with the node that holds it."""
    for parent in ast.walk(tree):
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, ast.Call):
                yield child, parent


def name_of(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def test_every_operation_has_a_row() -> None:
    operations = [operation for system in SYSTEMS for operation in system.operations]
    assert len({operation.id for operation in operations}) == len(operations)
    for operation in operations:
        assert RULES[operation.rule.id] is operation.rule, operation.id


def test_every_error_is_built_from_a_row() -> None:
    """An Answer with an error status appears only inside a RefusalError, which cannot be made without a row."""
    loose = []
    for file in SOURCES:
        if file.name in FAULTS:
            continue
        for call, parent in calls(ast.parse(file.read_text(encoding="utf-8"))):
            if name_of(call.func) not in ("Answer", "page"):
                continue
            words = {word.arg: word.value for word in call.keywords}
            place = 0 if name_of(call.func) == "Answer" else 1
            status = call.args[place] if len(call.args) > place else words.get("status")
            bad = isinstance(status, ast.Constant) and isinstance(status.value, int) and status.value >= 400
            if bad and not (isinstance(parent, ast.Call) and name_of(parent.func) == "RefusalError"):
                loose.append(f"{file.relative_to(PACKAGE)}:{call.lineno}")
    assert loose == []


def test_recorded_refusals_name_their_row(box: Box) -> None:
    token = box.ion_token()
    box.ion("GET", "/customers", token)
    box.ion("GET", "/nothing", token)
    box.ion("PATCH", "/customers", token)
    box.ion("POST", "/customers", token, json={**BODY, "languageCode": "??"})
    box.http.post("/ion/oauth/token", content=b"\xff")
    box.http.get("/entra/nobody.test/v2.0/.well-known/openid-configuration")
    box.http.get("/partner-center/v1/customers")
    refused = [e for e in box.admin("GET", "/requests").json()["requests"] if e["status"] >= 400]
    assert len(refused) == 7
    for entry in refused:
        assert entry["rule"] in RULES, entry


def test_rows_are_well_formed() -> None:
    for row in RULES.values():
        assert row.text.strip(), row.id
        assert row.source.strip(), row.id
        assert row.confidence in ("documented", "seen in client code", "inferred", "ours"), row.id
    assert ledger.switches(), "inferred rules with several readings are switches"


def test_a_rule_cannot_be_registered_twice() -> None:
    with pytest.raises(ValueError, match=r"two rules are called ion\.customers\.list"):
        ledger.rule("ion.customers.list", "x", source="x")


def test_a_switch_takes_only_its_own_values(box: Box) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        box.world.choose({"ion.oauth.reuse": "maybe"})


def test_page_is_up_to_date() -> None:
    page = PACKAGE.parents[1] / "docs" / "behaviours.md"
    if not page.exists():
        pytest.skip("the page is kept in the repository, not in an installed package")
    assert page.read_text(encoding="utf-8") == behaviours.markdown(SYSTEMS), "run: python -m csp_sandbox behaviours"

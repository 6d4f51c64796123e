"""Next steps as data: what a state keeps, how it is shown, in which order a form is filled in, and steps of 0.1.0."""

import ast
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from csp_sandbox import forms

from equipment.workspace import ROOT
from onboarding import steps
from onboarding.core.contract import NextStep
from onboarding.steps import text
from onboarding.steps.model import About, Instructions, Screen
from onboarding.steps.places import ROW
from onboarding.steps.registry import BUILDERS, instructions, read
from onboarding.steps.visits import _joined
from schemas.command import Command
from schemas.distributor import DISTRIBUTOR
from tests.upgrade.replay import HERE

CONTOSO = About("Contoso Ltd", "it@contoso.com", "Cora Toso", "cora@contoso.com")
SAMPLES: dict[str, Any] = {
    "bool": True,
    "str": "x",
    "int": 3,
    "Sequence[str]": ["pricebook"],
    "Sequence[str | Sequence[str]]": ["run ", ["csp", "auth", "ion", "login", "-c", "us"], ", then look"],
    "Mapping[str, str]": {"to": "a@b.example", "subject": "S", "text": "Dear {admin}"},
    "Mapping[str, str] | None": {"to": "a@b.example", "subject": "S", "text": "Dear {admin}"},
}


def kept(step: NextStep) -> NextStep:
    """The step as a state gives it back: maps sorted, tuples lists."""
    return read(json.loads(json.dumps(step.as_dict(), sort_keys=True)))


def sample(code: str) -> NextStep:
    """A step of that kind with every parameter given."""
    values = {}
    for name, parameter in list(inspect.signature(BUILDERS[code]).parameters.items())[1:]:
        values[name] = SAMPLES[str(parameter.annotation)]
    if code == "make_tenant":
        values["form"] = {"domain_prefix": "contoso", "city": "Paris"}
    return NextStep(code, "us", values)


@pytest.mark.parametrize("code", sorted(BUILDERS))
def test_every_kind_of_step_survives_a_state_and_reads_as_text(code: str) -> None:
    step = sample(code)
    shown = text.as_dict(instructions(step, CONTOSO), text.Reader("us", "csp"))
    assert text.as_dict(instructions(kept(step), CONTOSO), text.Reader("us", "csp")) == shown
    assert shown["where"]
    assert shown["action"]
    assert "{" not in json.dumps([shown["where"], shown["action"], list(shown["values"].values())])
    for words in shown["commands"]:
        assert words[0] in ("csp", "env")
        assert words[-1] != "x" or "-s" in words, "a command of a stack names it"


def test_a_step_of_a_later_release_is_told_apart() -> None:
    with pytest.raises(ValueError, match="another release"):
        instructions(NextStep("no_such_step", "us"), CONTOSO)
    with pytest.raises(ValueError, match="another release"):
        instructions(NextStep("name_signatory", "us", {"new": "1"}), CONTOSO)
    for odd in ({"owner": "us"}, {"code": "x", "owner": "nobody"}, {"code": "x", "owner": "us", "values": 7}):
        with pytest.raises(ValueError, match="next_step"):
            read(odd)


def test_values_stand_in_the_order_of_the_form() -> None:
    """A state sorts what it keeps; an operator fills in a form from above."""
    form = {name: name for name in ("country", "city", "company", "credentials", "domain_prefix", "email", "phone")}
    visit = (
        steps.set_row(
            provider="Legacy Azure",
            pricebook="US Standard",
            provider_currency="USD",
            invoice_currency="USD",
            portal_access="off",
        ),
        steps.make_tenant(key="contoso", form=form),
        steps.attest_in_console(first_name="Sam", last_name="Roe", email="sam@contoso.com", agreed_on="2026-11-01"),
    )
    screens = [screen for step in visit for screen in instructions(kept(step), CONTOSO).screens]
    (joined,) = _joined(screens)
    labels = [one.label for one in joined.entries]
    assert labels[:2] == ["Customer", "Customer e-mail"]
    wanted = [label for label in forms.LABELS if label in labels]
    assert labels[2:] == wanted


def test_the_labels_of_the_profile_are_in_the_order_of_the_form() -> None:
    ours = [one.text for one in DISTRIBUTOR.labels.values() if one.text in forms.LABELS]
    assert [label for label in ours if label not in forms.EXISTING_LABELS] == [
        label for label in forms.LABELS if label in ours and label not in forms.EXISTING_LABELS
    ]


def test_screens_of_one_form_are_one_visit_and_others_stay() -> None:
    one = Screen("ION", (("A.",),), form=ROW)
    told = _joined([one, Screen("telephone", (("B.",),)), Screen("ION", (("A.",), ("C.",)), form=ROW)])
    assert [(screen.system, screen.actions) for screen in told] == [
        ("ION", (("A.",), ("C.",))),
        ("telephone", (("B.",),)),
    ]


def test_commands_are_arguments() -> None:
    step = instructions(steps.interrupted_delivery(key="contoso", to="Cora", by="kim", on="2026-11-02"), CONTOSO)
    last = text.commands(step)[-1]
    assert isinstance(last, Command)
    assert last.at(stack="us").arguments("uv run csp") == [
        *["uv", "run", "csp", "handover", "lost", "contoso", "-s", "us"],
        *["--why", "somebody else may have seen it"],
    ]
    ending = steps.end_customer(key="contoso", portal="", settle=True, relationship="api")
    removal = text.as_dict(instructions(ending, CONTOSO), text.Reader("us", "csp"))["commands"][-1]
    assert removal == ["env", "CSP_ALLOW_REMOVALS=1", "csp", "up", "-s", "us"]


def _of_0_1_0() -> Iterator[dict[str, Any]]:
    for file in sorted((HERE / "v0.1.0").glob("*/state.json")):
        for resource in json.loads(file.read_text("utf-8"))["deployment"]["resources"]:
            if step := (resource.get("outputs") or {}).get("next_step"):
                yield step


def test_steps_of_the_first_release_are_read() -> None:
    """Sentences, values without an order: text, commands and screens are found in them all the same."""
    found = 0
    for step in _of_0_1_0():
        made: Instructions = instructions(read(step), CONTOSO)
        shown = text.as_dict(made)
        plain = CONTOSO.filled(step["action"])
        assert re.sub("[`()]", "", shown["action"]) == re.sub("[`()]", "", plain)
        assert set(shown["values"]) == set(step["values"])
        assert shown["where"] == CONTOSO.filled(step["where"])
        assert len(shown["commands"]) == len(
            set(re.findall(r"\bcsp (?:handover|invite|confirm|retry|status)[^.,;)]*", plain))
        )
        orders = [DISTRIBUTOR.order(label) for label in shown["values"]]
        assert orders == sorted(orders)
        found += 1
    assert found > 200


def test_the_distributor_is_named_in_one_place() -> None:
    """In texts; docstrings and comments may name it."""
    for package in ("onboarding", "csp", "clients", "providers"):
        for file in (ROOT / package).rglob("*.py"):
            for line, said in _texts(file):
                assert DISTRIBUTOR.name not in said, f"{file.name}:{line}: use schemas.distributor"


def _texts(file: Path) -> Iterator[tuple[int, str]]:
    tree = ast.parse(file.read_text("utf-8"))
    skipped = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value

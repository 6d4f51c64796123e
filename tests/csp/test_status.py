"""`csp status`, `csp todo`, `csp evidence` on the state that a run left: every format, one customer, the ticket."""

from __future__ import annotations

import json
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from clients.wire import clock
from csp.commands import live
from csp.engine import start as engines
from csp.errors import CommandError
from csp.main import app
from drills.harness import Pipeline
from drills.remote import START
from equipment.workspace import ROOT
from onboarding.core.names import TYPE_PREFIX
from onboarding.steps import text
from onboarding.steps.model import About
from onboarding.steps.registry import instructions, read


def export_of(pipeline: Pipeline) -> dict[str, Any]:
    """The state as `stack export` has it."""
    return {
        "deployment": {
            "resources": [
                {"type": TYPE_PREFIX + kind, "urn": f"urn:x::{key}", "outputs": kept.outputs}
                for (key, kind), kept in pipeline.state.items()
            ]
        }
    }


@pytest.fixture(scope="module")
def exports() -> dict[str, dict[str, Any]]:
    """The example estates: the provider's after its people have acted, the reseller's after the first run."""
    found = {}
    for stack, runs in (("provider", 3), ("reseller", 1)):
        pipeline = Pipeline.example(stack)
        pipeline.up()
        for _ in range(runs - 1):
            pipeline.remote.act(pipeline.steps())
            pipeline.up()
        found[stack] = export_of(pipeline)
        pipeline.remove()
    return found


@pytest.fixture
def csp(exports: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on these states."""

    class Engine:
        def __init__(self, stack: str) -> None:
            self.export = lambda: exports[stack]

    monkeypatch.setattr(engines, "choose", lambda _project, stack, _estate: Engine(stack))
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "220")

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
        return result.stdout

    return run


def test_one_customer_gate_by_gate_with_source_and_age(csp: Any) -> None:
    told = csp("status", "-s", "reseller", "-k", "wingtip")
    assert "Wingtip Toys (wingtip): can order: no" in told
    assert "confirmed by kim@examplereseller.example on 2026-11-02" in told
    assert "agreement       cannot be seen  cannot be seen (ION cloudProfiles), nobody confirmed it" in told
    assert told.count("looked at") == 7
    assert "Next step, for us" in told


def test_the_ticket_is_ready_to_paste(csp: Any) -> None:
    told = csp("status", "-s", "reseller", "-k", "northwind", "--ticket")
    assert "Customer: Northwind Traders (it@northwind.example)" in told
    assert "ION account: 20501" in told
    assert "northwindold.onmicrosoft.com" in told, "what is linked"
    assert "Please link it to northwindtraders.onmicrosoft.com" in told, "what we ask"
    assert "{" not in told
    asked = csp("status", "-s", "reseller", "-k", "wingtip", "--ticket")
    assert "Is the tenant wingtiptoys.onmicrosoft.com" in asked
    assert "Nothing to ask" in csp("status", "-s", "provider", "-k", "alpine", "--ticket")


def test_an_old_state_says_how_old_it_is(csp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the clock of the world that the state is from, not on today's: the answer depended on the day of the test."""
    monkeypatch.setattr(clock, "now", lambda: START + timedelta(hours=23))
    assert "looks again" not in csp("status", "-s", "provider")
    monkeypatch.setattr(clock, "now", lambda: START + timedelta(days=400))
    told = csp("status", "-s", "provider")
    assert "looked at 399 d ago: `" in told
    assert "csp up -s provider` looks again." in told


def test_commands_of_next_steps_can_be_pasted(csp: Any) -> None:
    """`--stack` is required, so that a command without it ends in a usage error."""
    shown_ = (
        csp("todo", "-s", "reseller"),
        csp("status", "-s", "reseller", "-k", "wingtip"),
        csp("status", "-s", "reseller", "--format", "html"),
        csp("status", "-s", "reseller", "--format", "markdown"),
    )
    for told in shown_:
        assert "csp confirm wingtip relationship -s reseller" in told
        assert "csp confirm wingtip relationship`" not in told


class Page(HTMLParser):
    """Counts tags, and fails on one that is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing(csp: Any) -> None:
    text = csp("status", "-s", "reseller", "--format", "html")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.seen.count("section") == 8
    assert all(link.startswith("#") for link in page.links), "nothing is loaded, and no invitation can be clicked"
    assert "cannot be seen" in text
    assert "1 can order, 7 cannot" in text


def test_markdown_has_the_same_customers_and_whole_rows(csp: Any) -> None:
    text = csp("status", "-s", "reseller", "--format", "markdown")
    table = [line for line in text.splitlines() if line.startswith("|")][:10]
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1
    assert text.count("\n## ") == 8
    assert "| Pricebook | US Standard |" in text


def test_json_says_what_cannot_be_seen(csp: Any) -> None:
    customers = {c["key"]: c for c in json.loads(csp("status", "-s", "reseller", "--format", "json"))["customers"]}
    gate = customers["wingtip"]["gates"]["agreement"]
    assert (gate["state"], gate["cannot_be_seen"], gate["source"]) == ("open", True, "ION cloudProfiles")
    assert not customers["tailspin"]["gates"]["agreement"]["cannot_be_seen"]


def test_evidence_has_a_source_for_every_fact_and_does_not_change(csp: Any) -> None:
    text = csp("evidence", "-s", "provider")
    found = {one["customer"]: one for one in yaml.safe_load(text)}
    facts = {key: {f["fact"]: f["value"] for f in one["facts"]} for key, one in found.items()}
    assert all(f["source"] for one in found.values() for f in one["facts"])
    assert {one["agreement"] for one in found.values()} == {"accepted"}
    alpine, maple = facts["alpine"], facts["maplegrove"]
    assert alpine["how"].startswith("enhanced attestation ")
    assert alpine["accepted by"] == "it@alpine.example"
    assert alpine["template"] == "117a77b0-9360-443b-8795-c6dedc750cf9"
    assert (maple["how"], maple["accepted by"]) == ("directly by the customer", "cannot be seen")
    assert text == csp("evidence", "-s", "provider")
    assert json.loads(csp("evidence", "-s", "provider", "--format", "json")) == yaml.safe_load(text)
    assert len(text.splitlines()) == sum(4 + len(one["facts"]) for one in found.values()), "one fact a line"


def test_live_takes_its_accounts_from_names_or_the_stack(csp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(live, "live_status", lambda names, **more: asked.append((names, more["account"])))
    monkeypatch.setattr(live, "live_todo", lambda names, **more: asked.append((names, more["owner"])))
    csp("status", "--live", "-c", "us", "-c", "ca")
    csp("status", "--live", "-s", "provider")
    csp("status", "--live", "--account", "10505")
    csp("todo", "--live", "--owner", "us")
    assert asked == [(["us", "ca"], ""), (["ca", "us"], ""), ([], "10505"), ([], "us")]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["status"], "name a stack with -s STACK"),
        (["todo", "-c", "us"], "go with --live"),
        (["status", "--live", "--ticket"], "need a stack"),
        (["status", "-s", "provider", "--ticket"], "name it with --customer"),
        (["status", "-s", "provider", "-k", "nobody"], "no customer 'nobody'"),
        (["evidence", "-s", "provider", "-k", "nobody"], "no customer 'nobody'"),
        (["status", "-s", "reseller", "--fail-on", "blocked"], "1 of 8 customers blocked: northwind"),
    ],
)
def test_wrong_usage_is_one_line(csp: Any, arguments: list[str], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        csp(*arguments)


@pytest.mark.parametrize(
    ("action", "name", "told"),
    [
        ("Do this. Then that.", "Contoso", "Do this ..."),
        (
            "Do this for Contoso Inc. (contoso.com). Then that.",
            "Contoso Inc.",
            "Do this for Contoso Inc. (contoso.com) ...",
        ),
        ("Call A. B. Smith. Ask.", "A. B. Smith", "Call A. B. Smith ..."),
        (
            "Look for Contoso (t). If it is listed, run `csp x`. If not, mail.",
            "Contoso",
            "Look for Contoso (t). If it is listed, run `csp x` ...",
        ),
        ("Open the console", "", "Open the console"),
    ],
)
def test_a_step_in_short_says_what_to_do(action: str, name: str, told: str) -> None:
    """Also where the state holds sentences (0.1.0), with a placeholder for the name."""
    kept = {"owner": "us", "where": "there", "action": action.replace(name, "{customer}") if name else action}
    assert text.first_sentence(instructions(read(kept), About(name, ""))) == told

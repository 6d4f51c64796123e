"""`csp evidence`: who accepted the Microsoft Customer Agreement of each customer, when, and who says so."""

from typing import Annotated, Any, Literal

import typer
import yaml

from clients.wire import clock
from csp.commands import status as look
from csp.known import no_customer
from csp.options import Stack
from csp.project import Project
from csp.say import say, say_document, say_json
from onboarding.readiness import blind, evidence
from onboarding.readiness.verdicts import all_readiness
from schemas.command import shown
from schemas.plain import visible


def register(app: typer.Typer) -> None:
    app.command("evidence")(print_evidence)


class _Line(dict[str, str]):
    """A mapping that YAML writes on one line, so that a comparison shows whole facts."""


class _Dumper(yaml.SafeDumper):
    """SafeDumper that knows `_Line`."""


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """What does not show, or is a runner's command (`##[...]`), stands in double quotes, where it can be written as an
    escape."""
    style = None if visible(text) == text and "##" not in text else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _quoted)
_Dumper.add_representer(_Line, lambda dumper, line: dumper.represent_mapping("tag:yaml.org,2002:map", line, True))


def print_evidence(
    stack: Stack,
    customer: Annotated[str, typer.Option("--customer", "-k", help="One customer only.")] = "",
    format_: Annotated[Literal["yaml", "json"], typer.Option("--format")] = "yaml",
) -> None:
    """Print the evidence for the agreement of every customer, one fact a line, each with its source.

    Reads the state of the last run and sends nothing. Holds names and e-mail addresses: keep it where those may be.
    """
    project = Project.find()
    estate, states = look.estate_and_states(project, stack)
    verdicts = [v for v in all_readiness(states, estate, clock.now()) if customer in ("", v.key)]
    unseen = blind.in_state(verdicts, estate, project.home)
    found = [one for one in evidence.records(states, estate) if customer in ("", one["customer"])]
    if customer and not found:
        raise no_customer(stack, customer, estate)
    for line in (shown(str(one), stack=stack) for one in unseen):
        say(line if format_ == "json" else f"# {line}", err=format_ == "json")
    if format_ == "json":
        say_json(found)
    else:
        say_document(as_yaml(found))


def as_yaml(found: list[dict[str, Any]]) -> str:
    """The records as YAML, one fact a line."""
    lined = [{**one, "facts": [_Line(fact) for fact in one["facts"]]} for one in found]
    told: str = yaml.dump(lined, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31)
    return visible(told, keep="\n").replace("##", r"\x23\x23")

"""Readiness for people who do not use terminals: one page of HTML or markdown, with every gate and every next step."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import jinja2
from markupsafe import Markup

from csp.views import readiness as shown
from onboarding.core.contract import OWNERS
from onboarding.readiness import table
from onboarding.readiness.blind import Unseen
from onboarding.readiness.gates import MEANINGS, Gate
from onboarding.readiness.table import can_order_text, footer
from onboarding.readiness.verdicts import Readiness
from onboarding.steps import text
from onboarding.steps.places import NEEDS_AGREEMENT
from schemas.command import Command, parts, told
from schemas.model.gates import GATES
from schemas.plain import block, markdown_block

FORMATS = {"markdown": "readiness.md.j2", "html": "readiness.html.j2"}
FINALIZE: dict[str, Callable[[Any], Any]] = {
    "markdown": markdown_block,
    "html": lambda text: text if hasattr(text, "__html__") else block(text),
}
"""What every value passes on its way into the page; in HTML Jinja escapes it after that."""
START = ".venv/bin/csp"
"""How `csp` is started in a checkout that `make setup` has prepared."""

LAST_RUN = "As the last run saw it."
LIVE = "As ION shows it now."


def render(
    format_: str,
    title: str,
    source: str,
    verdicts: list[Readiness],
    now: datetime,
    can_order: Callable[[Readiness], str] = can_order_text,
    *,
    stack: str = "",
    unseen: Sequence[Unseen] = (),
) -> str:
    """The page. `format_` is a key of FORMATS, `title` a stack or accounts, `source` LAST_RUN or LIVE, `now` aware.

    `stack`: the one that its commands are about; whoever reads the page sits in a checkout of their own (START).
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("csp"),
        autoescape=jinja2.select_autoescape(["html.j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=FINALIZE[format_],
    )
    environment.filters["commands"] = lambda line: _commands(line, stack, html=format_ == "html")
    return environment.get_template(FORMATS[format_]).render(
        unseen=[str(one) for one in unseen],
        title=title,
        source=source,
        made=now.strftime("%Y-%m-%d %H:%M UTC"),
        footer=footer(verdicts),
        titles={key: gate.title for key, gate in GATES.items()},
        short={key: gate.short for key, gate in GATES.items()},
        words=MEANINGS,
        agreement=f"{NEEDS_AGREEMENT[:1].upper()}{NEEDS_AGREEMENT[1:]}.",
        customers=[_customer(verdict, can_order(verdict)) for verdict in verdicts],
    )


def _commands(line: str | Iterable[str], stack: str, *, html: bool) -> str:
    """A line, or the sentences of a step in parts, whose commands can be pasted where the page is read."""
    pieces = parts(line) if isinstance(line, str) else tuple(line)
    if not html:
        return told(pieces, stack=stack, start=START)
    return Markup("").join(
        Markup("<code>{}</code>").format(one.at(stack=stack).line(START)) if isinstance(one, Command) else block(one)
        for one in pieces
    )


def _customer(verdict: Readiness, can_order: str) -> dict[str, Any]:
    step = verdict.next_step
    waits = table.WAITS.get(verdict.waiting_on, verdict.waiting_on)
    return {
        "key": verdict.key,
        "name": verdict.organization,
        "can_order": can_order,
        "ready": verdict.can_order and not verdict.ending,
        "gates": {name: _gate(gate) for name, gate in verdict.gates.items()},
        "waits": waits,
        "since": verdict.since[:10] if waits else "",
        "where": text.where(step) if step else "",
        "actions": text.pieces(step) if step else (),
        "entries": text.entries(step) if step else (),
        "link": step.link if step else "",
        "step_for": OWNERS[step.owner] if step else "",
        "notes": shown.notes(verdict),
    }


def _gate(gate: Gate) -> dict[str, str]:
    return {
        "state": gate.word,
        "why": gate.why,
        "age": "never" if gate.age is None else f"{shown.age(gate.age)} ago",
    }

"""`csp up --plan FILE`: a run that writes nothing that the reviewed plan does not allow.

Checked here before the engine starts, once more by the program, and by the plugin at each resource and right before
each step that cannot be undone, so that a plain engine with the same variable and two runs at once obey too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import schemas
from csp import exit_codes
from csp.engine.start import Engine
from csp.errors import CommandError
from csp.say import count, say, say_json
from onboarding.allowed import reviewed, said
from onboarding.look import run_notes
from onboarding.plan import policy
from schemas.command import command, shown
from schemas.model.policy import Policy


def bind(engine: Engine, estate: schemas.Estate, path: str, rules: Policy, digest: str = "") -> None:
    """Let the engine's run keep to a plan. `path`: "" for none, or the one that CSP_PLAN names; `digest`: what was
    approved, where the pipeline knows it.

    Raises CommandError (NOT_REVIEWED) for a plan that allows nothing, or that is another one than is declared; then the
    differences are on stderr as text and on stdout as JSON.
    """
    path = path or os.environ.get(reviewed.PLAN, "")
    if not path:
        if rules.plan.required or digest:
            raise CommandError(str(policy.unplanned(engine.stack)), exit_codes.NOT_REVIEWED)
        return
    where = Path(path).absolute()
    try:
        plan = reviewed.load(where)
    except reviewed.Unusable as why:
        raise CommandError(str(why), exit_codes.NOT_REVIEWED) from None
    if digest and digest != plan.digest:
        raise CommandError(f"approved was {digest}, and {path} is {plan.digest}", exit_codes.NOT_REVIEWED)
    from onboarding.plan import file  # with all that makes a plan

    found = file.differences(plan, estate, rules.lines)
    if found:
        for one in found:
            say(f"csp: not what was reviewed: {one}", err=True)
        say_json({"refused": "not what was reviewed", "differences": [one.as_dict() for one in found]})
        raise CommandError(
            f"nothing was sent; {count(len(found), 'difference')} from the reviewed plan: "
            f"{command('plan', stack=engine.stack)} makes a new one",
            exit_codes.NOT_REVIEWED,
        )
    engine.environment[reviewed.PLAN] = str(where)


def held_back(engine: Engine) -> list[Mapping[str, Any]]:
    """Customers whom the run that just ended held back, each told in a line."""
    where = said.folder(engine.project.home, engine.environment.get(run_notes.RUN, ""))
    found = {(one["customer"], one["why"]): one for one in said.read(where) if one["what"] == "held"}
    said.remove(where)
    for (customer, why), _ in sorted(found.items()):
        say(shown(f"csp: HELD BACK: {customer}: {why}", stack=engine.stack), err=True)
    return list(found.values())

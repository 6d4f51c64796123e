"""One preview whose processes say what they would do, and the report that is made of it: the same on both engines."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import schemas
from csp.engine import looking
from csp.engine.start import Engine
from csp.engine.words import Asked
from csp.errors import CommandError
from csp.say import say_block
from onboarding.allowed import said
from onboarding.look import run_notes
from onboarding.plan.preview import Preview
from onboarding.readiness import blind

_ENGINES_OWN = ("--non-interactive",)


def preview(
    engine: Engine, estate: schemas.Estate, state: Mapping[str, Any], *, look: bool
) -> tuple[Preview, list[object]]:
    """What a run would do, and what could not be looked at. Raises CommandError when the preview itself fails."""
    states = looking.outputs_of(state, estate)
    if look:
        looking.fetch_ahead(engine, estate, state, Asked())
    name = uuid.uuid4().hex
    engine.environment[run_notes.RUN] = name
    engine.environment[said.PLANNING] = said.LOOK if look else said.FILES
    where = said.folder(engine.project.home, name)
    try:
        flags = [*_ENGINES_OWN, *(() if look else ("--refresh=false",))]
        answer = engine.capture("preview", "--stack", engine.stack, *flags)
        if answer.returncode:
            say_block("\n".join(_errors(answer.stdout + answer.stderr)), err=True)
            raise CommandError(f"the preview of {engine.stack} failed; its lines stand above")
        told = said.read(where)
    finally:
        said.remove(where)
        engine.environment.pop(said.PLANNING)
    notes = run_notes.read(run_notes.folder(engine.project.home, name))
    return Preview(told, estate, states), [*blind.in_run(notes, estate)]


def _errors(output: str) -> Sequence[str]:
    """The lines of a failed run that say why; all of them where none does."""
    lines = [line for line in output.splitlines() if line.strip()]
    return [line for line in lines if "error" in line.lower()] or lines[-20:]

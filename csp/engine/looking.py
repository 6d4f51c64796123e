"""Running an engine and saying what it could not look at: the exit code, and the lines for people."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import schemas
from clients.wire import clock
from csp.engine.start import Engine
from csp.engine.words import Asked
from csp.say import say
from onboarding.look import ahead, run_notes
from onboarding.readiness import blind
from onboarding.readiness.blind import UNOBSERVED, Alarm, Unseen
from onboarding.readiness.states import states_from_export
from onboarding.readiness.verdicts import all_readiness
from schemas.command import shown

ENGINE_CODES = (0, 1, 2, 7)
"""What both engines end with (docs/exit-codes.md); a negative code is the signal that ended one."""


def run(engine: Engine, estate: schemas.Estate, verb: str, *arguments: str) -> tuple[int, int]:
    """Run a verb of the engine on its stack; the engine's exit code, and ours.

    Ours is UNOBSERVED instead of 0 when the run could not look at everything. Then the last lines say what, since
    when, why, and what to do.
    """
    name = uuid.uuid4().hex
    engine.environment[run_notes.RUN] = name
    code = engine.run(verb, "--stack", engine.stack, *arguments)
    unseen = blind.in_run(run_notes.read(run_notes.folder(engine.project.home, name)), estate)
    tell(unseen, engine.stack)
    ours = code if code in ENGINE_CODES else 128 - code if code < 0 else 1
    return code, UNOBSERVED if unseen and code == 0 else ours


def before(state: Mapping[str, Any] | None, estate: schemas.Estate) -> None:
    """What the last run could not look at, told before the next one begins."""
    if state is not None:
        states = states_from_export(state, estate.renamed)
        seen = [v for v in all_readiness(states, estate, clock.now()) if v.key in states]
        tell(blind.in_state(seen, estate), estate.stack, "the last run: ")


def fetch_ahead(engine: Engine, estate: schemas.Estate, state: Mapping[str, Any], asked: Asked) -> None:
    """Let the plugins of the next run ask beforehand what their reads will need; of a run about a few, nothing."""
    everybody = not asked.targets and not asked.flags.get("exclude")
    ahead.write(
        engine.project.home, engine.stack, ahead.questions(outputs_of(state, estate), estate) if everybody else {}
    )


def outputs_of(state: Mapping[str, Any], estate: schemas.Estate) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Customer key -> kind -> outputs, from the state as the engine exports it."""
    states = states_from_export(state, estate.renamed)
    return {key: {kind: one.outputs for kind, one in kinds.items()} for key, kinds in states.items()}


def tell(unseen: Iterable[Alarm | Unseen], stack: str, about: str = "") -> None:
    """One line each, on stderr."""
    for one in unseen:
        say(shown(f"csp: {about}{one}", stack=stack), err=True)

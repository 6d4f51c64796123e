"""One `up` of a stack with all that csp holds it to: removals, policy, the reviewed plan, interrupted runs."""

from collections.abc import Sequence
from typing import Any

import schemas
from csp import exit_codes
from csp.engine import interrupted, keeping, removed, ruling
from csp.engine.start import Engine
from schemas.model.policy import Policy


def up(
    engine: Engine, estate: schemas.Estate, state: dict[str, Any] | None, rules: Policy, arguments: Sequence[str]
) -> int:
    """The exit code. The plan is bound to the engine already (`keeping.bind`), `rules` are those of `ruling.apply`.

    Raises CommandError for what must not run."""
    if state is not None:
        removed.check(state, estate, "up", arguments)
    ruling.before_up(rules, estate, state)
    code = interrupted.run(engine, estate, state, "up", arguments)
    held = keeping.held_back(engine)
    return exit_codes.HELD if held and code in (exit_codes.DONE, exit_codes.BLIND) else code


def one(engine: Engine, estate: schemas.Estate, key: str) -> int:
    """The same for what is in state of one customer (`csp retry`, `csp invite`), and for nothing else.

    Policy and a plan that it requires hold here too: the engine does not ask the guard in such a run. Raises
    CommandError.
    """
    rules = ruling.apply(engine, estate)
    keeping.bind(engine, estate, "", rules)
    state = engine.export()
    ruling.of_one(rules, estate, state, key)
    return up(engine, estate, state, rules, ("--yes", "--skip-preview", "--target", f"**::{key}"))

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

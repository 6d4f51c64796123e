"""`make up`, `make people`, `make down`: the example estates, from nothing to the readiness tables.

Everything here goes through the commands that a user types; this module only puts them in order, says what is going on
and copes with a busy port, a sandbox that died and a first run that was interrupted.
"""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from csp import sandbox
from csp.commands import status as look
from csp.engine import start as engines
from csp.errors import CommandError
from csp.main import run_guarded
from csp.project import Project
from csp.say import say, say_block
from onboarding.steps import text
from schemas.command import command
from schemas.read.json_text import json_of

NO_CHANGE = 0
START = ".venv/bin/csp"
"""`make` is started in the project folder, with the environment that the Makefile makes."""
STARTED = "CSP_STARTED"
"""Variable: when `make` began, in seconds since 1970. Its set-up is time that somebody waited too."""
PEOPLE_ROUNDS = 4


def up(project: Project) -> int:
    """Start both sandboxes and bring both estates up; a second time it finds nothing to do and says so."""
    say("This is a simulated ION and a simulated Microsoft. Nothing leaves this machine.")
    started = float(os.environ.get(STARTED) or time.time())
    worked = False
    for profile, people in (("provider", "auto"), ("reseller", "hand")):
        known = sandbox.find(project.home, profile)
        running = known or sandbox.start(project.home, profile)
        running.admin("POST", "people", {"mode": people})
        say(f"{profile} sandbox {'runs' if known else 'started'} (pid {running.pid}): {running.ready['console']}")
    _make_recipient(project)
    stacks = [engines.choose(project, stack, project.estate(stack)) for stack in ("provider", "reseller")]
    say("Looking at what is there ...")
    with ThreadPoolExecutor() as pool:
        quiet = list(pool.map(_prepare, stacks))
    for engine, nothing_to_do in zip(stacks, quiet, strict=True):
        if nothing_to_do:
            say(f"{engine.stack}: nothing to do, everything is as declared")
            continue
        worked = True
        say()
        say(f"{engine.stack}: up ({engine.why})")
        _up(engine)
        if engine.stack == "provider":
            _let_customers_act(project, engine)
    for stack in ("provider", "reseller"):
        say()
        say(f"{stack} estate")
        look.print_status(project, stack)
    say()
    say(_how_long(time.time() - started) if worked else "Already up: this run changed nothing.")
    say_block(THINGS_TO_TRY)
    return 0


def _how_long(seconds: float) -> str:
    """The time that somebody waited, by the clock on the wall."""
    minutes, rest = divmod(round(max(seconds, 0)), 60)
    return f"Up in {minutes} min {rest} s." if minutes else f"Up in {rest} s."


THINGS_TO_TRY = """
Three things to try:
  1. Edit the phone number in stacks/customers/provider/adventure.yaml, then:
       .venv/bin/csp preview -s provider --diff
  2. See who has to do what in the other estate, let its people act, look again:
       .venv/bin/csp todo -s reseller
       make people
  3. Put a wrong value into a customer file (a country, a 28-character prefix), then:
       .venv/bin/csp validate -s reseller
Stop with: make down"""


def people(project: Project) -> int:
    """Hand the to-do list of the reseller estate to the sandbox's people, let them act, run `up`, show the result."""
    running = sandbox.find(project.home, "reseller")
    if not running:
        raise CommandError("no reseller sandbox is running: make up")
    engine = engines.choose(project, "reseller", project.estate("reseller"))
    for _ in range(PEOPLE_ROUNDS):
        todo = [task.as_dict() for task in look.tasks(project, "reseller")]
        answer = running.admin("POST", "people/act", {"todo": todo})
        for line in answer["acted"]:
            say(f"  {line['who']}: {line['did']}")
        for line in answer["refused"]:
            if line["overcome"]:
                continue
            say(f"  {line['who']} was refused for {line['customer']}: {line['why']}")
        if not answer["acted"]:
            break
        _up(engine)
    say()
    say("reseller estate")
    look.print_status(project, "reseller")
    steps = [task.step for task in look.tasks(project, "reseller")]
    if asked := [one for step in steps for one in text.commands(step) if one.words[0] == "confirm"]:
        say()
        say("What no API shows is a line in the customer file, written by whoever looked. Then run up again:")
        for one in (*dict.fromkeys(asked), command("up", yes=True)):
            say(f"  {one.at(stack='reseller').line(START)}")
    return 0


def down(project: Project) -> int:
    """Stop every sandbox that runs."""
    for profile in sandbox.PROFILES:
        if sandbox.stop(project.home, profile):
            say(f"{profile} sandbox stopped")
    say("The data stays in .csp: `make up` goes on from here, `make clean` forgets everything.")
    return 0


def _up(engine: engines.Engine) -> None:
    code = engine.run("up", "--stack", engine.stack, "--yes", "--skip-preview")
    if code:
        raise CommandError(f"up of {engine.stack} ended with exit code {code}", code)


def _prepare(engine: engines.Engine) -> bool:
    """Make the stack, or free it from an interrupted run. True when everything is as declared already."""
    if engine.ensure_stack() is None:
        return False
    _clear_dead_lock(engine)
    if look.unseen(engine.project, engine.stack):
        return False  # only a run writes down that it could look again
    return _is_quiet(engine)


def _is_quiet(engine: engines.Engine) -> bool:
    answer = engine.capture("preview", "--stack", engine.stack, "--expect-no-changes")
    return answer.returncode == NO_CHANGE


def _let_customers_act(project: Project, engine: engines.Engine) -> None:
    """The provider estate's customers act by themselves once they have read their mail."""
    running = sandbox.find(project.home, "provider")
    assert running is not None
    for _ in range(PEOPLE_ROUNDS):
        answer: dict[str, Any] = running.admin("POST", "people/act", {"todo": []})
        say()
        say("The customers' people read their mail:")
        for line in answer["acted"]:
            say(f"  {line['who']}: {line['did']}")
        say()
        say("provider: next up")
        _up(engine)
        if _is_quiet(engine):
            return


def _clear_dead_lock(engine: engines.Engine) -> None:
    """Remove the lock of an interrupted first run, but only when the process that holds it is gone."""
    locks = engine.project.home / "state" / ".pulumi" / "locks"
    for file in locks.rglob("*.json"):
        if file.parent.name != engine.stack:
            continue
        try:
            os.kill(int(json_of(file.read_text("utf-8"))["pid"]), 0)
        except (ValueError, KeyError, ProcessLookupError):
            say(f"{engine.stack}: the last run was interrupted; its lock is removed and the run goes on")
            engine.capture("cancel", "--stack", engine.stack, "--yes")
            return
        except PermissionError:
            return


def _make_recipient(project: Project) -> None:
    """Give the sandbox estates somebody who can open one-time credentials: an age key below CSP_HOME."""
    from clients.handover import make_local_recipient

    make_local_recipient(project.home)


def main() -> int:
    verbs = {"up": up, "people": people, "down": down}
    return verbs[sys.argv[1]](Project.find())


if __name__ == "__main__":
    run_guarded(main)

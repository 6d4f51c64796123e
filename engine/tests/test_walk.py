"""A seeded random walk: one stack, programs that grow and shrink, drift, kills, and an engine drawn at every step.

Whatever one engine leaves behind, the other must go on from: after every step each engine loads the state and plans the
same for it. Without a CLI the embedded engine walks alone. `WALK_SEEDS` (numbers) and `WALK_STEPS` lengthen it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from scenario_trace import plan
from workbench import EMBEDDED, ENGINES, Workbench

SEEDS = [int(text) for text in os.environ.get("WALK_SEEDS", "1 2" if len(ENGINES) > 1 else "1").split()]
STEPS = int(os.environ.get("WALK_STEPS", "14" if len(ENGINES) > 1 else "6"))
NAMES = "abcdef"
HELD_SECONDS = 60.0


class Walk:
    """The declared things and the stack that follows them."""

    def __init__(self, bench: Workbench, seed: int) -> None:
        self.bench = bench
        self.dice = random.Random(seed)
        self.things: dict[str, dict[str, Any]] = {}
        self.story: list[str] = []
        self.retained: set[str] = set()  # remote names that may outlive the stack

    # -- the program ------------------------------------------------------------------------------------------------

    def change(self) -> None:
        """Add, change or drop some things."""
        for name in self.dice.sample(NAMES, self.dice.randint(1, 3)):
            if name in self.things and self.dice.random() < 0.35:
                del self.things[name]
                continue
            self.things[name] = {
                "color": self.dice.choice(["red", "blue", "secret"]),
                "size": self.dice.choice([None, 1, 2.5]),
                "name": self.dice.choice([name, name, f"{name}{self.dice.randint(1, 3)}"]),
                "mode": self.dice.choice(["x", "plain", "delete-first"]),
                "group": self.dice.random() < 0.4,
                "provider": self.dice.random() < 0.2,
                "retain": self.dice.random() < 0.2,
                "link": self.dice.choice(NAMES),
            }
            if self.things[name]["retain"]:
                self.retained.add(self.things[name]["name"])

    def program(self, hold: str = "") -> str:
        """The program's text. *hold* makes the creates of one thing wait for ever."""
        lines = ['p = pulumi.ProviderResource("pulumi-python", "p", {"things:label": "one"})', 'g = Group("g")']
        for name in sorted(self.things):
            thing = self.things[name]
            color = 'pulumi.Output.secret("s3cret")' if thing["color"] == "secret" else json.dumps(thing["color"])
            props = [f'"name": "{thing["name"]}"', f'"color": {color}', f'"mode": "{thing["mode"]}"']
            if thing["size"] is not None:
                props.append(f'"size": {thing["size"]}')
            if thing["link"] in self.things and thing["link"] < name:
                props.append(f'"link": t_{thing["link"]}.generation')
            if hold == name:
                props.append('"hold": "never"')
            options = [f"retain_on_delete={thing['retain']}"]
            options += ["parent=g"] if thing["group"] else []
            options += ["provider=p"] if thing["provider"] else []
            lines.append(f't_{name} = Thing("{name}", {{{", ".join(props)}}}, ResourceOptions({", ".join(options)}))')
        return "\n".join(lines)

    # -- steps ------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        engine = self.dice.choice(ENGINES)
        act = self.dice.choice(
            [self.up, self.up, self.up, self.up_of_one, self.up_without_one, self.drift, self.refresh, self.kill]
        )
        self.story.append(f"{engine}: {act.__name__}")
        self.bench.engine = engine
        act()
        self.agree()

    def up(self) -> None:
        self.change()
        self.bench.case(self.program())
        self.must("up", "--yes", "--skip-preview")
        for engine in ENGINES:
            assert self.bench.quiet(engine), self.told(f"not quiet for {engine}")

    def up_of_one(self) -> None:
        """The targets decide; that one needs another that is not there yet is a refusal and nothing worse."""
        self.change()
        self.bench.case(self.program())
        target = f"**::{self.dice.choice(NAMES)}"
        code = self.bench.run("up", "--yes", "--skip-preview", "--target", target).code
        assert code in (0, 1), self.told(target)

    def up_without_one(self) -> None:
        """One that is there is left out. Not one that is not there yet: the CLI then makes what needs it all the same,
        and its state does not load again."""
        there = sorted(set(self.bench.resources()) & set(NAMES))
        self.change()
        self.bench.case(self.program())
        left_out = self.dice.choice(there) if there else "nobody"
        assert self.bench.run("up", "--yes", "--skip-preview", "--exclude", f"**::{left_out}").code in (0, 1), left_out

    def drift(self) -> None:
        """Somebody changes or deletes what is there."""
        there = sorted(self.bench.remote.glob("*.json"))
        if there:
            victim = self.dice.choice(there)
            if self.dice.random() < 0.5:
                victim.unlink()
            else:
                victim.write_text(json.dumps({**json.loads(victim.read_text("utf-8")), "color": "drifted"}))
        self.bench.case(self.program())
        self.must("up", "--yes", "--skip-preview", "--refresh")

    def refresh(self) -> None:
        self.must("refresh", "--yes", "--skip-preview")

    def kill(self) -> None:
        """The engine dies while a create is under way, and everything that it had started."""
        fresh = next((name for name in NAMES if name not in self.things), None)
        if fresh is None:
            return
        self.things[fresh] = {"color": "red", "size": 1, "name": fresh, "mode": "x", "group": False, "provider": False,
                              "retain": False, "link": fresh}  # fmt: skip
        self.bench.case(self.program(hold=fresh))
        process = self.bench.start("up", "--yes", "--skip-preview")
        held = self.bench.remote / f"held-{fresh}"
        until = time.monotonic() + HELD_SECONDS
        while not held.exists():
            assert process.poll() is None, self.told("ended before it was killed: " + "".join(process.communicate()))
            assert time.monotonic() < until, self.told("nothing was held")
            time.sleep(0.02)
        family = descendants(process.pid)
        self.bench.kill(process)
        for pid in family:
            if Path(f"/proc/{pid}").exists():
                os.kill(pid, signal.SIGKILL)
        held.unlink()
        assert "locked" in self.bench.run("up", "--yes", "--skip-preview").text, self.told("no lock")
        other = self.dice.choice(ENGINES)
        self.bench.run("cancel", "--yes", engine=other)
        self.bench.case(self.program())
        self.must("up", "--yes", "--skip-preview")
        self.must("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
        assert "pending_operations" not in self.bench.export()

    # -- what must hold ---------------------------------------------------------------------------------------------

    def must(self, *words: str) -> None:
        result = self.bench.run(*words)
        assert result.code == 0, self.told(result.text)

    def agree(self) -> None:
        """Both engines read the state, plan the same, and no secret is in it."""
        plans = {engine: plan(self._digest(engine)) for engine in ENGINES}
        for engine in ENGINES:
            assert plans[engine] == plans[EMBEDDED], self.told(f"{engine} plans something else")
        assert "s3cret" not in self.bench.checkpoint_text()

    def _digest(self, engine: str) -> dict[str, Any]:
        result = self.bench.run("preview", "--json", engine=engine)
        assert result.code == 0, self.told(result.text)
        document: dict[str, Any] = json.loads(result.out)
        return document

    def told(self, what: str) -> str:
        return "\n".join([*self.story, what, self.program()])


def descendants(pid: int) -> list[int]:
    """The processes below one, by id."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    below = [int(text) for text in children.read_text("utf-8").split()] if children.exists() else []
    return [*below, *(deeper for child in below for deeper in descendants(child))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_walk(tmp_path: Path, seed: int) -> None:
    walk = Walk(Workbench(tmp_path), seed)
    for _ in range(STEPS):
        walk.step()
    walk.must("destroy", "--yes", "--skip-preview")
    assert not walk.bench.export().get("resources")
    assert {thing["name"] for thing in walk.bench.things().values()} <= walk.retained

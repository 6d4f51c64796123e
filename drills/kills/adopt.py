"""SIGKILL of `csp adopt` at its moments: the next run goes on as if nothing had happened.

A part of `drills.reading.adopt`.

One run counts its moments: every file that is written or replaced, every request and its answer, every process that is
started, in `csp` and in the engine. Then real runs are killed at chosen moments, with all their processes. After each,
every customer file is whole, and the next run ends with the same files and the same state as a run that nobody killed.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drills.kills.moments.sitecustomize import WIDTH
from drills.seed.account import Account, account
from equipment.workspace import CSP

CUSTOMERS = 12
COMMENT = b"# seen by Kim, 2024\n"
VOLATILE = ("created", "modified", "provider", "sourcePosition", "stackTrace")
"""Times and ids of the engine's own."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)")
"""When something was seen; a later run has another."""


@dataclass
class Ground:
    """An account, what a whole run of `csp adopt` leaves in files and state, and its moments, one line each."""

    at: Account
    arguments: tuple[str, ...] = ()
    before: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    moments: list[str] = field(default_factory=list)

    @property
    def _tally(self) -> Path:
        return self.at.workspace.root.parent / "tally"

    def start(self, kill_at: int = 0, whom: str = "group") -> subprocess.Popen[str]:
        workspace = self.at.workspace
        self._tally.unlink(missing_ok=True)
        drill = {
            "PYTHONPATH": str(Path(__file__).parent / "moments"),
            "DRILL_TALLY": str(self._tally),
            "DRILL_BELOW": str(workspace.root),
            "DRILL_AT": str(kill_at),
            "DRILL_WHOM": whom,
        }
        return subprocess.Popen(
            [*CSP, "adopt", "-s", workspace.stack, *self.arguments],
            cwd=workspace.root,
            env={**workspace.env, **drill},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def run(self, kill_at: int = 0, whom: str = "group") -> tuple[int, str]:
        """Exit code (negative: the signal) and everything that was printed."""
        return end(self.start(kill_at, whom))

    def count(self) -> None:
        """The run that nobody kills: what it leaves is what every other must end with."""
        code, said = self.run()
        assert code == 0, said
        data = self._tally.read_text("utf-8", "replace")
        self.moments = [data[at : at + WIDTH].strip() for at in range(0, len(data), WIDTH)]
        self.files, self.state = self.read_files(), self.read_state()

    def reset(self) -> None:
        """Before the run: the files of then; without any, no state either."""
        shutil.rmtree(self.at.folder, ignore_errors=True)
        if not self.before:
            for name in ("state", "adopt"):
                shutil.rmtree(self.at.workspace.home / name, ignore_errors=True)
        for name, content in self.before.items():
            self.at.folder.mkdir(parents=True, exist_ok=True)
            (self.at.folder / name).write_bytes(content)

    def read_files(self) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in sorted(self.at.folder.glob("*.yaml"))}

    def read_state(self) -> dict[str, Any]:
        """What is in the stack; {} without one."""
        answer = self.engine("stack", "export")
        if answer.returncode:
            return {}
        found: dict[str, Any] = {}
        for one in json.loads(MOMENT.sub("then", answer.stdout))["deployment"].get("resources", []):
            kept = {name: value for name, value in one.items() if name not in VOLATILE}
            if one["type"].startswith("pulumi:providers:"):
                del kept["id"]
            assert one["urn"] not in found, f"{one['urn']} is twice in the state"
            found[one["urn"]] = kept
        return found

    def engine(self, *verb: str) -> subprocess.CompletedProcess[str]:
        workspace = self.at.workspace
        state = {"PULUMI_BACKEND_URL": (workspace.home / "state").as_uri(), "PULUMI_CONFIG_PASSPHRASE": ""}
        return subprocess.run(
            [sys.executable, "-m", "dynamic_engine", *verb, "--stack", workspace.stack],
            cwd=workspace.root,
            env={**workspace.env, **state},
            capture_output=True,
            text=True,
            encoding="utf-8",
        )

    def kill(self, moment: int, whom: str = "group") -> tuple[bool, list[str]]:
        """Whether the run was killed at this moment, and what is wrong after it and after the next."""
        self.reset()
        code, _ = self.run(moment, whom)
        wrong = [
            f"{name} is neither old nor new"
            for name, content in self.read_files().items()
            if content not in (self.before.get(name), self.files.get(name))
        ]
        return code == -signal.SIGKILL, wrong + self.go_on()

    def go_on(self) -> list[str]:
        """The next run; when the stack is still locked it says so, and `cancel` is the way out."""
        code, said = self.run()
        if code and "locked" in said:
            self.engine("cancel", "--yes")
            code, said = self.run()
        wrong = [] if code == 0 else [f"the next run: {code}: {said[-300:]}"]
        if (files := self.read_files()) != self.files:
            names = [name for name in {*files, *self.files} if files.get(name) != self.files.get(name)]
            wrong.append(f"other files: {', '.join(sorted(names)[:5])}")
        if (state := self.read_state()) != self.state:
            urns = [urn for urn in {*state, *self.state} if state.get(urn) != self.state.get(urn)]
            wrong.append(f"another state of {len(urns)} resources, such as {sorted(urns)[0]}")
        if left := [file.name for file in self.at.folder.iterdir() if file.suffix != ".yaml"]:
            wrong.append(f"left behind: {', '.join(left[:5])}")
        return wrong


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    text, _ = process.communicate(timeout=600)
    return process.returncode, text


def grown(at: Account) -> Ground:
    """The first adoption of an account."""
    ground = Ground(at)
    ground.run()  # signs in, which the runs after it need not
    ground.reset()
    ground.count()
    return ground


def changed(at: Account) -> Ground:
    """`--update` of files that people wrote comments in, after half of the companies were renamed in ION."""
    for file in sorted(at.folder.glob("*.yaml")):
        file.write_bytes(COMMENT + file.read_bytes())
    ground = Ground(at, ("--update",))
    ground.before = ground.read_files()
    names = [c["email"] for c in at.workspace.sandbox.state()["ion_customers"]]
    at.workspace.sandbox.change(
        *({"do": "profile", "customer": name, "set": {"name": "New Contact"}} for name in names[::2])
    )
    ground.count()
    assert all(content.startswith(COMMENT) for content in ground.files.values()), "comments are kept"
    assert ground.files != ground.before
    return ground


def chosen(moments: list[str], count: int, seed: int) -> list[int]:
    """`count` of the moments (0: all), of every kind."""
    if not count or count >= len(moments):
        return list(range(1, len(moments) + 1))
    return sorted(random.Random(seed).sample(range(1, len(moments) + 1), count))


def sampled(ground: Ground, count: int, seed: int, report: Callable[[str], None]) -> tuple[int, int]:
    """Kills that hit, and those after which something was wrong."""
    hits = failed = 0
    for moment in chosen(ground.moments, count, seed):
        hit, wrong = ground.kill(moment)
        hits += hit
        if wrong:
            failed += 1
            report(f"killed at {moment}, {ground.moments[moment - 1]}:\n  " + "\n  ".join(wrong))
    return hits, failed


def orphaned_import(ground: Ground) -> list[str]:
    """Only `csp` is killed, while the engine imports; the next run is started at once."""
    imports = [number for number, name in enumerate(ground.moments, 1) if name.startswith("start") and "import" in name]
    hit, wrong = ground.kill(imports[-1] + 3, "parent")
    return wrong if hit else ["csp was not killed", *wrong]


def two_at_once(ground: Ground) -> list[str]:
    """One adopts, the other stops with one clear line."""
    ground.reset()
    results = [end(process) for process in (ground.start(), ground.start())]
    refused = [said for code, said in results if code]
    wrong = [] if len(refused) == 1 else [f"exit codes {[code for code, _ in results]}"]
    wrong += [said for said in refused if "another csp adopt" not in said.strip().splitlines()[-1]]
    return wrong + ground.go_on()


def run(kills: int = 24, seed: int = 1, report: Callable[[str], None] = print) -> bool:
    """Print the figures. True when nothing was wrong. `kills`: in each situation; 0 for every moment."""
    with tempfile.TemporaryDirectory() as folder, account(CUSTOMERS, "reseller", Path(folder)) as at:
        first = grown(at)
        hits, failed = sampled(first, kills, seed, report)
        report(f"adopt, kills of a first adoption: {len(first.moments)} moments, {hits} hit, {failed} wrong")
        special = {"csp alone killed during the import": orphaned_import(first), "two at once": two_at_once(first)}
        second = changed(at)
        more, wrong = sampled(second, kills // 2, seed, report)
        report(f"adopt, kills of an --update: {len(second.moments)} moments, {more} hit, {wrong} wrong")
        for name, found in special.items():
            report(f"adopt, {name}: {'; '.join(found) or 'ok'}")
        writes = at.workspace.sandbox.writes()
        report(f"adopt, writes to ION or Partner Center in all kills: {writes}")
    return not failed and not wrong and not writes and not any(special.values())


if __name__ == "__main__":
    sys.exit(0 if run(int(sys.argv[1]) if len(sys.argv) > 1 else 24) else 1)

"""Every command that any output prints runs as printed: collected from all outputs of an estate, then really run.

In the project folder, against a throw-away sandbox, with what a person would type as input. A refusal by the systems is
an answer; a wrong usage, an unknown name or a traceback is not. Commands of csp run in this process where no engine
takes part; how they are started, and the lines of the engine, are tried by a shell."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import schemas
from csp.errors import CommandError
from csp.main import app
from equipment.workspace import Workspace
from schemas.command import shown, started
from tests.printed import BARE, PLACEHOLDER, arguments, found, of_the_engine, wrong

REFUSED_HERE = re.compile(r"no terminal|say so with --own-user|nothing was entered|--where is empty|--stdin")
"""A person's terminal is needed, and there is none in a test: the command was taken, and said so."""
ENGINE = ("up", "refresh", "preview", "retry")
"""Verbs whose engine prints past this process. Several that differ in the customer alone are tried once."""
ENDLESS = ("sandbox", "start")
LAST = ("adopt", "up")
"""Verbs after which an estate is another one."""
MONTH = 40 * 86400
EXPECTED = {"handover", "todo", "up"}
"""Verbs that the outputs of every estate name, at least."""


@pytest.fixture(params=["provider", "reseller"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """An estate in which nothing has run yet; this process stands in its folder."""
    desk = Workspace.make(tmp_path, "embedded", request.param)
    monkeypatch.chdir(desk.root)
    for name, value in {**desk.env, "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    yield desk
    desk.close()


def say(*words: str) -> tuple[int, str]:
    """Run a command in this process, as `csp.main.main` does: exit code and all that it says."""
    result = CliRunner().invoke(app, list(words), input="y\nthe vault of Cora\nthe vault of Cora\n")
    error = result.exception
    if isinstance(error, CommandError):
        return error.exit_code, f"{result.output}csp: {shown(str(error))}"
    if isinstance(error, schemas.DeclarationErrors):
        return 2, f"{result.output}{shown(str(error))}"
    if error is not None and not isinstance(error, SystemExit):
        raise error
    return result.exit_code, result.output


def looked(desk: Workspace) -> dict[str, str]:
    """What every looking command says about the estate, and some errors."""
    stack = ("-s", desk.stack)
    keys = sorted(file.stem for file in (desk.root / "stacks" / "customers" / desk.stack).glob("*.yaml"))
    connection = sorted(desk.root.glob("stacks/connections/*.yaml"))[0].stem
    lines = [("todo", *stack), ("todo", *stack, "--format", "json"), ("doctor", *stack), ("evidence", *stack)]
    lines += [("status", *stack, "--format", form) for form in ("table", "json", "html", "markdown")]
    lines += [("drift", *stack, "--format", form, "--no-state") for form in ("table", "markdown", "json", "sarif")]
    lines += [("status", *stack, "--live"), ("todo", *stack, "--live"), ("handover", "list", *stack)]
    for key in keys:
        lines += [("status", *stack, "-k", key), ("status", *stack, "-k", key, "--ticket")]
        lines += [("handover", "deliver", key, *stack), ("invite", "send", key, *stack)]
    lines += [("auth", "ion", verb, "-c", connection) for verb in ("status", "try-again")]
    lines += [("sandbox", "start", "--profile", desk.stack), ("sandbox", "clock", "--profile", "empty")]
    return {" ".join(words): say(*words)[1] for words in lines}


def test_every_printed_command_runs_as_printed(desk: Workspace) -> None:
    stack = desk.stack
    said = {"before the first run": say("status", "-s", stack)[1]}
    (first,) = found(said["before the first run"])
    assert arguments(first)[0] == "up", first
    said["up"] = _try(first, "before the first run", desk)
    said |= looked(desk)
    desk.sandbox.admin("POST", "clock", {"advance": MONTH})
    said["up later"] = desk.up(expect=None)
    said["todo later"] = say("todo", "-s", stack)[1]
    commands: dict[str, str] = {}
    for where, text in said.items():
        assert not BARE.search(text), (where, text)
        for one in found(text.replace("\\u0027", "'").replace("&#39;", "'")):
            commands.setdefault(one, where)
    assert {arguments(one)[0] for one in commands} >= EXPECTED, commands
    tried = {tuple(arguments(first))}
    stop = [one for one in commands if arguments(one)[:2] == ["sandbox", "stop"]]
    for one in sorted(commands.keys() - set(stop), key=lambda line: (arguments(line)[0] in LAST, line)):
        assert not PLACEHOLDER.search(one), (commands[one], one)
        assert not wrong(one), (commands[one], one, wrong(one))
        words = arguments(one)
        if words[0] == "retry":
            assert desk.customer_file(words[1]).is_file(), (commands[one], one)
        kind = tuple(words[:1] + words[2:]) if words[0] == "retry" else tuple(words)
        if kind not in tried and tuple(words[:2]) != ENDLESS:
            tried.add(kind)
            _try(one, commands[one], desk)
    _try_the_engines(desk)
    # Waited for, since it is a child of this process, which would stay in the list of processes when it ends.
    threading.Thread(target=desk.sandbox.process.wait).start()
    for one in stop:
        _try(one, commands[one], desk)


def _try(one: str, where: str, desk: Workspace) -> str:
    """Run it; what it says."""
    words = arguments(one)
    if words[0] in ENGINE:
        result = desk.csp_result(*words, *(("--yes",) if words[0] == "up" else ()))
        code, told = result.returncode, result.stdout + result.stderr
    else:
        code, told = say(*words)
    assert code in (0, 1, 7, 10) or REFUSED_HERE.search(told), (where, one, code, told)
    assert "Usage:" not in told, (where, one, told)
    return told


def _try_the_engines(desk: Workspace) -> None:
    """A run that another one locks out, and a stack that is made in a state folder of its owner's."""
    (locks,) = (desk.home / "state").glob(f".pulumi/locks/*/*/{desk.stack}")
    lock = locks / "left.json"
    lock.write_text(json.dumps({"username": "cora", "hostname": "desk", "pid": 1, "timestamp": "then"}), "utf-8")
    _run_by_a_shell(desk.up(expect=1), f"cancel --stack {desk.stack}")
    assert not lock.exists()
    folder = desk.root / "ours"
    folder.mkdir()
    elsewhere = {"PULUMI_BACKEND_URL": folder.as_uri()}
    told = desk.csp("preview", "-s", desk.stack, expect=2, env=elsewhere)
    _run_by_a_shell(told, f"stack init {desk.stack}", elsewhere)
    assert list(folder.rglob(f"{desk.stack}.json"))


def _run_by_a_shell(text: str, ending: str, environment: dict[str, str] | None = None) -> None:
    """The one command of the engine in `text`, in the reader's shell."""
    (one,) = of_the_engine(text)
    assert one.endswith(ending), one
    done = _shell(one, environment)
    assert done.returncode == 0, (one, done.stdout + done.stderr)


def _shell(line: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", line],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_way_to_be_started_is_true_for_the_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (tmp_path, Path(__file__).parent):
        monkeypatch.chdir(folder)
        done = _shell(f"{started({'PATH': '/nowhere'})} --help")
        assert done.returncode == 0, done.stderr
        assert "csp" in done.stdout

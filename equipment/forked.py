"""`csp` in a process of its own that did not load it: forked from a server that has.

Loading is eight tenths of a start's processor time, and most tests are about what a command says and does. What is
about a start itself (signals, kills, encodings, what is loaded) starts a process in its own way.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

PROGRAM = "csp.main"
COMMANDS = tuple(f"csp.commands.{file.stem}" for file in Path(__file__).parent.parent.glob("csp/commands/[!_]*.py"))
_READ_AT_A_START = ("PYTHON", "LD_", "FAKETIME", "LC_", "LANG", "TZ")
"""How the names of variables begin that a fork cannot be given any more."""


def possible(env: Mapping[str, str]) -> bool:
    """Whether a fork is the same as a start with these variables. In a second thread it is not: two that look at one
    process of multiprocessing at once may both read its exit code, and one gets 255."""
    if threading.current_thread() is not threading.main_thread():
        return False
    told = [{k: v for k, v in one.items() if k.startswith(_READ_AT_A_START)} for one in (env, os.environ)]
    return "forkserver" in multiprocessing.get_all_start_methods() and told[0] == told[1]


def run(words: Sequence[str], cwd: Path, env: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
    """Run `csp` with these words and nothing on its stdin, as `subprocess.run` does."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(COMMANDS))
    with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
        process = context.Process(target=_child, args=(list(words), str(cwd), dict(env), out.name, err.name))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired([PROGRAM, *words], timeout, out.read(), err.read())
        code = process.exitcode
        process.close()
        texts = [str(one.read(), "utf-8").replace("\r\n", "\n") for one in (out, err)]
    return subprocess.CompletedProcess([PROGRAM, *words], code, *texts)


def _child(words: list[str], cwd: str, env: dict[str, str], out: str, err: str) -> None:
    """What `python -m csp.main` is, from here."""
    for name, number in ((out, 1), (err, 2)):
        opened = os.open(name, os.O_WRONLY | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = [PROGRAM, *words]
    try:
        runpy.run_module(PROGRAM, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()

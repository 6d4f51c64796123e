"""Ctrl-C and Ctrl-D print no traceback, in whatever phase and at whatever prompt; names print in any locale."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from equipment.workspace import ROOT

AT_IMPORT = """
import os, runpy, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started the tests

class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == while_loading:
            os.kill(os.getpid(), signal.SIGINT)
        return None

while_loading, module, *words = sys.argv[1:]
sys.argv[1:] = words
sys.meta_path.insert(0, Stop())
runpy.run_module(module, run_name="__main__")
"""

IN_A_COMMAND = """
from csp.main import run_guarded

def command():
    raise {error}

run_guarded(command)
"""


def python(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("while_loading", "module", "words"),
    [
        ("typer", "csp.main", "--help"),
        ("onboarding.people.letters", "csp.main", "validate -s provider"),
        ("onboarding.drift.run", "csp.main", "drift --help"),
        ("csp.commands.status", "csp.first_run", "--help"),
        ("grpc", "dynamic_engine", "--help"),
    ],
)
def test_while_modules_are_loaded(while_loading: str, module: str, words: str) -> None:
    ended = python(AT_IMPORT, while_loading, module, *words.split())
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    assert ended.stderr.strip() in ("csp: stopped", "error: canceled")


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "EOFError"])
def test_while_a_command_works(error: str) -> None:
    ended = python(IN_A_COMMAND.format(error=error))
    assert (ended.returncode, ended.stderr) == (1, "csp: stopped\n")


def test_at_a_question_of_the_engine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from dynamic_engine.commands import cli

    def ctrl_d(*_arguments: object) -> None:
        raise EOFError

    monkeypatch.setitem(cli._RUN, ("up",), ctrl_d)
    assert cli.main(["up"]) == 1
    assert capsys.readouterr().err == "error: canceled\n"


LOCALES = [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "latin-1"}]
PRINTS = """
import subprocess, sys
from csp.main import run_guarded
from csp.say import say, say_json

def command():
    name = "\\u5317\\u4eac\\u79d1\\u6280\\u6709\\u9650\\u516c\\u53f8"
    say(name + " Zo\\u00eb \\ud800")
    say(name, err=True)
    say_json({"name": name})
    subprocess.run([sys.executable, "-c", "print(chr(0x5317)); print(open('/dev/null').encoding)"])

run_guarded(command)
"""


@pytest.mark.parametrize("locale", LOCALES, ids=lambda one: " ".join(one))
def test_output_does_not_depend_on_the_callers_encoding(locale: dict[str, str]) -> None:
    ended = python(PRINTS, **locale)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == '北京科技有限公司 Zoë \\ud800\n{\n  "name": "北京科技有限公司"\n}\n北\nutf-8\n'
    assert ended.stderr == "北京科技有限公司\n"

"""The last place before output leaves a process: prints, logs, warnings, tracebacks, of a command and of a plugin."""

from __future__ import annotations

import subprocess
import sys

import pytest

from clients.redact import SECRETS
from equipment.workspace import ROOT
from providers.errors import OnboardingError, handed_over

CANARY = "canary-leaving-4711-4711"
BEGIN = f"from clients.redact import SECRETS; SECRETS.add({CANARY!r}); secret = {CANARY!r}\n"
WAYS = {
    "print": "print('so', secret)",
    "print on stderr": "import sys; print(secret, file=sys.stderr)",
    "write in pieces": "import sys; sys.stdout.writelines(['a ', secret, ' b'])",
    "typer": "import typer; typer.echo(secret); typer.echo(secret, err=True)",
    "rich": "from rich.console import Console; Console(width=300).print('so', secret, 'it is')",
    "logging": "import logging; logging.getLogger('azure').warning('cannot use %s', secret)",
    "warning": "import warnings; warnings.warn(secret)",
    "command error": "from csp.errors import CommandError; raise CommandError(f'cannot use {secret}')",
    "bug": "raise RuntimeError(f'cannot use {secret}')",
    "bug inside a bug": "try:\n    int(secret)\nexcept ValueError as first:\n    raise RuntimeError('x') from first",
    "thread": "import threading; t = threading.Thread(target=lambda: int(secret)); t.start(); t.join()",
}


def run(way: str) -> str:
    body = "\n".join(f"    {line}" for line in way.splitlines())
    script = f"{BEGIN}from csp.main import run_guarded\ndef act():\n{body}\nrun_guarded(act)\n"
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60)
    return answer.stdout + answer.stderr


@pytest.mark.parametrize("way", WAYS)
def test_whatever_a_command_says(way: str) -> None:
    said = run(WAYS[way])
    assert "[hidden]" in said, said
    assert CANARY not in said


def test_a_person_who_asks_for_a_password_gets_it() -> None:
    said = run(
        "from clients.output import in_clear\nwith in_clear():\n    print(secret, flush=True)\nprint('and', secret)"
    )
    assert said == f"{CANARY}\nand [hidden]\n"


class _Thing:
    """A provider of nothing."""

    @handed_over
    def create(self, what: str) -> object:
        if what == "told":
            raise OnboardingError(f"ion answered {CANARY}")
        result = type("Result", (), {})()
        result.outs = {"reason": f"x {CANARY}", "deep": [{f"name {CANARY}": CANARY}], "number": 1}
        result.inputs = {"profile": {"organization": f"Contoso {CANARY}"}}
        return result


def test_what_a_plugin_hands_over() -> None:
    SECRETS.add(CANARY)
    result = _Thing().create("")
    assert CANARY not in repr(vars(result))
    assert vars(result)["outs"]["number"] == 1
    with pytest.raises(OnboardingError) as told:
        _Thing().create("told")
    assert str(told.value) == "ion answered [hidden]"

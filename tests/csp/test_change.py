"""`csp retry`: an unknown customer is one line, and no run."""

import pytest
from typer.testing import CliRunner

from csp.errors import CommandError
from csp.main import app
from equipment.workspace import ROOT


def test_a_retry_of_nobody_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(CommandError, match="the stack reseller has no customer 'nobody'"):
        CliRunner().invoke(app, ["retry", "nobody", "-s", "reseller"], catch_exceptions=False)

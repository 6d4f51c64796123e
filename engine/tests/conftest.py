"""The helpers of these tests are plain modules beside them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """A workbench whose project and variables are those of this process."""
    bench = Workbench(tmp_path)
    for key, value in bench.environment().items():
        monkeypatch.setenv(key, value)
    monkeypatch.chdir(bench.project)
    return bench

"""Where csp keeps what belongs to a machine: tokens, locks, notes of runs, remembered answers. And what such notes of
another machine would say."""

import os
from pathlib import Path

INTERRUPTED = "CSP_INTERRUPTED"
"""Variable with the customer keys whose mail a run on another machine may have sent, with commas."""


def home_of(project_dir: Path) -> Path:
    """`$CSP_HOME`, default `<project>/.csp`."""
    return Path(os.environ.get("CSP_HOME") or project_dir / ".csp").resolve()

"""An estate as an older release left it: its files, its state and the systems that it met, under this release."""

import json
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clients.handover import make_local_recipient
from equipment.workspace import Workspace, copy_project, start_sandbox

HERE = Path(__file__).parent
LATER = timedelta(hours=1)
"""How long after the last run of the older release this one looks."""


def replay(release: str, profile: str, folder: Path, engine: str) -> Workspace:
    """A workspace of this release with everything of `release`, in a copy of the project. Close it."""
    source = HERE / release / profile
    now = datetime.fromisoformat((source / "made_at").read_text("utf-8").strip()) + LATER
    root = copy_project(folder, engine)
    shutil.rmtree(root / "stacks")
    shutil.copytree(source / "stacks", root / "stacks")
    make_local_recipient(root / ".csp")
    database = root / ".csp" / "sandbox" / f"{profile}.db"
    database.parent.mkdir(parents=True)
    _restore(source / "sandbox.jsonl", database, now)
    clock = {"PYTHONPATH": str(HERE / "clock"), "TEST_NOW": now.isoformat()}
    sandbox = start_sandbox(root / ".csp", profile, "--db", str(database))
    at = Workspace(root, engine, profile, sandbox, clock)
    at.plain("stack", "init")
    at.plain("stack", "import", "--file", str(source / "state.json"))
    return at


def _restore(lines: Path, database: Path, now: datetime) -> None:
    """The records of a sandbox, a line each, as its database; its clock goes on at `now`."""
    db = sqlite3.connect(database)
    db.execute("CREATE TABLE entity (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id))")
    db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
    for line in lines.read_text("utf-8").splitlines():
        record = json.loads(line)
        if record.get("meta") == "clock":
            offset = record["value"]["offset"] + (now - datetime.now(UTC)).total_seconds()
            record["value"] = {"offset": offset, "frozen_at": None}
        if "meta" in record:
            db.execute("INSERT INTO meta VALUES (?, ?)", (record["meta"], json.dumps(record["value"])))
        else:
            body = record["body"]
            db.execute("INSERT INTO entity VALUES (?, ?, ?)", (record["kind"], body["id"], json.dumps(body)))
    db.commit()
    db.close()

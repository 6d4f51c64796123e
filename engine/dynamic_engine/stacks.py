"""The commands around stacks and configuration: none of them runs a program."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from dynamic_engine import checkpoint
from dynamic_engine.config import full_key, scalar_text
from dynamic_engine.errors import EngineError, InteractionNeededError, StackNotFoundError, UnsupportedError
from dynamic_engine.session import Session
from dynamic_engine.state import STACK_TYPE
from dynamic_engine.values import Secret, mask, unwrap


def _session(options: argparse.Namespace, folder: Path) -> Session:
    return Session(folder, getattr(options, "name", "") or options.stack)


def init(options: argparse.Namespace, folder: Path) -> int:
    """`stack init NAME`: an empty checkpoint, a salt in the stack file, the stack selected."""
    session = _session(options, folder)
    if options.secrets_provider not in ("passphrase", "default"):
        raise UnsupportedError(f"the secrets provider {options.secrets_provider}")
    if session.backend.exists(session.stack):
        raise EngineError(f"stack '{session.stack}' already exists")
    crypter = session.config_crypter()
    session.backend.write(session.stack, session.dump(crypter, [], []))
    if not options.no_select:
        # Where nothing can be remembered (no home folder), the stack is named with --stack.
        with contextlib.suppress(OSError):
            session.project.select_stack(session.stack)
    print(f"Created stack '{session.stack}'")
    return 0


def ls(options: argparse.Namespace, folder: Path) -> int:
    """`stack ls`: names, the selected one marked, and how many resources each has."""
    session = Session(folder, options.stack)
    selected = session.project.selected_stack().rpartition("/")[2]
    rows: list[dict[str, Any]] = []
    for name in session.backend.stacks():
        latest = (session.backend.read(name).get("checkpoint") or {}).get("latest") or {}
        count = len(latest.get("resources") or [])
        rows.append({"name": name, "current": name == selected, "updateInProgress": False, "resourceCount": count})
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    width = max([len(row["name"]) + 1 for row in rows] + [len("NAME")])
    print(f"{'NAME':<{width}}  RESOURCE COUNT")
    for row in rows:
        print(f"{row['name'] + ('*' if row['current'] else ''):<{width}}  {row['resourceCount']}")
    return 0


def select(options: argparse.Namespace, folder: Path) -> int:
    """`stack select NAME [--create]`."""
    session = _session(options, folder)
    if not session.backend.exists(session.stack):
        if not options.create:
            raise StackNotFoundError(f"no stack named '{session.stack}' found")
        return init(argparse.Namespace(**{**vars(options), "no_select": False, "secrets_provider": "default"}), folder)
    session.project.select_stack(session.stack)
    return 0


def rm(options: argparse.Namespace, folder: Path) -> int:
    """`stack rm`: refused while there are resources, unless ``--force``; the stack file goes too."""
    session = _session(options, folder)
    session.require_stack()
    if not options.yes:
        if not sys.stdin.isatty():
            raise InteractionNeededError("--yes must be passed in to proceed when running in non-interactive mode")
        if input(f"This removes the stack '{session.stack}'. Type its name to confirm: ") != session.stack:
            raise EngineError("confirmation declined")
    latest = (session.read().get("checkpoint") or {}).get("latest") or {}
    if latest.get("resources") and not options.force:
        raise EngineError(
            f"'{session.stack}' still has resources; removal rejected; destroy them first or pass --force, which "
            "leaves them where they are"
        )
    with session.backend.lock(session.stack):
        session.backend.remove(session.stack)
    if not options.preserve_config:
        session.config.path.unlink(missing_ok=True)
    print(f"Stack '{session.stack}' has been removed!")
    return 0


def output(options: argparse.Namespace, folder: Path) -> int:
    """`stack output [NAME]`: all outputs, or one; secrets masked unless ``--show-secrets``."""
    session = Session(folder, options.stack)
    snapshot = session.snapshot()
    root = next((state for state in snapshot.resources if state.type == STACK_TYPE), None)
    outputs = dict(root.outputs) if root is not None else {}
    shown = {key: unwrap(value) if options.show_secrets else mask(value) for key, value in sorted(outputs.items())}
    if options.name:
        if options.name not in outputs:
            raise EngineError(f"current stack does not have output property '{options.name}'")
        value = shown[options.name]
        print(json.dumps(value, ensure_ascii=False) if options.json else scalar_text(value))
    elif options.json:
        print(json.dumps(shown, indent=2, ensure_ascii=False))
    elif not shown:
        print("No output values currently in this stack")
    else:
        width = max(len(key) for key in shown)
        print("Current stack outputs (%d):" % len(shown))  # noqa: UP031
        for key, value in shown.items():
            print(f"    {key:<{width}}  {scalar_text(value)}")
    return 0


def export(options: argparse.Namespace, folder: Path) -> int:
    """`stack export [--file F] [--show-secrets]`."""
    session = Session(folder, options.stack)
    document = session.read()
    snapshot = session.snapshot() if options.show_secrets else checkpoint.Snapshot()
    text = json.dumps(
        checkpoint.export(document, snapshot, show_secrets=options.show_secrets), indent=4, ensure_ascii=False
    )
    if options.file:
        Path(options.file).write_text(f"{text}\n", encoding="utf-8")
    else:
        print(text)
    return 0


def import_state(options: argparse.Namespace, folder: Path) -> int:
    """`stack import [--file F]`: the state of an export becomes the stack's; secrets are encrypted again."""
    session = Session(folder, options.stack)
    session.require_stack()
    try:
        raw = Path(options.file).read_text(encoding="utf-8") if options.file else sys.stdin.read()
        document = json.loads(raw)
    except OSError as error:
        raise EngineError(f"could not open file: {error.strerror}") from None
    except ValueError as error:
        raise EngineError(f"could not read deployment: {error}") from None
    if not isinstance(document, dict) or "deployment" not in document:
        raise EngineError("could not read deployment: the file is no stack export")
    snapshot = checkpoint.load(document, session.crypter_for, verify=not options.force)
    prefix = f"urn:pulumi:{session.stack}::{session.project.name}::"
    for state in snapshot.resources:
        if not state.urn.startswith(prefix) and not options.force:
            raise EngineError(f"resource '{state.urn}' belongs to another stack; pass --force to import it anyway")
    with session.backend.lock(session.stack):
        crypter = session.writer_crypter(snapshot)
        session.backend.write(session.stack, session.dump(crypter, snapshot.resources, snapshot.pending))
    print("Import complete.")
    return 0


def cancel(options: argparse.Namespace, folder: Path) -> int:
    """`cancel`: remove the locks that a killed process left."""
    session = _session(options, folder)
    session.require_stack()
    if not options.yes and not sys.stdin.isatty():
        raise InteractionNeededError("--yes must be passed in to proceed when running in non-interactive mode")
    count = session.backend.cancel(session.stack)
    print(f"The currently running update for '{session.stack}' has been canceled! ({count} lock(s) removed)")
    return 0


def config_set(options: argparse.Namespace, folder: Path) -> int:
    """`config set KEY [VALUE] [--secret]`; without VALUE it is read from stdin."""
    session = Session(folder, options.stack)
    session.require_stack()
    value = options.value if options.value is not None else sys.stdin.read().rstrip("\n")
    key = full_key(options.key, session.project.name)
    if options.secret:
        session.config.set(key, {"secure": session.config_crypter().encrypt(value, "config")})
    else:
        session.config.set(key, value)
    return 0


def config_get(options: argparse.Namespace, folder: Path) -> int:
    """`config get KEY`: the value in clear, secrets too, as the CLI does."""
    session = Session(folder, options.stack)
    key = full_key(options.key, session.project.name)
    values = session.decrypted_config()
    if key not in values:
        raise EngineError(f"configuration key '{options.key}' not found for stack '{session.stack}'")
    value = values[key]
    text = unwrap(value)
    if options.json:
        print(json.dumps({"value": text, "secret": isinstance(value, Secret)}, indent=2, ensure_ascii=False))
    else:
        print(text)
    return 0

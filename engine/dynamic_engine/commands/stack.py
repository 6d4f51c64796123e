"""The commands around stacks: none of them runs a program."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dynamic_engine.commands import harmless
from dynamic_engine.commands.asking import interactive
from dynamic_engine.errors import EngineError, StackNotFoundError, UnsupportedError
from dynamic_engine.project.session import Session
from dynamic_engine.project.stack_file import StackConfig, has_secret, scalar_text
from dynamic_engine.protocol.values import mask, unwrap
from dynamic_engine.state import checkpoint
from dynamic_engine.state.resource import STACK_TYPE


def _session(options: argparse.Namespace, folder: Path, *, named: bool = False) -> Session:
    """The stack of ``--stack`` or of the word, which may not both be there. *named*: one of them must be."""
    word = next(iter(options.words), "")
    if word and options.stack:
        raise EngineError("only one of --stack or argument stack name may be specified, not both")
    if named and not (word or options.stack):
        raise EngineError("missing stack name")
    return Session(folder, word or options.stack)


def new(options: argparse.Namespace, folder: Path) -> int:
    """`stack new NAME`: an empty checkpoint, a salt in the stack file, the stack selected."""
    session = _session(options, folder, named=True)
    if options.secrets_provider not in ("", "passphrase", "default"):
        raise UnsupportedError(f"the secrets provider {options.secrets_provider}")
    if session.backend.exists(session.stack):
        raise EngineError(f"stack '{session.stack}' already exists")
    crypter = session.config_crypter()
    session.write(crypter, [], [])
    if not options.no_select:
        # Where nothing can be remembered (no home folder), the stack is named with --stack.
        with contextlib.suppress(OSError):
            session.project.select_stack(session.backend_url, session.stack)
    print(f"Created stack '{session.stack}'")
    return 0


def list_all(options: argparse.Namespace, folder: Path) -> int:
    """`stack list`: names, the selected one marked, and how many resources each has."""
    session = Session(folder)
    selected = session.project.selected_stack(session.backend_url).rpartition("/")[2]
    rows: list[dict[str, Any]] = []
    for name in session.backend.stacks():
        latest = (session.backend.read(name).get("checkpoint") or {}).get("latest") or {}
        count = len(latest.get("resources") or [])
        rows.append({"name": name, "current": name == selected, "updateInProgress": False, "resourceCount": count})
    if options.json:
        print(harmless.dumps(rows, 2))
        return 0
    width = max([len(row["name"]) + 1 for row in rows] + [len("NAME")])
    print(f"{'NAME':<{width}}  RESOURCE COUNT")
    for row in rows:
        print(f"{row['name'] + ('*' if row['current'] else ''):<{width}}  {row['resourceCount']}")
    return 0


def select(options: argparse.Namespace, folder: Path) -> int:
    """`stack select NAME [--create]`."""
    session = _session(options, folder, named=True)
    if not session.backend.exists(session.stack):
        if not options.create:
            raise StackNotFoundError(f"no stack named '{session.stack}' found")
        return new(argparse.Namespace(**vars(options), no_select=False), folder)
    session.project.select_stack(session.backend_url, session.stack)
    return 0


def remove(options: argparse.Namespace, folder: Path) -> int:
    """`stack remove`: refused while there are resources, unless ``--force``. The stack file, history and tags go too;
    the last checkpoint stays as ``.bak`` and the backups stay, unless ``--remove-backups``."""
    session = _session(options, folder)
    session.require_stack()
    if not options.yes:
        if not interactive(options):
            raise EngineError("--yes must be passed in to proceed when running in non-interactive mode")
        if input(f"This removes the stack '{session.stack}'. Type its name to confirm: ") != session.stack:
            raise EngineError("confirmation declined")
    with session.backend.lock(session.stack):
        latest = (session.read().get("checkpoint") or {}).get("latest") or {}
        if latest.get("resources") and not options.force:
            raise EngineError(
                f"'{session.stack}' still has resources; removal rejected; destroy them first or pass --force, which "
                "leaves them where they are"
            )
        session.backend.remove(session.stack, backups=options.remove_backups)
    if not options.preserve_config:
        session.project.stack_file(session.stack).unlink(missing_ok=True)
    session.project.forget_stack(session.backend_url, session.stack)
    print(f"Stack '{session.stack}' has been removed!")
    return 0


def output(options: argparse.Namespace, folder: Path) -> int:
    """`stack output [NAME]`: all outputs, or one; secrets masked unless ``--show-secrets``."""
    session = Session(folder, options.stack)
    snapshot = session.snapshot()
    root = next((state for state in snapshot.resources if state.type == STACK_TYPE), None)
    outputs = dict(root.outputs) if root is not None else {}
    shown = {key: unwrap(value) if options.show_secrets else mask(value) for key, value in sorted(outputs.items())}
    if options.words:
        (name,) = options.words
        if name not in outputs:
            raise EngineError(f"current stack does not have output property '{name}'")
        value = shown[name]
        # Text alone is for a program (`X=$(... stack output x)`), which wants it as it is; a terminal would obey it.
        text = scalar_text(value)
        print(harmless.dumps(value, None) if options.json else harmless.block(text) if sys.stdout.isatty() else text)
    elif options.json:
        print(harmless.dumps(shown, 2))
    elif not shown:
        print("No output values currently in this stack")
    else:
        width = max(len(key) for key in shown)
        print("Current stack outputs (%d):" % len(shown))  # noqa: UP031
        for key, value in shown.items():
            print(harmless.line(f"    {key:<{width}}  {scalar_text(value)}"))
    return 0


def export(options: argparse.Namespace, folder: Path) -> int:
    """`stack export [--file F] [--show-secrets]`."""
    session = Session(folder, options.stack)
    document = session.read()
    snapshot = session.snapshot() if options.show_secrets else checkpoint.Snapshot()
    text = harmless.dumps(checkpoint.export(document, snapshot, show_secrets=options.show_secrets), 4)
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
        session.write(crypter, snapshot.resources, snapshot.pending)
    print("Import complete.")
    return 0


def history(options: argparse.Namespace, folder: Path) -> int:
    """`stack history`: the runs that wrote the state, newest first, as the CLI tells them."""
    session = Session(folder, options.stack)
    session.require_stack()
    if options.page < 1 or options.page_size < 1:
        raise EngineError("--page and --page-size start at 1")
    entries = session.backend.history(session.stack)
    first = (options.page - 1) * options.page_size
    rows = [
        _history_row(entry, session, show_secrets=options.show_secrets)
        for entry in entries[first : first + options.page_size]
    ]
    if options.json:
        print(harmless.dumps(rows, 2))
    elif not rows:
        print(f"No stack updates found on page '{options.page}'" if first else "Stack has never been updated")
    for row in [] if options.json else rows:
        _print_history(row)
    return 0


def _print_history(row: dict[str, Any]) -> None:
    create, delete, update, same = (row["resourceChanges"].get(op, 0) for op in ("create", "delete", "update", "same"))
    print(f"Version: {row['version']}\nUpdateKind: {row['kind']}\nStatus: {row['result']}")
    print(harmless.line(f"Message: {row['message']}"))
    print(f"+{create}-{delete}~{update} {same}\n {row['startTime']} to {row['endTime']}")
    for key, value in sorted(row["environment"].items()):
        if value.strip():
            print(harmless.line(f"    {key}: {value}"))
    print()


def _history_row(entry: dict[str, Any], session: Session, *, show_secrets: bool) -> dict[str, Any]:
    def time_of(key: str) -> str:
        return datetime.fromtimestamp(entry.get(key) or 0, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    values = StackConfig(Path(), session.config.salt_line, entry.get("config") or {})
    plain = values.decrypted(session.config_crypter) if show_secrets else {}
    config: dict[str, Any] = {}
    for key, value in values.values.items():
        secret = has_secret(value)
        if secret and not show_secrets:
            config[key] = {"secret": True}
        else:
            config[key] = {"value": unwrap(plain[key]) if show_secrets else scalar_text(value), "secret": secret}
    return {
        "version": entry.get("version", 0),  # the CLI counts none for file backends either
        "kind": entry.get("kind", ""),
        "startTime": time_of("startTime"),
        "message": entry.get("message", ""),
        "environment": entry.get("environment") or {},
        "config": config,
        "result": entry.get("result", ""),
        "endTime": time_of("endTime"),
        "resourceChanges": entry.get("resourceChanges") or {},
    }


def cancel(options: argparse.Namespace, folder: Path) -> int:
    """`cancel`: remove the locks that a killed process left. Nobody is asked where nobody can be, as with the CLI."""
    session = _session(options, folder)
    session.require_stack()
    if (
        not options.yes
        and interactive(options)
        and input(f"This cancels the update of '{session.stack}'. Type its name to confirm: ") != session.stack
    ):
        raise EngineError("confirmation declined")
    count = session.backend.cancel(session.stack)
    print(f"The currently running update for '{session.stack}' has been canceled! ({count} lock(s) removed)")
    return 0

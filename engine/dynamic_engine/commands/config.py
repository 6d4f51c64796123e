"""`config set, get, remove`: none of them runs a program."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dynamic_engine.commands import harmless
from dynamic_engine.errors import EngineError
from dynamic_engine.project.session import Session
from dynamic_engine.project.stack_file import full_key
from dynamic_engine.protocol.values import Secret, unwrap


def set_value(options: argparse.Namespace, folder: Path) -> int:
    """`config set KEY [VALUE] [--secret]`; without VALUE it is read from stdin."""
    session = Session(folder, options.stack)
    session.require_stack()
    name, *rest = options.words
    value = rest[0] if rest else sys.stdin.read()
    if not rest and not options.raw:
        value = value.rstrip("\n")
    key = full_key(name, session.project.name)
    if options.secret:
        session.config.set(key, {"secure": session.config_crypter().encrypt(value, "config")})
    else:
        session.config.set(key, value)
    return 0


def get_value(options: argparse.Namespace, folder: Path) -> int:
    """`config get KEY`: the value in clear, secrets too, as the CLI does."""
    session = Session(folder, options.stack)
    (name,) = options.words
    values = session.decrypted_config()
    value = values.get(full_key(name, session.project.name))
    if value is None:
        raise EngineError(f"configuration key '{name}' not found for stack '{session.stack}'")
    text = unwrap(value)
    if options.json:
        print(harmless.dumps({"value": text, "secret": isinstance(value, Secret)}, 2))
    else:  # for a program as it is, as `stack output` does
        print(harmless.block(text) if sys.stdout.isatty() else text)
    return 0


def remove_value(options: argparse.Namespace, folder: Path) -> int:
    """`config remove KEY`. A key that is not there is no failure, as with the CLI."""
    session = Session(folder, options.stack)
    session.require_stack()
    (name,) = options.words
    session.config.remove(full_key(name, session.project.name), session.project.name)
    return 0

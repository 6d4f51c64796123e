"""The command line: the CLI's verbs and flags for what this engine supports, everything else refused by name."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from dynamic_engine import __version__, commands, stacks
from dynamic_engine.errors import EngineError, UnsupportedError

_TRUE = {"true", "1", "t", "yes", "on"}
_FALSE = {"false", "0", "f", "no", "off"}

# Verbs and flags that people will try because the CLI has them; a plain "unknown" would leave them guessing.
_OTHER_VERBS = {
    "about", "console", "convert", "deployment", "do", "env", "events", "install", "login", "logout", "logs", "new",
    "org", "package", "plugin", "policy", "replay-events", "schema", "state", "template", "watch", "whoami",
}  # fmt: skip
_OTHER_FLAGS = {
    "--plan", "--save-plan", "--policy-pack", "--run-program", "--import-pending-creates", "--exclude", "--replace",
    "--target-replace", "--event-log", "--remote", "--config", "--config-file", "--secrets-provider", "--stack-name",
    "--exclude-protected", "--import-file", "--attach-debugger", "--copilot", "--neo", "--out", "--from",
}  # fmt: skip


class _Parser(argparse.ArgumentParser):
    """argparse that raises instead of leaving with its own exit code."""

    def error(self, message: str) -> NoReturn:
        raise EngineError(message)


def flag(text: str) -> bool:
    """The value of ``--flag[=value]``."""
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise argparse.ArgumentTypeError(f"expected true or false, got {text!r}")


def _add_flag(parser: argparse.ArgumentParser, *names: str, default: bool | None = False) -> None:
    parser.add_argument(*names, nargs="?", const=True, default=default, type=flag)


def _common(parser: argparse.ArgumentParser, *, top: bool = False) -> None:
    missing = "" if top else argparse.SUPPRESS
    parser.add_argument("-s", "--stack", default=missing)
    parser.add_argument("-C", "--cwd", default="." if top else argparse.SUPPRESS)
    parser.add_argument("--color", default=missing)  # there are no colours; accepted so that scripts need no change
    parser.add_argument("--non-interactive", action="store_true", default=False if top else argparse.SUPPRESS)


def _operation(parser: argparse.ArgumentParser, verb: str) -> None:
    _add_flag(parser, "--diff")
    _add_flag(parser, "-j", "--json")
    _add_flag(parser, "--expect-no-changes")
    _add_flag(parser, "--continue-on-error")
    _add_flag(parser, "--target-dependents")
    parser.add_argument("-t", "--target", action="append", default=[])
    parser.add_argument("-p", "--parallel", type=int, default=0)
    parser.add_argument("-m", "--message", default="")
    if verb != "refresh":
        _add_flag(parser, "-r", "--refresh", default=None)
    if verb != "preview":
        _add_flag(parser, "-y", "--yes")
        _add_flag(parser, "-f", "--skip-preview")
        _add_flag(parser, "--preview-only")
    if verb == "refresh":
        _add_flag(parser, "--clear-pending-creates")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = _Parser(prog="dynamic-engine", description=__doc__, allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"dynamic-engine {__version__}")
    _common(top, top=True)
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=_Parser)

    def add(
        group: argparse._SubParsersAction[_Parser], name: str, text: str, aliases: Sequence[str] = ()
    ) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = group.add_parser(name, help=text, aliases=aliases, allow_abbrev=False)
        _common(made)
        return made

    for verb, text, aliases in (
        ("up", "create or update what the program declares", ("update",)),
        ("preview", "show what up would do", ("pre",)),
        ("refresh", "read the remote objects and bring the state in line", ()),
        ("destroy", "delete what the state holds", ("down",)),
    ):
        made = add(verbs, verb, text, aliases)
        _operation(made, verb)
        made.set_defaults(run=commands.operate, verb=verb)
    made = add(verbs, "cancel", "remove the stack's lock")
    _add_flag(made, "-y", "--yes")
    made.add_argument("name", nargs="?", default="")
    made.set_defaults(run=stacks.cancel)
    made = add(verbs, "import", "take existing objects into the state from a file")
    made.add_argument("-f", "--file", required=True)
    for name in ("--generate-code", "--protect"):
        _add_flag(made, name, default=True)
    for name in ("--skip-preview", "--preview-only", "--json"):
        _add_flag(made, name)
    _add_flag(made, "-y", "--yes")
    made.add_argument("-m", "--message", default="")
    made.set_defaults(run=commands.import_file)
    _stack_verbs(add(verbs, "stack", "manage stacks"), add)
    _config_verbs(add(verbs, "config", "read and write stack configuration"), add)
    return top


def _stack_verbs(parent: argparse.ArgumentParser, add: object) -> None:
    assert callable(add)
    group = parent.add_subparsers(dest="stack_verb", metavar="VERB", required=True, parser_class=_Parser)
    made = add(group, "init", "create an empty stack")
    made.add_argument("name", nargs="?", default="")
    _add_flag(made, "--no-select")
    made.add_argument("--secrets-provider", default="passphrase")
    made.set_defaults(run=stacks.init)
    made = add(group, "ls", "list the project's stacks")
    _add_flag(made, "-j", "--json")
    made.set_defaults(run=stacks.ls)
    made = add(group, "select", "use a stack in later commands")
    made.add_argument("name", nargs="?", default="")
    _add_flag(made, "-c", "--create")
    made.set_defaults(run=stacks.select)
    made = add(group, "rm", "remove a stack")
    made.add_argument("name", nargs="?", default="")
    for names in (("-y", "--yes"), ("-f", "--force"), ("--preserve-config",)):
        _add_flag(made, *names)
    made.set_defaults(run=stacks.rm)
    made = add(group, "output", "print the stack's outputs")
    made.add_argument("name", nargs="?", default="")
    for names in (("-j", "--json"), ("--show-secrets",)):
        _add_flag(made, *names)
    made.set_defaults(run=stacks.output)
    made = add(group, "export", "print the stack's state")
    made.add_argument("--file", default="")
    _add_flag(made, "--show-secrets")
    made.set_defaults(run=stacks.export)
    made = add(group, "import", "replace the stack's state")
    made.add_argument("--file", default="")
    _add_flag(made, "-f", "--force")
    made.set_defaults(run=stacks.import_state)


def _config_verbs(parent: argparse.ArgumentParser, add: object) -> None:
    assert callable(add)
    group = parent.add_subparsers(dest="config_verb", metavar="VERB", required=True, parser_class=_Parser)
    made = add(group, "set", "set a value")
    made.add_argument("key")
    made.add_argument("value", nargs="?", default=None)
    for names in (("--secret",), ("--plaintext",)):
        _add_flag(made, *names)
    made.set_defaults(run=stacks.config_set)
    made = add(group, "get", "print a value")
    made.add_argument("key")
    _add_flag(made, "-j", "--json")
    made.set_defaults(run=stacks.config_get)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is the Pulumi CLI's (0, 1, 2, 6, 7)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _refuse_other(words)
        options = parser().parse_args(_ordered(words))
        if os.environ.get("PULUMI_SKIP_CONFIRMATIONS", "").lower() in _TRUE and hasattr(options, "yes"):
            options.yes = True
        code: int = options.run(options, Path(options.cwd))
    except EngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except (KeyboardInterrupt, EOFError):  # Ctrl-C, and Ctrl-D at a question
        print("error: canceled", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader has gone (`... | head`): nothing left to say, and nothing to print it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        print(f"error: {error.strerror or error}{place}", file=sys.stderr)
        return 1
    return code


_BARE = {
    "--diff", "--json", "--expect-no-changes", "--continue-on-error", "--target-dependents", "--refresh", "--yes",
    "--skip-preview", "--preview-only", "--clear-pending-creates", "--generate-code", "--protect", "--no-select",
    "--create", "--force", "--preserve-config", "--show-secrets", "--secret", "--plaintext",
}  # fmt: skip


def _ordered(words: Sequence[str]) -> list[str]:
    """Bare flags with their value, behind everything else: argparse would take the next word for the value, and stops
    filling positional arguments at a flag (`config set KEY --secret VALUE`)."""
    flags = [f"{word}=true" for word in words if word in _BARE]
    return [*(word for word in words if word not in _BARE), *flags]


def _refuse_other(words: Sequence[str]) -> None:
    verb = next((word for word in words if not word.startswith("-")), "")
    if verb in _OTHER_VERBS:
        raise UnsupportedError(f"the command '{verb}'")
    for word in words:
        name = word.partition("=")[0]
        if name in _OTHER_FLAGS and not (name == "--secrets-provider" and "init" in words):
            raise UnsupportedError(f"the flag '{name}'")

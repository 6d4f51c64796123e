"""The command line: the CLI's verbs and flags for what this engine supports, everything else refused by name."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dynamic_engine import __version__
from dynamic_engine.commands import config, harmless, operate, stack, state
from dynamic_engine.commands.flags import GLOBAL, REFUSED, Verb
from dynamic_engine.commands.parser import Line, read
from dynamic_engine.commands.verbs import VERBS
from dynamic_engine.errors import EngineError, UnsupportedError

_RUN: dict[tuple[str, ...], Callable[[argparse.Namespace, Path], int]] = {
    ("up",): operate.operate,
    ("preview",): operate.operate,
    ("refresh",): operate.operate,
    ("destroy",): operate.operate,
    ("import",): operate.import_file,
    ("cancel",): stack.cancel,
    ("stack", "new"): stack.new,
    ("stack", "list"): stack.list_all,
    ("stack", "select"): stack.select,
    ("stack", "remove"): stack.remove,
    ("stack", "output"): stack.output,
    ("stack", "export"): stack.export,
    ("stack", "import"): stack.import_state,
    ("stack", "history"): stack.history,
    ("config", "set"): config.set_value,
    ("config", "get"): config.get_value,
    ("config", "remove"): config.remove_value,
    ("state", "unprotect"): state.unprotect,
    ("state", "remove"): state.remove,
}

# Variables that make the CLI do something else, and that this engine does not follow.
_OTHER_VARIABLES = (
    "PULUMI_RUN_PROGRAM",
    "PULUMI_ENABLE_LEGACY_DIFF",
    "PULUMI_ENABLE_LEGACY_REFRESH_DIFF",
    "PULUMI_DISABLE_RESOURCE_REFERENCES",
    "PULUMI_ENABLE_STREAMING_JSON_PREVIEW",
    "PULUMI_DIY_BACKEND_LEGACY_LAYOUT",
    "PULUMI_SELF_MANAGED_STATE_LEGACY_LAYOUT",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is the Pulumi CLI's (0, 1, 2, 6, 7)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words == ["--version"]:
            return _version()
        line = read(words, os.environ)
        if line.help:
            print(usage(line.verb))
            return 0
        if line.verb.path == ("version",):
            return _version()
        options = line.options()
        _apply_environment(options, line, os.environ)
        return _RUN[line.verb.path](options, Path(options.cwd))
    except EngineError as error:
        print(f"error: {harmless.line(error)}", file=sys.stderr)
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
        print(f"error: {harmless.line(f'{error.strerror or error}{place}')}", file=sys.stderr)
        return 1


def _version() -> int:
    print(f"dynamic-engine {__version__}")
    return 0


def _apply_environment(options: argparse.Namespace, line: Line, environment: Mapping[str, str]) -> None:
    """The variables that have a meaning of their own; a flag comes first. Raises :class:`UnsupportedError`."""
    for name in _OTHER_VARIABLES:
        if truthy(environment.get(name, "")) and not (name == "PULUMI_RUN_PROGRAM" and "run-program" in line.given):
            raise UnsupportedError(f"the variable {name}", "unset it, or use the Pulumi CLI")
    if truthy(environment.get("PULUMI_SKIP_CONFIRMATIONS", "")) and line.verb.path != ("cancel",):
        options.yes = True
    if truthy(environment.get("PULUMI_CONTINUE_ON_ERROR", "")) and "continue-on-error" not in line.given:
        options.continue_on_error = line.verb.path in (("up",), ("destroy",))
    if (parallel := environment.get("PULUMI_PARALLEL", "")) and "parallel" not in line.given:
        if not parallel.isdigit():
            raise EngineError(f"PULUMI_PARALLEL={parallel}: write how many steps may run at once, a whole number")
        options.parallel = int(parallel) or None


def truthy(text: str) -> bool:
    """Whether a variable of Pulumi says yes: 1 or true, in any case."""
    return text.lower() in ("1", "true")


def usage(verb: Verb) -> str:
    """The help text of a verb, of a group of verbs, or of everything."""
    below = [one for one in VERBS if one.how != REFUSED and one.path[: len(verb.path)] == verb.path and one != verb]
    if below:
        width = max(len(one.name) for one in below)
        lines = [f"  {one.name:<{width}}  {one.text}" for one in below]
        return "\n".join([f"dynamic-engine {verb.name}".strip() + " VERB", *lines])
    flags = [flag for flag in (*verb.flags, *GLOBAL) if flag.how != REFUSED]
    width = max(len(flag.name) for flag in flags)
    lines = [
        f"  {'-' + flag.short + ',' if flag.short else '':<3} --{flag.name:<{width}}  {flag.note}".rstrip()
        for flag in flags
    ]
    return "\n".join([f"dynamic-engine {verb.name}: {verb.text}", *lines])

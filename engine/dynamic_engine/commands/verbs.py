# ruff: noqa: E501 - most of it is a table
"""The command line as data: the Pulumi CLI's verbs, and what this engine does about each.

The parser reads with it, `docs/engines.md` shows it, and where a CLI is at hand a test compares it with the CLI's own
description of itself.
"""

from __future__ import annotations

from dynamic_engine.commands.flags import (
    ARRAY,
    DIFFERS,
    JSON,
    NUMBER,
    REFUSED,
    STACK,
    TAKEN,
    TEXT,
    USE_CLI,
    YES,
    Flag,
    Verb,
    every,
)
from dynamic_engine.commands.operation_verbs import OPERATIONS

_PATH = Flag("path", how=REFUSED, note="edit the stack file")
_CONFIG = (STACK, Flag("config-file", "", TEXT, REFUSED, "the stack file is Pulumi.STACK.yaml in stackConfigDir"))
_PROVIDER = Flag("secrets-provider", "", TEXT, default="default", how=DIFFERS, note="only passphrase")

_STACKS = (
    Verb(("stack",), "manage stacks", how=REFUSED, note="the verbs below it are stack list, output, export ..."),
    Verb(
        ("stack", "new"), "create an empty stack", ("init", "create", "setup"), (0, 1),
        (
            STACK, Flag("no-select"), _PROVIDER, Flag("yes", "y", how=TAKEN, note="nobody is asked"),
            *every(
                REFUSED, USE_CLI, Flag("copy-config-from", "", TEXT, note="copy the stack file"),
                Flag("teams", "", ARRAY), Flag("remote-config"), Flag("esc-config"),
            ),
        ),
    ),
    Verb(
        ("stack", "list"), "list the project's stacks", ("ls",), (0, 0),
        (
            Flag("stack", "s", TEXT, TAKEN, "all stacks are listed"), JSON,
            *every(
                REFUSED, "it lists the stacks of the project",
                Flag("all", "a"), Flag("organization", "o", TEXT), Flag("project", "p", TEXT), Flag("tag", "t", TEXT),
                Flag("output", "", TEXT, note="use --json"),
            ),
        ),
    ),
    Verb(("stack", "select"), "use a stack in later commands", (), (0, 1), (STACK, Flag("create", "c"), _PROVIDER)),
    Verb(
        ("stack", "remove"), "remove a stack that holds no resources", ("rm", "delete"), (0, 1),
        (STACK, YES, Flag("force", "f"), Flag("preserve-config"), Flag("remove-backups")),
    ),
    Verb(
        ("stack", "output"), "print the stack's outputs", (), (0, 1),
        (STACK, JSON, Flag("show-secrets"), Flag("shell", how=REFUSED, note="use --json")),
    ),
    Verb(
        ("stack", "export"), "print the stack's state", (), (0, 0),
        (
            STACK, Flag("file", "", TEXT), Flag("show-secrets"),
            Flag("version", "", TEXT, REFUSED, "earlier states are files below history/ of the state folder"),
        ),
    ),
    Verb(("stack", "import"), "replace the stack's state", (), (0, 0), (STACK, Flag("file", "", TEXT), Flag("force", "f"))),
    Verb(
        ("stack", "history"), "list the runs that wrote the state, newest first", ("hist",), (0, 0),
        (
            STACK, JSON, Flag("show-secrets"), Flag("page", "", NUMBER, default=1),
            Flag("page-size", "", NUMBER, default=10),
            Flag("full-dates", how=TAKEN, note="dates are always whole"),
            Flag("output", "", TEXT, REFUSED, "use --json"),
        ),
    ),
)  # fmt: skip

_CONFIGS = (
    Verb(("config",), "read and write stack configuration", how=REFUSED, note="the verbs are config get, set, remove; all values stand in the stack file"),
    Verb(
        ("config", "set"), "set a value", (), (1, 2),
        (
            *_CONFIG, Flag("secret"), Flag("plaintext"), _PATH, Flag("raw"),
            *every(REFUSED, USE_CLI, Flag("type", "", TEXT, note="edit the stack file"), Flag("override-import")),
        ),
    ),
    Verb(("config", "get"), "print a value", (), (1, 1), (*_CONFIG, JSON, _PATH, Flag("open", how=TAKEN, default=True, note="there are no environments"))),
    Verb(("config", "remove"), "remove a value", ("rm", "delete"), (1, 1), (*_CONFIG, _PATH)),
)  # fmt: skip

_ALL = Flag("all")
_STATES = (
    Verb(("state",), "mend the state after an accident", how=REFUSED, note="the verbs are state unprotect, remove"),
    Verb(("state", "unprotect"), "let resources be deleted that are protected", (), (0, 999), (STACK, YES, _ALL)),
    Verb(
        ("state", "remove"), "forget resources without touching what is there", ("rm", "delete"), (0, 999),
        (STACK, YES, _ALL, Flag("force"), Flag("target-dependents")),
    ),
)  # fmt: skip


def _not_here(note: str, *names: str) -> tuple[Verb, ...]:
    return tuple(Verb(tuple(name.split()), takes=(0, 999), how=REFUSED, note=note) for name in names)


VERBS = (
    *OPERATIONS,
    *_STACKS,
    *_CONFIGS,
    *_STATES,
    Verb(("version",), "print the version of this engine"),
    *_not_here("the state folder is named by PULUMI_BACKEND_URL or `backend` in Pulumi.yaml", "login", "logout", "whoami"),
    *_not_here("use stack export, edit, stack import; or the Pulumi CLI", "state edit", "state get", "state move",
               "state promote", "state protect", "state rename", "state repair", "state taint", "state untaint",
               "state upgrade"),
    *_not_here("use stack export and stack list; or the Pulumi CLI", "stack change-secrets-provider", "stack drift",
               "stack get", "stack graph", "stack migrate", "stack policy", "stack rename", "stack schedule",
               "stack tag", "stack unselect", "stack webhook"),
    *_not_here("edit the stack file; or use the Pulumi CLI", "config copy", "config env", "config refresh",
               "config remove-all", "config set-all"),
    *_not_here(USE_CLI, "about", "api", "console", "convert", "convert-trace", "deployment", "do", "env", "events",
               "gen-completion", "gen-markdown", "generate-cli-spec", "help", "insights", "install", "logs", "neo", "new",
               "org", "package", "plugin", "policy", "project", "replay-events", "schema", "template", "view-trace", "watch"),
)  # fmt: skip

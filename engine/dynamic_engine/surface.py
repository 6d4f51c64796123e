# ruff: noqa: E501 - most of it is a table
"""The command line as data: the Pulumi CLI's verbs and flags, and what this engine does about each.

The parser (`words`) reads with it, `docs/engines.md` shows it, and where a CLI is at hand a test compares it with the
CLI's own description of itself. Names, short forms and kinds are those of CLI 3.274.
"""

from __future__ import annotations

from dataclasses import dataclass

BOOL, TEXT, ARRAY, SLICE, NUMBER = "bool", "text", "array", "slice", "number"
LISTS = (ARRAY, SLICE)

SAME = "same"  # does what the CLI does
TAKEN = "taken"  # about the display, or about what this engine does not have: accepted, and nothing follows from it
DIFFERS = "differs"  # does something else; the note says what
REFUSED = "refused"  # ends the command before anything is opened; the note says what to do instead


@dataclass(frozen=True)
class Flag:
    """One flag. ``alone`` is the value that it has without one; a text flag with an empty ``alone`` needs a value."""

    name: str
    short: str = ""
    kind: str = BOOL
    how: str = SAME
    note: str = ""
    default: object = ""
    alone: str = ""
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind == BOOL and not self.alone:
            object.__setattr__(self, "alone", "true")


@dataclass(frozen=True)
class Verb:
    """One verb. ``takes`` is how many positional words it may have."""

    path: tuple[str, ...]
    text: str = ""
    aliases: tuple[str, ...] = ()
    takes: tuple[int, int] = (0, 0)
    flags: tuple[Flag, ...] = ()
    not_both: tuple[tuple[str, str], ...] = ()
    how: str = SAME
    note: str = ""

    @property
    def name(self) -> str:
        """As people write it."""
        return " ".join(self.path)


def _all(how: str, note: str, *flags: Flag) -> tuple[Flag, ...]:
    return tuple(
        Flag(one.name, one.short, one.kind, how, one.note or note, one.default, one.alone, one.choices) for one in flags
    )


_USE_CLI = "use the Pulumi CLI for it"

GLOBAL = (
    Flag("cwd", "C", TEXT, default="."),
    Flag("non-interactive"),
    *_all(
        TAKEN,
        "there are no colours and no log",
        Flag("color", "", TEXT, default="auto", choices=("always", "never", "raw", "auto")),
        Flag("emoji", "e"),
        Flag("verbose", "v", NUMBER, default=0),
        Flag("logtostderr"),
        Flag("logflow"),
    ),
    *_all(
        REFUSED,
        _USE_CLI,
        Flag("fully-qualify-stack-names", "Q", note="stack names are printed without organization and project"),
        Flag("disable-integrity-checking", note="a damaged state is mended with the Pulumi CLI"),
        Flag("tracing", "", TEXT),
        Flag("tracing-header", "", TEXT),
        Flag("otel-traces", "", TEXT),
        Flag("profiling", "", TEXT),
        Flag("memprofilerate", "", NUMBER, default=0),
    ),
)

_STACK = Flag("stack", "s", TEXT)
_YES = Flag("yes", "y")
_JSON = Flag("json", "j")
_DISPLAY = _all(
    TAKEN,
    "display only",
    *(Flag(name) for name in ("show-replacement-steps", "show-sames", "urns", "suppress-progress")),
    Flag("debug", "d", note="there are no debug lines"),
    Flag("suppress-permalink", "", TEXT, alone="false", note="there is no permalink"),
    Flag("skip-plugin-pre-install", note="there are no plugins to install"),
)
_EXEC = _all(TAKEN, "noted in the history", Flag("exec-kind", "", TEXT), Flag("exec-agent", "", TEXT))
_OUTPUTS = Flag("suppress-outputs")
_OTHER = _all(
    REFUSED,
    _USE_CLI,
    Flag("config", "c", ARRAY, note="write the value first, with the verb config set"),
    Flag("config-path", note="write the value first, with the verb config set"),
    Flag("config-file", "", TEXT, note="the stack file is Pulumi.STACK.yaml in stackConfigDir"),
    Flag("override-env", "", ARRAY),
    Flag("run-program"),
    Flag("neo"),
    Flag("copilot"),
    Flag("client", "", TEXT),
    Flag("coherence-window", "", TEXT),
    Flag("event-log", "", TEXT),
    Flag("output", "", TEXT, default="default", note="use --json"),
)
_LEAVE_OUT = "name what is meant with --target instead"


def _exclude(short: str) -> Flag:
    return Flag("exclude", short, ARRAY, REFUSED, _LEAVE_OUT)


_EXCLUDE_DEPENDENTS = Flag("exclude-dependents", how=REFUSED, note=_LEAVE_OUT)
_ONE_DOCUMENT = Flag(
    "json", "j", how=DIFFERS, note="one document as of `preview --json`, where the CLI prints a stream of events"
)
_RUN = (
    _STACK,
    Flag("message", "m", TEXT),
    Flag("parallel", "p", NUMBER, default=None),
    Flag("target", "t", ARRAY),
    Flag("target-dependents"),
    Flag("diff"),
    Flag(
        "skip-config-validation",
        how=TAKEN,
        note="Pulumi.yaml has no `config` section here, so there is nothing to validate",
    ),
    _OUTPUTS,
    *_DISPLAY,
    *_EXEC,
    *_OTHER,
)
_PROGRAM = (
    Flag("refresh", "r", TEXT, alone="true"),
    *_all(
        TAKEN,
        "display only",
        *(
            Flag(name)
            for name in (
                "show-config",
                "show-full-output",
                "show-reads",
                "show-policy-remediations",
                "show-policy-exceptions",
            )
        ),
    ),
    *_all(
        REFUSED,
        _USE_CLI,
        _EXCLUDE_DEPENDENTS,
        Flag("ignore-protect", note="clear it by name first, with the verb state unprotect"),
        Flag("show-secrets", note="stack output --show-secrets shows them"),
        Flag("replace", "", ARRAY),
        Flag("target-replace", "", ARRAY),
        Flag("policy-pack", "", SLICE),
        Flag("policy-pack-config", "", SLICE),
        Flag("attach-debugger", "", ARRAY, alone="program"),
        Flag("neo-task-on-failure"),
    ),
)
_REAL = (_YES, Flag("skip-preview", "f"), _ONE_DOCUMENT)
_TARGETS = (("target", "exclude"),)

_OPERATIONS = (
    Verb(
        ("up",), "create or update what the program declares", ("update",), (0, 0),
        (
            *_RUN, *_PROGRAM, *_REAL, Flag("expect-no-changes"), Flag("continue-on-error"), _exclude(""),
            *_all(
                REFUSED, _USE_CLI, Flag("plan", "", TEXT), Flag("strict"),
                Flag("secrets-provider", "", TEXT, default="default"),
            ),
        ), _TARGETS,
    ),
    Verb(
        ("preview",), "show what up would do", ("pre",), (0, 0),
        (
            *_RUN, *_PROGRAM, _JSON, Flag("expect-no-changes"), _exclude("x"),
            *_all(REFUSED, _USE_CLI, Flag("save-plan", "", TEXT), Flag("import-file", "", TEXT)),
        ), _TARGETS,
    ),
    Verb(
        ("refresh",), "read the remote objects and bring the state in line", (), (0, 0),
        (
            *_RUN, *_REAL, Flag("preview-only"), Flag("expect-no-changes"), _exclude("x"), _EXCLUDE_DEPENDENTS,
            Flag("clear-pending-creates"),
            Flag("skip-pending-creates", how=TAKEN, note="nobody is asked about them"),
            Flag("import-pending-creates", "", ARRAY, REFUSED, "clear them and run up, which finds what is there"),
        ), _TARGETS,
    ),
    Verb(
        ("destroy",), "delete what the state holds", ("down", "dn"), (0, 0),
        (
            *_RUN, *_REAL, Flag("preview-only"), Flag("continue-on-error"), _exclude("x"),
            Flag("refresh", "r", TEXT, alone="true"),
            Flag("show-config", how=TAKEN, note="display only"),
            Flag("show-full-output", how=TAKEN, note="display only"),
            *_all(
                REFUSED, _USE_CLI,
                Flag("exclude-protected", note=_LEAVE_OUT),
                Flag("ignore-protect", note="clear it by name first, with the verb state unprotect"),
                Flag("remove", note="use the verb stack remove afterwards"),
            ),
        ), _TARGETS,
    ),
    Verb(
        ("import",), "take existing objects into the state from a file", (), (0, 0),
        (
            _STACK, _YES, Flag("skip-preview"), Flag("preview-only"), Flag("file", "f", TEXT), Flag("message", "m", TEXT),
            Flag("protect", default=True), _ONE_DOCUMENT, _OUTPUTS, *_EXEC,
            Flag("diff", how=TAKEN, note="display only"),
            Flag("generate-code", how=DIFFERS, default=True, note="must be false: no code is generated"),
            Flag("parallel", "p", NUMBER, TAKEN, "there is nothing to wait for", 0),
            *(flag for flag in _DISPLAY if flag.name in
              ("urns", "suppress-progress", "debug", "suppress-permalink", "skip-plugin-pre-install")),
            *(flag for flag in _OTHER if flag.name in ("config-file", "event-log", "output")),
            *_all(
                REFUSED, "describe the resources in a file: --file",
                *(Flag(name, "", TEXT) for name in ("from", "generate-resources", "parent", "provider")),
                Flag("properties", "", SLICE), Flag("out", "o", TEXT),
            ),
        ),
    ),
    Verb(("cancel",), "remove the lock that a killed run left", (), (0, 1), (_STACK, _YES)),
)  # fmt: skip

_PATH = Flag("path", how=REFUSED, note="edit the stack file")
_CONFIG = (_STACK, Flag("config-file", "", TEXT, REFUSED, "the stack file is Pulumi.STACK.yaml in stackConfigDir"))
_PROVIDER = Flag("secrets-provider", "", TEXT, default="default", how=DIFFERS, note="only passphrase")

_STACKS = (
    Verb(("stack",), "manage stacks", how=REFUSED, note="the verbs below it are stack list, output, export ..."),
    Verb(
        ("stack", "new"), "create an empty stack", ("init", "create", "setup"), (0, 1),
        (
            _STACK, Flag("no-select"), _PROVIDER, Flag("yes", "y", how=TAKEN, note="nobody is asked"),
            *_all(
                REFUSED, _USE_CLI, Flag("copy-config-from", "", TEXT, note="copy the stack file"),
                Flag("teams", "", ARRAY), Flag("remote-config"), Flag("esc-config"),
            ),
        ),
    ),
    Verb(
        ("stack", "list"), "list the project's stacks", ("ls",), (0, 0),
        (
            Flag("stack", "s", TEXT, TAKEN, "all stacks are listed"), _JSON,
            *_all(
                REFUSED, "it lists the stacks of the project",
                Flag("all", "a"), Flag("organization", "o", TEXT), Flag("project", "p", TEXT), Flag("tag", "t", TEXT),
                Flag("output", "", TEXT, note="use --json"),
            ),
        ),
    ),
    Verb(("stack", "select"), "use a stack in later commands", (), (0, 1), (_STACK, Flag("create", "c"), _PROVIDER)),
    Verb(
        ("stack", "remove"), "remove a stack that holds no resources", ("rm", "delete"), (0, 1),
        (_STACK, _YES, Flag("force", "f"), Flag("preserve-config"), Flag("remove-backups")),
    ),
    Verb(
        ("stack", "output"), "print the stack's outputs", (), (0, 1),
        (_STACK, _JSON, Flag("show-secrets"), Flag("shell", how=REFUSED, note="use --json")),
    ),
    Verb(
        ("stack", "export"), "print the stack's state", (), (0, 0),
        (
            _STACK, Flag("file", "", TEXT), Flag("show-secrets"),
            Flag("version", "", TEXT, REFUSED, "earlier states are files below history/ of the state folder"),
        ),
    ),
    Verb(("stack", "import"), "replace the stack's state", (), (0, 0), (_STACK, Flag("file", "", TEXT), Flag("force", "f"))),
    Verb(
        ("stack", "history"), "list the runs that wrote the state, newest first", ("hist",), (0, 0),
        (
            _STACK, _JSON, Flag("show-secrets"), Flag("page", "", NUMBER, default=1),
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
            *_all(REFUSED, _USE_CLI, Flag("type", "", TEXT, note="edit the stack file"), Flag("override-import")),
        ),
    ),
    Verb(("config", "get"), "print a value", (), (1, 1), (*_CONFIG, _JSON, _PATH, Flag("open", how=TAKEN, default=True, note="there are no environments"))),
    Verb(("config", "remove"), "remove a value", ("rm", "delete"), (1, 1), (*_CONFIG, _PATH)),
)  # fmt: skip

_ALL = Flag("all")
_STATES = (
    Verb(("state",), "mend the state after an accident", how=REFUSED, note="the verbs are state unprotect, remove"),
    Verb(("state", "unprotect"), "let resources be deleted that are protected", (), (0, 999), (_STACK, _YES, _ALL)),
    Verb(
        ("state", "remove"), "forget resources without touching what is there", ("rm", "delete"), (0, 999),
        (_STACK, _YES, _ALL, Flag("force"), Flag("target-dependents")),
    ),
)  # fmt: skip


def _not_here(note: str, *names: str) -> tuple[Verb, ...]:
    return tuple(Verb(tuple(name.split()), takes=(0, 999), how=REFUSED, note=note) for name in names)


VERBS = (
    *_OPERATIONS,
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
    *_not_here(_USE_CLI, "about", "api", "console", "convert", "convert-trace", "deployment", "do", "env", "events",
               "gen-completion", "gen-markdown", "generate-cli-spec", "help", "insights", "install", "logs", "neo", "new",
               "org", "package", "plugin", "policy", "project", "replay-events", "schema", "template", "view-trace", "watch"),
)  # fmt: skip

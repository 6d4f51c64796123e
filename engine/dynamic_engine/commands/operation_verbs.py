"""The verbs that run an operation, with their flags: up, preview, refresh, destroy, import, cancel."""

from __future__ import annotations

from dynamic_engine.commands.flags import (
    ARRAY,
    DIFFERS,
    JSON,
    NUMBER,
    REFUSED,
    SLICE,
    STACK,
    TAKEN,
    TEXT,
    USE_CLI,
    YES,
    Flag,
    Verb,
    every,
)

_DISPLAY = every(
    TAKEN,
    "display only",
    *(Flag(name) for name in ("show-replacement-steps", "show-sames", "urns", "suppress-progress")),
    Flag("debug", "d", note="there are no debug lines"),
    Flag("suppress-permalink", "", TEXT, alone="false", note="there is no permalink"),
    Flag("skip-plugin-pre-install", note="there are no plugins to install"),
)
_EXEC = every(TAKEN, "noted in the history", Flag("exec-kind", "", TEXT), Flag("exec-agent", "", TEXT))
_OUTPUTS = Flag("suppress-outputs")
_OTHER = every(
    REFUSED,
    USE_CLI,
    Flag("config", "c", ARRAY, note="write the value first, with the verb config set"),
    Flag("config-path", note="write the value first, with the verb config set"),
    Flag("config-file", "", TEXT, note="the stack file is Pulumi.STACK.yaml in stackConfigDir"),
    Flag("override-env", "", ARRAY),
    Flag("run-program", note="provider settings come from the state; an up takes over those of the program"),
    Flag("neo"),
    Flag("copilot"),
    Flag("client", "", TEXT),
    Flag("coherence-window", "", TEXT),
    Flag("event-log", "", TEXT),
    Flag("output", "", TEXT, default="default", note="use --json"),
)


def _exclude(short: str) -> Flag:
    return Flag("exclude", short, ARRAY)


_EXCLUDE_DEPENDENTS = Flag("exclude-dependents")
_ONE_DOCUMENT = Flag(
    "json", "j", how=DIFFERS, note="one document as of `preview --json`, where the CLI prints a stream of events"
)
_RUN = (
    STACK,
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
    _EXCLUDE_DEPENDENTS,
    Flag("replace", "", ARRAY),
    Flag("target-replace", "", ARRAY),
    Flag("refresh", "r", TEXT, alone="true"),
    *every(
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
    *every(
        REFUSED,
        USE_CLI,
        Flag("ignore-protect", note="clear it by name first, with the verb state unprotect"),
        Flag("show-secrets", note="stack output --show-secrets shows them"),
        Flag("policy-pack", "", SLICE),
        Flag("policy-pack-config", "", SLICE),
        Flag("attach-debugger", "", ARRAY, alone="program"),
        Flag("neo-task-on-failure"),
    ),
)
_REAL = (YES, Flag("skip-preview", "f"), _ONE_DOCUMENT)
_TARGETS = (("target", "exclude"),)

OPERATIONS = (
    Verb(
        ("up",), "create or update what the program declares", ("update",), (0, 0),
        (
            *_RUN, *_PROGRAM, *_REAL, Flag("expect-no-changes"), Flag("continue-on-error"), _exclude(""),
            *every(
                REFUSED, USE_CLI, Flag("plan", "", TEXT), Flag("strict"),
                Flag("secrets-provider", "", TEXT, default="default"),
            ),
        ), _TARGETS,
    ),
    Verb(
        ("preview",), "show what up would do", ("pre",), (0, 0),
        (
            *_RUN, *_PROGRAM, JSON, Flag("expect-no-changes"), _exclude("x"),
            *every(REFUSED, USE_CLI, Flag("save-plan", "", TEXT), Flag("import-file", "", TEXT)),
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
            *_RUN, *_REAL, Flag("preview-only"), Flag("continue-on-error"), _exclude("x"), Flag("exclude-protected"),
            Flag("refresh", "r", TEXT, alone="true"),
            Flag("show-config", how=TAKEN, note="display only"),
            Flag("show-full-output", how=TAKEN, note="display only"),
            *every(
                REFUSED, USE_CLI,
                Flag("ignore-protect", note="clear it by name first, with the verb state unprotect"),
                Flag("remove", note="use the verb stack remove afterwards"),
            ),
        ), _TARGETS,
    ),
    Verb(
        ("import",), "take existing objects into the state from a file", (), (0, 0),
        (
            STACK, YES, Flag("skip-preview"), Flag("preview-only"), Flag("file", "f", TEXT), Flag("message", "m", TEXT),
            Flag("protect", default=True), _ONE_DOCUMENT, _OUTPUTS, *_EXEC,
            Flag("diff", how=TAKEN, note="display only"),
            Flag("generate-code", how=DIFFERS, default=True, note="must be false: no code is generated"),
            Flag("parallel", "p", NUMBER, TAKEN, "there is nothing to wait for", 0),
            *(flag for flag in _DISPLAY if flag.name in
              ("urns", "suppress-progress", "debug", "suppress-permalink", "skip-plugin-pre-install")),
            *(flag for flag in _OTHER if flag.name in ("config-file", "event-log", "output")),
            *every(
                REFUSED, "describe the resources in a file: --file",
                *(Flag(name, "", TEXT) for name in ("from", "generate-resources", "parent", "provider")),
                Flag("properties", "", SLICE), Flag("out", "o", TEXT),
            ),
        ),
    ),
    Verb(("cancel",), "remove the lock that a killed run left", (), (0, 1), (STACK, YES)),
)  # fmt: skip

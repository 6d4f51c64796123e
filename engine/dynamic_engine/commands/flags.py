"""What a verb and a flag are, and the flags that every verb or several of them have.

Names, short forms and kinds are those of the Pulumi CLI 3.274.
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


def every(how: str, note: str, *flags: Flag) -> tuple[Flag, ...]:
    """*flags*, each done as *how* says, and with *note* where it has none of its own."""
    return tuple(
        Flag(one.name, one.short, one.kind, how, one.note or note, one.default, one.alone, one.choices) for one in flags
    )


USE_CLI = "use the Pulumi CLI for it"

GLOBAL = (
    Flag("cwd", "C", TEXT, default="."),
    Flag("non-interactive"),
    *every(
        TAKEN,
        "there are no colours and no log",
        Flag("color", "", TEXT, default="auto", choices=("always", "never", "raw", "auto")),
        Flag("emoji", "e"),
        Flag("verbose", "v", NUMBER, default=0),
        Flag("logtostderr"),
        Flag("logflow"),
    ),
    *every(
        REFUSED,
        USE_CLI,
        Flag("fully-qualify-stack-names", "Q", note="stack names are printed without organization and project"),
        Flag("disable-integrity-checking", note="a damaged state is mended with the Pulumi CLI"),
        Flag("tracing", "", TEXT),
        Flag("tracing-header", "", TEXT),
        Flag("otel-traces", "", TEXT),
        Flag("profiling", "", TEXT),
        Flag("memprofilerate", "", NUMBER, default=0),
    ),
)

STACK = Flag("stack", "s", TEXT)
YES = Flag("yes", "y")
JSON = Flag("json", "j")

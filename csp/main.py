"""Entry point: finds the command, loads it and nothing else, and turns every expected failure into one line and an exit
code."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from itertools import pairwise
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from clients.output import guard_output
from csp.errors import CommandError
from csp.say import say, say_block, use_utf8
from schemas.command import COMPLETE, shown, started
from schemas.distributor import DISTRIBUTOR
from schemas.report.findings import DeclarationErrors

SETTINGS: dict[str, Any] = {
    "no_args_is_help": True,
    "pretty_exceptions_enable": False,
    "add_completion": False,
    "rich_markup_mode": None,
}
COMMANDS: Mapping[str, tuple[str, str]] = {
    "up": ("engine", "Move every customer as far as an API can, and say who has to do the rest."),
    "preview": ("engine", "Show what `up` would do and what has drifted."),
    "plan": ("plan", "Show what `up` would do, customer by customer: what cannot be undone first."),
    "refresh": ("engine", "Read the live systems into the state, change nothing else."),
    "destroy": ("engine", "Forget the estate."),
    "env": ("engine", "Print the variables with which a plain `pulumi` works on a stack, one a line."),
    "validate": ("validate", "Check every file of a stack: all errors at once, one line each."),
    "status": ("status", "Show who can order, who cannot, and the one next step of each."),
    "todo": ("status", "List every next step, the oldest wait first, with the menu path and every value to enter."),
    "evidence": (
        "evidence",
        "Print the evidence for the agreement of every customer, one fact a line, each with its source.",
    ),
    "confirm": ("change", "Write into the customer file that a person has seen what no API shows."),
    "retry": (
        "change",
        "Try once more what was refused for a customer: a refusal is otherwise not repeated until something changes.",
    ),
    "recover": ("recover", "Bring a stack back after a run that was killed: plugins, lock, unfinished operations."),
    "comment": ("comment", "Put the plan of a pull request into one comment on it, on GitHub, GitLab or Azure DevOps."),
    "issue": (
        "issue",
        "Keep one issue about what a schedule looks at: open while it is there, closed after.",
    ),
    "schedules": ("issue", "Notice a schedule that did not run: platforms switch schedules off in silence."),
    "stacks": ("stacks", "List the stacks, or those that a change touches."),
    "cancel": ("change", "Remove the lock that a killed run left."),
    "doctor": (
        "doctor",
        "Check addresses, clocks, tokens, rights, the reseller's authorisation, engine, handover and mail.",
    ),
    "drift": ("drift", "Compare every declared field with what ION and Partner Center show."),
    "adopt": (
        "adopt",
        "Write a customer file for every customer of an account, and put them into state without touching anything.",
    ),
    "auth": ("auth", "Sign in, and look at or keep alive the credentials of a connection."),
    "handover": ("handover", "One-time credentials of new tenants: encrypted at birth, delivered once."),
    "invite": ("invite", "The invitation that a customer's administrator accepts."),
    "init": ("init", "Make an estate repository: your customers as data, this product as a pinned dependency."),
    "upgrade": ("upgrade", "Move an estate repository to another release, and tell what changes."),
    "docs": ("docs", "List the pages of the manual, or print one."),
    "completion": ("completion", "Print what makes a shell complete commands, stacks and connections."),
    "sandbox": ("sandbox", "A simulated ION, Microsoft and their people on this machine."),
}
"""Command, as `csp --help` lists them: the module that registers it, and how its help begins. `--help` loads none of
the modules; a test compares the texts with the commands' own."""


class Late(Mapping[str, Any]):
    """The commands by name; a command is made, and its module loaded, when somebody asks for it."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            own = typer.Typer(**SETTINGS)
            own.callback()(lambda: None)  # with it the application is a group, also of a single command
            _module(name).register(own)
            made: Any = typer.main.get_command(own)
            self._made |= made.commands
        return self._made[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A `KeyError` out of a module that is loaded is no missing command."""
        return self[name] if name in COMMANDS else default

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


def _module(name: str) -> Any:
    return import_module(f"csp.commands.{COMMANDS[name][0]}")


def _refuse_empty(words: list[str]) -> None:
    """An empty value is mostly a variable of a pipeline that is not set, and `--plan "$PLAN"` is no run without a plan.
    Raises CommandError (2)."""
    for before, word in pairwise(["", *words]):
        name, equals, text = word.partition("=")
        if not word or (name.startswith("-") and equals and not text):
            option = name or before
            raise CommandError(f"{option} needs a value" if option.startswith("-") else "a word is empty", 2)


class Commands(TyperGroup):
    """The commands of `csp`."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = Late()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:  # a shell completes a word that is empty so far
            _refuse_empty(args)
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed

    def invoke(self, ctx: Any) -> Any:
        """A wrong word of a command's options is one line like every error, and nothing in it acts."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            told = error.format_message().replace("Value error, ", "", 1)
            raise CommandError(told, 2) from None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of `csp --help`, from the table alone."""
        limit = formatter.width - 6 - max(map(len, COMMANDS))
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(limit)) for name, one in _listed().items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """The names that may come next, from the table alone."""
        late, self.commands = self.commands, _listed()
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self.commands = late


def _listed() -> dict[str, Any]:
    """The commands as far as the table knows them."""
    return {name: TyperCommand(name, help=text) for name, (_, text) in COMMANDS.items()}


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        say(f"csp {version('csp-onboarding')}")
        raise typer.Exit


def _top(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    pass


app = typer.Typer(
    name="csp",
    cls=Commands,
    help=f"Onboard Microsoft CSP customers through {DISTRIBUTOR.product}: declared, reviewed, reconciled.",
    **SETTINGS,
)
app.callback()(_top)


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 failed, 2 wrong declaration or usage, 7 drift; others are the engine's."""
    if os.environ.get(COMPLETE):
        import_module("csp.commands.completion").prepare()
    elif sys.argv[1:] and sys.argv[1] in COMMANDS:
        _module(sys.argv[1])  # out here Ctrl-C is told like one while this module loads
    run_guarded(
        lambda: app(prog_name=started(), complete_var=COMPLETE)
    )  # usage errors print a command too: "Try '... --help'"


def run_guarded(command: Callable[[], object]) -> None:
    """Run a command and end the process: every expected failure is one line on stderr and an exit code. No secret that
    this process knows leaves it on stdout or stderr."""
    use_utf8()
    guard_output()
    try:
        code = command()
        sys.exit(code if isinstance(code, int) else 0)
    except DeclarationErrors as errors:
        say_block(shown(str(errors)), err=True)
        sys.exit(2)
    except CommandError as error:
        say(f"csp: {shown(str(error))}", err=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, EOFError):
        say("csp: stopped", err=True)
        sys.exit(1)
    finally:  # threads that still wait for an answer: from here on Ctrl-C ends the process without another word
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    main()

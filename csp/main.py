"""Entry point: assembles the commands and turns every expected failure into one line and an exit code."""

import signal
import sys
from collections.abc import Callable

import typer

import schemas
from clients.output import guard_output
from csp import adopt, auth, change, doctor, drift, engine_commands, evidence, handover, invite, look, sandbox_commands
from csp.errors import CommandError
from csp.say import say, say_block, use_utf8
from schemas.command import shown

app = typer.Typer(
    name="csp",
    help="Onboard Microsoft CSP customers through TD SYNNEX StreamOne ION: declared, reviewed, reconciled.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
engine_commands.register(app)
look.register(app)
evidence.register(app)
change.register(app)
doctor.register(app)
drift.register(app)
adopt.register(app)
app.add_typer(auth.app, name="auth")
app.add_typer(handover.app, name="handover")
app.add_typer(invite.app, name="invite")
app.add_typer(sandbox_commands.app, name="sandbox")


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 failed, 2 wrong declaration or usage, 7 drift; others are the engine's."""
    run_guarded(app)


def run_guarded(command: Callable[[], object]) -> None:
    """Run a command and end the process: every expected failure is one line on stderr and an exit code. No secret that
    this process knows leaves it on stdout or stderr."""
    use_utf8()
    guard_output()
    try:
        code = command()
        sys.exit(code if isinstance(code, int) else 0)
    except schemas.DeclarationErrors as errors:
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

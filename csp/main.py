"""Entry point: assembles the commands and turns every expected failure into one line and an exit code."""

import sys

import typer

import schemas
from csp import change, engine_commands, look, sandbox_commands
from csp.errors import CommandError

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
change.register(app)
app.add_typer(sandbox_commands.app, name="sandbox")


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 failed, 2 wrong declaration or usage, 7 drift; others are the engine's."""
    try:
        app()
    except schemas.DeclarationErrors as errors:
        print(schemas.format_findings(errors.findings, "text"), file=sys.stderr)
        sys.exit(2)
    except CommandError as error:
        print(f"csp: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

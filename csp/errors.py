"""What ends a command with one line instead of a traceback."""


class CommandError(Exception):
    """A command cannot go on. The text is one line: what is wrong and what to do.

    `message` is the same as given: a Trouble also knows its parts. `exit_code` follows the engine's habit: 1 a failure,
    2 a wrong declaration or wrong usage, 7 drift found.
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


class NewerStateError(CommandError):
    """A newer release wrote the state: no command goes on without it, as it may where there is none."""

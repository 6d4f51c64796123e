"""Options that several commands share."""

from typing import Annotated

import typer

Stack = Annotated[str, typer.Option("--stack", "-s", help="The stack: stacks/Pulumi.STACK.yaml.")]
OptionalStack = Annotated[str, typer.Option("--stack", "-s", help="The stack: stacks/Pulumi.STACK.yaml.")]

"""The program: declares the estate of the selected stack to Pulumi."""

import sys
from pathlib import Path

import pulumi

import schemas
from providers import planned
from providers.component import declare
from providers.errors import quiet_interrupts
from schemas.command import shown
from schemas.plain import plain


def declare_stack(project: Path) -> None:
    """`project`: the folder of Pulumi.yaml. Ends the process when a file of the stack is wrong, or when the run wants a
    plan that was reviewed and this is not it."""
    quiet_interrupts()
    try:
        stack = project / "stacks" / f"Pulumi.{pulumi.get_stack()}.yaml"
        estate = schemas.load_estate(stack, project, split_if_sent=True)  # the guard knows what was there before
    except schemas.DeclarationErrors as errors:
        pulumi.log.error(f"nothing was sent; the declaration has errors:\n{errors}")
        sys.exit(1)
    if told := planned.not_reviewed(estate):
        pulumi.log.error("nothing was sent; " + "\n".join(shown(plain(line), stack=estate.stack) for line in told))
        sys.exit(1)
    pulumi.run(lambda: declare(estate))

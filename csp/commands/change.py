"""`csp confirm|retry|cancel`: what a person adds to a customer file, and how a stopped run goes on."""

from typing import Annotated

import typer

import schemas
from clients.wire import clock
from csp.engine import moving
from csp.engine import start as engines
from csp.errors import CommandError
from csp.known import no_customer
from csp.options import Stack, whoami
from csp.project import Project
from csp.say import say
from schemas.model.gates import GATES
from schemas.write.confirming import CannotConfirmError
from schemas.write.confirming import confirm as write_confirmation


def register(app: typer.Typer) -> None:
    app.command()(confirm)
    app.command()(retry)
    app.command()(cancel)


def confirm(
    customer: Annotated[str, typer.Argument(help="Customer key; for the gate reseller, the connection's name.")],
    gate: Annotated[str, typer.Argument(help="What you have seen: pricebook, cloud_provider, tenant, agreement, ...")],
    stack: Stack,
    by: Annotated[str, typer.Option(help="Who looked. Default: your e-mail in Git.")] = "",
    ref: Annotated[str, typer.Option(help="Ticket or other evidence.")] = "",
) -> None:
    """Write into the customer file that a person has seen what no API shows. Reviewed like any other line.

    The confirmation is bound to the declared values: change one of them and it no longer counts.
    """
    project = Project.find()
    estate = project.estate(stack)
    by = by or whoami()
    of: schemas.Customer | schemas.Connection
    if (found := GATES.get(gate)) and found.confirmed_in == "connection":
        if customer not in estate.connections:
            raise CommandError(
                f"the gate {gate} belongs to a connection; {stack} has {', '.join(estate.connections)}", 2
            )
        of, file = estate.connections[customer], project.root / "stacks" / "connections" / f"{customer}.yaml"
    else:
        try:
            of = estate.customer(customer)
        except KeyError:
            raise no_customer(stack, customer, estate) from None
        file = project.root / estate.sources[customer]
    try:
        changed = write_confirmation(file, gate, by, clock.now().date(), ref or None, of=of)
    except CannotConfirmError as error:
        raise CommandError(str(error), 2) from None
    shown = file.relative_to(project.root)
    say(f"{shown}: {gate} confirmed by {by}. It counts from now on." if changed else f"{shown}: nothing to change")


def retry(
    customer: Annotated[str, typer.Argument(help="Customer key.")],
    stack: Stack,
) -> None:
    """Try once more what was refused for a customer: a refusal is otherwise not repeated until something changes."""
    project = Project.find()
    estate = project.estate(stack)
    if customer not in {one.key for one in estate.customers}:
        raise no_customer(stack, customer, estate)
    engine = engines.choose(project, stack, estate)
    engine.environment["CSP_RETRY"] = customer
    say(engine.why, err=True)
    raise typer.Exit(moving.one(engine, estate, customer))


def cancel(stack: Stack, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Remove the lock that a killed run left. Only when that run is really gone."""
    project = Project.find()
    engine = engines.choose(project, stack, project.estate(stack))
    raise typer.Exit(
        engine.run("cancel", *([] if engine.name == "pulumi" else ["--stack"]), stack, *(["--yes"] if yes else []))
    )

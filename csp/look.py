"""`csp validate|status|todo`: what is declared, who can order, who has to do what. Nothing here changes anything."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

import schemas
from csp import engines
from csp.errors import CommandError
from csp.options import Stack
from csp.project import Project
from onboarding import readiness

WAITING_OR_BLOCKED = ("blocked", "waiting")
WIDE = 130
NARROW_COLUMNS = ("Customer", "Order", "Profile", "Row (price)", "Relation", "Tenant", "MCA", "Waits for")
OWNERS = {"us": "us", "customer": "the customer", "distributor": "TD SYNNEX"}


def register(app: typer.Typer) -> None:
    app.command()(validate)
    app.command()(status)
    app.command()(todo)


def validate(
    stack: Stack,
    format_: Annotated[str, typer.Option("--format", help="text, json, sarif or github.")] = "text",
) -> None:
    """Check every file of a stack: all errors at once, one line each. Sends nothing. Exit code 2 when there are any."""
    try:
        estate = Project.find().estate(stack)
    except schemas.DeclarationErrors as errors:
        # Findings for people go to stderr like every error; machine formats are the command's answer.
        typer.echo(
            schemas.format_findings(errors.findings, _one_of(format_, "text", "json", "sarif", "github")),
            err=format_ == "text",
        )
        raise typer.Exit(2) from None
    if format_ == "text":
        typer.echo(
            f"{stack}: {len(estate.customers)} customers on {len(estate.connections)} connections, nothing wrong"
        )
    else:
        typer.echo(schemas.format_findings((), _one_of(format_, "json", "sarif", "github")))


def status(
    stack: Stack,
    customer: Annotated[str, typer.Option("--customer", "-k", help="Explain one customer, gate by gate.")] = "",
    format_: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
    fail_on: Annotated[str, typer.Option(help="Exit 1 when a customer is blocked, or waiting (or blocked).")] = "",
) -> None:
    """Show who can order, who cannot, and the one next step of each. Reads the state of the last run."""
    project = Project.find()
    estate, states = _estate_and_states(project, stack)
    verdicts = readiness.all_readiness(states, estate, datetime.now(UTC))
    if customer:
        verdicts = [v for v in verdicts if v.key == customer]
        if not verdicts:
            raise CommandError(f"the stack {stack} has no customer {customer!r}", 2)
    if _one_of(format_, "table", "json") == "json":
        whole = readiness.report(states, estate, datetime.now(UTC))
        whole["customers"] = [c for c in whole["customers"] if customer in ("", c["key"])]
        typer.echo(json.dumps(whole, indent=2))
    elif customer:
        _explain(verdicts[0])
    else:
        _print_table(verdicts)
    if fail_on:
        limit = _one_of(fail_on, *WAITING_OR_BLOCKED)
        held = [v.key for v in verdicts if v.stopped or (limit == "waiting" and not v.can_order)]
        if held:
            raise CommandError(f"{len(held)} of {len(verdicts)} customers {limit}: {', '.join(held)}")


def todo(
    stack: Stack,
    owner: Annotated[str, typer.Option(help="us, customer or distributor.")] = "",
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """List every next step, the oldest wait first, with the menu path and every value to enter."""
    items = todo_items(Project.find(), stack, _one_of(owner, "", *OWNERS))
    if _one_of(format_, "text", "json") == "json":
        typer.echo(json.dumps(items, indent=2))
        return
    for item in items:
        typer.echo(f"\n{item['customer']}  (waits for {OWNERS[item['owner']]} since {item['since'][:10]})")
        _print_step(item)
    typer.echo(f"\n{len(items)} next steps" if items else "Nothing to do: nobody waits for anybody.")


def todo_items(project: Project, stack: str, owner: str = "") -> list[dict[str, Any]]:
    """The next steps of a stack as `csp todo --format json` prints them."""
    estate, states = _estate_and_states(project, stack)
    return readiness.todo(states, estate, datetime.now(UTC), owner)


def print_status(project: Project, stack: str) -> None:
    """The readiness table of a stack."""
    estate, states = _estate_and_states(project, stack)
    _print_table(readiness.all_readiness(states, estate, datetime.now(UTC)))


def _estate_and_states(project: Project, stack: str) -> tuple[schemas.Estate, readiness.States]:
    estate = project.estate(stack)
    return estate, readiness.states_from_export(engines.choose(project, stack, estate).export())


def _print_table(verdicts: list[readiness.Readiness]) -> None:
    console = Console(highlight=False)
    narrow = console.width < WIDE
    *columns, _ = readiness.COLUMNS
    rows = [row[:-1] for row in readiness.table_rows(verdicts)]
    if narrow:
        columns, rows = list(NARROW_COLUMNS), [_narrow(row) for row in rows]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 0) if narrow else (0, 1))
    for name in columns:
        table.add_column(name, no_wrap=narrow)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    if any(row[1] == "yes*" for row in rows):
        console.print("* some gates rest on a person's confirmation: csp status --customer KEY\n", markup=False)
    for verdict in verdicts:
        if verdict.next_step:
            first, _, more = str(verdict.next_step["action"]).partition(". ")
            console.print(f"{verdict.key}: {first}{' ...' if more else ''}", soft_wrap=True, markup=False)
    if any(v.next_step for v in verdicts):
        console.print("\nMenu paths and values to enter: csp todo", markup=False)
    console.print(readiness.footer(verdicts), markup=False)


def _narrow(row: tuple[str, ...]) -> tuple[str, ...]:
    """The same row for a terminal of 80 columns: without the date, words shortened."""
    cells = [cell.replace("confirmed", "conf.").replace("the customer", "customer") for cell in row[:-1]]
    cells[1] = "yes*" if cells[1].startswith("yes (") else cells[1]
    return tuple(cells)


def _explain(verdict: readiness.Readiness) -> None:
    typer.echo(f"{verdict.organization} ({verdict.key}): can order: {readiness.can_order_text(verdict)}")
    for name, gate in verdict.gates.items():
        age = "" if gate.age is None else f"  [{_age(gate.age)} ago]"
        typer.echo(f"  {name:15} {gate.state:10} {gate.why}{age}")
    for kind, resource in verdict.resources.items():
        if reason := resource.outputs.get("reason"):
            typer.echo(f"  {kind}: {reason}")
    if verdict.next_step:
        typer.echo(f"Next step, for {OWNERS[verdict.next_step['owner']]} (since {verdict.since[:10]}):")
        _print_step(verdict.next_step)


def _print_step(step: Any) -> None:
    typer.echo(f"  {step['where']}")
    typer.echo(f"  {step['action']}")
    for label, value in step["values"].items():
        first, *more = str(value).splitlines() or [""]
        typer.echo(f"    {label:34} {first}")
        for line in more:
            typer.echo(f"    {'':34} {line}")
    if step["link"]:
        typer.echo(f"    {step['link']}")


def _age(seconds: int) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _one_of(value: str, *allowed: str) -> Any:
    if value not in allowed:
        raise CommandError(f"{value!r} is not one of: {', '.join(a for a in allowed if a)}", 2)
    return value

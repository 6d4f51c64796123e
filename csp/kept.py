"""The one-time credentials that the stores of an estate know of."""

import schemas
from clients.errors import ClientError
from clients.handover.entry import Entry
from clients.handover.opening import open_handover
from csp.project import Project
from csp.say import say
from schemas.command import shown


def entries_of(project: Project, estate: schemas.Estate) -> dict[str, list[Entry]]:
    """Customer key -> entries of the stores of every connection. A vault that does not answer is told, and left out."""
    found: dict[str, list[Entry]] = {customer.key: [] for customer in estate.customers}
    for name in sorted({customer.connection for customer in estate.customers}):
        try:
            entries = open_handover(estate.connections[name], project.home).list()
        except ClientError as error:
            told = f"credentials of {name} could not be looked at: {error}"
            say(f"csp: {shown(told, stack=estate.stack, connection=name)}", err=True)
            continue
        for entry in entries:
            found.setdefault(estate.renamed.get(entry.customer, entry.customer), []).append(entry)
    return found

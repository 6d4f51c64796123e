"""A customer that people name on the command line."""

import schemas
from csp.errors import CommandError
from schemas.kinds.nearest import nearest


def no_customer(stack: str, name: str, estate: schemas.Estate, what: str = "customer") -> CommandError:
    """The error for a name that is no key of the stack, with the key that may be meant."""
    meant = _meant(name, estate)
    hint = f"; did you mean {meant}?" if meant else ""
    return CommandError(f"the stack {stack} has no {what} {name!r}{hint}", 2)


def _meant(name: str, estate: schemas.Estate) -> str:
    """By a former key, the e-mail, the company, or a key that is spelt alike; "" for none."""
    wanted = name.strip().casefold()
    if wanted in estate.renamed:
        return estate.renamed[wanted]
    for one in estate.customers:
        if wanted in (one.key, one.profile.email.casefold(), one.profile.organization.casefold()):
            return one.key
    return nearest(wanted, [one.key for one in estate.customers])

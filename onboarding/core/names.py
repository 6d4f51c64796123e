"""Names in state and environment that a command can know without the domain: docs/state.md fixes them."""

COMPONENT_TYPE = "csp:index:OnboardedCustomer"
TYPE_PREFIX = "pulumi-python:dynamic/csp:"
GUARD_TYPE, GUARD_NAME = f"{TYPE_PREFIX}Estate", "estate"
PROVIDER_TYPE = "pulumi:providers:pulumi-python"
LEAVE_OUT = "CSP_LEAVE_OUT"
"""Variable of `csp adopt`'s own `up`, which is aimed at providers and guard: names a file with a customer key a line.
The program leaves these out; they are not in state yet, and to register thousands would take minutes."""
ONLY = "CSP_ONLY"
"""Variable of `csp up -k CUSTOMER`: the one customer that the program declares; the guard keeps what it knows of the
others, and the engine is aimed at this one, so that it forgets nobody."""


def customer_of(name: str) -> str:
    """The key of the customer that a resource of this name belongs to. The four resources of a customer have its key as
    their name. A Cloud Provider row of another kind than Microsoft's will be named `KEY.KIND`; no key holds a dot."""
    return name.partition(".")[0]

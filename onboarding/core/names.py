"""Names in state and environment that a command can know without the domain: docs/state.md fixes them."""

COMPONENT_TYPE = "csp:index:OnboardedCustomer"
TYPE_PREFIX = "pulumi-python:dynamic/csp:"
GUARD_TYPE, GUARD_NAME = f"{TYPE_PREFIX}Estate", "estate"
PROVIDER_TYPE = "pulumi:providers:pulumi-python"
LEAVE_OUT = "CSP_LEAVE_OUT"
"""Variable of `csp adopt`'s own `up`, which is aimed at providers and guard: names a file with a customer key a line.
The program leaves these out; they are not in state yet, and to register thousands would take minutes."""

"""The declaration as pydantic models: customer, connection, stack, estate, gates."""

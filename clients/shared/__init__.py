"""What runners share that have no folder in common: locks, pauses and sent markers in a PostgreSQL database."""

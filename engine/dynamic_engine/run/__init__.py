"""Execution: steps, deletes, refresh, import, and the services that the program talks to."""

"""An account that grew by hand becomes customer files and state."""

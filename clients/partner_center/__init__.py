"""Microsoft Partner Center, API v1."""

"""The domain: observe, assess, converge, release. Its rooms, from the top, stand in pyproject.toml (import-linter)."""

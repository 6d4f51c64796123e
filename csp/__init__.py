"""The `csp` command: what an operator, a pipeline and a reviewer type."""

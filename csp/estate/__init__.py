"""A reseller's own repository: its files, the release that it pins, and how both come and change.

docs/estate-repository.md is the page about it. `files/` holds what `csp init` writes, as templates.
"""

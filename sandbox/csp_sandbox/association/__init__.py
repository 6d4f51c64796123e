"""Our own write endpoint for provider associations. ION does not offer it."""

from csp_sandbox.association import rows
from csp_sandbox.association.system import ASSOCIATION

__all__ = ["ASSOCIATION", "rows"]

"""The Microsoft login service. Importing the package registers its operations."""

from csp_sandbox.entra import authorize, device, discovery, tokens
from csp_sandbox.entra.system import ENTRA

__all__ = ["ENTRA", "authorize", "device", "discovery", "tokens"]

"""StreamOne ION v3. Importing the package registers its operations."""

from csp_sandbox.ion import catalog, customers, oauth, profiles
from csp_sandbox.ion.system import ION

__all__ = ["ION", "catalog", "customers", "oauth", "profiles"]

"""Importing this module registers the pages of the console."""

from csp_sandbox.console import ion_pages, people_pages
from csp_sandbox.console.system import CONSOLE

__all__ = ["CONSOLE", "ion_pages", "people_pages"]

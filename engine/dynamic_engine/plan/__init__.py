"""Decisions: from a registration and the old state to the steps that must be taken."""

"""Faults: of a call, of a vault, of a list between two pages, of a disk."""

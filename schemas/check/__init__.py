"""Checks that need more than one value, or knowledge of the world."""

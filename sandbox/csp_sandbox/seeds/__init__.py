"""Situations from plain JSON."""

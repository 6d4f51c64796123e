"""Changing and writing YAML files without touching anything else in them."""

"""Drills: what the tool claims, played in full against the sandbox. README.md is the catalogue."""

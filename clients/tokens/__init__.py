"""Tokens: where rotating ones are kept, and how they are renewed."""

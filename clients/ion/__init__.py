"""StreamOne ION, public API v3."""

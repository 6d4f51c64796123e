"""One file a command (or a group of commands); `csp.main` loads only the one that was typed."""

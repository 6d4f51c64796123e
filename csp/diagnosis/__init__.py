"""What `csp doctor` checks of a connection, its credentials and this machine."""

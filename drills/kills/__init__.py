"""SIGKILL at every boundary: of runs, of commands of people, of an adoption."""

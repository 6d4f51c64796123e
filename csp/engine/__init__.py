"""Starting an engine (the Pulumi CLI or the embedded one), what it was asked for, and what it could not look at."""

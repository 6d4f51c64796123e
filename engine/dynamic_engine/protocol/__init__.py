"""What travels between the processes: Pulumi's own message types, property values, property paths."""

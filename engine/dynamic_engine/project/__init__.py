"""What the user wrote: Pulumi.yaml and the stack file; and what a command opens before it starts."""

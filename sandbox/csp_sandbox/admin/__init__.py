"""The sandbox's own administration: control, situation, what really happened, changes by somebody else."""

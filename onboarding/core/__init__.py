"""What every room of the domain speaks: facts, outcomes, next steps, labels, what a resource keeps in state."""

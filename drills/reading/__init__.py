"""What is told of an estate is true: drift, readiness, adoption."""

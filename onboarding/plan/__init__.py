"""The plan: what a run would do, said customer by customer, and what of it a reviewed plan allows."""

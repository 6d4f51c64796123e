"""The four resources of a customer, their inputs, and a customer who leaves."""

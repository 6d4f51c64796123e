"""Measurements on a seeded estate: generators of customers and of remote changes, and the drills that use them."""

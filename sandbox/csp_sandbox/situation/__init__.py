"""What one sandbox remembers: records, store, clock, faults on order, what reached it."""

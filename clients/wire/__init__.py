"""One transport for all systems: bounds, pace, time, lists, reading JSON, error tables, the debug log."""

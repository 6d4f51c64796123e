"""Files as data with positions: YAML, JSON Schema for the shape, regular files inside the project only."""

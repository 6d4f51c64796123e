"""The processes beside the engine: the program and the dynamic-provider plugins."""

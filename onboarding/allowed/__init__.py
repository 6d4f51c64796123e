"""What a reviewed plan allows a run to do, and what a run says about its plan."""

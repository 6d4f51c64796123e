"""What tests, drills and benchmarks share: project folders, sandbox processes, clocks and servers that stand in.

It imports the product and never a test or a drill; tests, drills and benchmarks import it, and drills import no test.
"""

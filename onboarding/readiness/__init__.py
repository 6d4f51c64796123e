"""Can this customer order, and who does what next: all gates of a purchase, evidence, tickets; what was not seen."""

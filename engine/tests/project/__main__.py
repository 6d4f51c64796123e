"""The program is data: each test writes the module ``case`` next to this file."""

import case

case.declare()

"""`python -m drills.faults`: every part of the fault drills."""

import sys

from drills.faults.parts import main

sys.exit(main())

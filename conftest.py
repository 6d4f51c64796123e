"""For every folder of tests: property tests repeat themselves.

The same inputs in every run, so that a change is red because of the change. What a free search finds is kept as an
`@example` beside the property. `HYPOTHESIS_PROFILE=search` searches freely, with a memory in `.hypothesis`.
"""

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None, print_blob=True)
settings.register_profile("search", print_blob=True, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

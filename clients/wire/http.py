"""httpx, without its own command line.

Where rich and click are installed, `import httpx` loads them for a command of its own, which takes as long as all the
rest of it. The program says that it has none.
"""

import sys

if "httpx" not in sys.modules:
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # an import of it fails, and httpx goes on without
    import httpx as httpx

    del sys.modules["httpx._main"]
else:
    import httpx as httpx

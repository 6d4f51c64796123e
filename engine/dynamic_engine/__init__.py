"""An embedded deployment engine for Pulumi Python programs that use dynamic resources.

It speaks Pulumi's published gRPC protocol to an unmodified program and to the unmodified dynamic-provider
plugin, and reads and writes Pulumi's own ``file://`` backend. See ``engine/README.md`` for its scope.
"""

import os

__version__ = "0.2.0.dev0"

# gRPC's own log lines about closed connections are of no use to anyone; it reads the variable when it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

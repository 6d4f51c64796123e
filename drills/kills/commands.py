"""`csp` commands of people, SIGKILLed at every boundary: `python -m drills.kills.commands [--every N]`.

One figure a line: what hands over passwords and confirms, with files; the same with a key vault; what sends
invitations. Real processes, a fake vault and a fake mail server on loopback.
"""

from __future__ import annotations

import argparse
import sys
import time

from drills.kills import handover, invite

PARTS = {
    "handover and confirm, files": handover.files,
    "handover, key vault": handover.requests,
    "invite send and renew": invite.run,
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1, help="play each N-th kill")
    parser.add_argument("--only", default="", help="part of a figure's name")
    wanted = parser.parse_args()
    failures = 0
    for name, part in PARTS.items():
        if wanted.only in name:
            began = time.monotonic()
            boundaries, kills, failed = part(wanted.every, print)
            print(
                f"kill commands, {name}: {boundaries} boundaries, {kills} SIGKILLs, {failed} wrong "
                f"({time.monotonic() - began:.0f} s)",
                flush=True,
            )
            failures += failed
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

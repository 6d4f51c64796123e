"""The id of a write. On its own: who only thinks about a write needs no transport."""

import json
import uuid

_NAMESPACE = uuid.UUID("6d1f2d0e-6a0b-5c55-9d7e-3d1c5e0a7b11")


def request_id(account: str, natural_key: str, operation: str, body: object, attempt: int) -> str:
    """The `MS-RequestId` of a write: the same until a final answer came (`attempt` rises then), so that a repeat
    after a crash is recognised by the service. `body` is JSON-like."""
    canonical = json.dumps(body, sort_keys=True, default=str, separators=(",", ":"))
    return str(uuid.uuid5(_NAMESPACE, "\n".join((account, natural_key.lower(), operation, canonical, str(attempt)))))

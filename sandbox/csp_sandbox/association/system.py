"""The association endpoint's habits: ION's token and error shape, off unless the profile's flag is on."""

from __future__ import annotations

from csp_sandbox.ion.system import ION, NO_PATH, own_account
from csp_sandbox.serving.web import Call, System


def _before(call: Call) -> None:
    if not call.world.store.meta.get("association_api"):
        raise NO_PATH(call)
    own_account(call)


ASSOCIATION = System(
    name="association",
    title="Provider association (a contract of this project; ION does not offer it)",
    base="/ion/csp-association/v1",
    trouble=ION.trouble,
    before=_before,
)

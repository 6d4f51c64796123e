"""The declaration: what a customer file, a connection file and a stack may say, and the loader that checks them all."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas.loader import findings_of, load_connection, load_estate, load_stack
    from schemas.model.base import Address, Confirmation, Declared, Person
    from schemas.model.connection import (
        AssociationApi,
        Connection,
        EnhancedAttestation,
        Entra,
        Handover,
        Ion,
        Limits,
        Mail,
        PartnerCenter,
        RelationshipLink,
        Reseller,
        SandboxRef,
        TokenStore,
    )
    from schemas.model.customer import (
        Attestation,
        CloudProvider,
        Customer,
        ExistingIdentity,
        GlobalAdmin,
        Identity,
        InviteIdentity,
        NewIdentity,
        Profile,
    )
    from schemas.model.estate import Estate
    from schemas.model.gates import GATES, confirmation_of, confirmed_values, program_access_of
    from schemas.report.findings import DeclarationErrors, Finding, errors, format_findings
    from schemas.write.confirming import CannotConfirmError, confirm
    from schemas.write.customer_file import CannotWriteError, write_customer

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
"""To find plugins, which we have none of, pydantic reads the entry points of every installed distribution."""

__all__ = [
    "GATES",
    "Address",
    "AssociationApi",
    "Attestation",
    "CannotConfirmError",
    "CannotWriteError",
    "CloudProvider",
    "Confirmation",
    "Connection",
    "Customer",
    "DeclarationErrors",
    "Declared",
    "EnhancedAttestation",
    "Entra",
    "Estate",
    "ExistingIdentity",
    "Finding",
    "GlobalAdmin",
    "Handover",
    "Identity",
    "InviteIdentity",
    "Ion",
    "Limits",
    "Mail",
    "NewIdentity",
    "PartnerCenter",
    "Person",
    "Profile",
    "RelationshipLink",
    "Reseller",
    "SandboxRef",
    "TokenStore",
    "confirm",
    "confirmation_of",
    "confirmed_values",
    "errors",
    "findings_of",
    "format_findings",
    "load_connection",
    "load_estate",
    "load_stack",
    "program_access_of",
    "write_customer",
]

_PLACES = {
    "model.base": "Address Confirmation Declared Person",
    "write.confirming": "CannotConfirmError confirm",
    "model.connection": (
        "AssociationApi Connection EnhancedAttestation Entra Handover Ion Limits Mail PartnerCenter "
        "RelationshipLink Reseller SandboxRef TokenStore"
    ),
    "model.customer": (
        "Attestation CloudProvider Customer ExistingIdentity GlobalAdmin Identity InviteIdentity NewIdentity Profile"
    ),
    "model.estate": "Estate",
    "report.findings": "DeclarationErrors Finding errors format_findings",
    "model.gates": "GATES confirmation_of confirmed_values program_access_of",
    "loader": "findings_of load_connection load_estate load_stack",
    "write.customer_file": "CannotWriteError write_customer",
}
"""Module -> what it holds of this package's names. A process loads the modules whose names it uses: models, loader and
the round-trip YAML editor take long to load, and `csp --help` needs none of them."""
_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"schemas.{_MODULE_OF[name]}"), name)
    globals()[name] = found
    return found

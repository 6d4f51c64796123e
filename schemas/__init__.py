"""The declaration: what a customer file, a connection file and a stack may say, and the loader that checks them all."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from schemas.base import Address, Confirmation, Declared, Person
from schemas.connection import (
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
from schemas.customer import (
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
from schemas.estate import Estate
from schemas.findings import DeclarationErrors, Finding, errors, format_findings
from schemas.gates import GATES, confirmation_of, confirmed_values, program_access_of
from schemas.loader import findings_of, load_connection, load_estate, load_stack

if TYPE_CHECKING:
    from schemas.confirming import CannotConfirmError, confirm
    from schemas.writing import CannotWriteError, write_customer

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

# The round-trip YAML editor takes long to load; every plugin process imports this package, and none edits files.
_LATE = {
    "CannotConfirmError": "confirming",
    "CannotWriteError": "writing",
    "confirm": "confirming",
    "write_customer": "writing",
}


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(f"schemas.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

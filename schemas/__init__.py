"""The declaration: what a customer file, a connection file and a stack may say, and the loader that checks them all."""

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
from schemas.findings import DeclarationErrors, Finding, format_findings
from schemas.loader import load_connection, load_estate

__all__ = [
    "Address",
    "AssociationApi",
    "Attestation",
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
    "format_findings",
    "load_connection",
    "load_estate",
]

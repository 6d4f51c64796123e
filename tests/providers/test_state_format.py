"""What is in state for ever (docs/state.md): pickled references, type tokens, field names."""

import subprocess
import sys

import pytest
from pulumi.dynamic.dynamic import serialize_provider

from onboarding.core import names
from onboarding.core.catalogue import RESOURCES
from onboarding.resources import attestation as agreement
from onboarding.resources import customer as profile
from onboarding.resources import provider_association as row
from onboarding.resources import tenant_identity as tenant
from providers import attestation, customer, estate, provider_association, tenant_identity

PICKLES = {
    customer: "gASVJgAAAAAAAACMEnByb3ZpZGVycy5jdXN0b21lcpSMCHByb3ZpZGVylJOUKVKULg==",
    provider_association: "gASVMgAAAAAAAACMHnByb3ZpZGVycy5wcm92aWRlcl9hc3NvY2lhdGlvbpSMCHByb3ZpZGVylJOUKVKULg==",
    tenant_identity: "gASVLQAAAAAAAACMGXByb3ZpZGVycy50ZW5hbnRfaWRlbnRpdHmUjAhwcm92aWRlcpSTlClSlC4=",
    attestation: "gASVKQAAAAAAAACMFXByb3ZpZGVycy5hdHRlc3RhdGlvbpSMCHByb3ZpZGVylJOUKVKULg==",
    estate: "gASVJAAAAAAAAACMEHByb3ZpZGVycy5lc3RhdGWUjAhwcm92aWRlcpSTlClSlC4=",
}


def test_adoption_writes_the_same_names() -> None:
    """What adoption puts into an import file equals what Pulumi makes of the classes."""
    classes = (customer, provider_association, tenant_identity, attestation)
    for kind, module in zip(RESOURCES.values(), classes, strict=True):
        cls = getattr(module, kind.name)
        assert kind.reference == serialize_provider(module.provider())
        assert kind.type == f"pulumi-python:{cls._resource_type_name}"
        assert set(kind.from_others) == set(module.provider()._from_others)
    assert f"pulumi-python:{estate.Estate._resource_type_name}" == names.GUARD_TYPE


@pytest.mark.parametrize("module", PICKLES, ids=lambda m: m.__name__)
def test_pickles_are_references_that_never_change(module) -> None:
    assert serialize_provider(module.provider()) == PICKLES[module]


def test_pickles_do_not_depend_on_hash_seed_nor_folder(tmp_path) -> None:
    code = "from pulumi.dynamic.dynamic import serialize_provider as text; import providers.customer as m; "
    code += "print(text(m.provider()))"
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            encoding="utf-8",
        ).stdout.strip()
        for seed in ("0", "4711")
    }
    assert told == {PICKLES[customer]}


@pytest.mark.parametrize(
    ("cls", "token"),
    [
        (customer.Customer, "dynamic/csp:Customer"),
        (provider_association.ProviderAssociation, "dynamic/csp:ProviderAssociation"),
        (tenant_identity.TenantIdentity, "dynamic/csp:TenantIdentity"),
        (attestation.Attestation, "dynamic/csp:Attestation"),
        (estate.Estate, "dynamic/csp:Estate"),
    ],
)
def test_type_tokens(cls, token: str) -> None:
    assert cls._resource_type_name == token


@pytest.mark.parametrize(
    ("declared", "names"),
    [
        (profile.Inputs, "key profile lifecycle adopt recreate on_remove"),
        (row.Inputs, "key ion_customer_id cloud_provider adopt lifecycle"),
        (tenant.Inputs, "key ion_customer_id identity company language address attestation adopt on_remove lifecycle"),
        (
            agreement.Inputs,
            "key ion_customer_id tenant_id attestation_id attestation route company country language lifecycle",
        ),
    ],
)
def test_names_of_inputs(declared, names: str) -> None:
    assert list(declared.model_fields) == names.split()


def test_what_others_get_is_what_is_carried() -> None:
    assert [one.carried for one in RESOURCES.values()] == [one.thing.CARRIED for one in RESOURCES.values()]


def test_no_output_has_the_name_of_an_input() -> None:
    """An output of the same name would break the projection of outputs on inputs."""
    common = {"account", "partner_tenant", "status", "waiting_on", "since", "reason", "seen", "handled", "facts"}
    common |= {"observed_at", "memory", "attempt", "rejected", "declared", "next_step", "unobserved"}
    for thing in (profile, row, tenant, agreement):
        assert not set(thing.Inputs.model_fields) & (common | set(thing.CARRIED)), thing.__name__

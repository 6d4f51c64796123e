"""Generated requests against every operation of the OpenAPI document: no crash, no undeclared status or shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from csp_sandbox import openapi
from csp_sandbox.systems import SYSTEMS
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from .conftest import Running, running

EXAMPLES = 15
DOCUMENT = openapi.document(SYSTEMS)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    operation.definition.raw["operationId"]: operation
    for operation in (result.ok() for result in SCHEMA.get_all_operations())
}
AUTH = {operation.id: operation.auth for system in SYSTEMS for operation in system.operations}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running("--profile", "provider") as started:
        yield started


@pytest.fixture(scope="module")
def known(sandbox: Running) -> dict[str, str]:
    """Tokens, and path parameters that exist."""
    ready = sandbox.ready
    ion = httpx.post(
        f"{ready['ion']}/oauth/token",
        data={"grant_type": "refresh_token", "refresh_token": ready["ion_refresh_token"]},
    ).json()["access_token"]
    app = {
        "client_id": ready["pc_client_id"],
        "client_secret": ready["pc_client_secret"],
        "scope": "https://api.partnercenter.microsoft.com/.default",
    }
    where = f"{ready['entra']}/{ready['pc_tenant']}/oauth2/v2.0/token"
    user = {**app, "grant_type": "refresh_token", "refresh_token": ready["pc_refresh_token"]}
    domain = "adventureworks.onmicrosoft.com"
    discovery = httpx.get(f"{ready['entra']}/{domain}/v2.0/.well-known/openid-configuration").json()
    person = {"account": "10501", "email": "s@schema.test", "organization": "Schema", "id": "399999"}
    sandbox.admin("POST", "seed", json={"customers": [person]})
    return {
        "ion": ion,
        "user": httpx.post(where, data=user).json()["access_token"],
        "app": httpx.post(where, data={**app, "grant_type": "client_credentials"}).json()["access_token"],
        "account": "10501",
        "customer": "399999",
        "tenant": discovery["issuer"].split("/")[3],
        "domain": domain,
        "country": "US",
    }


@pytest.mark.parametrize("operation_id", sorted(OPERATIONS))
def test_operation(sandbox: Running, known: dict[str, str], operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    base = sandbox.ready["admin"].removesuffix("/_sandbox")
    microsoft = "app" if AUTH[operation_id] == "app" else "user"
    token = known[microsoft if operation_id.startswith("pc.") else "ion"]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        for name, value in case.path_parameters.items():
            if name == "account" or len(str(value)) % 2:  # half of the time something that exists
                case.path_parameters[name] = known.get(name, value)
        case.call_and_validate(
            base_url=base,
            headers={"Authorization": f"Bearer {token}"},
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ],
        )

    check()


def test_no_failure_inside_the_sandbox(sandbox: Running, known: dict[str, str]) -> None:
    """The recorder saw no 500 of any system, whatever was sent."""
    requests = sandbox.admin("GET", "requests").json()["requests"]
    assert [entry for entry in requests if entry["status"] == 500] == []

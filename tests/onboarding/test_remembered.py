"""The memory of each resource: named fields, changes by name, and the texts of 0.1.0."""

import json

import pytest
from pydantic import ValidationError

from onboarding.core.contract import Facts, Known, Outcome
from onboarding.core.remembered import Asking, Invited, Mark, Memory, Recorded, Sent, Signer, regular
from onboarding.core.state import outputs
from onboarding.resources.memory import EVIDENCE, AttestationMemory, TenantMemory
from onboarding.resources.provider_association import RowMemory
from tests.upgrade.replay import HERE

OF_0_1_0 = {
    "invited": "sent 2026-11-01T12:00:00Z admin@contoso.example",
    "invitation_number": "2",
    "mail_invitation_0a1b2c3d": "maybe 2026-11-01T12:00:00Z admin@contoso.example",
    "create_sent": "2026-11-01T12:00:00Z contoso.onmicrosoft.com",
    "shown": "yes",
    "asked_for": "cora@contoso.example | Contoso Ltd",
}


def test_texts_of_the_first_release_are_read() -> None:
    memory = TenantMemory.of(Known({"memory": OF_0_1_0}))
    assert memory.invitation == Invited(state="sent", since="2026-11-01T12:00:00Z", to="admin@contoso.example")
    assert memory.invitation_number == 2
    mark = Mark(result="maybe", at="2026-11-01T12:00:00Z", to="admin@contoso.example")
    assert memory.mails == {"invitation_0a1b2c3d": mark}
    assert memory.create_sent == Sent(at="2026-11-01T12:00:00Z", domain="contoso.onmicrosoft.com")
    assert memory.shown
    assert memory.asked_for == Signer(email="cora@contoso.example", entity="Contoso Ltd")
    recorded = AttestationMemory.of(Known({"memory": {"recorded": "a-1 2026-11-01T12:00:00Z"}})).recorded
    assert recorded == Recorded(id="a-1", since="2026-11-01T12:00:00Z")
    assert Memory.of(Known({"memory": {"create_sent": "2026-11-01T12:00:00Z"}})).mails == {}


def test_todays_shape_is_what_was_read() -> None:
    once = regular(OF_0_1_0)
    assert regular(json.loads(json.dumps(once))) == once


def test_a_run_writes_todays_shape_and_forgets_what_is_empty() -> None:
    changes = TenantMemory.changes(create_sent=None, domain="contoso.onmicrosoft.com", link="")
    outcome = Outcome("ready", Facts(), memory=changes)
    kept = outputs({}, Known({"memory": OF_0_1_0}), outcome, account=("1", ""), carried=(), converged=True)["memory"]
    assert kept["domain"] == "contoso.onmicrosoft.com"
    assert kept["invitation"]["to"] == "admin@contoso.example"
    assert not {"create_sent", "link", "invited", "mail_invitation_0a1b2c3d"} & kept.keys()


def test_only_fields_can_be_remembered() -> None:
    with pytest.raises(TypeError, match="RowMemory remembers no domain"):
        RowMemory.changes(domain="x")
    with pytest.raises(ValidationError):
        TenantMemory.of(Known({"memory": {"invitation": 7}}))
    assert AttestationMemory.model_fields.keys() >= set(EVIDENCE)
    assert Asking.of(Known({"memory": {"attestation_id": "a-1"}})).times == 1


def test_every_memory_of_the_first_release_is_read_without_loss() -> None:
    models = {"ProviderAssociation": RowMemory, "TenantIdentity": TenantMemory, "Attestation": AttestationMemory}
    found = 0
    for file in sorted((HERE / "v0.1.0").glob("*/state.json")):
        for resource in json.loads(file.read_text("utf-8"))["deployment"]["resources"]:
            kept = (resource.get("outputs") or {}).get("memory")
            if not kept:
                continue
            kind = resource["type"].rpartition(":")[2]
            model = models[kind].of(Known(resource["outputs"]))
            told = json.dumps(model.model_dump(exclude_defaults=True))
            for name, text in kept.items():
                for word in str(text).split(" | ") if " | " in text else str(text).split(" "):
                    assert word in told or word in ("yes", "1"), (kind, name, text)
            found += 1
    assert found > 200

"""What state leaves out is told by the rest of it: `full` makes of the short form what was there before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.core.kept import NOTHING, WHERE, full, short

PROFILE = {"email": "it@contoso.example", "address": {"city": "Redmond", "country": "US"}}
ION = "ION customer profile"
names = st.sampled_from(["email", "address.city", "address.country", "portal_access", "reseller", "status"])
texts = st.sampled_from(["it@contoso.example", "Redmond", "US", "on", "", "absent", ION])
facts = st.dictionaries(
    names,
    st.fixed_dictionaries(
        {
            "declared": texts,
            "seen": texts,
            "state": st.sampled_from(["match", "mismatch", "not_visible"]),
            "where": texts,
        },
        optional={"confirmed": texts},
    ),
)
empty = {
    name: st.sampled_from([nothing, {"a": "b"} if nothing == {} else nothing]) for name, nothing in NOTHING.items()
}


def as_declared(declared: str, where: str = ION) -> dict[str, str]:
    return {"declared": declared, "seen": declared, "state": "match", "where": where}


@given(
    st.fixed_dictionaries(
        {**empty, "status": st.just("ready"), "profile": st.just(PROFILE), "facts": facts},
        optional={"cloud_provider": st.just({"portal_access": True, "provider": "Legacy Azure"})},
    )
)
def test_nothing_is_lost(outputs: dict[str, Any]) -> None:
    assert full(json.loads(json.dumps(short(outputs)))) == outputs
    assert full(outputs) == outputs, "outputs in full stay as they are"


def test_a_settled_customer_is_short() -> None:
    told = {"email": as_declared("it@contoso.example"), "address.city": as_declared("Redmond")}
    outputs = {
        **NOTHING,
        "status": "ready",
        "profile": PROFILE,
        "facts": {**told, "status": as_declared("ACTIVE", "list")},
    }
    assert short(outputs) == {
        "status": "ready",
        "profile": PROFILE,
        WHERE: ION,
        "facts": {"email": {}, "address.city": {}, "status": {"declared": "ACTIVE", "where": "list"}},
    }


@pytest.mark.parametrize("role", ["provider", "reseller"])
def test_what_0_1_0_wrote_stays_as_it_is(role: str) -> None:
    file = Path(__file__).parents[1] / "upgrade" / "v0.1.0" / role / "state.json"
    resources = json.loads(file.read_text("utf-8"))["deployment"]["resources"]
    found = [one["outputs"] for one in resources if "facts" in one.get("outputs", {})]
    assert len(found) > 100
    for outputs in found:
        assert full(outputs) == outputs
        assert full(short(outputs)) == outputs


@pytest.mark.parametrize("odd", [{}, {"facts": None}, {"facts": 3}, {"facts": {"email": 3}}, {"facts": {"email": {}}}])
def test_odd_outputs_raise_nothing(odd: dict[str, Any]) -> None:
    full(odd)

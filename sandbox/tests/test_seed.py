"""Seeds: schema, profiles, natural references, relative dates, speed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from csp_sandbox.seeds import file as seed_file
from csp_sandbox.seeds import situation as seed
from csp_sandbox.seeds.situation import PROFILES
from csp_sandbox.situation.world import World

from .conftest import Box


def test_schema_file_is_up_to_date() -> None:
    kept = (resources.files("csp_sandbox") / "seed.schema.json").read_text(encoding="utf-8")
    assert kept == seed_file.dump_schema(), "run: python -m csp_sandbox seed-schema"


@pytest.mark.parametrize("profile", PROFILES)
def test_profiles_fit_the_schema(profile: str) -> None:
    jsonschema.validate(json.loads(seed.profile_text(profile)), seed_file.schema())


@pytest.mark.parametrize("profile", PROFILES)
def test_profiles_are_the_same_in_every_run(boxes: Callable[..., Box], profile: str) -> None:
    first, second = boxes(profile), boxes(profile)
    lines = [json.dumps(box.ready).replace(box.world.token, "TOKEN") for box in (first, second)]
    assert lines[0] == lines[1]
    assert first.world.token != second.world.token  # what guards the sandbox itself is nobody's to know
    for name in ("customers", "tenants", "relationships", "agreements"):
        rows = [[row.model_dump() for row in getattr(box.world.store, name)] for box in (first, second)]
        assert rows[0] == rows[1]


def test_relative_dates_count_from_the_clock(box: Box) -> None:
    tenant = {"initial_domain": "old.onmicrosoft.com", "company_name": "Old", "created": "-10d"}
    agreement = {"tenant": "old.onmicrosoft.com", "date": "-9d"}
    assert box.admin("POST", "/seed", json={"tenants": [tenant], "agreements": [agreement]}).status_code == 200
    made = box.world.store.tenants.first("domain", "old.onmicrosoft.com")
    assert made is not None
    assert made.created_at.isoformat() == "2026-11-12T12:00:00+00:00"
    assert box.world.store.agreements.find("tenant", made.id)[0].date.isoformat() == "2026-11-13"


def test_a_seed_is_all_or_nothing(box: Box) -> None:
    before = box.admin("POST", "/seed", json={}).json()
    bad: dict[str, Any] = {
        "tenants": [{"initial_domain": "new.onmicrosoft.com", "company_name": "New"}],
        "relationships": [{"tenant": "nobody.onmicrosoft.com", "account": "10501"}],
    }
    answer = box.admin("POST", "/seed", json=bad)
    assert (answer.status_code, answer.json()) == (400, {"error": "no tenant is called nobody.onmicrosoft.com"})
    assert box.admin("POST", "/seed", json={}).json() == before
    assert box.world.store.tenants.first("domain", "new.onmicrosoft.com") is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"customers": [{"account": "1", "email": "a@b.test", "organization": "x"}]}', "no account is called 1"),
        ('{"tenant": []}', "tenant: Extra inputs are not permitted"),
        ("{", "Invalid JSON"),
        ('{"behaviours": {"nope": "x"}}', "no switchable rule is called nope"),
        ('{"agreements": [{"tenant": "a.test", "date": "soon"}]}', "agreements.0.date"),
    ],
)
def test_a_wrong_seed_names_the_place(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "seed.json"
    file.write_text(text, "utf-8")
    world = World(profile="empty", base="http://sandbox.test")
    with pytest.raises(ValueError, match=complaint):
        seed.prepare(world, file)
    world.store.close()


def test_unknown_profile() -> None:
    with pytest.raises(ValueError, match="no profile is called x"):
        seed.profile_text("x")


def test_reset_goes_back_to_the_start(box: Box) -> None:
    box.ion_token()
    box.admin("POST", "/seed", json={"tenants": [{"initial_domain": "n.onmicrosoft.com", "company_name": "N"}]})
    box.admin("POST", "/reset")
    assert box.world.store.tenants.first("domain", "n.onmicrosoft.com") is None
    assert box.admin("GET", "/counters").json()["requests"] == {"total": 0}
    assert box.ion_token()


def test_10000_customers_in_under_5_seconds() -> None:
    tenants = [{"initial_domain": f"t{n}.onmicrosoft.com", "company_name": f"Company {n}"} for n in range(10_000)]
    customers = [
        {
            "account": "10501",
            "email": f"it@c{n}.test",
            "organization": f"Company {n}",
            "provider_row": {
                "pricebook": "US Standard",
                "provider_currency": "USD",
                "invoice_currency": "USD",
                "portal_access": True,
                "tenant": f"t{n}.onmicrosoft.com",
            },
        }
        for n in range(10_000)
    ]
    relationships = [{"tenant": f"t{n}.onmicrosoft.com", "account": "10501"} for n in range(10_000)]
    text = json.dumps({"tenants": tenants, "customers": customers, "relationships": relationships})
    world = World(profile="empty", base="http://sandbox.test")
    seed.prepare(world, None)
    started = time.process_time()  # of this process: other tests may run beside it
    seed.plant(world, seed_file.read(text, "seed"))
    world.store.commit()
    took = time.process_time() - started
    world.store.close()
    assert len(world.store.customers) == 10_000
    assert took < 5, f"{took:.1f} s"


def test_the_example_of_the_documentation_can_be_planted(box: Box) -> None:
    page = Path(__file__).parents[2] / "docs" / "sandbox-seed.md"
    (example,) = re.findall(r"```json\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert box.admin("POST", "/seed", content=example).status_code == 200
    (mail,) = box.world.store.mails.find("to", "sam@relecloud.example")
    assert "IndirectResellerRelationship" in mail.text

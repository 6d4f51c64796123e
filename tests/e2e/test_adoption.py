"""An account that grew by hand comes under review, and customers are renamed; on every engine that is present."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.seed.account import Account, account


@pytest.fixture
def grown(tmp_path: Path, engine: str) -> Iterator[Account]:
    with account(12, "provider", tmp_path, engine) as found:
        yield found


def test_an_account_is_adopted_and_its_customers_are_renamed(grown: Account) -> None:
    at = grown.workspace
    at.csp("adopt", "-s", "provider", "--only", "it@c0000[1-5].example")
    first = len(list(grown.folder.iterdir()))
    assert 0 < first < 6
    told = at.csp("adopt", "-s", "provider")
    assert f"{first} already declared" in told
    assert "Nothing was written to ION or Partner Center" in told
    at.assert_quiet()
    assert at.sandbox.writes() == 0
    before = grown.fingerprint()
    again = at.csp("adopt", "-s", "provider")
    assert again.startswith("0 customers written")
    assert "Everything that can be adopted is in state" in again
    assert grown.fingerprint() == before
    for secret in (v for k, v in at.sandbox.ready.items() if k.endswith(("_token", "_secret")) and v):
        assert str(secret) not in at.state_text() + "".join(f.read_text("utf-8") for f in grown.folder.iterdir())

    # Another key, another company name, another e-mail: one customer all the same.
    file = next(f for f in sorted(grown.folder.iterdir()) if "it@c00001.example" in f.read_text("utf-8"))
    text = file.read_text("utf-8").replace("it@c00001.example", "office@c00001.example", 1)
    company = next(line for line in text.splitlines() if "organization:" in line)
    text = text.replace(company, "  organization: Renamed Works Inc") + f"previously: [{file.stem}]\n"
    shutil.move(file, file.with_name("renamed-works.yaml"))
    file.with_name("renamed-works.yaml").write_text(text, "utf-8")
    plan = at.preview()
    assert "delete" not in plan
    assert "remain as they are" not in plan
    at.up()
    at.assert_quiet()
    profiles = [c for c in at.sandbox.state()["ion_customers"] if c["email"] == "office@c00001.example"]
    assert [c["organization"] for c in profiles] == ["Renamed Works Inc"]
    assert file.stem not in at.status()
    writes = [r["operation"] for r in at.sandbox.admin("GET", "requests")["requests"] if r["method"] == "PUT"]
    assert writes == ["ion.customers.update", "pc.customers.billing.update"]
    assert at.sandbox.writes() == 2, "the signatory is the same person, so that nobody is asked again"

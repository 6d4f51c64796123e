"""Run on a copy of the tree that has `profile.fax` (test_one_place.py): whoever reads or writes a profile knows it."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import schemas
from clients.session import Session
from equipment.running import connection, start_sandbox, stop_sandbox
from onboarding.adoption.file import declared as adopted_file
from onboarding.adoption.read import Candidate
from onboarding.core.contract import Known
from onboarding.look.snapshot import Look
from onboarding.resources import customer
from schemas import generate

COPY = Path(sys.argv[1])
PROFILE = {
    "organization": "Fax Ltd",
    "email": "it@fax.example",
    "contact_name": "Cora Toso",
    "fax": "+1 425 555 0199",
    "address": {"street": "One Way", "city": "Redmond", "state": "WA", "zip": "98052", "country": "US"},
}


def main() -> None:
    assert Path(schemas.__file__).is_relative_to(COPY), "this is not the copy"
    running = start_sandbox("reseller", COPY / "home")
    session = Session(connection("reseller"), running.home, {}, detached=False)
    try:
        check(session)
    finally:
        session.close()
        stop_sandbox(running)
    made = {path.name: text for path, text in generate.outputs().items()}
    assert '"fax"' in made["customer.schema.json"]
    assert "| `fax` |  | Fax number. *Not touched when absent; in ION `customerFax`.* |" in made["customer-file.md"]


def check(session: Session) -> None:
    """Created with it, compared, corrected, adopted, and left alone where the file does not name it."""
    ion = session.ion
    assert ion is not None

    def run(outputs: dict[str, object], **changes: object) -> tuple[dict[str, str], str]:
        desired = customer.Inputs.model_validate({"key": "contoso", "profile": {**PROFILE, **changes}})
        facts = customer.observe(desired, Known(outputs), Look(session))
        after = customer.converge(desired, Known(outputs), facts, session)
        states = {name: fact.state for name, fact in facts.fields.items()}
        assert after.status == "ready", after.reason
        return states, after.carried["ion_customer_id"]

    _, made = run({})
    known: dict[str, object] = {"ion_customer_id": made}
    assert ion.customer(made).fax == "+14255550199"  # type: ignore[attr-defined]
    assert run(known)[0]["fax"] == "match"
    assert run(known, fax="+1 425 555 0100")[0]["fax"] == "mismatch"
    assert ion.customer(made).fax == "+14255550100"  # type: ignore[attr-defined]
    assert "fax" not in run(known, fax=None, title="CIO")[0]
    assert ion.customer(made).fax == "+14255550100"  # type: ignore[attr-defined]
    file, why = adopted_file(
        Candidate(ion.customer(made), linkless=True), "contoso", session.connection, dt.date(2026, 11, 22)
    )
    assert file is not None, why
    assert file.profile.fax == "+14255550100"  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()

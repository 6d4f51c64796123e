"""What happens between the review of a plan and its run: `python -m drills.races.review` plays 200 seeded changes.

A plan is made and reviewed; then somebody changes one thing: a file, a connection, a value in a console, the plan
itself; or the people simply go on. Then the plan is carried out. What was declared otherwise refuses the run, and a
plain engine that is let go all the same writes none of it; a value that somebody changed out there holds back that
customer by name and no other, and stays as it is; nothing else refuses anything. The last line counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import schemas
from drills.harness import Pipeline
from equipment.workspace import ROOT
from onboarding.allowed import reviewed, said
from onboarding.core import contract
from onboarding.look import engine_run
from onboarding.look.run_notes import RUN
from onboarding.plan import file
from onboarding.plan.preview import Preview
from providers.errors import OnboardingError

REFUSED, GOES = "refused", "goes on"
_RUN = "review-drill"
_ADVENTURE, _BLUE = "it@adventure.example", "it@blueyonder.example"
NEW_PHONE, DRIFTED = "+1 425 555 0155", "+1 206 555 0199"


@dataclass(frozen=True)
class Case:
    """One change after the review. `expected`: REFUSED, GOES, or the key of the customer who is held back."""

    name: str
    expected: str
    change: Callable[[Situation], object]


@dataclass
class Situation:
    """An estate with a reviewed plan in a file."""

    pipeline: Pipeline
    plan: Path

    def document(self, **changes: Any) -> None:
        """Write the plan anew, with a right seal, after a change of its members."""
        found = json.loads(self.plan.read_text("utf-8")) | changes
        found.pop("seal")
        found.pop("digest")
        self.plan.write_text(json.dumps(reviewed.sealed(found)), "utf-8")

    def connection(self, name: str, **changes: Any) -> None:
        """Edit a connection file."""
        one = self.pipeline.connections[name]
        self.pipeline.connections = {**self.pipeline.connections, name: one.model_copy(update=changes)}


def edit(key: str, path: str, value: Any) -> Case:
    return Case(f"file {key} {path}", REFUSED, lambda at: at.pipeline.declare(key, {path: value}))


def out_there(expected: str, name: str, **change: Any) -> Case:
    return Case(name, expected, lambda at: at.pipeline.remote.admin("POST", "changes", [change]))


def _profile(key: str, member: str, value: str, expected: str) -> Case:
    email = f"it@{key}.example"
    return out_there(expected, f"ION {key} {member}", do="profile", customer=email, set={member: value})


def _later(hours: int) -> Callable[[Situation], None]:
    return lambda at: at.pipeline.remote.world.clock.advance(hours * 3600)


def _rename(at: Situation) -> None:
    old = at.pipeline.declared.pop("adventure")
    data = old.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    at.pipeline.declared["adventurous"] = schemas.Customer.model_validate(
        data | {"key": "adventurous", "previously": ["adventure"]}
    )


def _confirm(at: Situation) -> None:
    stated = {"by": "ops@reseller.example", "on": "2026-01-02", "fields": ["pricebook"]}
    at.pipeline.declare("adventure", {"cloud_provider.confirmed": stated})


def _mail(at: Situation) -> None:
    mail = at.pipeline.connections["us"].mail
    assert mail is not None
    at.connection("us", mail=mail.model_copy(update={"sender": "other@reseller.example"}))


def _bytes(at: Situation) -> None:
    text = at.plan.read_text("utf-8")
    at.plan.write_text(text.replace("it@adventure.example", "it@adventure.invalid", 1), "utf-8")


def _allow_more(at: Situation) -> None:
    found = json.loads(at.plan.read_text("utf-8"))
    found["allowed"].append(["adventure", "new tenant", "evil.onmicrosoft.com"])
    at.plan.write_text(json.dumps(found), "utf-8")


def cases() -> list[Case]:
    """Every sort of change."""
    found = [
        edit(key, path, value)
        for key in ("adventure", "alpine", "blueyonder", "maplegrove")
        for path, value in {
            "profile.phone": "+1 425 555 0177",
            "profile.organization": "Another Ltd",
            "profile.contact_name": "Eve Mallory",
            "profile.title": "CFO",
            "profile.address.street": "2 Other Way",
            "profile.address.city": "Seattle",
            "cloud_provider.pricebook": "US Promo",
            "cloud_provider.portal_access": True,
            "attestation.signatory.email": "eve@mallory.example",
            "on_remove": "end-relationship",
            "lifecycle": "leaving",
            "adopt": True,
        }.items()
    ]
    found += [
        edit("adventure", "identity.domain", "other.onmicrosoft.com"),
        edit("maplegrove", "identity.global_admin.email", "eve@mallory.example"),
        edit("maplegrove", "identity.contact_copy", "eve@mallory.example"),
        edit("blueyonder", "identity.contact.email", "eve@mallory.example"),
        edit("blueyonder", "identity.credentials_recipient", "Eve, by mail"),
        Case("file removed", REFUSED, lambda at: at.pipeline.declared.pop("adventure")),
        Case("file renamed", REFUSED, _rename),
        Case("connection mail", REFUSED, _mail),
        Case("connection reminders", REFUSED, lambda at: at.connection("us", follow_up_days=(1, 2))),
        Case("connection recipients", REFUSED, lambda at: at.connection("ca", handover=None)),
        Case("plan missing", REFUSED, lambda at: at.plan.unlink()),
        Case("plan doctored", REFUSED, _bytes),
        Case("plan allows more", REFUSED, _allow_more),
        Case("plan cut", REFUSED, lambda at: at.document(cut=True)),
        Case("plan expired", REFUSED, _later(73)),
    ]
    found += [
        _profile("adventure", "phone", DRIFTED, "adventure"),
        _profile("adventure", "address.city", "Bellevue", "adventure"),
        _profile("alpine", "phone", "+1 206 555 0142", "alpine"),
        _profile("maplegrove", "phone", "+1 905 555 0199", "maplegrove"),
        _profile("blueyonder", "organization", "Blue Yonder Inc", "blueyonder"),
        out_there(
            "blueyonder", "row pricebook", do="row", customer="it@blueyonder.example", set={"pricebook": "US Promo"}
        ),
        out_there(
            "adventure", "row pricebook", do="row", customer="it@adventure.example", set={"pricebook": "US Promo"}
        ),
        out_there("adventure", "row portal", do="row", customer="it@adventure.example", set={"portal_access": True}),
        out_there("adventure", "tenant unlinked", do="link", customer="it@adventure.example", tenant=""),
        out_there("blueyonder", "row gone", do="remove_row", customer="it@blueyonder.example"),
    ]
    found += [
        _profile("adventure", "phone", NEW_PHONE, GOES),
        _profile("alpine", "phone", "+14255550111", GOES),
        _profile("adventure", "phone", "+1 (425) 555-0110", GOES),  # as it was, written otherwise
        out_there(GOES, "row as reviewed", do="row", customer=_BLUE, set={"pricebook": "US Premium"}),
        Case("nothing", GOES, lambda at: None),
        Case("people go on", GOES, lambda at: at.pipeline.remote.act(at.pipeline.steps())),
        Case("a day passes", GOES, _later(24)),
        Case("confirmation", GOES, _confirm),
        Case("connection description", GOES, lambda at: at.connection("us", description="ours")),
        Case("connection budget", GOES, lambda at: at.connection("us", limits=schemas.Limits(concurrency=2))),
    ]
    return found


# --- the review, and the run after it


@contextmanager
def clocked(pipeline: Pipeline, **environment: str) -> Iterator[None]:
    """The estate's own time, and the environment of a run."""
    before, outside = contract.now, dict(os.environ)
    contract.now = lambda: pipeline.remote.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    os.environ.update({"CSP_HOME": str(pipeline.home), RUN: _RUN, **environment})
    engine_run.name.cache_clear()
    try:
        yield
    finally:
        contract.now = before
        os.environ.clear()
        os.environ.update(outside)
        engine_run.name.cache_clear()


def estate_of(pipeline: Pipeline) -> schemas.Estate:
    return schemas.Estate("provider", ROOT, tuple(pipeline.declared.values()), pipeline.connections)


def plan_of(pipeline: Pipeline) -> Preview:
    """What `csp plan` is told by its processes."""
    where = said.folder(pipeline.home, _RUN)
    with clocked(pipeline, **{said.PLANNING: said.LOOK}):
        pipeline.preview()
        found = said.read(where)
    said.remove(where)
    states: dict[str, dict[str, Any]] = {}
    for (key, kind), one in pipeline.state.items():
        states.setdefault(key, {})[kind] = one.outputs
    return Preview(found, estate_of(pipeline), states)


def reviewed_estate() -> Situation:
    """Customers half-way, edits and a drift that were reviewed."""
    pipeline = Pipeline.example("provider")
    pipeline.up()
    pipeline.declare("adventure", {"profile.phone": NEW_PHONE})
    pipeline.declare("blueyonder", {"cloud_provider.pricebook": "US Premium"})
    drift = {"do": "profile", "customer": "it@alpine.example", "set": {"phone": DRIFTED}}
    pipeline.remote.admin("POST", "changes", [drift])
    told = plan_of(pipeline)
    with clocked(pipeline):
        document = file.document(told, {}, cut=False)
    plan = pipeline.home / "plan.json"
    plan.write_text(json.dumps(document), "utf-8")
    return Situation(pipeline, plan)


def carry_out(at: Situation) -> tuple[str, set[str]]:
    """REFUSED or GOES, and the customers who were held back: as `csp up --plan` does it."""
    with clocked(at.pipeline):
        try:
            plan = reviewed.load(at.plan)
        except reviewed.Unusable:
            return REFUSED, set()
        if file.differences(plan, estate_of(at.pipeline), {}):
            return REFUSED, set()
    run(at)
    where = said.folder(at.pipeline.home, _RUN)
    held = {str(one["customer"]) for one in said.read(where) if one["what"] == "held"}
    said.remove(where)
    return GOES, held


def run(at: Situation) -> None:
    """The engine's run alone, which the plugin holds to the plan."""
    with clocked(at.pipeline, **{reviewed.PLAN: str(at.plan)}):
        at.pipeline.up()


def play(case: Case, base: Situation) -> list[str]:
    """What went wrong in one cell; empty when the claim holds."""
    pipeline = base.pipeline.copy()
    at = Situation(pipeline, pipeline.home / "plan.json")
    try:
        case.change(at)
        writes = pipeline.remote.writes()
        verdict, held = carry_out(at)
        wrong = []
        if verdict != (REFUSED if case.expected == REFUSED else GOES):
            wrong.append(f"{case.name}: {verdict}, expected {case.expected}")
        if verdict == REFUSED and pipeline.remote.writes() != writes:
            wrong.append(f"{case.name}: refused, and something was written")
        if verdict == GOES and held != ({case.expected} - {GOES}):
            wrong.append(f"{case.name}: held back {sorted(held)}, expected {case.expected}")
        if case.expected not in (REFUSED, GOES):
            wrong += _untouched(case, pipeline)
        if case.expected == REFUSED:
            wrong += _plain_engine(case, at)
        return wrong
    finally:
        pipeline.remove()


def _untouched(case: Case, pipeline: Pipeline) -> list[str]:
    """What somebody changed stays; who is not concerned was written."""
    ours = {c.email: c.phone for c in pipeline.remote.world.store.customers}
    wrong = []
    if case.expected != "adventure" and ours[_ADVENTURE] != "+14255550155":
        wrong.append(f"{case.name}: adventure was not written: {ours['it@adventure.example']}")
    if case.name == "ION adventure phone" and ours[_ADVENTURE] != DRIFTED:
        wrong.append(f"{case.name}: somebody's value was overwritten by {ours[_ADVENTURE]}")
    return wrong


def _plain_engine(case: Case, at: Situation) -> list[str]:
    """Without csp's own check in front, the plugin writes nothing of a changed customer file either."""
    if not case.name.startswith("file ") or case.name in ("file removed", "file renamed"):
        return []
    try:
        run(at)
    except OnboardingError:
        return []
    return [f"{case.name}: the plugin let it pass"]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--changes", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    chosen = random.Random(asked.seed)
    every, order = cases(), list[Case]()
    while len(order) < asked.changes:  # every sort, then every sort again
        order += chosen.sample(every, len(every))
    order = order[: asked.changes]
    base, failed, counts = reviewed_estate(), 0, Counter[str]()
    for case in order:
        wrong = play(case, base)
        failed += bool(wrong)
        counts["held back" if case.expected not in (REFUSED, GOES) else case.expected] += 1
        for line in wrong:
            print(line)
    print(", ".join(f"{number} {what}" for what, number in sorted(counts.items())))
    print(f"{len(order)} changes, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

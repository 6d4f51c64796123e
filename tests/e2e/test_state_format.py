"""A state of a newer release is refused in one line before anything is looked at: by csp, and by an engine alone."""

import json
from typing import Any

import pytest

from equipment.workspace import Workspace
from onboarding.core.names import GUARD_TYPE, TYPE_PREFIX
from onboarding.core.state_format import FORMAT

LINE = f"newer release of csp-onboarding (state format {FORMAT + 1}, this release reads up to {FORMAT})"


@pytest.fixture
def newer(ready_provider: Workspace) -> Workspace:
    """The ready estate with the state of a release that is one format ahead."""
    document = json.loads(ready_provider.plain("stack", "export"))
    for resource in document["deployment"]["resources"]:
        if resource["type"].startswith(TYPE_PREFIX):
            held = (
                (resource["inputs"], resource["outputs"]) if resource["type"] == GUARD_TYPE else (resource["outputs"],)
            )
            for part in held:
                assert part["format"] == FORMAT
                part["format"] += 1
    file = ready_provider.root / "newer.json"
    file.write_text(json.dumps(document), "utf-8")
    ready_provider.plain("stack", "import", "--file", str(file))
    return ready_provider


def told(text: str) -> list[str]:
    """The lines that say it; the CLI shows an error a second time, in the row of its resource."""
    return [line for line in text.splitlines() if LINE in line and "csp:Estate estate " not in line]


def requests(at: Workspace) -> Any:
    counted = at.sandbox.counters()["requests"]
    return {system: counted.get(system, 0) for system in ("ion", "partner_center", "association", "entra")}


def test_an_engine_alone_refuses_a_newer_state_before_it_looks(newer: Workspace) -> None:
    before = requests(newer)
    for verb, *more in (("preview",), ("preview", "--refresh=false"), ("up", "--yes", "--skip-preview")):
        assert len(told(newer.plain(verb, *more, expect=None))) == 1, verb
    assert requests(newer) == before


def test_csp_refuses_it_before_it_starts_an_engine(newer: Workspace) -> None:
    before = requests(newer)
    for verb in (("preview",), ("up", "--yes"), ("status",), ("todo",), ("drift",), ("evidence",), ("retry", "alpine")):
        text = newer.csp(*verb, "-s", "provider", expect=1)
        assert len(told(text)) == 1, verb
    assert requests(newer) == before


SECOND_ROW = """
from onboarding.resources.inputs import inputs_of
from providers import component
from providers.provider_association import ProviderAssociation

_one_row = component.OnboardedCustomer.__init__


def _two_rows(self, declared, opts):
    _one_row(self, declared, opts)
    row = inputs_of(declared)["ProviderAssociation"] | {"ion_customer_id": self.customer.ion_customer_id}
    ProviderAssociation(f"{declared.key}.google", row, self._child(declared))


component.OnboardedCustomer.__init__ = _two_rows
"""


def test_a_second_kind_of_row_later_is_a_create_beside_all_that_is_there(ready_provider: Workspace) -> None:
    """The row of Microsoft keeps its name, so that a release with rows of other kinds renames nothing: no alias, no
    update, no replacement (docs/state.md)."""
    at = ready_provider
    program = at.root / "__main__.py"
    text = program.read_text("utf-8")
    program.write_text(text.replace("import csp_onboarding\n", f"import csp_onboarding\n{SECOND_ROW}", 1), "utf-8")
    planned = at.plain("preview", "--refresh=false")
    steps = [line.split() for line in planned.splitlines() if "csp:" in line]
    created = {word for line in steps if "create" in line for word in line if "." in word}
    assert created == {f"{key}.google" for key in ("adventure", "alpine", "blueyonder", "maplegrove")}
    assert not [line for line in steps if {"update", "delete", "replace"} & set(line)]
    assert "4 to create" in planned or "+4" in planned or "+ 4" in planned

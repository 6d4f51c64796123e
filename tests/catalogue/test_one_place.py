"""One catalogue: what a new profile field and a new gate touch, counted on a copy of the tree and tried out there.

The proofs (`a_field.py`, `a_gate.py`) run in a process of their own that imports the copy: client, resource, adoption,
docs, schema and sandbox for the field; observation, verdict, table, ticket and confirmation for the gate.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from equipment.workspace import ROOT

PRODUCT = ("schemas", "clients", "onboarding", "providers", "csp", "docs")
SANDBOX = "sandbox"

Edits = dict[str, tuple[tuple[str, str], ...]]
"""File -> (line after which, what comes)."""

FIELD: Edits = {
    "schemas/model/customer.py": (
        (
            '    """Title of the admin contact."""\n',
            '    fax: Annotated[v.Phone | None, Unmanaged(), ComparedAs("phone"), '
            'OnIon("customerFax", optional=True)] = None\n    """Fax number."""\n',
        ),
    ),
    "clients/ion/models.py": (("    title: str | None = None\n", "    fax: str | None = None\n"),),
    "sandbox/csp_sandbox/situation/model.py": (('    title: str = ""\n', '    fax: str = ""\n'),),
    "sandbox/csp_sandbox/ion/bodies.py": (('EXTRAS = {"title": "customerTitle", ', '"fax": "customerFax", '),),
}
GATE: Edits = {
    "schemas/model/gates.py": (
        (
            "_GATES = (\n",
            '    GateType("support", "Support plan", "Support", "ProviderAssociation", ("support",),\n'
            '             "Which support plan does {tenant} have?", "a support plan is booked", "nothing", "nothing",\n'
            '             "Support", "Supp", confirmed_in="cloud_provider", hidden_in_ion=True,\n'
            '             bound_to=lambda customer: {"support": customer.cloud_provider.pricebook}),\n',
        ),
    ),
    "onboarding/resources/provider_association.py": (
        (
            "    given = desired.cloud_provider.confirmed\n",
            '    plan = given.of("support", desired.cloud_provider.pricebook) if given else None\n',
        ),
        (
            "    fields = {}\n",
            '    fields["support"] = Field("not_visible", "booked", "", "no API", '
            'words.confirmed_by(plan) if plan else "")\n',
        ),
    ),
}


@pytest.mark.parametrize(
    ("proof", "edits", "product", "sandbox"), [("a_field.py", FIELD, 2, 2), ("a_gate.py", GATE, 2, 0)]
)
def test_a_new_one_touches_few_files(proof: str, edits: Edits, product: int, sandbox: int, tmp_path: Path) -> None:
    touched = [Path(name).parts[0] for name in edits]
    assert sum(part in PRODUCT for part in touched) <= product
    assert sum(part == SANDBOX for part in touched) <= sandbox
    for name in (*PRODUCT, SANDBOX):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "tests", "*.md"))
    shutil.copy(ROOT / "docs" / "readiness.md", tmp_path / "docs")
    shutil.copy(ROOT / "docs" / "customer-file.md", tmp_path / "docs")
    for name, changes in edits.items():
        file = tmp_path / name
        text = file.read_text("utf-8")
        for before, more in changes:
            assert before in text, f"{name} has no {before!r} any more"
            text = text.replace(before, before + more, 1)
        file.write_text(text, "utf-8")
    ended = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "catalogue" / proof), str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (tmp_path, tmp_path / SANDBOX, ROOT)))},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]

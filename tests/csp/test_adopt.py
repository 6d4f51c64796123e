"""`csp adopt` as a person calls it: files, messages, refusals. tests/e2e/test_adoption.py runs the import."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import filelock
import pytest

from tests.csp.conftest import Desk, Said


@pytest.fixture
def bare(reseller_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose stack declares nobody yet."""
    monkeypatch.setenv("CSP_ENGINE", "embedded")
    shutil.rmtree(folder(reseller_desk))
    shutil.rmtree(reseller_desk.home / "adopt", ignore_errors=True)
    return reseller_desk


def folder(desk: Desk) -> Path:
    return desk.root / "stacks" / "customers" / "reseller"


def adopt(desk: Desk, *arguments: str) -> Said:
    return desk.csp("adopt", "-s", "reseller", "--write-only", *arguments)


def contents(desk: Desk) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder(desk).glob("*.yaml")}


def test_files_and_import_file_are_written_and_nothing_else(bare: Desk) -> None:
    said = adopt(bare)
    assert said.code == 0, said.all
    files = contents(bare)
    assert f"{len(files)} customers written to stacks/customers/reseller/" in said.out
    assert "fill in cloud_provider.pricebook of" in said.out
    assert bare.csp("validate", "-s", "reseller").code == 0
    imported = json.loads((bare.home / "adopt" / "reseller.json").read_text("utf-8"))
    components = [one for one in imported["resources"] if one.get("component")]
    assert len(imported["resources"]) == 5 * len(components) == 5 * len(files)
    text = json.dumps(imported) + "".join(data.decode() for data in files.values())
    assert [secret for secret in bare.secrets() if secret in text] == []
    assert bare.sandbox.writes() == 0


def test_a_second_run_changes_no_byte_and_keeps_what_people_wrote(bare: Desk) -> None:
    adopt(bare)
    file = folder(bare) / "contoso-ltd.yaml"
    file.write_text(
        "# our oldest customer\n" + file.read_text("utf-8").replace("city: Redmond", "city:  Redmond"), "utf-8"
    )
    before = contents(bare)
    said = adopt(bare)
    assert said.out.startswith("0 customers written")
    assert contents(bare) == before


def test_a_difference_is_written_on_request_only(bare: Desk) -> None:
    adopt(bare)
    file = folder(bare) / "contoso-ltd.yaml"
    file.write_text(file.read_text("utf-8").replace("Contoso Ltd", "Contoso Limited  # as on paper"), "utf-8")
    before = contents(bare)
    said = adopt(bare)
    assert "not put into state: contoso-ltd" in said.out
    assert contents(bare) == before
    adopt(bare, "--update")
    line = next(line for line in file.read_text("utf-8").splitlines() if "organization:" in line)
    assert line.split("#")[0].strip() == "organization: Contoso Ltd"
    assert line.endswith("# as on paper")


def test_defaults_of_the_stack_do_not_fill_what_is_unknown(bare: Desk) -> None:
    """The stack's defaults name a pricebook and portal access; a file says where they do not hold."""
    adopt(bare)
    hidden = next(data for data in contents(bare).values() if b"portal_access: false" in data)
    assert b"pricebook:" not in hidden
    assert b"connection:" not in hidden


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--into", "stacks/customers/elsewhere"), "add customers/elsewhere/*.yaml to include"),
        (("--into", "/tmp"), "no folder below stacks"),
        (("-c", "nowhere"), "nowhere"),
    ],
)
def test_refused_before_anything_is_read(bare: Desk, arguments: tuple[str, ...], told: str) -> None:
    said = adopt(bare, *arguments)
    assert said.code == 2
    assert told in said.err
    assert bare.asked("ion.customers.list") == 0


def test_a_file_that_declares_somebody_else_is_not_overwritten(bare: Desk) -> None:
    stack = bare.root / "stacks" / "Pulumi.reseller.yaml"
    stack.write_text(stack.read_text("utf-8").replace("reseller/*.yaml", "reseller/[!c]*.yaml"), "utf-8")
    folder(bare).mkdir()
    (folder(bare) / "contoso-ltd.yaml").write_text("# not included\n", "utf-8")
    said = adopt(bare)
    assert said.code == 2, said.all
    assert (folder(bare) / "contoso-ltd.yaml").read_text("utf-8") == "# not included\n"


def test_a_second_folder_may_be_empty(bare: Desk) -> None:
    adopt(bare)
    before = contents(bare)
    stack = bare.root / "stacks" / "Pulumi.reseller.yaml"
    stack.write_text(stack.read_text("utf-8") + "      - customers/more/*.yaml\n", "utf-8")
    said = adopt(bare, "--into", "stacks/customers/more")
    assert (said.code, contents(bare)) == (2, before)  # nothing was written there, so that the pattern matches no file
    assert "0 customers written to stacks/customers/more" in said.out
    assert "matches no file" in said.err


def test_nobody_is_chosen(bare: Desk) -> None:
    said = adopt(bare, "--only", "nobody*")
    assert said.code == 2
    assert "no customer that this stack could adopt is like that" in said.err


def test_a_chosen_part(bare: Desk) -> None:
    said = adopt(bare, "--only", "contoso*")
    assert list(contents(bare)) == ["contoso-ltd.yaml"]
    assert "not asked for (--only): " in said.out
    adopt(bare)
    assert len(contents(bare)) > 1


def test_an_account_split_over_two_stacks(bare: Desk) -> None:
    stacks = bare.root / "stacks"
    text = (stacks / "Pulumi.reseller.yaml").read_text("utf-8")
    (stacks / "Pulumi.second.yaml").write_text(text.replace("customers/reseller/", "customers/second/"), "utf-8")
    adopt(bare, "--only", "contoso*")
    said = bare.csp("adopt", "-s", "second", "--write-only")
    assert said.code == 0, said.all
    assert "declared by stack reseller: 1 customer more" in said.out
    assert not (stacks / "customers" / "second" / "contoso-ltd.yaml").exists()
    (stacks / "customers" / "second" / "odd.yaml").write_text("profile: 7\n", "utf-8")
    refused = adopt(bare)
    assert refused.code == 2
    assert "stack second may declare customers of this account" in refused.err


def test_one_at_a_time(bare: Desk) -> None:
    (bare.home / "adopt").mkdir()
    with filelock.FileLock(bare.home / "adopt" / "reseller.lock"):
        said = adopt(bare)
    assert said.code == 1
    assert said.err == "csp: another adoption of reseller is running on this machine: wait for its end\n"
    assert adopt(bare).code == 0


def test_a_failure_of_the_list_is_one_line(bare: Desk) -> None:
    bare.sandbox.admin(
        "POST", "faults", [{"system": "ion", "operation": "ion.customers.list", "kind": "status", "status": 403}]
    )
    said = adopt(bare)
    assert said.code == 1
    assert said.err.strip().splitlines()[-1].startswith("csp: ")
    assert not folder(bare).exists()

"""The life of an estate's repository, in an empty folder with a fresh environment: brought up, adopted, drifted, moved
to another release; and one that comes out of a checkout with files and state of 0.1.0."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from csp.estate import pins, record
from equipment.workspace import Workspace, start_sandbox
from tests.estate.conftest import ROOT, Fresh, init, link
from tests.upgrade.replay import HERE, replay

pytestmark = pytest.mark.xdist_group("estate")  # one environment for all of them

NEXT = "9.0.0"


@pytest.fixture
def repository(tmp_path: Path, engine: str, fresh: Fresh, folder: Path) -> Iterator[Workspace]:
    """As `csp init` made it, with the sandbox of its trial running."""
    at = tmp_path / "acme"
    init(at, "--from", str(folder))
    link(at, fresh)
    sandbox = start_sandbox(at / ".csp", "provider", "--db", str(at / ".csp" / "sandbox" / "provider.db"))
    made = Workspace(at, engine, "trial", sandbox, python=fresh.python)
    yield made
    made.close()


def test_the_environment_itself_can_make_a_repository(fresh: Fresh, folder: Path, tmp_path: Path) -> None:
    """Its wheels are packed again from what is installed: the same files."""
    words = ["--role", "indirect-reseller", "--country", "DE", "--ci", "azure", "--owners", "@a/b"]
    fresh.csp("init", str(tmp_path / "second"), *words, cwd=tmp_path)
    for wheel in folder.glob("*.whl"):
        again = tmp_path / "second" / "vendor" / wheel.name
        with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
            assert other.testzip() is None
            names = {name for name in one.namelist() if not name.endswith("/RECORD")}
            assert {name for name in other.namelist() if not name.endswith("/RECORD")} == names
            assert all(one.read(name) == other.read(name) for name in names)


def test_brought_up_adopted_drifted_and_upgraded(
    repository: Workspace, fresh: Fresh, folder: Path, tmp_path: Path
) -> None:
    at = repository
    assert at.csp("doctor").splitlines()[-1].startswith("4 pass, 0 warn, 0 fail")
    first_steps(at)
    at.sandbox.act()

    seeded = {
        "account": "10501",
        "email": "it@woodgrove.example",
        "organization": "Woodgrove Bank",
        "name": "Wes Grove",
    }
    address = {"street": "One Microsoft Way", "city": "Redmond", "state": "WA", "zip": "98052", "country": "US"}
    at.sandbox.admin(
        "POST", "seed", {"customers": [seeded | {"phone": "+14255550144", "language": "EN", "address": address}]}
    )
    at.csp("adopt", "-s", "trial", "-c", "trial", "--only", "it@woodgrove.example")
    (written,) = (file for file in at.customer_file("x").parent.glob("*.yaml") if file.stem != "example")
    assert written.read_text("utf-8").startswith(
        "# yaml-language-server: $schema=../../../.schemas/customer.schema.json"
    )

    at.sandbox.change({"do": "profile", "customer": "it@examplebakery.example", "set": {"phone": "+14255550199"}})
    assert "phone" in at.csp("drift", "-s", "trial", expect=7)
    at.up()
    at.plain("preview", "--expect-no-changes")

    (at.root / "providers").mkdir()
    told = f"providers/ in {at.root} has the name of a module of csp"
    assert told in at.plain("preview", expect=255 if at.engine == "pulumi" else 1)
    for words in (("validate", "-s", "trial"), ("doctor",), ("preview", "-s", "trial")):
        assert told in at.csp(*words, expect=2)
    (at.root / "providers").rmdir()

    try:
        moves_on(at, fresh, folder, tmp_path)
    finally:
        fresh.install(fresh.root)


def first_steps(at: Workspace) -> None:
    """What the README says first, as it stands there, in a shell; the environment and a sandbox are there already."""
    steps = (at.root / "README.md").read_text("utf-8").split("```")[1].strip().splitlines()
    assert steps[:2] == ["python3 -m venv .venv", f".venv/bin/pip install -r {pins.LOCAL}"]
    assert steps[2] == ".venv/bin/csp sandbox start --profile provider &"
    done = subprocess.run(
        ["bash", "-ec", "\n".join(steps[3:])], cwd=at.root, env=at.env, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Example Bakery Ltd" in done.stdout


def moves_on(at: Workspace, fresh: Fresh, folder: Path, tmp_path: Path) -> None:
    """To the next release, and its files."""
    (at.root / ".vscode/extensions.json").write_text("{}\n", "utf-8")
    before = pins.pinned(at.root)
    told = at.csp("upgrade", "--from", str(next_release(folder, tmp_path / "next")))
    assert f"csp {before['csp-onboarding']} -> {NEXT}" in told
    assert f"idna {before['idna']} -> 99.0" in told
    assert "1 dependency moved" in told
    assert "- Everything is better." in told
    assert "Unreleased" not in told
    assert [one.name.split("-")[1] for one in (at.root / "vendor").iterdir()] == [NEXT] * 3
    doctor = at.csp("doctor", expect=1)
    assert re.search(rf"fail +product +csp \S+ runs, requirements.txt pins {NEXT}", doctor)

    if os.environ.get("CSP_TEST_INDEX"):
        return  # no index has the release that this test made up
    fresh.install(at.root)
    assert ".gitignore: not of this release" in at.csp("doctor")
    told = at.csp("upgrade")
    assert ".gitignore renewed" in told
    assert "extensions.json was changed here and stays" not in told  # the release brings nothing new for it
    assert (at.root / ".gitignore").read_text("utf-8").endswith("# next\n")
    assert (at.root / ".vscode/extensions.json").read_text("utf-8") == "{}\n"
    known = record.read(at.root)
    assert known is not None
    assert known.release == NEXT
    assert "as csp 9.0.0 wrote them; yours: .vscode/extensions.json" in at.csp("doctor")
    at.plain("preview", "--expect-no-changes")


def next_release(folder: Path, out: Path) -> Path:
    """The wheels as those of the next release: another version, a section of the changelog, a pin and a file that
    differ."""
    out.mkdir()
    changed = {
        "csp/manual/CHANGELOG.md": lambda text: text.replace(
            "## Unreleased", f"## {NEXT}\n\n- Everything is better.\n\n## 0.1", 1
        ),
        "csp/estate/pins.txt": lambda text: re.sub(r"(?m)^idna==\S+", "idna==99.0", text),
        "csp/estate/pins-local.txt": lambda text: re.sub(r"(?m)^idna==\S+", "idna==99.0", text),
        "csp/estate/files/every/.gitignore.j2": lambda text: text + "# next\n",
    }
    for wheel in folder.glob("*.whl"):
        name, old, _ = wheel.name.split("-", 2)
        rows = []
        with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(out / wheel.name.replace(old, NEXT), "w") as target:
            for member in source.namelist():
                content = source.read(member)
                if member in changed:
                    content = changed[member](content.decode()).encode()
                if member.endswith(("dist-info/METADATA",)):
                    content = content.replace(f"Version: {old}".encode(), f"Version: {NEXT}".encode(), 1)
                member = member.replace(f"{name}-{old}.dist-info", f"{name}-{NEXT}.dist-info")
                if member.endswith("dist-info/RECORD"):
                    continue
                digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                rows.append((member, f"sha256={digest}", len(content)))
                target.writestr(member, content)
            text = io.StringIO()
            csv.writer(text).writerows([*rows, (f"{name}-{NEXT}.dist-info/RECORD", "", "")])
            target.writestr(f"{name}-{NEXT}.dist-info/RECORD", text.getvalue())
    return out


def test_out_of_a_checkout_with_files_and_state_of_the_first_release(
    tmp_path: Path, engine: str, fresh: Fresh, folder: Path
) -> None:
    """Project name and state stay, 100 customers, and nothing is to do."""
    checkout = replay("v0.1.0", "provider", tmp_path, engine)
    try:
        (checkout.root / "providers").symlink_to(ROOT / "providers")
        (checkout.root / "stacks" / "Pulumi.reseller.yaml").write_text(
            "config: {csp:estate: {customers: []}}\n", "utf-8"
        )
        stop = "the provider sandbox runs in"
        words = ("--move", "-s", "provider", "--from", str(folder))
        assert stop in init(tmp_path / "moved", *words, cwd=checkout.root, expect=2)
        assert not (tmp_path / "moved").exists()
    finally:
        checkout.close()
    told = init(tmp_path / "moved", *words, cwd=checkout.root)
    at = tmp_path / "moved"
    assert "provider moved, 103 files gone there" in told
    left = {one.name for one in (checkout.root / "stacks").rglob("*.yaml") if "customers" not in one.parts}
    assert left == {"Pulumi.reseller.yaml", "reseller-us.yaml"}
    assert not (checkout.root / "stacks" / "Pulumi.provider.yaml").exists()
    assert (at / ".csp" / "state").is_dir()
    assert not (checkout.root / ".csp" / "state").exists()
    same_but_the_schema(HERE / "v0.1.0" / "provider" / "stacks", at / "stacks")
    assert "name: csp-onboarding\n" in (at / "Pulumi.yaml").read_text("utf-8")

    link(at, fresh)
    sandbox = start_sandbox(at / ".csp", "provider", "--db", str(at / ".csp" / "sandbox" / "provider.db"))
    moved = Workspace(at, engine, "provider", sandbox, checkout.extra_env, python=fresh.python)
    try:
        writes = sandbox.writes()
        assert "nothing wrong" in moved.csp("validate", "-s", "provider")
        moved.plain("preview", "--expect-no-changes")
        assert sandbox.writes() == writes
    finally:
        moved.close()
    assert "is no checkout" in init(tmp_path / "again", *words, cwd=at, expect=2)


def same_but_the_schema(old: Path, new: Path) -> None:
    """Every file of the old folder that is in the new one is the same, except where its schema lies."""
    files = [one.relative_to(new) for one in new.rglob("*.yaml")]
    assert len(files) == 103
    for one in files:
        was = (old / one).read_bytes()
        assert (new / one).read_bytes() == re.sub(rb"(schema=(?:\.\./)+)schemas/", rb"\g<1>.schemas/", was), one

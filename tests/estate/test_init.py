"""What `csp init` writes, and what it refuses. In this process; the wheels are those of the session."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

import schemas
from csp.errors import CommandError
from csp.estate import asked, layout, pins, record
from csp.main import app
from csp.project import Project
from csp.review import surroundings
from equipment.workspace import ROOT
from tests.printed import found, wrong

BASE = {"--role": "indirect-provider", "--country": "US", "--ci": "github", "--owners": "@acme/csp"}


def run(*words: str, typed: str | None = None) -> tuple[int, str]:
    """A command in this process: exit code, and what it says; the line of an expected failure."""
    result = CliRunner().invoke(app, [*words], input=typed)
    if isinstance(result.exception, CommandError):
        return result.exception.exit_code, str(result.exception)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def make(at: Path, source: Path, **changed: str) -> tuple[int, str]:
    options = BASE | {f"--{name}": value for name, value in changed.items()}
    return run("init", str(at), "--from", str(source), *(word for pair in options.items() for word in pair))


@pytest.mark.parametrize("role", layout.ROLES)
@pytest.mark.parametrize("country", ["US", "CA", "Germany", "Japan"])
def test_the_first_stacks_are_right(role: str, country: str, tmp_path: Path, folder: Path) -> None:
    """The trial is valid; of the live connection validation asks for what stands empty in it, and for nothing else."""
    code, said = make(tmp_path / "e", folder, role=role, country=country)
    assert code == 0, said
    project = Project(tmp_path / "e")
    assert project.stacks() == ["production", "trial"]
    trial = project.estate("trial")
    assert [(one.key, one.identity.method) for one in trial.customers if one.identity] == [("example", "new")]
    assert not trial.warnings
    (live,) = {p.stem for p in (tmp_path / "e" / "stacks" / "connections").iterdir()} - {"trial"}
    with pytest.raises(schemas.DeclarationErrors) as told:
        schemas.load_connection(live, project.root)
    wanted = {
        "indirect-reseller": {"ion.account_id"},
        "indirect-provider": {"partner_center.tenant_id", "reseller.tenant_id", "reseller.partner_id"},
        "direct-bill": {"partner_center.tenant_id"},
    }
    assert {one.path for one in told.value.findings} == wanted[role]


@pytest.mark.parametrize("ci", surroundings.NAMES)
def test_the_pipelines_of_a_system(ci: str, tmp_path: Path, folder: Path) -> None:
    at = tmp_path / "e"
    assert make(at, folder, ci=ci)[0] == 0
    places = {"github": ".github/workflows", "gitlab": ".gitlab/ci", "azure": "pipelines"}
    files = sorted((at / places[ci]).glob("*.yml"))
    assert [one.stem for one in files] == ["apply", "care", "drift", "preview"]
    assert all(yaml.safe_load(one.read_text("utf-8")) for one in files)
    text = "".join(one.read_text("utf-8") for one in at.rglob("*.yml"))
    for step in (pins.FILE, "csp validate", "csp plan", "csp up", "csp drift"):
        assert step in text
    readme = (at / "README.md").read_text("utf-8")
    owners = {"github": at / ".github/CODEOWNERS", "gitlab": at / ".gitlab/CODEOWNERS"}.get(ci)
    named = owners.read_text("utf-8") if owners else readme
    for path in layout.SENSITIVE:
        assert path in named
    assert "@acme/csp" in named
    for one in found(readme):
        assert not wrong(one.replace("FOLDER-OF-WHEELS", "x")), one


def test_the_repository_is_data(tmp_path: Path, folder: Path) -> None:
    at = tmp_path / "e"
    make(at, folder, backend="azblob://state?storage_account=acme")
    assert [one.name for one in at.rglob("*.py")] == ["__main__.py"]
    assert (at / "__main__.py").read_text("utf-8") == (ROOT / "__main__.py").read_text("utf-8")
    pulumi = yaml.safe_load((at / "Pulumi.yaml").read_text("utf-8"))
    assert pulumi["runtime"]["options"] == {"toolchain": "pip", "virtualenv": ".venv"}
    assert (pulumi["name"], pulumi["backend"]) == ("e", {"url": "azblob://state?storage_account=acme"})
    assert pulumi["options"] == yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))["options"]
    for name, files in json.loads((at / ".vscode/settings.json").read_text("utf-8"))["yaml.schemas"].items():
        assert (at / name).is_file()
        assert list(at.glob(files))
    for file in at.rglob("stacks/**/*.yaml"):
        first = file.read_text("utf-8").splitlines()[0]
        assert (file.parent / first.partition("$schema=")[2]).is_file()


def test_every_line_of_the_requirements_has_a_hash_and_none_is_looked_up_by_our_names(
    tmp_path: Path, folder: Path
) -> None:
    at = tmp_path / "e"
    make(at, folder)
    lines = pins.text(at).splitlines()
    assert lines.count("--require-hashes") == 1
    assert len([one for one in lines if one.startswith("    --hash=sha256:")]) > 100
    for at_line, line in enumerate(lines):
        if "==" in line or line.startswith("./vendor/"):
            assert lines[at_line + 1].startswith("    --hash=sha256:"), line
    ours = [one for one in lines if "csp" in one.partition(" ")[0] or "dynamic" in one.partition(" ")[0]]
    assert [one.partition(" ")[0].rpartition("/")[0] for one in ours] == ["./vendor"] * 3
    pinned = pins.pinned(at)
    assert {"pulumi", "httpx", "uvicorn", "cryptography"} <= set(pinned)
    assert "uvicorn" not in (at / pins.FILE).read_text("utf-8")  # no pipeline needs the sandbox
    assert {"pytest", "mypy", "uv", "hatchling"}.isdisjoint(pinned)


@pytest.mark.parametrize("there", ["README.md", "requirements.txt", "stacks/connections/trial.yaml", "Pulumi.yaml/x"])
def test_nothing_that_is_there_is_written_over(there: str, tmp_path: Path, folder: Path) -> None:
    at = tmp_path / "e"
    (at / there).parent.mkdir(parents=True)
    (at / there).write_text("mine\n", "utf-8")
    code, said = make(at, folder)
    assert code == 2
    assert there.partition("/x")[0] in said
    assert [one for one in at.rglob("*") if one.is_file()] == [at / there]


def test_a_folder_with_other_things_in_it_will_do(tmp_path: Path, folder: Path) -> None:
    at = tmp_path / "e"
    (at / ".git").mkdir(parents=True)
    (at / "LICENSE").write_text("ours\n", "utf-8")
    assert make(at, folder)[0] == 0
    assert make(at, folder) == (2, f"{at} is an estate's repository already: `csp upgrade` changes it")


def test_a_killed_run_is_finished_by_the_next(tmp_path: Path, folder: Path) -> None:
    """Whatever is missing: the record is written last."""
    at = tmp_path / "e"
    make(at, folder)
    whole = {one: one.read_bytes() for one in at.rglob("*") if one.is_file()}
    (at / record.NAME).unlink()
    for gone in (at / "README.md", at / pins.LOCAL, *(at / "vendor").iterdir(), at / "stacks/Pulumi.trial.yaml"):
        gone.unlink()
    assert make(at, folder)[0] == 0
    assert {one: one.read_bytes() for one in at.rglob("*") if one.is_file()} == whole


WRONG = [
    ({"role": "distributor"}, "'distributor' is not one of 'indirect-reseller', 'indirect-provider', 'direct-bill'"),
    ({"country": "Holland"}, "\"Holland\" is no country; try NL"),
    ({"country": "Atlantis"}, '"Atlantis" is no country'),
    ({"ci": "jenkins"}, "'jenkins' is not one of 'github', 'gitlab', 'azure'"),
    ({"backend": "ftp://x/y"}, "--backend"),
    ({"backend": "s3://key:secret@bucket"}, "--backend: the address of bucket holds a user or a password"),
    ({"owners": "acme csp"}, "--owners"),
    ({"owners": "@acme/csp\n/x @evil"}, "--owners"),
    ({"name": "a/b"}, "--name"),
    ({"stack": "Production"}, "-s"),
    ({"stack": "trial"}, "-s"),
    ({"stack": "../x"}, "-s"),
    ({"from": "nowhere"}, "--from nowhere: neither a folder nor the address of an index"),
    ({"from": "https://user:token@pkgs.example/simple/"}, "put them into ~/.netrc"),
    ({"from": "http://pkgs.example/simple/"}, "is not encrypted"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "told"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_option_is_one_line_and_nothing_is_written(
    changed: Any, told: str, tmp_path: Path, folder: Path
) -> None:
    code, said = make(tmp_path / "e", folder, **changed)
    assert code == 2
    assert told in said
    assert "secret" not in said.replace("token", "")
    assert not (tmp_path / "e").exists()


def test_a_place_that_takes_no_folder_is_one_line(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "file").touch()
    code, said = make(tmp_path / "file" / "e", folder)
    assert code == 1
    assert said.endswith("could not be written: Not a directory")


def test_without_a_terminal_it_says_what_is_missing(tmp_path: Path, folder: Path) -> None:
    assert run("init", str(tmp_path / "e"), "--from", str(folder)) == (
        2,
        "--role is missing, and there is no terminal to ask at",
    )


def test_at_a_terminal_it_asks(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong answer is told and asked again; what may be empty may be empty."""
    monkeypatch.setattr(asked, "_at_a_terminal", lambda: True)
    typed = "reseller\nindirect-reseller\nHolland\nNL\ngitlab\n\n\n"
    code, said = run("init", str(tmp_path / "e"), "--from", str(folder), typed=typed)
    assert code == 0, said
    assert "try NL" in said
    known = record.read(tmp_path / "e")
    assert known is not None
    assert known.answers == layout.Answers(
        name="e", ci="gitlab", owners=asked.NOBODY, stacks=("production",), role="indirect-reseller", country="NL"
    )


def test_a_folder_of_wheels_must_hold_this_release(tmp_path: Path, folder: Path) -> None:
    empty, other, part = tmp_path / "empty", tmp_path / "other", tmp_path / "part"
    for one in (empty, other, part):
        one.mkdir()
    (product,) = folder.glob("csp_onboarding*.whl")
    shutil.copy(product, other / "csp_onboarding-7.0.0-py3-none-any.whl")
    shutil.copy(product, part)
    (part / "broken name.whl").touch()
    assert "no wheel of csp-onboarding lies in" in make(tmp_path / "e", empty)[1]
    assert "there: 7.0.0" in make(tmp_path / "e", other)[1]
    assert "without csp-sandbox, dynamic-engine" in make(tmp_path / "e", part)[1]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[", "while parsing"),
        ("release: 1\n", "'answers'"),
        ("release: 1\nanswers: {}\nfiles: {}\n", "'name'"),
        ("- 1\n", "list"),
    ],
)
def test_a_record_that_is_none_is_one_line(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / record.NAME).write_text(text, "utf-8")
    with pytest.raises(CommandError, match="is not as it was written") as told:
        record.read(tmp_path)
    assert why in str(told.value)

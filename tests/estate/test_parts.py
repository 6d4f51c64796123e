"""The parts of an estate's repository: wheels, indexes, pins, what a folder may not be called, completion."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any, get_args

import pytest

import csp_onboarding
from csp import sandbox
from csp.commands import upgrade
from csp.commands.completion import Shell
from csp.errors import CommandError
from csp.estate import layout, pins, repack
from csp.estate.release import Release
from csp.project import Project
from equipment.workspace import ROOT, environment
from schemas.command import COMPLETE
from schemas.read.shape import __file__ as beside_the_schemas
from tests.estate.conftest import Fresh, init


def test_a_wheel_holds_what_a_user_needs(wheels: Release) -> None:
    product, *_ = wheels.wheels
    with zipfile.ZipFile(product.file) as archive:
        held = set(archive.namelist())
        tops = {name.partition("/")[0] for name in held}
        pages = {f"csp/manual/docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
        assert (
            pages | {"csp/manual/README.md", "csp/manual/CHANGELOG.md", "csp/manual/stacks/connections/us.yaml"} <= held
        )
        assert {f"schemas/{one.name}" for one in Path(beside_the_schemas).parent.glob("*.schema.json")} <= held
        templates = [
            *(ROOT / "onboarding" / "mail_templates").glob("*.j2"),
            *(ROOT / "csp" / "estate" / "files").rglob("*"),
        ]
        assert {file.relative_to(ROOT).as_posix() for file in templates if file.is_file()} <= held
        assert not [
            name for name in held if name.endswith((".pyc", ".toml", ".lock")) or "test" in name.partition("/")[0]
        ]
    ours = {name.removesuffix(".py") for name in tops if ".dist-info" not in name and not name.endswith(".pth")}
    assert ours | {"csp_sandbox", "dynamic_engine"} == set(csp_onboarding.OURS)


def test_pins_are_those_of_the_lock_file(wheels: Release) -> None:
    import tomllib

    locked = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]
    known = {(one["name"], one["version"]): {w["hash"] for w in one.get("wheels", ())} for one in locked}
    for entry in pins._ENTRY.findall(wheels.pins("pins-local.txt")):
        name, version = pins._NAMED.match(entry).groups()
        hashes = {line.partition("--hash=")[2].rstrip(" \\") for line in entry.splitlines()[1:]}
        assert known[name, version] <= hashes
    assert "psycopg-binary==" in wheels.pins(), "`coordination: postgresql` would need an index"


@pytest.fixture
def served(folder: Path, tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """An index on loopback with our wheels; its address, and the paths that were asked for."""
    root = tmp_path / "index"
    for wheel in folder.glob("*.whl"):
        project = root / "simple" / wheel.name.split("-")[0].replace("_", "-")
        project.mkdir(parents=True)
        (root / wheel.name).write_bytes(wheel.read_bytes())
        (project / "index.html").write_text(f'<a href="../../{wheel.name}">{wheel.name}</a>', "utf-8")
    with serve(root) as (address, asked):
        yield f"{address}/simple/", asked


class serve:  # noqa: N801 - a context manager
    """A folder by HTTP."""

    def __init__(self, root: Path) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                asked.append(self.path)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(root)))

    def __enter__(self) -> tuple[str, list[str]]:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}", self.asked

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.xdist_group("estate")
def test_from_a_named_index_and_from_no_other(
    served: tuple[str, list[str]], fresh: Fresh, tmp_path: Path, wheels: Release
) -> None:
    """The machine's own pip configuration names another one, which is never asked."""
    address, asked = served
    (tmp_path / "evil" / "simple").mkdir(parents=True)
    with serve(tmp_path / "evil") as (evil, asked_there):
        config = tmp_path / "pip.conf"
        config.write_text(f"[global]\nextra-index-url = {evil}/simple/\n", "utf-8")
        other = {"PIP_CONFIG_FILE": str(config), "PIP_EXTRA_INDEX_URL": f"{evil}/simple/", "PIP_FIND_LINKS": evil}
        words = f"--role direct-bill --country CA --ci gitlab --owners @a/b --from {address}".split()
        fresh.csp("init", str(tmp_path / "e"), *words, cwd=tmp_path, **other)
    assert asked_there == []
    assert [path for path in asked if path.startswith("/simple/csp-onboarding")]
    at = tmp_path / "e"
    assert not (at / "vendor").exists()
    text = pins.text(at)
    for wheel in wheels.wheels:
        place = address.replace("/simple/", f"/{wheel.file.name}")
        assert f"{wheel.name} @ {place} \\\n    --hash=sha256:{wheel.sha256}\n" in text
    told = fresh.csp("upgrade", cwd=at)
    assert "is what requirements.txt pins" in told


@pytest.mark.xdist_group("estate")
def test_an_index_without_our_packages_is_one_line(fresh: Fresh, tmp_path: Path) -> None:
    (tmp_path / "simple").mkdir()
    with serve(tmp_path) as (address, _):
        words = f"--role direct-bill --country CA --ci gitlab --owners @a/b --from {address}/simple/".split()
        told = fresh.csp("init", str(tmp_path / "e"), *words, cwd=tmp_path, expect=1)
    assert told.startswith("csp: pip install: No matching distribution found for csp-onboarding==")
    assert not (tmp_path / "e").exists()


def test_what_is_not_as_it_was_installed_is_not_packed(wheels: Release, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheels.wheels[1].file) as archive:
        archive.extractall(tmp_path / "site")
    (info,) = (tmp_path / "site").glob("*.dist-info")
    (info / "INSTALLER").write_text("pip\n", "utf-8")
    installed = Distribution.at(info)
    assert repack.checkout_of(installed) is None
    assert zipfile.ZipFile(repack.pack(installed, tmp_path)).testzip() is None
    (tmp_path / "site" / "csp_sandbox" / "__init__.py").write_text("evil = True\n", "utf-8")
    with pytest.raises(
        CommandError, match=r"csp_sandbox/__init__.py of csp-sandbox was changed after its installation"
    ):
        repack.pack(installed, tmp_path)
    (tmp_path / "site" / "csp_sandbox" / "__init__.py").unlink()
    with pytest.raises(CommandError, match="csp-sandbox is not whole here"):
        repack.pack(installed, tmp_path)


def test_what_two_sets_of_pins_differ_in() -> None:
    assert pins.moved({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}) == [
        "b 1 -> 2",
        "c, gone",
        "d 1, new",
    ]


CHANGELOG = (
    "# Changelog\n\n## Unreleased\n\n- u\n\n## 0.3.0 (2027-01-01)\n\n- c\n\n## [0.2.0]\n- b\n\n## 0.1.0\n\n- a\n"
)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("0.1.0", "0.3.0", "cb"),
        ("0.2.0", "0.3.0", "c"),
        ("0.3.0", "0.3.0", ""),
        ("0.2.0.dev0", "0.2.0", "b"),
        ("0.3.0", "0.4.0.dev0", "u"),
        ("0.1.0", "0.2.0", "b"),
        ("", "0.3.0", "cba"),
    ],
)
def test_what_is_new_to_a_release(old: str, new: str, told: str) -> None:
    lines = upgrade.changes(CHANGELOG, old, new).splitlines()
    assert "".join(line[2:] for line in lines if line.startswith("- ")) in (told, "u" + told if not old else told)


@pytest.mark.parametrize("name", csp_onboarding.OURS)
@pytest.mark.parametrize("kind", ["folder", "package", "file", "link"])
def test_what_shadows_a_module_of_ours_is_named(name: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\n", "utf-8")
    assert Project.find(tmp_path).root == tmp_path
    place = tmp_path / (f"{name}.py" if kind == "file" else name)
    if kind == "file":
        place.touch()
    elif kind == "link":
        (tmp_path / "elsewhere").mkdir()
        place.symlink_to("elsewhere")
    else:
        place.mkdir()
    if kind == "package":
        (place / "__init__.py").touch()
    with pytest.raises(CommandError) as told:
        Project.find(tmp_path)
    assert str(told.value).startswith(place.name)
    assert "rename it" in str(told.value)
    assert told.value.exit_code == 2


def test_a_checkout_shadows_nothing(tmp_path: Path) -> None:
    assert csp_onboarding.shadowing(ROOT) == ""
    for name in ("providers", "csp_onboarding.py"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "stacks").mkdir()
    assert csp_onboarding.shadowing(tmp_path) == ""


def test_without_the_sandbox_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(sandbox, "find_spec", lambda name: None if name == "csp_sandbox" else found(name))
    with pytest.raises(CommandError, match=r"the sandbox is not installed: install requirements-local.txt"):
        sandbox.command(tmp_path, "provider", 0, None, None, strict=False)


def ask(words: str, **variables: str) -> str:
    env = {**environment(ROOT / ".csp", "embedded"), COMPLETE: "complete_bash", **variables}
    env |= {"COMP_WORDS": f"csp {words}", "COMP_CWORD": str(len(f"csp {words}".split(" ")) - 1)}
    done = subprocess.run([sys.executable, "-m", "csp.main"], cwd=ROOT, env=env, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    return " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("words", "next_"),
    [
        ("statu", "status"),
        ("up -s ", "provider reseller"),
        ("validate -s re", "reseller"),
        ("auth ion login -c us", "us"),
        ("doctor --re", "--renew"),
        ("nothing here", ""),
        ("up --what -s p", "provider"),
    ],
)
def test_a_shell_completes(words: str, next_: str) -> None:
    assert ask(words) == next_


def test_the_script_of_a_shell_works_in_it(tmp_path: Path) -> None:
    script = (
        'source <(csp completion bash); COMP_WORDS=(csp evi); COMP_CWORD=1; _csp_completion csp; echo "${COMPREPLY[@]}"'
    )
    env = {
        **environment(tmp_path, "embedded"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, env=env, capture_output=True, encoding="utf-8")
    assert (done.stdout.strip(), done.stderr) == ("evidence", "")
    for shell in get_args(Shell)[1:]:
        from typer.testing import CliRunner

        from csp.main import app

        assert "csp" in CliRunner().invoke(app, ["completion", shell]).output


def test_init_says_where_a_source_is_missing(tmp_path: Path) -> None:
    assert "neither a folder nor the address of an index" in init(tmp_path / "e", "--from", "x", expect=2)


@pytest.mark.parametrize("ci", ["github", "gitlab", "azure"])
def test_doctor_names_what_only_the_platform_knows(ci: str) -> None:
    answers = layout.Answers("estate", ci, "@org/team", ("production", "staging"))
    told = layout.settings(answers)
    assert len(told) >= 5
    assert all(any(f"`{stack}`" in one or f"-{stack}`" in one for one in told) for stack in answers.stacks)
    readme = " ".join(layout.written(answers)["README.md"].decode().split())
    assert all(one in readme for one in told)
    assert not any("<" in one or "- Settings" in one for one in told)

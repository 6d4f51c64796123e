"""The command line: exit codes, refusals, projects. In this process, without a program."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dynamic_engine.project.project import Project
from workbench import PASSPHRASE, Workbench, run

PROVIDER = "gASVGgAAAAAAAACMBnRoaW5nc5SMCHByb3ZpZGVylJOUKVKULg=="


# -- refusals and exit codes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "feature"),
    [
        (("login", "file:///x"), "PULUMI_BACKEND_URL"),
        (("stack", "rename", "x"), "stack rename"),
        (("state", "taint", "x"), "stack export"),
        (("up", "-y", "--ignore-protect"), "state unprotect"),
        (("-Q", "preview"), "--fully-qualify-stack-names"),
        (("up", "--yes", "--plan", "p.json"), "--plan"),
        (("preview", "--save-plan=p.json"), "--save-plan"),
        (("up", "--yes", "--policy-pack", "d"), "--policy-pack"),
        (("refresh", "--yes", "--run-program"), "--run-program"),
        (("stack", "init", "x", "--secrets-provider", "awskms://k"), "awskms"),
    ],
)
def test_what_the_engine_lacks_is_refused_by_name(
    bench: Workbench, words: tuple[str, ...], feature: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 1
    err = capsys.readouterr().err
    assert feature in err
    assert err.count("\n") == 1
    assert "embedded engine does not support" in err


def test_unknown_flags_fail_with_the_code_of_the_cli(bench: Workbench, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("up", "--no-such-flag") == 1
    assert "--no-such-flag" in capsys.readouterr().err


def test_nobody_to_ask(bench: Workbench) -> None:
    for words in (
        ("up",),
        ("destroy",),
        ("up", "--non-interactive"),
        ("import", "--file", "f", "--generate-code=false"),
    ):
        assert run(*words) == 2
    assert run("refresh") == 1


def test_contradicting_flags(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("refresh", "--yes", "--preview-only") == 1
    monkeypatch.setenv("PULUMI_SKIP_CONFIRMATIONS", "true")
    assert run("refresh", "--preview-only") == 1


def test_missing_stack(bench: Workbench, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("preview", "--stack", "nobody") == 6
    assert capsys.readouterr().err == "error: no stack named 'nobody' found\n"


def test_wrong_passphrase(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")
    assert run("preview") == 1
    assert capsys.readouterr().err == "error: incorrect passphrase\n"


def test_passphrase_file(bench: Workbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pass").write_text(f"{PASSPHRASE}\n", "utf-8")
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    assert run("config", "set", "--secret", "a", "b") == 1
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", str(tmp_path / "pass"))
    assert run("config", "set", "--secret", "a", "b") == 0


def test_no_backend(bench: Workbench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL")
    assert run("stack", "ls") == 1
    assert "PULUMI_BACKEND_URL" in capsys.readouterr().err
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://bucket")
    assert run("stack", "ls") == 1
    assert "the backend s3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nruntime: nodejs\n", "runtime 'nodejs' (Pulumi.yaml:2:1)"),
        ("name: x\nruntime: python\nconfig: {a: {default: 1}}\n", "'config' section"),
        ("name: x\nruntime: python\nmain: 5\n", "Pulumi.yaml:3:1: 'main' must be a text, not 5"),
        ("name: x\nruntime: python\noptions: {refresh: sometimes}\n", "Pulumi.yaml:3:11: 'options.refresh' must be"),
        ("name: x\nruntime: python\noptions: {refresh: true}\n", "'options.refresh' must be a text"),
        ("name: x\nruntime: python\noptions: {reload: always}\n", "has no key 'reload'"),
        ("name: x\nruntime: python\noptions: always\n", "'options' must be a mapping"),
        ("name: x\nruntime: python\nbackend: {uri: x}\n", "has no key 'uri'"),
        ("name: x\nruntime: {name: python, option: {}}\n", "has no key 'option'"),
        ("name: x\nruntime: {name: python, options: {virtualenv: 5}}\n", "'runtime.options.virtualenv' must be a text"),
        ("name: x\nruntime: python\nrequiredPulumiVersion: '>=3'\n", "'requiredPulumiVersion'"),
        ("name: x\nruntime: python\npackages: {aws: aws@6}\n", "'packages'"),
        ("name: x\nruntime: python\nplugins: {providers: [{name: x, path: y}]}\n", "'plugins'"),
        ("name: 5\nruntime: python\n", "'name' must be a text"),
        ("runtime: python\n", "missing a 'name'"),
        ("name: x\nruntime: {name: python, options: {toolchain: poetry}}\n", "toolchain 'poetry'"),
        ("name: [\n", "Pulumi.yaml:2:1"),
    ],
)
def test_projects(bench: Workbench, text: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    (bench.project / "Pulumi.yaml").write_text(text, "utf-8")
    bench.case("")
    run("stack", "init", "other")
    run("preview", "--stack", "other")
    assert message in capsys.readouterr().err


def test_project_is_found_from_below_and_with_a_flag(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bench.project / "stacks")
    assert run("stack", "ls") == 0
    monkeypatch.chdir("/")
    assert run("stack", "ls") == 1
    assert run("-C", str(bench.project), "stack", "ls") == 0
    assert run("stack", "ls", "--cwd", str(bench.project)) == 0


def test_uv_toolchain_uses_the_projects_virtualenv(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: {name: python, options: {toolchain: uv}}\n", "utf-8")
    assert Path(Project.find(tmp_path).python).name.startswith("python")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert Project.find(tmp_path).python == str(python)


def test_the_environment_of_this_process_stays(bench: Workbench) -> None:
    before = dict(os.environ)
    run("stack", "ls")
    assert dict(os.environ) == before

"""The verbs around stacks, configuration and import. Most of it in this process, without a program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dynamic_engine.project.stack_file import StackConfig
from dynamic_engine.protocol.values import Secret
from dynamic_engine.state.crypter import Crypter
from workbench import PASSPHRASE, Workbench, run

PROVIDER = "gASVGgAAAAAAAACMBnRoaW5nc5SMCHByb3ZpZGVylJOUKVKULg=="


# -- stacks ---------------------------------------------------------------------------------------------------------


def test_stack_verbs(bench: Workbench, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("stack", "init", "dev") == 1
    assert run("stack", "init", "organization/things/two") == 0
    capsys.readouterr()
    assert run("stack", "ls", "--json") == 0
    assert [(row["name"], row["current"]) for row in json.loads(capsys.readouterr().out)] == [
        ("dev", False),
        ("two", True),
    ]
    assert run("stack", "select", "dev") == 0
    assert run("stack", "select", "three") == 6
    assert run("stack", "select", "three", "--create") == 0
    assert run("stack", "rm", "two") == 1
    assert run("stack", "rm", "two", "--yes") == 0
    assert run("stack", "ls") == 0
    assert "three*" in capsys.readouterr().out
    assert run("stack", "rm", "three", "-y") == 0
    assert run("preview") == 1, "nothing is selected any more"
    assert not (bench.project / "stacks" / "Pulumi.two.yaml").exists()


def test_stack_names_are_checked(bench: Workbench) -> None:
    assert run("stack", "init", "../evil") == 1
    assert run("stack", "init", "organization/other/x") == 1
    assert run("stack", "init", "a b") == 1


def test_a_stack_with_resources_is_not_removed(bench: Workbench) -> None:
    path = bench.folder / "in.json"
    assert run("stack", "export", "--file", str(path)) == 0
    document = json.loads(path.read_text("utf-8"))
    urn = "urn:pulumi:dev::things::pulumi:pulumi:Stack::things-dev"
    document["deployment"]["resources"] = [{"urn": urn, "custom": False, "type": "pulumi:pulumi:Stack"}]
    path.write_text(json.dumps(document), "utf-8")
    assert run("stack", "import", "--file", str(path)) == 0
    assert run("stack", "rm", "dev", "--yes") == 1
    state = bench.state_folder / ".pulumi"
    (state / "stacks" / "things" / "dev.pulumi-tags").write_text("{}", "utf-8")
    (state / "backups" / "things" / "dev").mkdir(parents=True)
    assert run("stack", "rm", "dev", "--yes", "--force") == 0
    assert [path.name for path in (state / "stacks" / "things").iterdir()] == ["dev.json.bak"]
    assert not (state / "history" / "things" / "dev").exists()
    assert (state / "backups" / "things" / "dev").exists()
    assert run("stack", "new", "dev") == 0
    assert run("stack", "rm", "dev", "-y", "--remove-backups") == 0
    assert list((state / "stacks" / "things").iterdir()) == []
    assert not (state / "backups" / "things" / "dev").exists()


def test_a_state_of_another_stack_is_not_imported(bench: Workbench, capsys: pytest.CaptureFixture[str]) -> None:
    path = bench.folder / "in.json"
    urn = "urn:pulumi:prod::things::pulumi:pulumi:Stack::things-prod"
    rows = [{"urn": urn, "custom": False, "type": "pulumi:pulumi:Stack"}]
    path.write_text(json.dumps({"version": 3, "deployment": {"resources": rows}}), "utf-8")
    assert run("stack", "import", "--file", str(path)) == 1
    assert "another stack" in capsys.readouterr().err


def test_outputs(bench: Workbench, capsys: pytest.CaptureFixture[str]) -> None:
    path = bench.folder / "in.json"
    urn = "urn:pulumi:dev::things::pulumi:pulumi:Stack::things-dev"
    secret = {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "plaintext": '"canary"',
    }
    row = {"urn": urn, "custom": False, "type": "pulumi:pulumi:Stack", "outputs": {"open": {"n": 5}, "shut": secret}}
    path.write_text(json.dumps({"version": 3, "deployment": {"resources": [row]}}), "utf-8")
    assert run("stack", "import", "--file", str(path)) == 0
    assert "canary" not in bench.checkpoint_text()
    capsys.readouterr()
    assert run("stack", "output") == 0
    assert run("stack", "output", "--json") == 0
    assert run("stack", "export") == 0
    assert "canary" not in capsys.readouterr().out
    assert run("stack", "output", "--json", "--show-secrets") == 0
    assert json.loads(capsys.readouterr().out) == {"open": {"n": 5}, "shut": "canary"}
    assert run("stack", "output", "open") == 0
    assert capsys.readouterr().out == '{"n":5}\n'
    assert run("stack", "output", "none") == 1


# -- configuration --------------------------------------------------------------------------------------------------


def test_config(bench: Workbench, capsys: pytest.CaptureFixture[str]) -> None:
    path = bench.project / "stacks" / "Pulumi.dev.yaml"
    path.write_text(f"{path.read_text('utf-8')}# a comment\nconfig:\n  # another\n  things:old: x\n")
    assert run("config", "set", "plain", "1") == 0
    assert run("config", "set", "other:key", "--secret", "canary") == 0
    assert "canary" not in path.read_text("utf-8")
    assert "# another" in path.read_text("utf-8")
    capsys.readouterr()
    assert run("config", "get", "other:key") == 0
    assert capsys.readouterr().out == "canary\n"
    assert run("config", "get", "plain", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"value": "1", "secret": False}
    assert run("config", "get", "none") == 1


def test_structured_configuration_is_the_text_that_the_cli_gives(tmp_path: Path) -> None:
    # The salt line and the ciphertexts were written by the Pulumi CLI, and so was the expected text.
    path = tmp_path / "Pulumi.golden.yaml"
    path.write_text(
        """
encryptionsalt: v1:JkuSzM9dfRo=:v1:mD3PIvjGVeJ9DPNo:C5atvJJhmiUbjwFV1J74IFpjUDDAaA==
config:
  things:token:
    secure: v1:d++AbmXhE5W0voap:XvGE7Sh7ENn87k5BLEvOU9JehIdao0L30Vw=
  nested:
    list:
      - 5
    token:
      secure: v1:8QcSRWIz07nbHlnr:SUFT4amEqODvC47d9B3e2k5gpPoPug==
  things:flag: true
  things:obj:
    when: 2026-11-01
    yes: yes
    n: 1.50
    big: 123456789012
    html: "<a&b> ü"
    none: null
    list: [true, "on"]
""",
        "utf-8",
    )
    config = StackConfig.load(path, "things")
    assert config.decrypted(lambda: Crypter(PASSPHRASE, config.salt_line)) == {
        "things:flag": "true",
        "things:nested": Secret('{"list":[5],"token":"s3cret"}'),
        "things:obj": '{"big":123456789012,"html":"\\u003ca\\u0026b\\u003e ü","list":[true,"on"],"n":1.5,"none":null,'
        '"when":"2026-11-01 00:00:00 +0000 UTC","yes":"yes"}',
        "things:token": Secret("hunter2 ü"),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("environment: [prod]\n", "environments (the 'environment' section of a stack file) (Pulumi.dev.yaml:1:1)"),
        ("secretsprovider: awskms://k\n", "the secrets provider awskms"),
        ("config: [a]\n", "Pulumi.dev.yaml:1:1: 'config' must be a mapping"),
        ("encryptionsalt: 5\n", "'encryptionsalt' must be a text"),
        ("config:\n  a:b:c: x\n", "Pulumi.dev.yaml:2:3: 'a:b:c' is no configuration key"),
        ("config:\n  pulumi:disable-default-providers: ['*']\n", "'pulumi:disable-default-providers'"),
    ],
)
def test_stack_files_that_ask_for_something_else(
    bench: Workbench, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (bench.project / "stacks" / "Pulumi.dev.yaml").write_text(text, "utf-8")
    bench.case("")
    assert run("preview") == 1
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_configuration_is_removed_and_the_rest_stays(bench: Workbench, capsys: pytest.CaptureFixture[str]) -> None:
    path = bench.project / "stacks" / "Pulumi.dev.yaml"
    path.write_text(path.read_text("utf-8") + "config:\n  # kept\n  things:a: x\n  b: y\n", "utf-8")
    for key in ("a", "things:b", "nothing"):
        assert run("config", "rm", key) == 0
    assert "# kept" not in path.read_text("utf-8") or "things:a" not in path.read_text("utf-8")
    assert run("config", "get", "a") == 1
    assert run("config", "get", "b") == 1
    assert "encryptionsalt" in path.read_text("utf-8")


# -- import ---------------------------------------------------------------------------------------------------------


def import_file(bench: Workbench, *resources: dict[str, object], **more: object) -> str:
    path = bench.folder / "import.json"
    path.write_text(json.dumps({"resources": resources, **more}), "utf-8")
    return str(path)


def entry(name: str, **more: object) -> dict[str, object]:
    values = {"__provider": PROVIDER, "name": name}
    return {"type": "pulumi-python:dynamic/acme:Thing", "name": name, "id": f"id-{name}", "inputs": values,
            "outputs": values, **more}  # fmt: skip


FLAGS = ("--generate-code=false", "--protect=false", "--yes", "--skip-preview")


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        ({"type": "aws:s3:Bucket", "name": "b", "id": "1"}, "package 'aws'"),
        ({"type": "pulumi-python:dynamic/acme:Thing", "name": "b", "id": "1"}, "'__provider'"),
        ({"type": "pulumi-python:dynamic/acme:Thing", "name": "b"}, "no 'id'"),
        ({"name": "b"}, "no 'type'"),
        ({**entry("b"), "parent": "none"}, "name table"),
    ],
)
def test_files_that_cannot_be_imported(
    bench: Workbench, resource: dict[str, object], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("import", "--file", import_file(bench, resource), *FLAGS) == 1
    assert message in capsys.readouterr().err


def test_import_generates_no_code(bench: Workbench, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import", "--file", import_file(bench), "--yes") == 1
    assert "--generate-code=false" in capsys.readouterr().err


def test_import_then_refresh_then_clean(bench: Workbench) -> None:
    (bench.remote / "id-a.json").write_text(json.dumps({"name": "a", "color": "red", "generation": 7}), "utf-8")
    (bench.remote / "id-b.json").write_text(json.dumps({"name": "b", "generation": 1}), "utf-8")
    group = {"type": "acme:index:Group", "name": "g", "component": True}
    shard = "urn:pulumi:dev::things::pulumi:providers:pulumi-python::p"
    file = import_file(bench, group, entry("a", parent="g"), entry("b", provider="p"), nameTable={"p": shard})
    result = bench.must("import", "--file", file, *FLAGS)
    assert "= 3 imported" in result.out
    assert bench.words() == ["check a", "check b"]
    again = bench.must("import", "--file", file, *FLAGS)
    assert "imported" not in again.out
    bench.must("refresh", "--yes", "--skip-preview")
    bench.case(
        """
        g = Group("g")
        Thing("a", {"color": "red"}, ResourceOptions(parent=g))
        p = pulumi.ProviderResource("pulumi-python", "p", {})
        Thing("b", {}, ResourceOptions(provider=p))
        """
    )
    assert bench.quiet()
    assert bench.resources()["a"]["outputs"]["generation"] == 7

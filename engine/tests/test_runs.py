"""Whole runs that need more than a table: interrupts, kills, locks, secrets on disk, parallel steps, refusals."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from workbench import EMBEDDED, ENGINES, PULUMI, Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    for _ in range(1200):
        if condition():
            return
        if process is not None and process.poll() is not None:
            raise AssertionError(f"ended early: {process.communicate()}")
        time.sleep(0.05)
    raise AssertionError("it never came")


def held(bench: Workbench, name: str = "a") -> Callable[[], bool]:
    return (bench.remote / f"held-{name}").exists


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process that ended and was not waited for yet does not count.
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"


def plugin_pid(bench: Workbench) -> int:
    lines = (bench.remote / "calls.log").read_text("utf-8").splitlines()
    return int(json.loads(lines[-1])["pid"])


def test_interrupt_once_records_what_was_running(bench: Workbench) -> None:
    bench.case('a = Thing("a", {"hold": "go"})\nThing("b", {"link": a.id})')
    process = bench.start("up", "--yes", "--skip-preview")
    until(held(bench), process)
    process.send_signal(signal.SIGINT)
    (bench.remote / "go").touch()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "update canceled" in out + err
    assert set(bench.resources()) == {"things-dev", "default", "a"}
    assert bench.export().get("pending_operations") is None
    bench.must("up", "--yes", "--skip-preview")


def test_kill_then_cancel_then_up(bench: Workbench) -> None:
    bench.case('Thing("a", {"hold": "go"})')
    process = bench.start("up", "--yes", "--skip-preview")
    until(held(bench), process)
    program = [int(pid) for pid in children(process.pid) if b"runner.py" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    plugin = plugin_pid(bench)
    bench.kill(process)
    assert len(program) == 1
    until(lambda: not alive(program[0]))
    with contextlib.suppress(ProcessLookupError):  # it lives on, as with the CLI, unless it watches its engine itself
        os.kill(plugin, signal.SIGKILL)
    assert [item["type"] for item in bench.export()["pending_operations"]] == ["creating"]
    locked = bench.run("up", "--yes", "--skip-preview")
    assert locked.code == 1
    assert "locked by 1 lock" in locked.err
    assert bench.run("preview").code == 0, "a preview takes no lock"
    bench.must("cancel", "--yes")
    (bench.remote / "go").touch()
    result = bench.must("up", "--yes", "--skip-preview")
    assert "never ended" in result.text
    assert len(bench.export()["pending_operations"]) == 1
    bench.must("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    assert "pending_operations" not in bench.export()
    assert bench.quiet()


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()


def test_no_process_stays_after_a_run(bench: Workbench) -> None:
    bench.up('Thing("a", {})')
    pid = plugin_pid(bench)
    until(lambda: not alive(pid))


def test_steps_run_in_parallel_and_as_told(bench: Workbench) -> None:
    bench.case("\n".join(f'Thing("{name}", {{"hold": "go"}})' for name in "abc"))
    process = bench.start("up", "--yes", "--skip-preview", "--parallel", "2")
    until(lambda: len(list(bench.remote.glob("held-*"))) == 2, process)
    (bench.remote / "go").touch()
    assert process.communicate(timeout=60) is not None
    assert process.returncode == 0
    assert len(bench.things()) == 3


def test_a_failing_step_lets_running_ones_finish(bench: Workbench) -> None:
    bench.case('Thing("a", {"hold": "go"})\nThing("b", {"fail": "create", "hold": "held-a"})')
    process = bench.start("up", "--yes", "--skip-preview")
    until(held(bench), process)
    (bench.remote / "go").touch()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "cannot create b" in out
    assert {"a"} == set(bench.resources()) - {"things-dev", "default"}


def test_secrets_stay_secret(bench: Workbench) -> None:
    bench.must("config", "set", "--secret", "things:label", "canary-config")
    source = """
    token = pulumi.Output.secret("canary-%s")
    Thing("a", {"color": token, "labels": {"inner": token}}, ResourceOptions(additional_secret_outputs=["size"]))
    pulumi.export("token", token)
    """
    bench.case(source % "one")
    shown = bench.run("preview", "--diff").text + bench.run("preview", "--json").text
    shown += bench.up(source % "one", "--diff").text
    bench.case(source % "two")
    shown += bench.run("preview", "--diff").text + bench.run("preview", "--json").text
    shown += bench.up(None).text + bench.run("stack", "export").out + bench.run("stack", "output").out
    shown += bench.run("refresh", "--yes", "--skip-preview").text
    assert "canary" not in shown
    assert "[secret]" in shown
    assert "canary" not in bench.checkpoint_text()
    assert bench.resources()["a"]["inputs"]["color"]["plaintext"] == '"canary-two"'


def test_unchanged_runs_do_not_touch_ciphertexts(bench: Workbench) -> None:
    bench.up('Thing("a", {"color": pulumi.Output.secret("x")})')
    path = next(bench.state_folder.rglob("stacks/things/dev.json"))
    before = json.loads(path.read_text("utf-8"))["checkpoint"]["latest"]["resources"]
    bench.up(None)
    assert json.loads(path.read_text("utf-8"))["checkpoint"]["latest"]["resources"] == before


def test_history_and_backups(bench: Workbench) -> None:
    bench.up('Thing("a", {})', "--message", "why")
    bench.up('Thing("a", {"fail": "update"})')
    entries = [json.loads(path.read_text("utf-8")) for path in sorted(bench.state_folder.rglob("*.history.json"))]
    assert [(entry["kind"], entry["result"]) for entry in entries] == [("update", "succeeded"), ("update", "failed")]
    assert entries[0]["message"] == "why"
    assert entries[0]["resourceChanges"] == {"create": 2}
    assert len(list(bench.state_folder.rglob("backups/things/dev/*.json"))) == 2


def test_json_is_one_document(bench: Workbench) -> None:
    bench.must("config", "set", "--secret", "things:label", "canary")
    bench.case('Thing("a", {"color": "red"})')
    digest = bench.digest("up", "--yes")
    assert digest["changeSummary"] == {"create": 2}
    assert digest["config"] == {"things:label": "[secret]"}
    assert [step["op"] for step in digest["steps"]] == ["create", "create"]
    failed = json.loads(bench.up('Thing("a", {"color": "wrong"})', "--json").out)
    assert "not a color" in failed["diagnostics"][0]["message"]
    assert failed["diagnostics"][0]["severity"] == "error"


def test_output_for_people(bench: Workbench) -> None:
    first = bench.up('Thing("a", {"color": "red"}, ResourceOptions(retain_on_delete=True))\npulumi.export("x", 1)')
    assert " +  create   acme:Thing  a\n" in first.out
    assert "Outputs:\n    + x: 1\n" in first.out
    assert "Resources: + 2 created\n" in first.out
    second = bench.up('Thing("a", {"color": "blue", "size": 1}, ResourceOptions(retain_on_delete=True))')
    assert " ~  update   acme:Thing  a  [diff: ~color,+size]\n" in second.out
    detail = bench.up('Thing("a", {"color": "green"}, ResourceOptions(retain_on_delete=True))', "--diff")
    assert '      ~ color: "blue" => "green"\n      - size: 1\n' in detail.out
    third = bench.up("")
    assert " -  delete   acme:Thing  a  [retain]\n" in third.out


@pytest.mark.parametrize(
    ("source", "feature"),
    [
        ('pulumi.StackReference("other")', "StackReference"),
        ('pulumi.runtime.invoke("a:b:c", {})', "invoke"),
        ('pulumi.CustomResource("aws:s3:Bucket", "b", {})', "package 'aws'"),
        ('Thing("a", {}, ResourceOptions(import_="x"))', "import_"),
        ('Thing("a", {"file": pulumi.StringAsset("x")})', "assets"),
    ],
)
def test_programs_that_need_more_are_refused_by_name(bench: Workbench, source: str, feature: str) -> None:
    result = bench.up(source)
    assert result.code == 1
    assert "the embedded engine does not support" in result.text
    assert feature in result.text
    assert "Traceback" not in result.text
    assert bench.things() == {}


def test_refresh_always(bench: Workbench) -> None:
    bench.up('Thing("a", {"color": "red"})')
    bench.replace("Pulumi.yaml", "stackConfigDir: stacks\n", "stackConfigDir: stacks\noptions: {refresh: always}\n")
    path = bench.remote / "id-a.json"
    path.write_text(path.read_text("utf-8").replace("red", "drifted"))
    assert bench.quiet() is False
    assert bench.run("preview", "--expect-no-changes", "--refresh=false").code == 0
    result = bench.up(None, "--diff")
    assert '~ color: "red" => "drifted"' in result.out
    assert '~ color: "drifted" => "red"' in result.out
    assert bench.quiet()


@pytest.mark.skipif(PULUMI not in ENGINES, reason="no Pulumi CLI on PATH")
@pytest.mark.parametrize(("first", "second"), [(EMBEDDED, PULUMI), (PULUMI, EMBEDDED)])
def test_a_stack_changes_engines(bench: Workbench, first: str, second: str) -> None:
    source = """
    p = pulumi.ProviderResource("pulumi-python", "p", {"things:label": "one"})
    g = Group("g")
    a = Thing("a", {"color": pulumi.Output.secret("red"), "n": 1.5, "l": [1, None]}, ResourceOptions(parent=g))
    Thing("b", {"link": a.generation, "size": %d}, ResourceOptions(provider=p, depends_on=[g], protect=True))
    pulumi.export("a", a)
    """
    bench.must("config", "set", "--secret", "things:label", "x", engine=EMBEDDED)
    for number, engine in enumerate((first, second, first)):
        bench.engine = engine
        result = bench.up(source % number)
        assert result.code == 0, result.text
        for other in (EMBEDDED, PULUMI):
            assert bench.quiet(other), f"{engine} then {other}"
            done = bench.run("refresh", "--preview-only", "--expect-no-changes", engine=other)
            assert done.code == 0, done.text


def test_history_says_where_a_run_came_from(bench: Workbench, capsys: pytest.CaptureFixture[str]) -> None:
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@x.example"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "The title\n\nand more"]):
        subprocess.run([*git, *words], cwd=bench.project, check=True)
    subprocess.run(
        [*git, "remote", "add", "origin", "https://ann:s3cret@git.example/acme/things.git"],
        cwd=bench.project, check=True,
    )  # fmt: skip
    assert bench.up('Thing("a", {})', "-p2").code == 0
    bench.must("refresh", "--yes", "--message", "by hand")
    newest, oldest = json.loads(bench.must("stack", "history", "--json").out)
    assert (newest["message"], newest["kind"]) == ("by hand", "refresh")
    assert (oldest["message"], oldest["result"], oldest["version"]) == ("The title", "succeeded", 0)
    told = oldest["environment"]
    head = subprocess.run(
        [*git, "rev-parse", "HEAD"], cwd=bench.project, capture_output=True, encoding="utf-8"
    ).stdout.strip()
    expected = {
        "git.head": head, "git.author": "Ann", "git.author.email": "ann@x.example", "git.committer": "Ann",
        "git.dirty": "true", "vcs.owner": "acme", "vcs.repo": "things", "vcs.kind": "git.example", "vcs.root": ".",
        "exec.kind": "cli", "pulumi.flag.parallel": "set", "pulumi.flag.yes": "true",
        "pulumi.env.PULUMI_CONFIG_PASSPHRASE": "set", "pulumi.env.PULUMI_SKIP_UPDATE_CHECK": "true",
    }  # fmt: skip
    assert {key: told.get(key) for key in expected} == expected
    assert told["git.headName"].startswith("refs/heads/")
    assert "s3cret" not in json.dumps(told)
    assert len(json.loads(bench.must("stack", "history", "--json", "--page-size=1", "--page=2").out)) == 1


def test_state_is_mended_after_an_accident(bench: Workbench) -> None:
    bench.up('a = Thing("a", {}, ResourceOptions(protect=True))\nThing("b", {"link": a.id})')
    urns = {
        name: row["urn"] for name, row in ((row["urn"].rpartition("::")[2], row) for row in bench.resources().values())
    }
    assert "depend" in bench.run("state", "remove", "-y", urns["a"]).err
    assert "protected" in bench.run("state", "remove", "-y", "--target-dependents", urns["a"]).err
    assert bench.run("state", "unprotect", "-y", "urn:pulumi:dev::things::x::none").code == 1
    refused = bench.up("")
    assert refused.code == 1
    told = re.search(r"use the command: `\S+ -m dynamic_engine ([^`]+)`", refused.text)
    assert told is not None, refused.text
    assert shlex.split(told[1]) == ["state", "unprotect", urns["a"], "--stack", "dev"]
    bench.must(*shlex.split(told[1]), "-y")
    assert not bench.resources()["a"].get("protect")
    bench.must("state", "rm", "-y", "--target-dependents", urns["a"])
    assert set(bench.resources()) == {"things-dev", "default"}
    assert set(bench.things()) == {"id-a"}, "what is out there stays"


def test_a_plan_lists_the_delete_that_is_refused(bench: Workbench) -> None:
    bench.up('Thing("a", {}, ResourceOptions(protect=True))\nThing("b", {})')
    bench.case("")
    for words in (("preview",), ("destroy", "--preview-only")):
        digest = bench.digest(*words)
        listed = {step["urn"].rpartition("::")[2] for step in digest["steps"] if step["op"] == "delete"}
        assert {"a", "b"} <= listed
        assert digest["changeSummary"]["delete"] == 1
        assert "protected" in digest["diagnostics"][0]["message"]


def test_what_needs_an_excluded_create_is_not_created(bench: Workbench) -> None:
    """The CLI (3.274.1) creates it and damages the state: what it depends on is not there."""
    told = bench.up('d = Thing("d", {})\nThing("e", {"link": d.id})', "--exclude", "**::d")
    assert told.code == 1
    assert "which --exclude leaves out and which is not created yet" in told.text
    assert bench.words() == []
    assert set(bench.resources()) <= {"things-dev", "default"}

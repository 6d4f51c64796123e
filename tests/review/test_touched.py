"""`csp stacks --changed`: which stacks a change touches, in a Git repository of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from csp.main import app
from csp.project import Project
from csp.review.touched import touched as which

Touched = Callable[..., list[str]]
CUSTOMER = """profile:
  organization: {name} Ltd
  email: it@{name}.example
  contact_name: Emma Baker
  phone: "+14255550155"
  address: {{street: One Microsoft Way, city: Redmond, state: WA, zip: "98052", country: US}}
cloud_provider: {{portal_access: false, pricebook: P}}
identity: {{method: existing, domain: {name}.onmicrosoft.com}}
attestation: {{signatory: {{first_name: Emma, last_name: Baker, email: it@{name}.example, phone: "+14255550155"}}}}
"""
CONNECTION = """role: indirect-reseller
cohort: ion-onboarded
partner_center_region: us
ion: {{account_id: "10501"}}
countries: [US]
currencies: [USD]
pricebooks: {{P: USD}}
mail_templates: mail/{name}
handover: {{recipients: ["file:keys/{name}.txt"]}}
"""
STACK = """config:
  csp:estate:
    defaults: {{connection: {name}}}
    include: [customers/{name}/**/*.yaml]
"""
FILES = {"Pulumi.yaml": "name: estate\nruntime: python\n", "README.md": "read me\n", "requirements.txt": "x\n"} | {
    path.format(name=name): text.format(name=name)
    for name in ("a", "b")
    for path, text in (
        ("stacks/Pulumi.{name}.yaml", STACK),
        ("stacks/connections/{name}.yaml", CONNECTION),
        ("stacks/customers/{name}/one.yaml", CUSTOMER),
        ("stacks/customers/{name}/deep/two.yaml", CUSTOMER.replace("{name}", "two-{name}")),
        ("mail/{name}/invitation.en.txt.j2", "text\n"),
        ("keys/{name}.txt", "age1\n"),
    )
}


def git(*words: str) -> str:
    who = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who |= {f"GIT_{one}_{what}": "t@example.com" for one in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(["git", *words], env={**os.environ, **who}, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Touched:
    monkeypatch.chdir(tmp_path)
    for path, text in FILES.items():
        put(path, text)
    Path("elsewhere").symlink_to("/nowhere")
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "base")
    git("checkout", "-q", "-b", "change")

    def call(*words: str, base: str = "main") -> list[str]:
        done = CliRunner().invoke(app, ["stacks", "--changed", base, "--format", "json", *words])
        assert done.exit_code == 0, (done.output, done.exception)
        names: list[str] = json.loads(done.output)
        return names

    return call


def put(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, "utf-8")


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize(
    ("path", "stacks"),
    [
        ("stacks/Pulumi.a.yaml", ["a"]),
        ("stacks/connections/b.yaml", ["b"]),
        ("stacks/customers/a/one.yaml", ["a"]),
        ("stacks/customers/b/deep/two.yaml", ["b"]),
        ("stacks/customers/b/new.yaml", ["b"]),
        ("stacks/customers/a/note.txt", []),
        ("mail/a/invitation.en.txt.j2", ["a"]),
        ("mail/b/invitation.fr.txt.j2", ["b"]),
        ("keys/b.txt", ["b"]),
        ("README.md", []),
        (".github/workflows/preview.yml", []),
        ("requirements.txt", ["a", "b"]),
        ("requirements-local.txt", ["a", "b"]),
        ("vendor/x.whl", ["a", "b"]),
        ("Pulumi.yaml", ["a", "b"]),
        ("__main__.py", ["a", "b"]),
        ("policy/rules.py", ["a", "b"]),
    ],
)
def test_a_file_touches_the_stacks_that_are_made_of_it(
    touched: Touched, path: str, stacks: list[str], committed: bool
) -> None:
    put(path, (FILES.get(path) or "") + "# changed\n")
    if committed:
        git("add", ".")
        git("commit", "-q", "-m", "change")
    assert touched() == stacks


def test_in_a_checkout_the_product_itself_touches_every_stack(tmp_path: Path) -> None:
    assert which(Project(tmp_path), ["a", "b"], {"onboarding/core/x.py"}) == ["a", "b"]


def test_a_file_that_is_gone_touches_the_stack_that_it_belonged_to(touched: Touched) -> None:
    Path("stacks/customers/a/one.yaml").unlink()
    Path("mail/b/invitation.en.txt.j2").unlink()
    git("commit", "-qam", "gone")
    assert touched() == ["a", "b"]
    assert touched("-s", "b") == ["b"]


def test_a_move_touches_both_stacks(touched: Touched) -> None:
    Path("stacks/customers/a/one.yaml").rename("stacks/customers/b/moved.yaml")
    git("add", ".")
    git("commit", "-qm", "moved")
    assert touched() == ["a", "b"]


def test_what_the_base_did_since_is_not_the_change(touched: Touched) -> None:
    put("stacks/customers/a/one.yaml", FILES["stacks/customers/a/one.yaml"] + "# change\n")
    git("commit", "-qam", "change")
    git("checkout", "-q", "main")
    put("stacks/customers/b/one.yaml", FILES["stacks/customers/b/one.yaml"] + "# base\n")
    git("commit", "-qam", "base goes on")
    git("checkout", "-q", "change")
    assert touched() == ["a"]


def test_a_stack_with_errors_is_touched_by_whatever_may_be_its_own(touched: Touched) -> None:
    put("stacks/connections/b.yaml", "role: nothing\n")
    git("commit", "-qam", "broken")
    assert touched() == ["b"]


def test_nothing_before_touches_everything_and_an_unknown_base_is_one_line(touched: Touched) -> None:
    assert touched(base="0" * 40) == ["a", "b"]
    for base in ("nowhere", "--output=x"):
        done = CliRunner().invoke(app, ["stacks", "--changed", base])
        assert done.exit_code == 1
        assert "--changed" in str(done.exception)


def test_without_a_base_all_stacks_are_listed(touched: Touched) -> None:
    done = CliRunner().invoke(app, ["stacks"])
    assert done.output.split() == ["a", "b"]
    assert CliRunner().invoke(app, ["stacks", "-s", "c"]).exit_code == 1


def test_a_plan_from_the_files_alone_names_every_value_and_reads_no_state(touched: Touched) -> None:
    put("stacks/customers/a/one.yaml", FILES["stacks/customers/a/one.yaml"].replace("One Microsoft", "Two | @all `x`"))
    put("stacks/customers/a/three.yaml", CUSTOMER.format(name="three"))
    Path("stacks/customers/a/deep/two.yaml").unlink()
    git("add", ".")
    git("commit", "-qm", "change")
    done = CliRunner().invoke(app, ["plan", "-s", "a", "--files", "main", "--format", "markdown"])
    assert done.exit_code == 0, (done.output, done.exception)
    assert "State not read" in done.output
    assert "`One Microsoft Way`" in done.output
    assert "``Two \\| @all `x` Way``" in done.output
    for email in ("it@three.example", "it@two-a.example"):
        assert email in done.output
    assert "two-b" not in done.output
    same = CliRunner().invoke(app, ["plan", "-s", "b", "--files", "main"])
    assert same.output.startswith("b: 0 declared values differ")
    wrong = CliRunner().invoke(app, ["plan", "-s", "a", "--files", "main", "--out", "plan.json"])
    assert wrong.exit_code == 1
    assert "no plan" in str(wrong.exception)

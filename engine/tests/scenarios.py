# ruff: noqa: E501 - the programs are data
"""What a stack goes through: programs, commands, and what must come of them. Data for test_scenarios."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbench import Workbench

URN = "urn:pulumi:dev::things::pulumi-python:dynamic/acme:Thing::"


@dataclass(frozen=True)
class Act:
    """One operation. ``words`` is the command; a program is set before it. ``calls`` are in order, checked when given.
    ``summary`` is what a preview of the same says; None when there is no preview to ask. ``planned_more``: the preview
    says more than the run will, because it does not know what a replacement brings."""

    words: tuple[str, ...]
    program: str | None = None
    code: int = 0
    calls: tuple[str, ...] | None = None
    summary: dict[str, int] | None = None
    planned_more: bool = False
    says: str = ""
    before: Callable[[Workbench], None] | None = None


@dataclass(frozen=True)
class Scenario:
    """A name and its operations."""

    name: str
    acts: tuple[Act, ...]
    differs: frozenset[str] = frozenset()  # what the two engines are known to do differently


def up(program: str | None, *flags: str, **more: object) -> Act:
    return Act(("up", "--yes", "--skip-preview", *flags), program, **more)  # type: ignore[arg-type]


def act(*words: str, **more: object) -> Act:
    return Act(words, **more)  # type: ignore[arg-type]


def _drift(bench: Workbench) -> None:
    path = bench.remote / "id-a.json"
    path.write_text(path.read_text("utf-8").replace("red", "drifted"))


def _gone(bench: Workbench) -> None:
    (bench.remote / "id-a.json").unlink()


RED = 'Thing("a", {"color": "red"})'
BLUE = 'Thing("a", {"color": "blue"})'
PAIR = """
a = Thing("a", {"color": "red"})
Thing("b", {"link": a.id, "mode": "x"})
"""
CHAIN = """
a = Thing("a", {"color": "red", "mode": "delete-first", "key": "%s"}, ResourceOptions(replace_on_changes=["key"]))
b = Thing("b", {"link": a.generation, "mode": "link-replaces"})
Thing("c", {"link": b.generation, "mode": "x"})
Thing("d", {"color": "green"}, ResourceOptions(depends_on=[a]))
"""

SCENARIOS = [
    Scenario(
        "create, same, update, delete",
        (
            up(RED, summary={"create": 2}, calls=("check a", "create a")),
            up(None, summary={"same": 2}, calls=("check a", "diff a")),
            up(BLUE, summary={"same": 1, "update": 1}, calls=("check a", "diff a", "update a")),
            up("", summary={"same": 1, "delete": 1}, calls=("delete a",)),
            act("destroy", "--yes", "--skip-preview", calls=()),
        ),
    ),
    Scenario(
        "update without property detail",
        (
            up('Thing("a", {"color": "red", "mode": "plain"})'),
            up('Thing("a", {"color": "blue", "mode": "plain"})', summary={"same": 1, "update": 1}),
        ),
    ),
    Scenario(
        "nested details",
        (
            up('Thing("a", {"labels": {"x": "1", "y.z": "2"}, "rules": [{"port": 1}, {"port": 2}], "n": 1.5})'),
            up('Thing("a", {"labels": {"x": "2", "w": "1"}, "rules": [{"port": 3}], "n": True})', summary={"same": 1, "update": 1}),
        ),
    ),
    Scenario(
        "replace, create first",
        (
            up('Thing("a", {"name": "one", "mode": "unique"})\nThing("b", {"color": "red"})'),
            up('Thing("a", {"name": "two", "mode": "unique"})\nThing("b", {"color": "red"})',
               summary={"same": 2, "replace": 1}),
        ),
    ),
    Scenario(
        "replace, delete first, with dependents",
        (
            up(CHAIN % "1"),
            up(CHAIN % "2", summary={"same": 2, "replace": 2, "update": 1}, planned_more=True),
            act("preview", "--expect-no-changes"),
        ),
    ),
    Scenario(
        "replace on changes of a nested path",
        (
            up('Thing("a", {"labels": {"x": "1"}, "mode": "delete-first"}, ResourceOptions(replace_on_changes=["labels.x"]))'),
            up('Thing("a", {"labels": {"x": "2"}, "mode": "delete-first"}, ResourceOptions(replace_on_changes=["labels.x"]))',
               summary={"same": 1, "replace": 1}),
        ),
    ),
    Scenario(
        "the option decides the order of a replacement",
        (
            up('Thing("a", {"name": "one", "mode": "delete-first"}, ResourceOptions(delete_before_replace=False))'),
            up('Thing("a", {"name": "two", "mode": "delete-first"}, ResourceOptions(delete_before_replace=False))',
               calls=("check two", "diff one", "check two", "create two", "delete one")),
        ),
    ),
    Scenario(
        "failed create after the delete of a replacement",
        (
            up('Thing("a", {"name": "one", "mode": "delete-first"})'),
            up('Thing("a", {"name": "two", "mode": "delete-first", "fail": "create"})', code=1, says="cannot create two"),
            up('Thing("a", {"name": "two", "mode": "delete-first"})', calls=("check two", "diff one", "check two", "create two")),
        ),
    ),
    Scenario(
        "failed delete of a replaced resource is tried again",
        (
            up('Thing("a", {"name": "one", "fail": "delete"})'),
            up('Thing("a", {"name": "two"})', code=1, says="cannot delete"),
            up('Thing("a", {"name": "two"})', code=1, says="cannot delete"),
        ),
    ),
    Scenario(
        "ignore changes",
        (
            up(RED),
            up('Thing("a", {"color": "blue"}, ResourceOptions(ignore_changes=["color"]))', summary={"same": 2}),
            up('Thing("a", {"color": "blue", "size": 2}, ResourceOptions(ignore_changes=["color"]))',
               summary={"same": 1, "update": 1}),
        ),
    ),
    Scenario(
        "dependents see unknown values in a preview",
        (
            up(PAIR, summary={"create": 3}),
            up(PAIR.replace("red", "blue").replace("a.id", "a.generation"), summary={"same": 1, "update": 2}),
            up(PAIR.replace("a.id", "a.generation"), summary={"same": 1, "update": 2}),
        ),
    ),
    Scenario(
        "components, nested and renamed",
        (
            up('g = Group("g")\nh = Group("g-h", ResourceOptions(parent=g))\nThing("g-h-a", {"color": "red"}, ResourceOptions(parent=h))',
               summary={"create": 4}),
            up('g = Group("k", ResourceOptions(aliases=[Alias(name="g")]))\nh = Group("k-h", ResourceOptions(parent=g))\nThing("k-h-a", {"name": "g-h-a", "color": "red"}, ResourceOptions(parent=h))',
               summary={"same": 4}),
            up('g = Group("k")\nh = Group("k-h", ResourceOptions(parent=g))\nThing("k-h-a", {"name": "g-h-a", "color": "red"}, ResourceOptions(parent=h))',
               summary={"same": 4}),
            up("", summary={"same": 1, "delete": 3}),
        ),
    ),
    Scenario(
        "moved out of a component, and another type",
        (
            up('g = Group("g")\nThing("a", {"color": "red"}, ResourceOptions(parent=g))'),
            up('g = Group("g")\nThing("a", {"color": "red"}, ResourceOptions(aliases=[Alias(parent=g)]))', summary={"same": 3}),
        ),
    ),
    Scenario(
        "secrets",
        (
            up('''
               Thing("a", {"color": pulumi.Output.secret("canary"), "labels": {"x": pulumi.Output.secret("canary2"), "y": "1"},
                           "rules": ["1", pulumi.Output.secret("canary3")]},
                     ResourceOptions(additional_secret_outputs=["size"]))
               pulumi.export("out", pulumi.Output.secret({"k": "canary4"}))
               ''', summary={"create": 2}),
            up(None, summary={"same": 2}),
            act("refresh", "--yes", "--skip-preview"),
            up('Thing("a", {"color": pulumi.Output.secret("canary5"), "labels": {"x": "open", "y": "1"}})',
               summary={"same": 1, "update": 1}),
            up('Thing("a", {"color": "open", "labels": {"x": "open", "y": "1"}})', summary={"same": 1, "update": 1}),
        ),
    ),
    Scenario(
        "protect",
        (
            up('Thing("a", {"color": "red"}, ResourceOptions(protect=True))\nThing("b", {"color": "red"})'),
            up("", code=1, says="protect"),
            act("destroy", "--yes", "--skip-preview", code=1, says="protect"),
            up('Thing("a", {"name": "other"}, ResourceOptions(protect=True))', code=1, says="protect"),
            up('Thing("a", {"color": "red"})', summary={"same": 2}),
            up("", summary={"same": 1, "delete": 1}),
        ),
    ),
    Scenario(
        "retain on delete",
        (
            up('Thing("a", {"color": "red"}, ResourceOptions(retain_on_delete=True))'),
            up("", summary={"same": 1, "delete": 1}, calls=()),
        ),
    ),
    Scenario(
        "deleted with",
        (
            up('a = Thing("a", {"color": "red"})\nThing("b", {"color": "red"}, ResourceOptions(deleted_with=a))'),
            up("", calls=("delete a",)),
        ),
    ),
    Scenario(
        "replaced with, and a trigger",
        (
            up('a = Thing("a", {"name": "one"})\nThing("b", {}, ResourceOptions(replace_with=[a]))\nThing("c", {}, ResourceOptions(replacement_trigger="1"))'),
            up('a = Thing("a", {"name": "two"})\nThing("b", {}, ResourceOptions(replace_with=[a]))\nThing("c", {}, ResourceOptions(replacement_trigger="1"))',
               summary={"same": 2, "replace": 2}),
            up('a = Thing("a", {"name": "two"})\nThing("b", {}, ResourceOptions(replace_with=[a]))\nThing("c", {}, ResourceOptions(replacement_trigger="2"))',
               summary={"same": 3, "replace": 1}),
        ),
    ),
    Scenario(
        "options in the state",
        (
            up('''
               a = Thing("a", {"color": "red"})
               Thing("b", {"color": "red", "size": 1, "labels": {"x": "1"}}, ResourceOptions(
                   depends_on=[a], custom_timeouts=pulumi.CustomTimeouts(create="1h30m", delete="5s"), hide_diffs=["color"],
                   ignore_changes=["size"], replace_on_changes=["labels.x"], additional_secret_outputs=["generation"]))
               '''),
            up(None, summary={"same": 3}),
        ),
    ),
    Scenario(
        "explicit providers",
        (
            up('p = pulumi.ProviderResource("pulumi-python", "p", {"things:label": "one"})\nThing("a", {"color": "red"}, ResourceOptions(provider=p))\nThing("b", {"color": "red"})',
               summary={"create": 4}),
            up('p = pulumi.ProviderResource("pulumi-python", "p", {"things:label": "two"})\nThing("a", {"color": "red"}, ResourceOptions(provider=p))\nThing("b", {"color": "red"})',
               summary={"same": 3, "update": 1}),
            up('p = pulumi.ProviderResource("pulumi-python", "p", {"things:label": "two"})\nThing("a", {"color": "red"})\nThing("b", {"color": "red"}, ResourceOptions(provider=p))',
               summary={"same": 4}),
            up('Thing("a", {"color": "red"})\nThing("b", {"color": "red"})', summary={"same": 3, "delete": 1}),
        ),
    ),
    Scenario(
        "a provider handed down by a component",
        (
            up('p = pulumi.ProviderResource("pulumi-python", "p", {"things:label": "one"})\ng = Group("g", ResourceOptions(providers=[p]))\nThing("a", {"color": "red"}, ResourceOptions(parent=g))'),
            act("refresh", "--yes", "--skip-preview"),
            act("destroy", "--yes", "--skip-preview"),
        ),
    ),
    Scenario(
        "drift",
        (
            up(PAIR),
            act("refresh", "--preview-only", "--expect-no-changes"),
            act("refresh", "--preview-only", "--expect-no-changes", before=_drift, code=7),
            act("preview", "--refresh", "--expect-no-changes", code=7),
            act("preview", "--expect-no-changes"),
            up(None, "--refresh"),
            act("preview", "--refresh", "--expect-no-changes"),
            act("refresh", "--yes", "--skip-preview", before=_drift),
            act("preview", "--expect-no-changes", code=7),
            up(None, summary={"same": 2, "update": 1}),
        ),
    ),
    Scenario(
        "gone remotely",
        (
            up(PAIR),
            act("refresh", "--preview-only", "--expect-no-changes", before=_gone, code=7),
            act("preview", "--refresh", "--expect-no-changes", code=7),
            act("refresh", "--yes", "--skip-preview"),
            up(None),
            up(None, "--refresh", before=_gone),
        ),
    ),
    Scenario(
        "a read that fails",
        (
            up('Thing("a", {"color": "red"})\nThing("b", {"color": "red", "fail": "read"})'),
            act("refresh", "--yes", "--skip-preview", before=_drift, code=1, says="cannot read"),
        ),
    ),
    Scenario(
        "check failures",
        (
            up('Thing("a", {"color": "wrong"})', code=1, says="not a color"),
            act("preview", code=1, says="not a color"),
        ),
    ),
    Scenario(
        "a create that fails",
        (
            up('Thing("a", {"fail": "create"})', code=1, says="cannot create a"),
            up('Thing("a", {})', summary={"same": 1, "create": 1}),
            up('Thing("a", {"fail": "update"})', code=1, says="cannot update"),
            up('Thing("a", {})', summary={"same": 2}),
        ),
    ),
    Scenario(
        "continue on error",
        (
            up('a = Thing("a", {"fail": "create"})\nThing("b", {"link": a.id})\nThing("c", {})', "--continue-on-error",
               code=1, says="cannot create a"),
            up('a = Thing("a", {})\nThing("b", {"link": a.id})\nThing("c", {})'),
        ),
        # The CLI checks a resource before it leaves it out; the embedded engine does not.
        differs=frozenset({"calls"}),
    ),
    Scenario(
        "deletes continue on error",
        (
            up('a = Thing("a", {})\nb = Thing("b", {"fail": "delete", "link": a.id})\nThing("c", {})'),
            act("destroy", "--yes", "--skip-preview", "--continue-on-error", code=1, says="cannot delete"),
        ),
    ),
    Scenario(
        "a program that raises",
        (
            up('Thing("a", {})\npulumi.export("x", 1)\nraise RuntimeError("the program broke")', code=1, says="the program broke"),
            up('Thing("a", {})\npulumi.export("y", 1)'),
            up('pulumi.log.error("only said")\nThing("a", {})\npulumi.export("y", 1)', says="only said"),
        ),
    ),
    Scenario(
        "the same name twice",
        (up('Thing("a", {})\nThing("a", {})', code=1, says="Duplicate resource URN"),),
        # Whether the first one's create has begun when the second name is refused is a race, on both engines.
        differs=frozenset({"calls", "state"}),
    ),
    Scenario(
        "stack outputs",
        (
            up('a = Thing("a", {})\npulumi.export("id", a.id)\npulumi.export("list", [1, 2.5, None, {"k": True}])'),
            up('a = Thing("a", {"size": 1})\npulumi.export("gen", a.generation)\npulumi.export("thing", a)'),
            act("destroy", "--yes", "--skip-preview"),
        ),
    ),
]  # fmt: skip

# ruff: noqa: E501 - the programs are data
"""What ``--target``, ``--exclude`` and ``--replace`` do to a stack. Data for test_scenarios."""

from __future__ import annotations

from scenarios import PAIR, URN, Scenario, act, up

FAMILY = """
p = pulumi.ProviderResource("pulumi-python", "p", {"things:label": "one"})
g = Group("g")
a = Thing("one", {"color": "red", "mode": "unique"}, ResourceOptions(parent=g))
Thing("b", {"link": a.generation, "size": 1}, ResourceOptions(provider=p, ignore_changes=["size"], delete_before_replace=True))
Thing("two", {"mode": "unique"})
pulumi.export("x", a.generation)
"""
SELECTION = [
    Scenario(
        "targets",
        (
            up('Thing("a", {"color": "red"})\nThing("b", {"color": "red"})'),
            up('Thing("a", {"color": "blue"})\nThing("b", {"color": "blue"})\nThing("c", {})', "--target", f"{URN}a",
               calls=("check a", "diff a", "update a")),
            up('Thing("b", {"color": "blue"})', "--target", f"{URN}b"),
            act("refresh", "--yes", "--skip-preview", "--target", f"{URN}b", calls=("read b", "diff b")),
            act("destroy", "--yes", "--skip-preview", "--target", f"{URN}b", calls=("delete b",)),
            act("destroy", "--yes", "--skip-preview", "--target", f"{URN}nobody", code=1),
        ),
    ),
    Scenario(
        "targets and dependents",
        (
            up(PAIR + 'Thing("c", {})'),
            act("destroy", "--yes", "--skip-preview", "--target", f"{URN}a", code=1),
            act("destroy", "--yes", "--skip-preview", "--target", f"{URN}a", "--target-dependents"),
            up(PAIR + 'Thing("c", {})', "--target", f"{URN}b", code=1),
            up(PAIR + 'Thing("c", {})', "--target", "**acme:Thing::a"),
        ),
        # The CLI asks for diffs and checks whose answers change nothing.
        differs=frozenset({"calls"}),
    ),
    Scenario(
        "excludes",
        (
            up('a = Thing("a", {"color": "red"})\nThing("b", {"color": "red"})\nThing("c", {"link": a.id})', "--exclude", f"{URN}b"),
            up('a = Thing("a", {"color": "blue"})\nThing("b", {})\nThing("c", {"link": a.id, "size": 1})', "--exclude", f"{URN}a",),
            up('a = Thing("a", {"color": "blue"})\nThing("b", {})\nThing("c", {"link": a.id, "size": 2})', "--exclude", f"{URN}a",
               "--exclude-dependents", calls=("check b", "diff b")),
            up('Thing("b", {"size": 3})', "--exclude", f"{URN}c"),  # a is kept because c, which is gone too, needs it
            act("refresh", "--yes", "--skip-preview", "--exclude", "**::a", "-x", "**::c"),
            act("refresh", "--yes", "--skip-preview", "--exclude", f"{URN}a", "--exclude-dependents", calls=("read b", "diff b")),
            act("refresh", "--yes", "--skip-preview", "--target", f"{URN}a", "--target-dependents"),
            act("destroy", "--yes", "--skip-preview", "--exclude", f"{URN}c", calls=("delete b",)),
            act("destroy", "--yes", "--skip-preview", "--exclude", f"{URN}nobody", code=1),
            act("destroy", "--yes", "--skip-preview", "--exclude", f"{URN}a", calls=("delete c",)),
        ),
    ),
    Scenario(
        "excluding the protected",
        (
            up('g = Group("g")\na = Thing("a", {}, ResourceOptions(parent=g))\n'
               'Thing("b", {"link": a.id}, ResourceOptions(protect=True))\nThing("c", {}, ResourceOptions(parent=g))'),
            act("destroy", "--yes", "--skip-preview", "--exclude-protected", calls=("delete c",), says="There are still"),
            act("destroy", "--yes", "--skip-preview", "--exclude-protected", calls=(), says="There were no unprotected"),
        ),
    ),
    Scenario(
        "replaced by a flag",
        (
            up(FAMILY),
            up(None, "--replace", "**::one"),
            up(None, "--target-replace", "**::two"),
            up(FAMILY.replace('"size": 1', '"size": 2'), "--replace", "**::b"),
            up(None, "--replace", "**::g"),
            up(None, "--replace", "**::p"),
            up(None, "--replace", f"{URN}nobody", code=1),
            up(None, "--replace", "**acme:Thing::*", "--target", "**::one"),
            up(None, "--replace", "**"),
        ),
    ),
    Scenario(
        "replacing what is protected",
        (
            up(FAMILY + 'Thing("d", {}, ResourceOptions(protect=True))'),
            up(None, "--replace", "**::d", code=1, says="unable to replace"),
        ),
        # How many others were checked when it is refused is a race, on both engines.
        differs=frozenset({"calls"}),
    ),
    Scenario(
        "another provider for what is left out",
        (
            up('Thing("a", {})'),
            up(None, "--replace", "**::default", "--target", "**::b", code=1, says="has not been registered yet"),
        ),
    ),
]  # fmt: skip

"""Options of `csp up` that no engine has: what a reviewed plan allows, one customer, whose policy holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from csp.errors import CommandError

_OWN = {"--plan-digest": "digest", "--customer": "customer", "-k": "customer", "--policy-from": "policy_from"}
_OF = {"up": frozenset(_OWN)}


@dataclass
class Own:
    """What was asked. `plan`: path of a reviewed plan; `digest`: the one that was approved; `customer`: one key;
    `policy_from`: the commit whose policy holds."""

    plan: str = ""
    digest: str = ""
    customer: str = ""
    policy_from: str = ""


def split(words: Sequence[str], verb: str) -> tuple[Own, list[str]]:
    """Our options, and the words that are left for the engine. Raises CommandError (2) for one without a value."""
    own, words = Own(), list(words)
    rest: list[str] = []
    while words:
        word = words.pop(0)
        if word == "--":
            return own, [*rest, word, *words]
        name, equals, text = word.partition("=")
        if name not in _OWN or name not in _OF.get(verb, ()):
            rest.append(word)
            continue
        if not equals:
            text = words.pop(0) if words else ""
        if not text or text.startswith("-"):
            raise CommandError(f"{name} needs a value", 2)
        setattr(own, _OWN[name], text)
    return own, rest

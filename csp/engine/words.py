"""What a command line asks the engine for, read before the engine starts: flags as the Pulumi CLI reads them, and the
variables that stand for flags (`PULUMI_OPTION_<FLAG>`).

csp decides by it whom a run comes to, so it refuses what it does not know instead of guessing. The engine is then given
flags alone: a flag on the line beats its variable.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from csp.errors import CommandError
from schemas.command import command

SWITCHES = {
    "clear-pending-creates", "config-path", "continue-on-error", "copilot", "debug", "diff", "emoji",
    "exclude-dependents", "exclude-protected", "expect-no-changes", "fully-qualify-stack-names", "ignore-protect",
    "json", "logflow", "logtostderr", "neo", "neo-task-on-failure", "non-interactive", "preview-only", "remove",
    "run-program", "show-config", "show-full-output", "show-policy-exceptions", "show-policy-remediations",
    "show-reads", "show-replacement-steps", "show-sames", "show-secrets", "skip-config-validation",
    "skip-pending-creates", "skip-plugin-pre-install", "skip-preview", "strict", "suppress-outputs",
    "suppress-progress", "target-dependents", "urns", "yes", "disable-integrity-checking",
}  # fmt: skip
"""Flags of up, preview, refresh and destroy that are true or false (CLI 3.274)."""
LISTS = {
    "attach-debugger", "config", "exclude", "import-pending-creates", "override-env", "policy-pack",
    "policy-pack-config", "replace", "target", "target-replace",
}  # fmt: skip
VALUES = {
    "client", "coherence-window", "color", "config-file", "event-log", "exec-agent", "exec-kind", "import-file",
    "memprofilerate", "message", "otel-traces", "output", "parallel", "plan", "profiling", "refresh", "save-plan",
    "secrets-provider", "stack", "suppress-permalink", "tracing", "tracing-header", "verbose",
}  # fmt: skip
ALONE = {"refresh": "true", "suppress-permalink": "false", "attach-debugger": "program"}
"""What a flag with a value means without one."""
SHORT = {
    "c": "config", "d": "debug", "e": "emoji", "f": "skip-preview", "j": "json", "m": "message", "p": "parallel",
    "Q": "fully-qualify-stack-names", "r": "refresh", "s": "stack", "t": "target", "v": "verbose", "x": "exclude",
    "y": "yes",
}  # fmt: skip
NOT_OF = {
    "up": {
        "clear-pending-creates", "exclude-protected", "import-file", "import-pending-creates", "preview-only", "remove",
        "save-plan", "skip-pending-creates",
    },
    "preview": {
        "clear-pending-creates", "continue-on-error", "exclude-protected", "import-pending-creates", "plan",
        "preview-only", "remove", "secrets-provider", "skip-pending-creates", "skip-preview", "strict", "yes",
    },
    "refresh": {
        "attach-debugger", "continue-on-error", "exclude-protected", "ignore-protect", "import-file",
        "neo-task-on-failure", "plan", "policy-pack", "policy-pack-config", "refresh", "remove", "replace", "save-plan",
        "secrets-provider", "show-config", "show-full-output", "show-policy-exceptions", "show-policy-remediations",
        "show-reads", "show-secrets", "strict", "target-replace",
    },
    "destroy": {
        "attach-debugger", "clear-pending-creates", "exclude-dependents", "expect-no-changes", "import-file",
        "import-pending-creates", "neo-task-on-failure", "plan", "policy-pack", "policy-pack-config", "replace",
        "save-plan", "secrets-provider", "show-policy-exceptions", "show-policy-remediations", "show-reads",
        "show-secrets", "skip-pending-creates", "strict", "target-replace",
    },
}  # fmt: skip
"""Flags that a verb does not have: their variables mean nothing to it."""
LONG_ONLY = {"up": {"x"}}
"""Short forms that one verb does not have though others do."""
OPTION = "PULUMI_OPTION_"
CONFIRMED = "PULUMI_SKIP_CONFIRMATIONS"
_TRUE = {"1", "t", "true"}
_FALSE = {"0", "f", "false"}
_KNOWN = SWITCHES | LISTS | VALUES


@dataclass
class Asked:
    """Flags by name: a switch's truth, a list, or a text. `words` stand for themselves."""

    flags: dict[str, bool | str | list[str]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    confirmed: bool = False  # by the variable that stands for --yes everywhere

    @property
    def stack(self) -> str:
        return str(self.flags.get("stack", ""))

    @property
    def yes(self) -> bool:
        return bool(self.flags.get("yes")) or self.confirmed

    @property
    def json(self) -> bool:
        return bool(self.flags.get("json"))

    @property
    def arguments(self) -> list[str]:
        """The same as words for the engine, all but the stack."""
        found = []
        for name, value in self.flags.items():
            if name == "stack":
                continue
            values = value if isinstance(value, list) else [str(value).lower() if isinstance(value, bool) else value]
            found += [f"--{name}={one}" for one in values]
        return [*found, *(["--", *self.words] if self.words else [])]

    @property
    def targets(self) -> list[str]:
        """Patterns of the resources that the run is about; empty for all."""
        return self._list("target") + self._list("target-replace")

    def _list(self, name: str) -> list[str]:
        value = self.flags.get(name, [])
        return value if isinstance(value, list) else [str(value)]

    def surely_reaches(self, urn: str) -> bool:
        """Whether the run comes to a resource. False also where only the engine can tell, from dependencies."""
        excluded = self._list("exclude")
        if any(_glob(one).fullmatch(urn) for one in excluded) or (excluded and self.flags.get("exclude-dependents")):
            return False
        return not self.targets or any(_glob(one).fullmatch(urn) for one in self.targets)

    def may_reach(self, urn: str) -> bool:
        """Whether the run can come to a resource. True also where only the engine can tell."""
        if any(_glob(one).fullmatch(urn) for one in self._list("exclude")):
            return False
        return bool(self.flags.get("target-dependents")) or self.surely_reaches(urn)


def read(words: Sequence[str], environment: Mapping[str, str] | None = None, verb: str = "up") -> Asked:
    """What *words* and the variables of *environment* (none by default) ask *verb* for.

    Raises CommandError (2) for what csp does not know or cannot read.
    """
    asked = Asked()
    _read_words(asked, list(words), verb)
    for name, text in sorted((environment or {}).items()):
        if name.startswith(OPTION):
            _read_variable(asked, name, text, verb)
    asked.confirmed = (environment or {}).get(CONFIRMED, "").lower() in ("1", "true")
    return asked


def without_options(environment: Mapping[str, str]) -> dict[str, str]:
    """*environment* without the variables that stand for flags: what csp starts gets flags."""
    return {name: text for name, text in environment.items() if not name.startswith(OPTION)}


def _read_variable(asked: Asked, variable: str, text: str, verb: str) -> None:
    name = variable.removeprefix(OPTION).lower().replace("_", "-")
    if name == "cwd" or name not in _KNOWN:
        raise CommandError(f"{variable} is set, and csp does not know what the engine does with it: unset it", 2)
    if name in asked.flags or name in NOT_OF[verb]:
        return
    if name in LISTS:
        asked.flags[name] = next(csv.reader(io.StringIO(text)), [])
    else:
        _set(asked, name, text, f"{variable}={text}")


def _read_words(asked: Asked, rest: list[str], verb: str) -> None:
    while rest:
        word = rest.pop(0)
        if word == "--":
            asked.words += rest
            return
        if not word.startswith("-") or word == "-":
            asked.words.append(word)
        elif word.startswith("--"):
            name, equals, text = word[2:].partition("=")
            _known(name, word)
            if not equals:
                text = "true" if name in SWITCHES else ALONE.get(name) or _next(rest, word)
            _set(asked, name, text, word)
        else:
            _read_bundle(asked, word, rest, verb)


def _read_bundle(asked: Asked, word: str, rest: list[str], verb: str) -> None:
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        name = SHORT.get(letter, f"-{letter}")
        if letter in LONG_ONLY.get(verb, ()):
            raise CommandError(f"{word}: {verb} has no -{letter}, as with the Pulumi CLI: write --{name}", 2)
        _known(name, word)
        if letters.startswith("=") and len(letters) > 1:
            _set(asked, name, letters[1:], word)
            return
        alone = "true" if name in SWITCHES else ALONE.get(name)
        _set(asked, name, alone or letters or _next(rest, word), word)
        if not alone:
            return


def _known(name: str, word: str) -> None:
    if name in ("cwd", "-C"):
        raise CommandError(f"{word}: csp finds the project itself; run it in that folder", 2)
    if name not in _KNOWN:
        raise CommandError(
            f"csp does not know the engine's flag {word}, nor whom the run would come to: leave it out, or run the "
            f"engine itself with the variables that {command('env')} prints",
            2,
        )


def _next(rest: list[str], word: str) -> str:
    if not rest:
        raise CommandError(f"{word} needs a value", 2)
    return rest.pop(0)


def _set(asked: Asked, name: str, text: str, where: str) -> None:
    if name in LISTS:
        found = asked.flags.setdefault(name, [])
        assert isinstance(found, list)
        found.append(text)
    elif name in SWITCHES:
        if text.lower() not in _TRUE | _FALSE:
            raise CommandError(f"{where}: write true or false", 2)
        asked.flags[name] = text.lower() in _TRUE
    else:
        asked.flags[name] = text


def _glob(pattern: str) -> re.Pattern[str]:
    """As both engines match URNs: `**` stands for anything, `*` for anything without a colon."""
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.compile("".join({"**": ".*", "*": "[^:]*"}.get(part, re.escape(part)) for part in parts))

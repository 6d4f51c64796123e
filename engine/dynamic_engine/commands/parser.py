"""Reading a command line the way the Pulumi CLI's own parser does (Go's pflag under cobra), variables included.

What is read is described by data (`verbs`, `flags`). The rules that people trip over: a flag that is true or false
never takes the next word, short flags may be written in one bundle (``-yf``), the value of a short flag may follow at
once (``-p4``), ``--`` ends the flags, and every flag has a variable (``PULUMI_OPTION_<FLAG>``) that counts when the
flag is not on the line. The variable of a list comes before what the line adds to it.
"""

from __future__ import annotations

import csv
import io
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dynamic_engine.commands.flags import BOOL, GLOBAL, LISTS, NUMBER, REFUSED, SLICE, Flag, Verb
from dynamic_engine.commands.verbs import VERBS
from dynamic_engine.errors import EngineError, UnsupportedError

_TRUE = {"1", "t", "T", "TRUE", "true", "True"}
_FALSE = {"0", "f", "F", "FALSE", "false", "False"}
VARIABLE = "PULUMI_OPTION_"


@dataclass
class Line:
    """A command line after reading: the verb, its positional words, the flags that were given and by whom."""

    verb: Verb
    words: list[str] = field(default_factory=list)
    given: dict[str, object] = field(default_factory=dict)
    help: bool = False

    def options(self) -> Namespace:
        """Every flag's value, those that were not given at their defaults."""
        found: dict[str, object] = {}
        for flag in (*GLOBAL, *self.verb.flags):
            default: object = [] if flag.kind in LISTS else bool(flag.default) if flag.kind == BOOL else flag.default
            found[flag.name.replace("-", "_")] = self.given.get(flag.name, default)
        given = {
            name: str(value).lower() if isinstance(value, bool) else "set" for name, value in sorted(self.given.items())
        }
        return Namespace(**found, words=self.words, given=given, verb=self.verb.path[0])


def read(words: Sequence[str], environment: Mapping[str, str]) -> Line:
    """The command that *words* and *environment* ask for. Raises :class:`EngineError` for what the CLI's parser refuses
    too, :class:`UnsupportedError` for a verb, flag or variable that this engine does not have."""
    verb, rest = find(words)
    line = Line(verb)
    _read_variables(line, environment)
    _read_words(line, rest)
    if line.help:
        return line
    if verb.how == REFUSED:
        raise UnsupportedError(f"the command '{verb.name}'", verb.note)
    least, most = verb.takes
    if len(line.words) > most:
        raise EngineError(f"unknown command {line.words[most]!r} for '{verb.name}'" if most == 0 else _count(line))
    if len(line.words) < least:
        raise EngineError(_count(line))
    for one, other in verb.not_both:
        if one in line.given and other in line.given:
            raise EngineError(f"if any flags in the group [{one} {other}] are set none of the others can be")
    _refuse(line)
    return line


def find(words: Sequence[str]) -> tuple[Verb, list[str]]:
    """The verb and the words without it. As with the CLI a flag that stands before a verb and is not known there takes
    the word behind it for its value."""
    rest = list(words)
    path: tuple[str, ...] = ()
    while True:
        below = [verb for verb in VERBS if verb.path[:-1] == path]
        at = _next_plain(rest, _known_at(path))
        name = rest[at] if at is not None else ""
        found = next((verb for verb in below if name in (verb.path[-1], *verb.aliases)), None)
        if found is None or at is None:
            break
        path = found.path
        del rest[at]
    verb = next((verb for verb in VERBS if verb.path == path), None)
    if verb is None:
        if name:
            raise EngineError(f"unknown command {name!r}: docs/engines.md lists the verbs")
        verb = Verb((), how=REFUSED)
    return verb, rest


def _known_at(path: tuple[str, ...]) -> dict[str, Flag]:
    verb = next((verb for verb in VERBS if verb.path == path), None)
    return _by_name((*GLOBAL, *(verb.flags if verb else ())))


def _by_name(flags: Sequence[Flag]) -> dict[str, Flag]:
    return {**{f"--{flag.name}": flag for flag in flags}, **{f"-{flag.short}": flag for flag in flags if flag.short}}


def _next_plain(words: Sequence[str], known: Mapping[str, Flag]) -> int | None:
    index = 0
    while index < len(words):
        word = words[index]
        if word == "--":
            return None
        if not word.startswith("-") or word == "-":
            return index
        alone = word in known and known[word].alone
        takes_next = "=" not in word and not alone and (word.startswith("--") or len(word) == 2)
        if takes_next and word not in ("--help", "-h", "--version"):
            index += 1
        index += 1
    return None


# -- flags ------------------------------------------------------------------------------------------------------------


def _read_words(line: Line, words: Sequence[str]) -> None:
    known = _by_name((*GLOBAL, *line.verb.flags))
    fresh: set[str] = set()  # a flag on the line replaces its variable; only lists are added to
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            line.words += rest
            return
        if not word.startswith("-") or word == "-":
            line.words.append(word)
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            if name == "--help":
                line.help = True
                continue
            flag = known.get(name)
            if flag is None:
                raise _unknown(f"unknown flag: {name}", line.verb)
            if not equals:
                value = flag.alone or _next(rest, f"flag needs an argument: {name}")
            _set(line, flag, value, fresh)
        else:
            _read_bundle(line, word, rest, known, fresh)


def _read_bundle(line: Line, word: str, rest: list[str], known: Mapping[str, Flag], fresh: set[str]) -> None:
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = known.get(f"-{letter}")
        if flag is None:
            if letter == "h":
                line.help = True
                return
            raise _unknown(f"unknown shorthand flag: {letter!r} in {word}", line.verb)
        if letters.startswith("=") and len(letters) > 1:
            _set(line, flag, letters[1:], fresh)
            return
        if flag.alone:
            _set(line, flag, flag.alone, fresh)
            continue
        _set(line, flag, letters or _next(rest, f"flag needs an argument: {letter!r} in {word}"), fresh)
        return


def _unknown(message: str, verb: Verb) -> EngineError:
    return EngineError(f"{message}; what '{verb.name}' takes is listed by --help, and docs/engines.md says what is not")


def _next(rest: list[str], missing: str) -> str:
    if not rest:
        raise EngineError(missing)
    return rest.pop(0)


def _set(line: Line, flag: Flag, text: str, fresh: set[str]) -> None:
    value = _value(flag, text, f"--{flag.name}")
    if flag.kind in LISTS:
        found = line.given.setdefault(flag.name, [])
        assert isinstance(found, list)
        assert isinstance(value, list)
        found += value
    else:
        line.given[flag.name] = value
    fresh.add(flag.name)


def _value(flag: Flag, text: str, where: str) -> object:
    if flag.kind == BOOL:
        try:
            return boolean(text)
        except ValueError:
            raise EngineError(f"invalid argument {text!r} for {where}: write true or false") from None
    if flag.kind == NUMBER:
        try:
            return int(text, 0)
        except ValueError:
            raise EngineError(f"invalid argument {text!r} for {where}: write a whole number") from None
    if flag.choices and text not in flag.choices:
        raise EngineError(f"invalid argument {text!r} for {where}: write {', '.join(flag.choices)}")
    if flag.kind == SLICE:
        return next(csv.reader(io.StringIO(text)), [])
    return [text] if flag.kind in LISTS else text


def boolean(text: str) -> bool:
    """The truth that *text* spells, as Go reads it. Raises ValueError."""
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise ValueError(text)


# -- variables --------------------------------------------------------------------------------------------------------


def _read_variables(line: Line, environment: Mapping[str, str]) -> None:
    for flag in (*GLOBAL, *line.verb.flags):
        name = VARIABLE + flag.name.upper().replace("-", "_")
        if name not in environment:
            continue
        text = environment[name]
        if flag.kind == BOOL:
            lowered = text.lower()
            if lowered not in ("true", "1", "false", "0"):
                raise EngineError(f"{name}={text}: write true or false")
            line.given[flag.name] = lowered in ("true", "1")
        elif flag.kind in LISTS:
            line.given[flag.name] = next(csv.reader(io.StringIO(text)), [])
        else:
            line.given[flag.name] = _value(flag, text, name)


def _refuse(line: Line) -> None:
    """Refuse what this engine does not do, before anything is opened."""
    for flag in (*GLOBAL, *line.verb.flags):
        if flag.how != REFUSED or flag.name not in line.given:
            continue
        value = line.given[flag.name]
        if value is False or value == [] or value == flag.default:
            continue  # said what holds anyway
        raise UnsupportedError(f"the flag '--{flag.name}'", flag.note)


def _count(line: Line) -> str:
    least, most = line.verb.takes
    wanted = f"{least}" if least == most else f"{least} to {most}"
    return f"'{line.verb.name}' takes {wanted} words, {len(line.words)} were given"

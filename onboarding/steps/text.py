"""The one place where a next step becomes text, for whoever reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from onboarding.steps.model import Entry, Instructions, Screen, once
from onboarding.steps.places import label
from schemas.command import Command, Sentence, command, told


@dataclass(frozen=True, slots=True)
class Reader:
    """Where a text is read. stack: the one that its commands are about; start: how `csp` is started there, "" for as it
    was just started. `ANYWHERE` leaves both open."""

    stack: str = ""
    start: str = ""

    def line(self, sentence: Sentence) -> str:
        """A sentence with commands as they can be pasted here."""
        return told(sentence, stack=self.stack, start=self.start)


class _Anywhere(Reader):
    def line(self, sentence: Sentence) -> str:
        """A sentence with commands as they stand."""
        return "".join(sentence)


ANYWHERE = _Anywhere()


def where(step: Instructions) -> str:
    """The first place, with its menu path."""
    return place(step.screens[0])


def place(screen: Screen) -> str:
    """One place, with its menu path."""
    return f"{screen.system}: {' > '.join(screen.menu)}" if screen.menu else screen.system


def sentences(step: Instructions) -> list[Sentence]:
    """Everything to do, in order, and what to record afterwards."""
    found = [action for screen in step.screens for action in screen.actions]
    return [*found, *_recorded(step)]


def _recorded(step: Instructions) -> Iterator[Sentence]:
    if step.recorded is None or not step.recorded.gates:
        return
    gates, off = step.recorded.gates, " while portal access is off (it stays off)" if step.recorded.hidden else ""
    yield (f"No API shows {', '.join(gates).replace('_', ' ')}{off}.",)
    runs = [part for gate in gates for part in (" and ", command("confirm", step.recorded.key, gate))][1:]
    yield ("When it is done, or was done before, run ", *runs, ".")


def pieces(step: Instructions) -> tuple[str, ...]:
    """Everything to do as one sequence of texts and commands."""
    return tuple(piece for sentence in sentences(step) for piece in (*sentence, " "))[:-1]


def action(step: Instructions, reader: Reader = ANYWHERE) -> str:
    """Everything to do as one text."""
    return " ".join(map(reader.line, sentences(step)))


def first_sentence(step: Instructions, reader: Reader = ANYWHERE) -> str:
    """The first thing to do, and whether there is more."""
    first, *more = sentences(step)
    line = reader.line(first)
    return f"{line.removesuffix('.')} ..." if more else line


def commands(step: Instructions) -> list[Command]:
    """The commands to run, in order, each once."""
    found = [part for sentence in sentences(step) for part in sentence if isinstance(part, Command)]
    return list(dict.fromkeys(found))


def entries(step: Instructions) -> list[Entry]:
    """Every value to enter, in the order of the screens and their forms; the mail last."""
    found = [one for screen in step.screens for one in screen.entries]
    if mail := step.mail:
        named = {"mail_to": mail.to, "mail_cc": mail.copy, "mail_subject": mail.subject, "mail_text": mail.text}
        found += [Entry(label(name), text) for name, text in named.items() if text]
    return list(once(found))


def has_details(step: Instructions) -> bool:
    """Whether there is more to a step than its sentences: values to enter, or a mail."""
    named = (label("customer"), label("customer_email"))
    return any(one.label not in named for one in entries(step))


def as_dict(step: Instructions, reader: Reader = ANYWHERE) -> dict[str, Any]:
    """The JSON of a step: `owner`, `where`, `action`, `values`, `link` as texts, and the same as data."""
    mail = step.mail.as_dict() if step.mail else None
    return {
        "owner": step.owner,
        "where": where(step),
        "action": action(step, reader),
        "values": {one.label: one.value for one in entries(step)},
        "link": step.link,
        "code": step.code,
        "screens": [_screen(screen, reader) for screen in step.screens],
        "commands": [one.at(stack=reader.stack).arguments(reader.start) for one in commands(step)],
        "confirm": list(step.recorded.gates if step.recorded else step.confirm),
        "mail": mail,
    }


def _screen(screen: Screen, reader: Reader) -> dict[str, Any]:
    return {
        "system": screen.system,
        "menu": list(screen.menu),
        "field": screen.field,
        "actions": [reader.line(one) for one in screen.actions],
        "entries": [{"label": one.label, "value": one.value} for one in screen.entries],
    }

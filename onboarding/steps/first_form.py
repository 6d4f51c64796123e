"""Steps in states of 0.1.0, which were sentences: `{owner, where, action, values, link, confirm}`.

They are read as well as sentences can be, until the next `up` or refresh writes the state anew. Nothing else parses
prose for what is in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from onboarding.steps.model import About, Entry, Instructions, Mail, Screen
from onboarding.steps.places import CUSTOMER_FILE, ROW, label
from onboarding.steps.registry import for_anybody
from schemas.command import NAME, Command, parts
from schemas.distributor import DISTRIBUTOR

_COMMAND = re.compile(
    rf"(?<![\w/`]){NAME} (?P<line>(?:confirm [a-z0-9][a-z0-9-]* [a-z_]+|retry [a-z0-9][a-z0-9-]*|status|up"
    r"|(?:handover|invite) [a-z]+ [a-z0-9][a-z0-9-]*)(?: --(?:arrived|nothing-arrived|by-hand|format eml))*)(?![\w`-])"
)
"""A command of 0.1.0, which wrote them without a mark."""
_FIELD = re.compile(r"\b(?:profile|cloud_provider|identity|attestation)(?:\.[a-z_]+)+")
_SENTENCE = re.compile(r"(?<=[a-z0-9)`}][.]) (?=[A-Z])")


@for_anybody("written_by_0_1_0")
def _written(
    about: About,
    *,
    where: str,
    action: str,
    values: Mapping[str, str] | None = None,
    link: str = "",
    confirm: Sequence[str] = (),
) -> Instructions:
    console = where.startswith(DISTRIBUTOR.console)
    system, _, path = where.partition(": ") if console else (where, "", "")
    # The state kept values by name, in no order of any form.
    form = sorted((values or {}).items(), key=lambda one: (DISTRIBUTOR.order(one[0]), one[0]))
    mail = {name: text for name, text in form if name in _MAIL}
    rest = tuple(Entry(name, about.filled(text)) for name, text in form if name not in _MAIL)
    field = _FIELD.search(action) if where == CUSTOMER_FILE else None
    screen = Screen(
        system,
        tuple(_commands(about.filled(one)) for one in _sentences(action)),
        rest,
        tuple(about.filled(path).split(" > ")) if path else (),
        field=field[0] if field else "",
        form=ROW if console else "",
    )
    note = Mail.of({_MAIL[name]: text for name, text in mail.items()}, about) if len(mail) > 2 else None
    return Instructions((screen,), about.filled(link), note, tuple(confirm))


def _sentences(action: str) -> list[str]:
    """One that says only whom it is about ("Look for NAME.") stays with the next."""
    found = _SENTENCE.split(action)
    if found[0].startswith("Look for ") and len(found) > 1:
        found[:2] = [" ".join(found[:2])]
    return found


_MAIL = {
    label(f"mail_{name}"): part
    for name, part in (("to", "to"), ("cc", "copy"), ("subject", "subject"), ("text", "text"))
}


def _commands(sentence: str) -> tuple[str, ...]:
    found = list[str]()
    for part in parts(sentence):
        at = 0
        if not isinstance(part, Command):
            for match in _COMMAND.finditer(part):
                found += [part[at : match.start()], Command(match["line"].split(" "))]
                at = match.end()
        found.append(part if isinstance(part, Command) else part[at:])
    return tuple(filter(None, found))

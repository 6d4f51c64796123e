"""How a mail reads: a text template by kind, place and language, and the same text as an HTML page.

Looked for from the most to the least specific name, first in the reseller's own folder (`mail_templates` of the
connection), then among the built-in ones:

    KIND.REGION-COHORT.LANGUAGE.txt.j2, KIND.REGION.LANGUAGE.txt.j2, KIND.LANGUAGE.txt.j2, then the same in English

The first line is the subject. The HTML page is made of the text's paragraphs, so the two cannot disagree. What a
template may hold is in `mail_template`, where a mail may lead in `mail_links`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, get_args

from clients.errors import PersonMustAct, Problem
from schemas.command import command
from schemas.distributor import DISTRIBUTOR
from schemas.kinds import microsoft
from schemas.kinds.nearest import nearest, quoted
from schemas.model.connection import Cohort
from schemas.plain import visible

if TYPE_CHECKING:
    from jinja2 import Template

    import schemas

MAX_TEMPLATES = 200
"""Text templates of one folder."""
MAX_TEXT = 100_000
"""Characters of one half of a mail."""
_SAMPLE = "https://admin.microsoft.com/"
_SUBJECT = "Subject:"
_UNSEEN = "\n\t\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufe0f"
"""Signs without a shape that a text may need: breaks, joiners, the direction of one word."""
_BUTTONS = {
    ("invitation", "en"): "Accept the invitation",
    ("invitation", "fr"): "Accepter l'invitation",
    ("agreement", "en"): "Read and accept the agreement",
    ("agreement", "fr"): "Lire et accepter le contrat",
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail without its addresses. `template`: the file that it was made from."""

    subject: str
    text: str
    html: str
    template: str


class Place(Protocol):
    """What decides how a mail reads: a session, or a connection file and the project's folder."""

    @property
    def connection(self) -> schemas.Connection: ...
    @property
    def project(self) -> Path | None: ...


@dataclass(frozen=True, slots=True)
class Files:
    """A place before any session is open."""

    connection: schemas.Connection
    project: Path | None


def problems(connection: schemas.Connection, project: Path) -> list[str]:
    """What is wrong with the reseller's own templates, one line each; [] when there are none or nothing is wrong."""
    folder = project / connection.mail_templates
    if not folder.is_dir() and not folder.is_symlink():
        return []
    from onboarding.people import mail_template

    if mail_template.is_linked(folder, project):
        return [f"{connection.mail_templates}: a link or outside of the project; name a folder of the project itself"]
    files = list(itertools.islice(folder.glob("*.*.txt.j2"), MAX_TEMPLATES + 1))
    if len(files) > MAX_TEMPLATES:
        return [f"{connection.mail_templates}: more than {MAX_TEMPLATES} templates"]
    found = [f"{connection.mail_templates}: {line}" for line in _used_by_nobody(folder, project, connection)]
    spoken = {language for _, language in _BUTTONS} | {file.name.split(".")[-3] for file in files}
    for kind, language in itertools.product(dict.fromkeys(kind for kind, _ in _BUTTONS), sorted(spoken)):
        try:
            render(kind, language, Files(connection, project), name="-", company="-", link=_SAMPLE)
        except PersonMustAct as wrong:
            found.append(f"{connection.mail_templates}: {wrong.problem.message}")
    return list(dict.fromkeys(found))


def _used_by_nobody(folder: Path, project: Path, connection: schemas.Connection) -> Iterator[str]:
    """The templates that no mail is made of: neither called as one, nor named inside another. Notes (`*.md`) may lie
    beside them."""
    from onboarding.people import mail_template

    kinds = "|".join(dict.fromkeys(kind for kind, _ in _BUTTONS))
    cohorts = "|".join(get_args(Cohort))
    a_mail = re.compile(rf"(?:{kinds})(?:\.[a-z]{{2,}}(?:-(?:{cohorts}))?)?\.[a-z]{{2,3}}(?:-[A-Za-z]+)*\.txt\.j2")
    files = [one.name for one in itertools.islice(folder.iterdir(), MAX_TEMPLATES) if not one.name.startswith(".")]
    inside = mail_template.named_inside(folder, project, files)
    for name in sorted(files):
        if not (a_mail.fullmatch(name) or name == mail_template.FRAME or name in inside or name.endswith(".md")):
            known = [one for kind in kinds.split("|") for one in _names(kind, connection, "en")]
            close = nearest(name, known)
            hint = f"Did you mean {close}? " if close else ""
            yield (
                f"mail template {name}: no mail is made of it. {hint}Names are {', '.join(known)}, the same with other "
                f"languages, and {mail_template.FRAME}"
            )


def render(kind: str, language: str, place: Place, *, name: str, company: str, link: str) -> Rendered:
    """The mail for one person. Raises PersonMustAct for a template that cannot be used, or a mail that leads anywhere
    but to its link and to listed documents: nothing is sent then."""
    from jinja2 import TemplateError, TemplateNotFound  # a run that writes no mail needs no templates

    from onboarding.people import mail_template

    connection = place.connection
    own = place.project / connection.mail_templates if place.project is not None else None
    environment = mail_template.environment(own, place.project)
    values = {
        "name": name,
        "company": company,
        "link": link,
        "language": language,
        "we": (connection.reseller.name or "") if connection.reseller else "",
        "distributor": DISTRIBUTOR.name if connection.role != "direct-bill" else "",
        "agreement_text": microsoft.AGREEMENT_TEXT,
    }
    names = _names(kind, connection, language)
    chosen = names[-1]
    try:
        template = environment.select_template(names)
        chosen = str(template.name)
        mail_template.check_parts(environment, chosen)
        subject, text = _parted(_written(template, values))
        button = _BUTTONS.get((kind, chosen.split(".")[-3]), _BUTTONS[kind, "en"])
        page = {**values, "subject": subject, "parts": text.strip().split("\n\n"), "button": button}
        if mail_template.is_own(mail_template.FRAME, own) and not mail_template.is_own(chosen, own):
            raise ValueError(f"{mail_template.FRAME} replaces only one half of the mail; bring {chosen} as well")
        html = _written(environment.get_template(mail_template.FRAME), page)
        _without_address(name, company, {link, microsoft.AGREEMENT_TEXT, *connection.mail_links})
        listed = {link, microsoft.AGREEMENT_TEXT, *connection.mail_links}
        _leads_nowhere_else(subject, text, html, link, listed, f"{name}\n{company}\n{values['we']}")
    except TemplateNotFound as missing:
        raise _unusable(f"there is no mail template {missing.name}") from None
    except TemplateError as wrong:
        line = getattr(wrong, "lineno", None)
        where = f"{getattr(wrong, 'name', None) or chosen}{f':{line}' if line else ''}"
        raise _unusable(f"mail template {where}: {wrong.message}") from None
    except mail_template.UnusableError as wrong:
        raise _unusable(f"mail template {wrong}") from None
    except ValueError as wrong:
        raise _unusable(f"mail template {chosen}: {wrong}") from None
    return Rendered(subject, text, html, chosen)


def _written(template: Template, values: Mapping[str, object]) -> str:
    """The text of a template, at most MAX_TEXT characters. Raises ValueError; its words hold no value of the mail."""
    from jinja2 import UndefinedError

    parts, size = [], 0
    try:
        for part in template.generate(values):
            parts.append(part)
            size += len(part)
            if size > MAX_TEXT:
                raise ValueError(f"longer than {MAX_TEXT} characters")
    except UndefinedError:  # its message can hold a value
        raise ValueError("a value that this mail does not have") from None
    except (ArithmeticError, LookupError, RecursionError, TypeError):  # so can theirs
        raise ValueError("a condition or a filter in it fails on the values of this mail") from None
    return "".join(parts)


def _without_address(name: str, company: str, allowed: Set[str]) -> None:
    """What the customer's file says of it holds no address: no template could make a mail of it. Raises PersonMustAct,
    whose next step is about that file. A company may be called like a domain ("Booking.com")."""
    from onboarding.people import mail_links

    for value, what in (
        (company, "the company's name (`profile.organization`, or `identity.company_name` where it has its own)"),
        (name, "the person's name"),
    ):
        for address in mail_links.unlisted(value, allowed, value):
            raise PersonMustAct(
                Problem("mail templates", "render", None, "value", f"{quoted(value)} holds the address {address[:80]}"),
                owner="us",
                action=f"Write {what} without it in the customer's file: a mail leads nowhere but to its link.",
            )


def _leads_nowhere_else(subject: str, text: str, html: str, link: str, allowed: Set[str], said: str) -> None:
    """Both halves hold the link, say the same, and lead nowhere else. Raises ValueError."""
    from onboarding.people import mail_links

    for sign in sorted(set(f"{subject}{text}{html}")):
        if sign not in _UNSEEN and visible(sign) != sign:
            raise ValueError(f"holds {visible(sign)}, a sign that shows nothing or turns the line round")
    if link not in text:
        raise ValueError("the text does not hold the link ({{ link }})")
    for address in mail_links.unlisted(f"{subject}\n{text}", allowed, said):
        raise ValueError(f"leads to {address[:80]}, which is on no list; remove it, or name it in mail_links")
    page = mail_links.Page(html, allowed, said)
    for refused in page.refused:
        hint = "; addresses are listed in mail_links" if refused in page.unlisted else ""
        raise ValueError(f"its HTML page holds {refused}, which no mail may hold{hint}")
    if link not in page.links:
        raise ValueError("its HTML page does not hold the link ({{ link }})")
    if any(" ".join(part.split()) not in page.words for part in text.split("\n\n")):
        raise ValueError("its HTML page leaves out a paragraph of the text")


def _names(kind: str, connection: schemas.Connection, language: str) -> list[str]:
    region = connection.partner_center_region
    places = [f".{region}-{connection.cohort}", f".{region}", ""] if connection.cohort else [f".{region}", ""]
    languages = dict.fromkeys((language, "en"))
    return [f"{kind}{place}.{spoken}.txt.j2" for spoken in languages for place in places]


def _parted(rendered: str) -> tuple[str, str]:
    """Subject and text. Raises ValueError when the first line is no subject."""
    first, _, rest = rendered.strip().partition("\n")
    if not first.startswith(_SUBJECT) or not first.removeprefix(_SUBJECT).strip():
        raise ValueError(f"the first line must read '{_SUBJECT} ...'")
    text = re.sub(r"\n\s*\n+", "\n\n", rest.strip())
    return first.removeprefix(_SUBJECT).strip(), f"{text}\n"


def _unusable(why: str) -> PersonMustAct:
    return PersonMustAct(
        Problem("mail templates", "render", None, "template", why),
        owner="us",
        action=("Correct the template, or remove it to use the built-in one; ", command("validate"), " tries it."),
    )

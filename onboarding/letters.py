"""How a mail reads: a text template by kind, place and language, and the same text as an HTML page.

Looked for from the most to the least specific name, first in the reseller's own folder (`mail_templates` of the
connection), then among the built-in ones:

    KIND.REGION-COHORT.LANGUAGE.txt.j2, KIND.REGION.LANGUAGE.txt.j2, KIND.LANGUAGE.txt.j2, then the same in English

The first line is the subject. The HTML page is made of the text's paragraphs, so the two cannot disagree.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from clients.errors import PersonMustAct, Problem
from onboarding import labels
from schemas.command import command

if TYPE_CHECKING:
    import schemas

BUILT_IN = Path(__file__).parent / "mail_templates"
_SUBJECT = "Subject:"
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
    if not (project / connection.mail_templates).is_dir():
        return []
    found = []
    for kind, language in _BUTTONS:
        try:
            render(kind, language, Files(connection, project), name="-", company="-", link="https://link.example")
        except PersonMustAct as wrong:
            found.append(f"{connection.mail_templates}: {wrong.problem.message}")
    return list(dict.fromkeys(found))


def render(kind: str, language: str, place: Place, *, name: str, company: str, link: str) -> Rendered:
    """The mail for one person. Raises PersonMustAct for a template that cannot be used: nothing is sent then."""
    connection = place.connection
    own = place.project / connection.mail_templates if place.project is not None else None
    environment = _environment(own)
    values = {
        "name": name,
        "company": company,
        "link": link,
        "language": language,
        "we": (connection.reseller.name or "") if connection.reseller else "",
        "distributor": "TD SYNNEX" if connection.role != "direct-bill" else "",
        "agreement_text": labels.AGREEMENT_TEXT,
    }
    names = _names(kind, connection, language)
    chosen = names[-1]
    try:
        template = environment.select_template(names)
        chosen = str(template.name)
        subject, text = _parted(template.render(values))
        if link and link not in text:
            raise ValueError("the text does not hold the link ({{ link }})")
        button = _BUTTONS.get((kind, chosen.split(".")[-3]), _BUTTONS[kind, "en"])
        page = {**values, "subject": subject, "parts": text.strip().split("\n\n"), "button": button}
        html = environment.get_template("page.html.j2").render(page)
    except TemplateNotFound as missing:
        raise _unusable(f"there is no mail template {missing.name}") from None
    except TemplateError as wrong:
        line = getattr(wrong, "lineno", None)
        where = f"{getattr(wrong, 'name', None) or chosen}{f':{line}' if line else ''}"
        raise _unusable(f"mail template {where}: {wrong.message}") from None
    except ValueError as wrong:
        raise _unusable(f"mail template {chosen}: {wrong}") from None
    return Rendered(subject, text, html, chosen)


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


@functools.cache
def _environment(own: Path | None) -> SandboxedEnvironment:
    """Own templates win; `built-in/NAME` reaches the built-in one of the same name."""
    built_in = FileSystemLoader(BUILT_IN)
    loaders = [FileSystemLoader(own)] if own is not None else []
    environment = SandboxedEnvironment(
        loader=ChoiceLoader([*loaders, built_in, PrefixLoader({"built-in": built_in})]),
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name) and str(name).endswith(".html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["linked"] = _linked
    return environment


def _linked(part: str, url: str) -> Markup:
    """A paragraph as HTML, with one address in it made a link."""
    shown = escape(url)
    anchor = Markup('<a href="{0}" style="color:#0b5cad">{0}</a>').format(shown)
    lines = Markup("<br>").join(part.split("\n"))
    return Markup(str(lines).replace(str(shown), str(anchor)))  # noqa: S704 - both parts are escaped above


def _unusable(why: str) -> PersonMustAct:
    return PersonMustAct(
        Problem("mail templates", "render", None, "template", why),
        owner="us",
        action=f"Correct the template, or remove it to use the built-in one; {command('validate')} tries it.",
    )

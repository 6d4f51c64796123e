"""Checks of single values of a customer file against what the world and Microsoft know of their kind: addresses, phone
numbers, names, e-mail addresses, characters that nobody sees.

Nothing here is a type of the models: states of older releases are read with those, and what a system holds already is
told as a warning (`schemas.report.rules.SENT`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from schemas.kinds import mail_domains, people, phones, places
from schemas.kinds.countries import code_of
from schemas.kinds.nearest import nearest, quoted
from schemas.model.connection import Connection
from schemas.read.yaml_source import Path_
from schemas.report.findings import Level, Report

Data = Mapping[str, Any]

_CHECKED_BY_MICROSOFT = frozenset(("US", "CA"))
"""Countries for which Microsoft's pages say that city, state and postal code are checked together."""


def get(data: Any, *path: str) -> Any:
    """The value at ``path``, or None where anything on the way is not there."""
    for part in path:
        if not isinstance(data, dict):  # a dict: Mapping costs each load a tenth
            return None
        data = data.get(part)
    return data


def text(data: Any, *path: str) -> str:
    """The text at ``path``, or an empty string."""
    value = get(data, *path)
    return value if isinstance(value, str) else ""


def address_places(data: Data) -> Iterator[tuple[Path_, Data, str]]:
    """(place, address, country code) of every address; the code is "" where the country is none."""
    for path in (("profile", "address"), ("identity", "address")):
        address = get(data, *path)
        if isinstance(address, Mapping):
            yield path, address, code_of(text(address, "country"))


def country_of(data: Data, *, tenant: bool = False) -> str:
    """The customer's country code, "" where none is declared. ``tenant``: that of its tenant where it has its own."""
    own = text(data, "identity", "address", "country") if tenant else ""
    return code_of(own or text(data, "profile", "address", "country"))


def check_values(data: Data, connection: Connection | None, report: Report) -> None:
    """Report every value of a customer file that its kind does not allow."""
    if not _all_seen(data):
        hidden(data, (), report)
    for path, address, country in address_places(data):
        decides = connection is not None and connection.calls_partner_center and _makes_tenant(data)
        _address(path, address, country, decides and country not in _CHECKED_BY_MICROSOFT, report)
    _phones(data, report)
    _names(data, report)
    _emails(data, connection, report)


def _makes_tenant(data: Data) -> bool:
    return text(data, "identity", "method") == "new"


def _all_seen(value: Any) -> bool:
    """Whether no text holds anything but printable ASCII: then there is nothing to look for."""
    if isinstance(value, str):
        return value.isascii() and value.isprintable()
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return not isinstance(value, Mapping)
    return all(map(_all_seen, value))


def hidden(value: Any, path: Path_, report: Report) -> None:
    """Characters that are not seen, in any text of a file and any name in it."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _told_hidden(str(name), (*path, name), report)
            hidden(inner, (*path, name), report)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            hidden(inner, (*path, index), report)
    elif isinstance(value, str):
        _told_hidden(value.strip(), path, report)


def _told_hidden(given: str, path: Path_, report: Report) -> None:
    if found := people.hidden_character(given):
        report(path, "CSP-TEXT-001", f"holds {found}, which nobody sees", "write the text again without it")


# --- addresses


def _address(path: Path_, address: Data, country: str, microsoft_decides: bool, report: Report) -> None:
    form = places.place(country) if country else None
    if form is None:
        return
    level: Level = "warning" if microsoft_decides else "error"
    area, code = (text(address, name).strip() for name in ("state", "zip"))
    if area or get(address, "state") is None:  # what is no text or empty is told by the shape
        _area((*path, "state"), area, form, level, report)
    if code or get(address, "zip") is None:
        _postal_code((*path, "zip"), code, area, form, level, report)


def _area(path: Path_, given: str, form: places.Place, level: Level, report: Report) -> None:
    country = form.country
    if not given:
        if form.needs_area:
            hint = f"one of {_few(form)}" if form.areas else ""
            # Where there are no postal codes (Hong Kong, Dubai) the area is for the post; no system is known to ask.
            report(
                path,
                "CSP-CUST-004",
                f"{country} needs {_a(form.area_word)}",
                hint,
                level=level if form.needs_zip else "warning",
            )
    elif form.areas and places.area_of(country, given) is None:
        names = {name.casefold(): area for area in form.areas for name in (area.name, area.text) if name}
        close = names.get(nearest(given.casefold(), names))
        hint = f"try {quoted(close.text or close.name)}" if close else f"one of {_few(form)}"
        word = "state or province" if country in _CHECKED_BY_MICROSOFT else form.area_word
        message, coded = f"{quoted(given)} is no {word} of {country}", any(one.text for one in form.areas)
        if not coded:  # then it is sent as written, and the data does not have every name in English
            message = f"{quoted(given)} is not among the names that are known for {_a(word)} of {country}"
        report(path, "CSP-CUST-004", message, hint, level=level if form.needs_area and coded else "warning")


def _a(word: str) -> str:
    """The word with its article."""
    return f"an {word}" if word[0].casefold() in "aeio" else f"a {word}"


def _few(form: places.Place) -> str:
    """The areas for a message; of a long list the beginning."""
    names = form.allowed.split(", ")
    return ", ".join(names) if len(names) <= 15 else ", ".join(names[:12]) + f" ... ({len(names)} in all)"


def _postal_code(path: Path_, given: str, area: str, form: places.Place, level: Level, report: Report) -> None:
    country = form.country
    if not given:
        if form.needs_zip:
            report(path, "CSP-CUST-005", f"{country} needs {_a(form.zip_word)}", _such_as(form), level=level)
    elif not form.has_zip:
        message = f"addresses in {country} have no postal code; {quoted(given)} is sent as written"
        report(path, "CSP-CUST-005", message, "leave it out", level="warning")
    elif not places.zip_fits(given, country):
        short = country == "US" and given.isdigit() and len(given) in (3, 4)
        hint = f'try "{given:0>5}"' if short else _such_as(form)
        report(path, "CSP-CUST-005", f"{quoted(given)} is no postal code of {country}", hint, level=level)
    else:
        declared = places.area_of(country, area)
        there = places.area_of_zip(given, country)
        if declared and there and declared not in there:
            names = " or ".join(other.text or other.name for other in there)
            message = f"{quoted(given)} lies in {names}, not in {declared.text or declared.name}"
            report(path, "CSP-CUST-005", message, level="error" if country in _CHECKED_BY_MICROSOFT else "warning")


def _such_as(form: places.Place) -> str:
    """Examples of a country's postal codes."""
    if form.country == "US":
        return 'such as "98052" or "98052-6399"'
    return f"such as {quoted(form.zip_examples[0])}" if form.zip_examples else ""


# --- phones

_PHONES: tuple[tuple[str, ...], ...] = (
    ("profile", "phone"),
    ("identity", "contact", "phone"),
    ("attestation", "signatory", "phone"),
)


def _phones(data: Data, report: Report) -> None:
    for path in _PHONES:
        number = text(data, *path)
        country = country_of(data, tenant=path[0] == "identity")
        if number and (why := phones.why_impossible(number, country)):
            example = phones.example(country or "US")
            hint = f"such as {quoted(example)}" if example else ""
            report(path, "CSP-CUST-006", f"{quoted(number)} is no possible phone number: {why}", hint)
            continue
        lettered, written = phones.letters_in(number, country)
        if lettered:
            hint = f"try {quoted(written)}" if written else "write all its digits"
            report(path, "CSP-CUST-006", f"{quoted(number)} holds letters, which are no digits here", hint)


# --- names

_COMPANIES = (("profile", "organization"), ("identity", "company_name"), ("attestation", "legal_entity"))
_PERSONS = (("identity", "contact"), ("attestation", "signatory"))
_NAME_PARTS = ("first_name", "last_name")
_FULL_NAMES: tuple[tuple[str, ...], ...] = (("profile", "contact_name"), ("identity", "global_admin", "name"))


def _names(data: Data, report: Report) -> None:
    for path in (*_COMPANIES, *_FULL_NAMES, *((*person, part) for person in _PERSONS for part in _NAME_PARTS)):
        if address := people.address_in(text(data, *path)):
            message = f"holds the address {quoted(address)}: no mail is sent with it"
            report(path, "CSP-NAME-003", message, "write the name alone", level="warning")
    for path in _COMPANIES:
        name = text(data, *path).strip()
        if name and (why := people.company_refused(name)):
            report(path, "CSP-NAME-001", f"Microsoft refuses {quoted(name)} as a company: {why}")
    for person in _PERSONS:
        for part in _NAME_PARTS:
            name = text(data, *person, part).strip()
            if 0 < len(name) <= 50 and (why := people.person_refused(name)):  # more is told by its type
                report((*person, part), "CSP-NAME-002", f"Microsoft refuses {quoted(name)} as a name: {why}")
    for full in _FULL_NAMES:
        name = text(data, *full).strip()
        if name and (why := people.person_refused(name, longest=0)):
            report(full, "CSP-NAME-002", f"{quoted(name)} is no person's name: {why}", level="warning")


# --- e-mail addresses

_TOLD_TO_MICROSOFT: dict[tuple[str, ...], tuple[str, str]] = {
    ("identity", "contact", "email"): ("CSP-ID-015", "tenant contact"),
    ("identity", "global_admin", "email"): ("CSP-ID-013", "Global Admin"),
    ("attestation", "signatory", "email"): ("CSP-ATT-002", "signatory"),
}
_ION_CONTACT: tuple[str, ...] = ("profile", "email")
_DOMAIN = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")
_COPY: tuple[str, ...] = ("identity", "contact_copy")


def _emails(data: Data, connection: Connection | None, report: Report) -> None:
    everybody: tuple[tuple[str, ...], ...] = (_ION_CONTACT, *_TOLD_TO_MICROSOFT, _COPY)
    for path in everybody:
        domain = mail_domains.domain_of(text(data, *path).strip())
        if not _DOMAIN.fullmatch(domain):
            continue  # told by its type
        before_create = _makes_tenant(data) and path in _TOLD_TO_MICROSOFT
        _domain(path, domain, connection, "error" if before_create else "warning", report)
        if path in _TOLD_TO_MICROSOFT:
            _for_microsoft(path, domain, connection, report)
        elif path == _ION_CONTACT and (own := _ours(domain, connection)):
            message = f"{mail_domains.unicode_domain(domain)} {own}; ION knows the customer by this e-mail"
            report(path, "CSP-CUST-013", message, "best use an address of the customer", level="warning")
    domain = mail_domains.ascii_domain(text(data, "identity", "domain").strip())
    if _DOMAIN.fullmatch(domain):
        _domain(("identity", "domain"), domain, connection, "warning", report)


def _domain(path: Path_, domain: str, connection: Connection | None, unknown: Level, report: Report) -> None:
    """Whether the domain can exist, and whether it is what it seems to be."""
    shown = mail_domains.unicode_domain(domain)
    if label := mail_domains.mixed_scripts(domain):
        report(path, "CSP-MAIL-002", f"{quoted(label)} mixes letters of several scripts", "write it in one script")
    live = connection is not None and connection.sandbox is None
    if mail_domains.reserved(domain):
        if live:
            message = f"{shown} is reserved for examples (RFC 2606): nobody reads mail there"
            report(path, "CSP-MAIL-001", message, level=unknown)
    elif not mail_domains.known_suffix(domain):
        top = shown.rpartition(".")[2]
        day = mail_domains.list_date()
        message = f"{quoted(f'.{top}')} is no top-level domain (public suffix list of {day})"
        report(path, "CSP-MAIL-001", message, level=unknown)


def _for_microsoft(path: tuple[str, ...], domain: str, connection: Connection | None, report: Report) -> None:
    """Microsoft takes nobody of its own or of the partner's: the person must be the customer's."""
    rule, who = _TOLD_TO_MICROSOFT[path]
    if own := _ours(domain, connection):
        report(path, rule, f"{mail_domains.unicode_domain(domain)} {own}; the {who} must be the customer's")
    elif mail_domains.below(domain, "microsoft.com"):
        report(path, "CSP-MAIL-003", f"Microsoft takes no address at {domain}; the {who} must be the customer's")
    elif mail_domains.looks_like(domain, "microsoft.com"):
        shown = mail_domains.unicode_domain(domain)
        report(path, "CSP-MAIL-003", f"{shown} ({domain}) looks like microsoft.com and is another domain")


def _ours(domain: str, connection: Connection | None) -> str:
    """Why a domain is ours, as the middle of a sentence: it is, it is below one, or it can be taken for one."""
    if connection is None:
        return ""
    own = [mail_domains.ascii_domain(one) for one in connection.own_domains]
    if connection.mail is not None:
        own.append(mail_domains.domain_of(connection.mail.sender))
    for one in own:
        if domain == one:
            return "is our own domain"
        if mail_domains.below(domain, one):
            return f"is below our own domain {one}"
    alike = next((one for one in own if mail_domains.looks_like(domain, one)), "")
    if not alike:
        return ""
    ascii_form = "" if mail_domains.unicode_domain(domain) == domain else f"({domain}) "
    return f"{ascii_form}looks like our own domain {alike} and is another one"

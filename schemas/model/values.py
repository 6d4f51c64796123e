"""Value types of the declaration: plain texts whose meaning a library checks.

Each type carries its rule (see ``schemas.report.rules``), a suggestion where one can be made, and what JSON Schema can
say of it. Limits are Microsoft's (address line 200, names 50, domain prefix 27 characters), applied as early as
possible.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from schemas.kinds.countries import code_of, countries, meant
from schemas.kinds.hosts import LOOPBACK
from schemas.kinds.mail_domains import ascii_email
from schemas.kinds.nearest import nearest, quoted

PREFIX_LIMIT = 27
TENANT_SUFFIX = ".onmicrosoft.com"
GUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
# Pulumi's CLI, when it edits a stack file (seen with 3.260, `stack init`), writes a date back in the second form.
DAY = re.compile(r"\d{4}-\d{2}-\d{2}( 00:00:00 \+0000 UTC)?")


def wrong(rule: str, message: str, suggestion: str = "") -> PydanticCustomError:
    """A finding of one field, as pydantic carries it."""
    return PydanticCustomError("csp", "{text}", {"rule": rule, "text": message, "suggestion": suggestion})


# What every library takes without a word; the libraries are loaded, and asked, for all else.
_HOST = r"(?:[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*\.)+[a-zA-Z]{2,}"
_SIMPLE_DOMAIN = re.compile(_HOST)
_SIMPLE_EMAIL = re.compile(rf"[a-zA-Z0-9]+(?:[._+-][a-zA-Z0-9]+)*@{_HOST}")


def _is_simple(form: re.Pattern[str], value: str) -> bool:
    """Whether ``value`` is the common case of its kind. 63: as long as a label, or what is before an @, may be."""
    return len(value) <= 63 and value.isascii() and form.fullmatch(value) is not None


@cache
def currencies() -> frozenset[str]:
    """The codes of ISO 4217."""
    from babel.core import get_global

    return frozenset(get_global("all_currencies"))


@cache
def _languages() -> frozenset[str]:
    from babel import Locale

    return frozenset(code for code in map(str, Locale("en").languages) if len(code) == 2)


def _language_meant(value: str) -> str:
    """The code that a text means: "EN", "en_us", "English", "Deutsch"; "" for none."""
    from babel import Locale

    short = re.split(r"[-_]", value.strip().casefold())[0]
    if short in _languages():
        return short
    for code in sorted(_languages()):
        names = (Locale("en").languages.get(code), Locale.parse(code).display_name if _has_words(code) else None)
        if any(name and name.casefold() == value.strip().casefold() for name in names):
            return code
    return ""


def _has_words(code: str) -> bool:
    from babel.localedata import exists

    return exists(code)


def _language_hint(value: str, *, upper: bool = False) -> str:
    """What to write instead: the code that is meant, else which codes there are."""
    cased = str.upper if upper else str.lower
    if meant_code := _language_meant(value):
        return f"try {quoted(cased(meant_code))}"
    some = ", ".join(cased(code) for code in ("en", "fr", "de", "es", "it", "nl", "pt", "ja", "zh"))
    return f"write the two letters of ISO 639-1: {some} ... ({len(_languages())} in all)"


def _country(value: str) -> str:
    if code := code_of(value):
        return code
    guess = meant(value)
    hint = f"try {quoted(guess)}" if guess else 'write its two letters, such as "US"'
    raise wrong("CSP-CUST-003", f"{quoted(value)} is no country code", hint)


def _currency(value: str) -> str:
    if value in currencies():
        return value
    guess = value.upper() if value.upper() in currencies() else nearest(value.upper(), currencies())
    raise wrong("CSP-PROV-004", f"{quoted(value)} is no currency code", f"try {quoted(guess)}" if guess else "")


def _ion_language(value: str) -> str:
    # ION publishes no list. Its own samples use language codes ("EN") and once a country code ("SE" for Sweden).
    if re.fullmatch(r"[A-Z]{2}", value) and (value.lower() in _languages() or value in countries()):
        return value
    raise wrong("CSP-CUST-007", f"{quoted(value)} is no ION language code", _language_hint(value, upper=True))


def _culture(value: str) -> str:
    if re.fullmatch(r"[a-z]{2,3}(-[A-Z][a-z]{3})?-[A-Z]{2}", value):
        from babel import Locale, UnknownLocaleError

        try:
            Locale.parse(value, sep="-")
        except (UnknownLocaleError, ValueError):
            pass
        else:
            return value
    guess = _culture_meant(value)
    hint = f"try {quoted(guess)}" if guess else 'write language and country, such as "en-US", "fr-CA" or "de-DE"'
    raise wrong("CSP-ID-014", f"{quoted(value)} is no known culture", hint)


def _culture_meant(value: str) -> str:
    """The culture that a text means: "en_us", "en", "English"; a language alone in its most usual country."""
    from babel import Locale, UnknownLocaleError
    from babel.core import get_global

    found: Locale | None
    try:
        found = Locale.parse(value.strip().replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError):
        code = _language_meant(value)
        found = Locale.parse(code) if code and _has_words(code) else None
    if found is None:
        return ""
    likely = str(get_global("likely_subtags").get(found.language, "")).rpartition("_")[2]
    territory = found.territory or likely
    return f"{found.language}-{territory}" if re.fullmatch(r"[A-Z]{2}", territory or "") else ""


def _language(value: str) -> str:
    if value in _languages():
        return value
    if "-" in value:
        return _culture(value)
    raise wrong("CSP-ID-014", f"{quoted(value)} is no known language", _language_hint(value))


def _email(value: str) -> str:
    if _is_simple(_SIMPLE_EMAIL, value):
        return ascii_email(value)
    from email_validator import EmailNotValidError

    try:
        _check_email(value)
    except EmailNotValidError as error:
        reason = str(error).rstrip(".").split("\n")[0]
        fixed = value.replace(" ", "").replace(",", ".").rstrip(".;")
        raise wrong(
            "CSP-CUST-001", f"{quoted(value)} is no e-mail address: {reason}", _try_email(fixed, value)
        ) from None
    return ascii_email(value)


def _check_email(value: str) -> None:
    """Raises EmailNotValidError. Names that are reserved or used in private networks pass: whether a domain can exist
    has another answer on a sandbox connection (`schemas.check.value_checks`)."""
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(value, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        if "." not in value.rpartition("@")[2].strip("."):
            raise
        validate_email(f"{value}.com", check_deliverability=False, allow_smtputf8=False)


def _try_email(fixed: str, value: str) -> str:
    if fixed == value:
        return ""
    from email_validator import EmailNotValidError

    try:
        _check_email(fixed)
    except EmailNotValidError:
        return ""
    return f"try {quoted(fixed)}"


def _domain(value: str) -> str:
    if _is_simple(_SIMPLE_DOMAIN, value):
        return value
    import idna

    bare = value.strip().rstrip(".")
    if "://" in bare:
        bare = urlsplit(bare).hostname or ""
    bare = bare.rpartition("@")[2].partition("/")[0]
    try:
        ascii_form = idna.encode(bare.lower(), uts46=True).decode() if bare else ""
    except idna.IDNAError:
        ascii_form = ""
    if ascii_form == value.lower() and "." in value:
        return value
    hint = f"try {quoted(ascii_form)}" if "." in ascii_form else 'such as "contoso.onmicrosoft.com"'
    raise wrong("CSP-ID-002", f"{quoted(value)} is no domain name", hint)


def _prefix(value: str) -> str:
    bare = value.lower().removesuffix(TENANT_SUFFIX)
    clean = re.sub(r"[^a-z0-9]", "", bare)
    if not re.fullmatch(r"[a-z0-9]+", value):
        hint = f"try {quoted(clean[:PREFIX_LIMIT])}" if clean else ""
        raise wrong("CSP-ID-004", f"{quoted(value)} may hold lower-case letters and digits only", hint)
    if len(value) > PREFIX_LIMIT:
        raise wrong(
            "CSP-ID-003",
            f"{len(value)} characters, at most {PREFIX_LIMIT} fit",
            f"try {quoted(clean[:PREFIX_LIMIT])}",
        )
    return value


def _tenant_id(value: str) -> str:
    if GUID.match(value):
        return value
    digits = re.sub(r"[^0-9a-f]", "", value.lower())
    guess = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    raise wrong("CSP-ID-001", f"{quoted(value)} is no tenant id", f"try {quoted(guess)}" if len(digits) == 32 else "")


def _digits(value: str) -> str:
    if re.fullmatch(r"[0-9]+", value):
        return value
    guess = re.sub(r"\D", "", value)
    raise wrong("CSP-SHAPE-005", f"{quoted(value)} may hold digits only", f"try {quoted(guess)}" if guess else "")


def _region(value: str) -> str:
    if code := code_of(value):
        return code.lower()
    guess = meant(value).lower()
    hint = f"try {quoted(guess)}" if guess else 'such as "us" or "ca"'
    raise wrong("CSP-CUST-003", f"{quoted(value)} is no country code", hint)


def _key(value: str) -> str:
    if value == "" or re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", value):
        return value
    guess = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")[:63].strip("-")
    raise wrong(
        "CSP-CUST-009",
        f"{quoted(value)} may hold lower-case letters, digits and hyphens only",
        f"try {quoted(guess)}" if guess else "",
    )


def is_address(value: str) -> bool:
    """Whether ``value`` is an https address, or an http one of this machine."""
    parts = _split(value)
    if parts is None or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _url(value: str) -> str:
    if is_address(value):
        return value
    parts = _split(value)
    bare = value.removeprefix("http://")
    hint = f"try {quoted('https://' + bare)}" if parts is not None and "://" not in bare else ""
    raise wrong("CSP-CONN-006", f"{quoted(value)} is no https address", hint)


def _split(value: str) -> Any:
    try:
        return urlsplit(value)
    except ValueError:
        return None


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if isinstance(value, str):
        try:
            if DAY.fullmatch(value):
                return dt.date.fromisoformat(value[:10])
        except ValueError:
            pass
    shown = quoted(value) if isinstance(value, str) else "the value"
    raise wrong("CSP-DATE-001", f"{shown} is no date", "write it as YYYY-MM-DD")


def _text(check: Callable[[str], str], **schema: Any) -> Any:
    """The metadata of a checked text: the check, and what JSON Schema can say of it."""
    return AfterValidator(check), WithJsonSchema({"type": "string"} | schema)


Flag = StrictBool
Count = StrictInt
Number = StrictFloat
Text = Annotated[str, StringConstraints(min_length=1)]
AddressLine = Annotated[str, StringConstraints(min_length=1, max_length=200)]
PersonName = Annotated[str, StringConstraints(min_length=1, max_length=50)]
Phone = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Date = Annotated[
    dt.date, BeforeValidator(_date), WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}(T00:00:00Z)?$"})
]
Email = Annotated[str, *_text(_email, minLength=3)]
Country = Annotated[str, *_text(_country, minLength=2)]
Region = Annotated[str, *_text(_region, minLength=2)]
Digits = Annotated[str, *_text(_digits, pattern="^[0-9]+$")]
Currency = Annotated[str, *_text(_currency, pattern="^[A-Z]{3}$")]
IonLanguage = Annotated[str, *_text(_ion_language, pattern="^[A-Z]{2}$")]
Language = Annotated[str, *_text(_language, minLength=2)]
Culture = Annotated[str, *_text(_culture, pattern="^[a-z]{2,3}(-[A-Z][a-z]{3})?-[A-Z]{2}$")]
Domain = Annotated[str, *_text(_domain, minLength=3)]
DomainPrefix = Annotated[str, *_text(_prefix, pattern="^[a-z0-9]+$", minLength=1, maxLength=PREFIX_LIMIT)]
TenantId = Annotated[str, *_text(_tenant_id, pattern=GUID.pattern)]
Key = Annotated[str, *_text(_key, pattern="^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?$")]
Url = Annotated[str, *_text(_url, pattern="^https?://")]

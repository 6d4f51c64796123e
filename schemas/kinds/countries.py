"""Countries as files and systems name them: the ISO 3166-1 code of a text, and which country a wrong text can mean.

Codes and names come from CLDR (babel). What CLDR lacks is written out below: former names, short forms and countries of
a kingdom, as people write them. A text that could mean two countries means none.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

# CLDR regions that are no ISO country
_NO_COUNTRY = frozenset(("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"))

_ALSO = """
AE UAE, Emirates, Abu Dhabi, Dubai
AG Antigua
BA Bosnia
BF Upper Volta
BJ Dahomey
BN Brunei Darussalam
BO Plurinational State of Bolivia
BY Belorussia, Byelorussia, White Russia
BZ British Honduras
CD Congo, DRC, DR Congo, Zaire, Congo Kinshasa, Democratic Republic of the Congo, Democratic Republic of Congo
CF CAR
CG Congo, Congo Brazzaville, Republic of the Congo, Republic of Congo
CI Ivory Coast, Cote d Ivoire
CN PRC, People s Republic of China, Mainland China
CV Cape Verde, Cabo Verde
CZ Czech Republic, Czechia, Czechoslovakia
DE FRG, GDR, DDR, BRD, East Germany, West Germany
DO Dominican Rep
ET Abyssinia
FK Falklands, Malvinas
FM Micronesia, Federated States of Micronesia
GB UK, Great Britain, Britain, England, Scotland, Wales, Northern Ireland
GB United Kingdom of Great Britain and Northern Ireland
GH Gold Coast
GR Hellas, Hellenic Republic
GW Portuguese Guinea
HK Hong Kong, Hongkong, HKSAR
ID Dutch East Indies
IE Eire, Republic of Ireland, Irish Republic
IR Persia, Islamic Republic of Iran
KE British East Africa
KG Kirghizia, Kirgizia
KH Kampuchea
KN St Kitts, Saint Kitts
KP Korea, North Korea, DPRK, Democratic People s Republic of Korea
KR Korea, South Korea, Republic of Korea, ROK
LA Lao, Lao People s Democratic Republic
LC Saint Lucia
LK Ceylon
LS Basutoland
MD Moldavia, Republic of Moldova
MK Macedonia, North Macedonia, FYROM
MM Burma
MO Macau, Macao
MW Nyasaland
NL Holland, The Netherlands
PH Philippine Islands
PS Palestine, State of Palestine
RU Russian Federation
SK Slovak Republic, Czechoslovakia
SR Dutch Guiana, Guiana
GF Guiana, Guyane
GY British Guiana, Guiana
ST Sao Tome
SY Syrian Arab Republic
SZ Swaziland
TH Siam
TL East Timor
TR Turkey, Turkiye
TT Trinidad, Tobago
TW Republic of China, ROC, Formosa, Chinese Taipei, Taiwan Province of China
TZ Tanganyika, Zanzibar, United Republic of Tanzania
US U S, U S A, America, United States of America, the States
VG Virgin Islands
VI Virgin Islands
VA Vatican, Vatican City State, Holy See
VC St Vincent, Saint Vincent
VE Bolivarian Republic of Venezuela
VN Viet Nam
VU New Hebrides
WS Western Samoa
ZM Northern Rhodesia
ZW Rhodesia, Southern Rhodesia
"""
# How a country calls itself in full: "Kingdom of Sweden".
_STYLE = re.compile(
    r"^(the )?((federal|federative|united|democratic|islamic|arab|socialist|cooperative|co operative|independent|"
    r"sovereign|hashemite|grand|people s|oriental|swiss) )*"
    r"(republic|kingdom|state|states|commonwealth|principality|duchy|sultanate|union|federation|confederation) of "
    r"(the )?"
)
_TURNED = re.compile(r"^([^,()]+?)\s*(?:,\s*|\(\s*)([^,()]+?)\s*\)?$")
# Languages in which people at a European or American reseller write a country's name; only asked for a suggestion.
_LANGUAGES = "de fr es it nl pt sv da nb fi pl cs tr ru ja zh ko ar".split()  # noqa: SIM905 - a word list
_TYPO = 0.82  # difflib ratio: one letter wrong in six
_APART = 0.05  # how much better than the next country


@cache
def countries() -> dict[str, str]:
    """ISO 3166-1 alpha-2 code -> English name."""
    from babel import Locale

    names = {str(code): str(name) for code, name in Locale("en").territories.items()}
    return {c: n for c, n in names.items() if len(c) == 2 and c.isalpha() and c not in _NO_COUNTRY}


def code_of(text: str) -> str:
    """The code of a country that is named by code (two or three letters, any case) or by English name; "" for
    anything else."""
    upper = text.strip().upper()
    if upper in countries():
        return upper
    alias = _aliases().get(upper, []) if len(upper) == 3 else []
    if len(alias) == 1 and alias[0] in countries():
        return str(alias[0])
    return _only(_names().get(_folded(text), frozenset()))


def meant(text: str) -> str:
    """The one country that a text can mean although it is neither code nor name: a former name, a short form, a name in
    another language, a slip of the pen; "" when that is not clear."""
    folded = _folded(text)
    if not folded:
        return ""
    if known := code_of(text):
        return known
    if folded in _synonyms():
        return _only(_synonyms()[folded])
    if turned := held(text):
        return turned
    if (bare := _STYLE.sub("", folded)) != folded and (styled := _only(_spoken().get(bare, frozenset()))):
        return styled
    if foreign := _foreign().get(folded):
        return _only(foreign)
    return _slip(folded)


def held(text: str) -> str:
    """The code of a country as a system may hold it: by code, name, former name or short form, in ISO's order too
    ("Korea, Republic of", "Iran (Islamic Republic of)"); "" for anything else."""
    for spelling in (text, _TURNED.sub(r"\2 \1", text.strip())):
        if code := code_of(spelling) or _only(_synonyms().get(_folded(spelling), frozenset())):
            return code
    return ""


def same_or_text(text: str) -> str:
    """The code in small letters where a text names a country as systems hold it; else the text itself in small letters.
    For comparing what systems hold."""
    return held(text).lower() or " ".join(text.split()).casefold()


def _slip(folded: str) -> str:
    """The country whose name the text misses by a letter or two, when no other country's name is as near."""
    if len(folded) < 5:
        return ""  # Iran and Iraq, Chad and Chile: too short to tell a slip from another country
    near: dict[str, float] = {}
    for name, codes in _spoken().items():
        if name[0] != folded[0] or abs(len(name) - len(folded)) > 2:
            continue  # Siberia is no slip for Liberia
        matcher = difflib.SequenceMatcher(None, folded, name, autojunk=False)
        if matcher.real_quick_ratio() >= _TYPO - _APART and matcher.quick_ratio() >= _TYPO - _APART:
            ratio = matcher.ratio()
            for code in codes:
                near[code] = max(near.get(code, 0), ratio)
    first, *others = [*sorted(near.items(), key=lambda entry: -entry[1]), ("", 0.0)]
    clear = first[1] >= _TYPO and (not others or first[1] - others[0][1] > _APART)
    return first[0] if clear else ""


def _only(codes: Iterable[str]) -> str:
    found = set(codes)
    return found.pop() if len(found) == 1 else ""


def _folded(text: str) -> str:
    """Small letters without accents and punctuation, for looking names up."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    words = re.sub(r"[^\w]+|_", " ", kept).split()
    return "".join(words) if all(len(word) == 1 for word in words) else " ".join(words).removeprefix("the ")  # "U.A.E."


def _collect(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, code in pairs:
        found.setdefault(_folded(name), set()).add(code)
    return {name: frozenset(codes) for name, codes in found.items()}


@cache
def _names() -> dict[str, frozenset[str]]:
    """English name as CLDR has it, folded -> code. "St." is also written out."""
    pairs = [(name, code) for code, name in countries().items()]
    pairs += [(name.replace("St.", "Saint"), code) for name, code in pairs if name.startswith("St.")]
    return _collect(pairs)


@cache
def _synonyms() -> dict[str, frozenset[str]]:
    rows = (line.split(" ", 1) for line in _ALSO.strip().splitlines())
    return _collect((name, code) for code, names in rows for name in names.split(","))


@cache
def _spoken() -> dict[str, frozenset[str]]:
    """All English names: CLDR's, former ones, short forms."""
    both = dict(_names())
    for name, codes in _synonyms().items():
        both[name] = both.get(name, frozenset()) | codes
    return both


@cache
def _aliases() -> Mapping[str, list[str]]:
    """Three-letter code -> two-letter codes."""
    from babel.core import get_global

    return get_global("territory_aliases")


@cache
def _foreign() -> dict[str, frozenset[str]]:
    from babel import Locale

    known = countries()
    return _collect(
        (str(name), str(code))
        for language in _LANGUAGES
        for code, name in Locale(language).territories.items()
        if str(code) in known
    )

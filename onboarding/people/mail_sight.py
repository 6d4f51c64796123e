"""What a reader of an HTML mail sees: every word of ours, in its place, in a size and a colour that can be read.

A page may say all that the text says and still hide it: `display:none`, letters of no size, white on white, a
struck-out sentence, a thousand empty lines. So markup and styles are positive lists, elements are closed in order (else
programs disagree about what stands inside of what), and size and contrast of each word are followed from element to
element.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from schemas.plain import visible

LEAST_PX, MOST_PX = 9.0, 80.0
"""Of letters."""
CONTRAST = 3.0
"""Of letters to what is behind them: the least that WCAG 2.1 (1.4.3) asks for, of large letters."""
MOST_SPACE, MOST_BARE, MOST_DEPTH = 100.0, 25, 60
"""Pixels of one margin, padding or border; elements in a row without a word; elements inside each other."""

_VOID = frozenset(("br", "hr", "img", "meta"))
_ROOT_PX = 16.0
_INSIDE = {
    "tbody": ("table",),
    "thead": ("table",),
    "tr": ("table", "tbody", "thead"),
    "td": ("tr",),
    "th": ("tr",),
    "html": ("",),
    "head": ("", "html"),
    "body": ("", "html"),
    "title": ("head",),
    "meta": ("head",),
    "li": ("ul", "ol"),
}
"""Elements that programs move or drop elsewhere, and where they stand."""
_HOLDS = {
    "table": ("tbody", "thead", "tr"),
    "tbody": ("tr",),
    "thead": ("tr",),
    "tr": ("td", "th"),
    "html": ("head", "body"),
    "head": ("title", "meta"),
    "ul": ("li",),
    "ol": ("li",),
    "title": (),
}
_WORDS_ONLY = frozenset(("a", "span", "b", "strong", "i", "em", "u", "small", "sup", "sub", "font", "br", "img"))
_IN_WORDS_ONLY = frozenset(("p", "h1", "h2", "h3", "h4"))
"""Elements that end where a block begins, whatever the markup says."""
_GROWS = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "small": 0.83, "sub": 0.83, "sup": 0.83}
_NAMES = {
    "black": "000000",
    "white": "ffffff",
    "gray": "808080",
    "silver": "c0c0c0",
    "navy": "000080",
    "blue": "0000ff",
    "red": "ff0000",
    "maroon": "800000",
    "green": "008000",
    "teal": "008080",
    "purple": "800080",
}
Colour = tuple[int, int, int]
_LENGTH = re.compile(r"(\d{1,4}(?:\.\d{1,4})?|\.\d{1,4})(px|pt|em|rem|%|)")


def colour_of(text: str) -> Colour | None:
    """An opaque colour: `#rgb`, `#rrggbb`, a common name. None for all else."""
    text = text.strip().lower()
    digits = _NAMES.get(text) or text.removeprefix("#")
    if not (text in _NAMES or text.startswith("#")) or not re.fullmatch(r"[0-9a-f]{3}|[0-9a-f]{6}", digits):
        return None
    if len(digits) == 3:
        digits = "".join(one * 2 for one in digits)
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def contrast(one: Colour, other: Colour) -> float:
    """WCAG 2.1: 1 (equal) to 21 (black and white)."""

    def light(colour: Colour) -> float:
        parts = [part / 255 for part in colour]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


@dataclass(frozen=True, slots=True)
class _Open:
    """An element that is open, and how words in it look."""

    tag: str
    pixels: float
    front: Colour
    back: Colour


def _pixels(text: str, parent: float) -> float | None:
    """A length in pixels; None for what is none."""
    match = _LENGTH.fullmatch(text)
    if match is None or (not match[2] and float(match[1])):
        return None
    return (
        float(match[1]) * {"px": 1.0, "pt": 4 / 3, "em": parent, "rem": _ROOT_PX, "%": parent / 100, "": 0.0}[match[2]]
    )


def _spaces(value: str) -> bool:
    """One to four lengths without a sign, none of them large."""
    parts = value.split()
    sizes = [0.0 if part == "auto" else _pixels(part, _ROOT_PX) for part in parts]
    return 0 < len(parts) <= 4 and all(size is not None and size <= MOST_SPACE for size in sizes)


def _border(value: str) -> bool:
    lengths = [part for part in value.split() if part[:1].isdigit()]
    rest = [part for part in value.split() if part not in lengths]
    words = ("none", "solid", "dashed", "dotted", "collapse", "separate")
    return (not lengths or _spaces(" ".join(lengths))) and all(one in words or colour_of(one) for one in rest)


def _wide(value: str) -> bool:
    """A width in which words can stand: 40 px, or a tenth of the page."""
    match = _LENGTH.fullmatch(value)
    if value == "auto" or match is None:
        return value == "auto"
    return float(match[1]) >= {"%": 10, "em": 3, "rem": 3}.get(match[2], 40)


def _lines(value: str) -> bool:
    match = _LENGTH.fullmatch(value)
    if value == "normal" or match is None:
        return value == "normal"
    least, most = {"px": (12, 100), "pt": (9, 75), "%": (100, 300)}.get(match[2], (1, 3))
    return least <= float(match[1]) <= most


def _one_of(*words: str) -> Callable[[str], bool]:
    return lambda value: value in words


def _is_colour(value: str) -> bool:
    return colour_of(value) is not None


_EDGES = ("", "-top", "-right", "-bottom", "-left")
_STYLES: dict[str, Callable[[str], bool]] = {
    **{f"{name}{edge}": _spaces for name in ("margin", "padding") for edge in _EDGES},
    **{f"border{edge}{part}": _border for edge in _EDGES for part in ("", "-width", "-style", "-color")},
    **dict.fromkeys(
        ("border-collapse", "border-spacing", "border-radius", "mso-table-lspace", "mso-table-rspace"), _border
    ),
    **dict.fromkeys(("color", "background", "background-color"), _is_colour),
    **dict.fromkeys(("width", "min-width", "max-width"), _wide),
    **dict.fromkeys(("-webkit-text-size-adjust", "-ms-text-size-adjust"), _one_of("100%")),
    "font-family": lambda value: bool(re.fullmatch(r"[\w ,'\"-]+", value)),
    "font-size": lambda value: _pixels(value, 1.0) is not None,
    "font-weight": lambda value: bool(re.fullmatch(r"normal|bold|[1-9]00", value)),
    "font-style": _one_of("normal", "italic"),
    "line-height": _lines,
    "letter-spacing": lambda value: bool(re.fullmatch(r"normal|[0-3](\.\d+)?(px)?", value)),
    "height": _one_of("auto"),
    "text-align": _one_of("left", "right", "center", "start", "end", "justify"),
    "vertical-align": _one_of("top", "middle", "bottom", "baseline"),
    "text-decoration": _one_of("none", "underline"),
    "display": _one_of("block", "inline", "inline-block", "table", "table-row", "table-cell", "list-item"),
    "word-break": _one_of("normal", "break-all", "break-word"),
    "overflow-wrap": _one_of("normal", "anywhere", "break-word"),
    "word-wrap": _one_of("normal", "break-word"),
    "list-style-type": _one_of("none", "disc", "circle", "square", "decimal"),
}
_VIEWPORT = re.compile(r"width=device-width(, ?initial-scale=1(\.0)?)?")
_ATTRIBUTES: dict[str, Callable[[str], bool]] = {
    **dict.fromkeys(
        ("href", "src", "style", "class", "id", "title", "alt", "lang", "face", "xmlns"), lambda value: True
    ),
    **dict.fromkeys(("align", "valign", "role", "target", "rel"), lambda value: bool(re.fullmatch(r"[a-z ]+", value))),
    **dict.fromkeys(("border", "cellpadding", "cellspacing", "height"), lambda value: _spaces(f"{value}px")),
    **dict.fromkeys(("colspan", "rowspan", "start"), lambda value: bool(re.fullmatch(r"\d{1,2}", value))),
    **dict.fromkeys(("color", "bgcolor"), _is_colour),
    "width": _wide,
    "dir": _one_of("ltr", "rtl", "auto"),
    "charset": _one_of("utf-8"),
    "name": _one_of("viewport"),
    "content": lambda value: bool(_VIEWPORT.fullmatch(value)),
    "size": lambda value: bool(re.fullmatch(r"[2-7]", value)),
}
_ONLY_ON = {
    "color": ("font", "hr"),
    "size": ("font", "hr"),
    "bgcolor": ("body", "table", "tr", "td", "th"),
    "name": ("meta",),
    "content": ("meta",),
    "charset": ("meta",),
}
"""What means nothing on other elements, where a page could seem to have a colour."""
_OF_A_PICTURE = frozenset(("width", "height"))
_ADDRESSES = frozenset(("cite", "srcset", "background", "poster", "action", "formaction", "data", "longdesc"))
"""Told as addresses already."""


def declarations(style: str) -> Iterator[tuple[str, str]]:
    """Name and value of each part of a style attribute."""
    for part in style.split(";"):
        name, _, value = part.partition(":")
        if part.strip():
            yield name.strip().lower(), value.strip().lower().removesuffix("!important").strip()


class Sight:
    """Follows a page element by element. `refused`: what a reader could not see, or not where it seems to stand."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self._open = [_Open("", _ROOT_PX, (0, 0, 0), (255, 255, 255))]
        self._bare = 0
        self._seen: set[str] = set()

    def begin(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        above = self._open[-1]
        allowed = _HOLDS.get(above.tag)
        misplaced = tag in _INSIDE and above.tag not in _INSIDE[tag]
        misplaced |= allowed is not None and tag not in allowed
        misplaced |= tag not in _WORDS_ONLY and any(one.tag in _IN_WORDS_ONLY for one in self._open)
        misplaced |= tag == "a" and any(one.tag == "a" for one in self._open)
        misplaced |= tag in ("html", "head", "body") and tag in self._seen
        if misplaced:
            self.refused.append(f"<{tag}> inside <{above.tag or 'nothing'}>, which programs move elsewhere")
        self._seen.add(tag)
        self._bare += tag not in _WORDS_ONLY or tag == "br"
        if self._bare == MOST_BARE:
            self.refused.append(f"{MOST_BARE} elements in a row without a word")
        given = {name: value or "" for name, value in attributes}
        if len(given) < len(attributes):
            self.refused.append(f"<{tag}> with an attribute twice")
        new = self._looks(tag, above, given)
        if tag in _VOID:
            return
        self._open.append(new)
        if len(self._open) == MOST_DEPTH:
            self.refused.append(f"more than {MOST_DEPTH} elements inside each other")

    def _looks(self, tag: str, above: _Open, given: dict[str, str]) -> _Open:
        for name, value in given.items():
            fits = _ATTRIBUTES.get(name)
            free = (tag in ("img", "hr") and name in _OF_A_PICTURE) or name in _ADDRESSES or name.startswith("xmlns:")
            elsewhere = tag not in _ONLY_ON.get(name, (tag,))
            if not free and (fits is None or elsewhere or not fits(value.strip().lower())):
                self.refused.append(f"the attribute {name}{f'={value[:40]}' if fits else ''}")
        pixels = above.pixels * _GROWS.get(tag, 1.0)
        front, back = (0, 0, 238) if tag == "a" else above.front, above.back
        front, back = colour_of(given.get("color", "")) or front, colour_of(given.get("bgcolor", "")) or back
        if tag == "font" and "size" in given:
            pixels = {"2": 13.0, "3": 16.0}.get(given["size"], 18.0)
        styles = list(declarations(given.get("style", "")))
        if len({name.removesuffix("-color") for name, _ in styles}) < len(styles):
            self.refused.append(f"a style of <{tag}> that says something twice")
        for name, value in styles:
            if name not in _STYLES or not _STYLES[name](value):
                self.refused.append(f"the style {name}:{value[:40]}, which can hide what it says")
            elif name == "color":
                front = colour_of(value) or front
            elif name in ("background", "background-color"):
                back = colour_of(value) or back
            elif name == "font-size":
                pixels = _pixels(value, above.pixels) or 0.0
        return _Open(tag, pixels, front, back)

    def end(self, tag: str) -> None:
        if tag in _VOID:
            return
        if self._open[-1].tag == tag and len(self._open) > 1:
            self._open.pop()
        else:
            self.refused.append(f"</{tag}> where <{self._open[-1].tag or 'nothing'}> is open")

    def words(self, data: str) -> None:
        """Text of the page."""
        here = self._open[-1]
        if not data.strip() or here.tag == "title":
            return
        if any(one.isalnum() and visible(one) == one for one in data):
            self._bare = 0
        if here.tag in _HOLDS:
            self.refused.append(f"words inside <{here.tag}>, which programs move elsewhere")
        if not LEAST_PX <= here.pixels <= MOST_PX:
            self.refused.append(f"letters of {here.pixels:.0f} px, where {LEAST_PX:.0f} to {MOST_PX:.0f} can be read")
        if contrast(here.front, here.back) < CONTRAST:
            self.refused.append("letters in a colour too close to what is behind them")

    def close(self) -> None:
        if len(self._open) > 1:
            self.refused.append(f"<{self._open[-1].tag}> that is not closed")

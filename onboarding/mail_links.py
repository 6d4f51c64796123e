"""Where a mail may lead: its one invitation or acceptance link, the documents that the built-in texts name, and the
`mail_links` of the connection. Both halves of a mail are read as a mail program reads them."""

from __future__ import annotations

import re
from collections.abc import Set
from html.parser import HTMLParser

_ADDRESS = re.compile(r"(?i)\b(?:[a-z][a-z0-9+.-]*://|www\.)[^\s<>\"']+")
_TAGS = """
html head meta title body style table tbody thead tr td th p br a span div b strong i em u small sup sub center font
h1 h2 h3 h4 ul ol li hr img
"""
_ADDRESS_ATTRIBUTES = """
href src srcset action formaction background poster cite data longdesc usemap ping manifest xlink:href
"""
_ALLOWED_TAGS, _LEADING = frozenset(_TAGS.split()), frozenset(_ADDRESS_ATTRIBUTES.split())
_ACTIVE_STYLE = re.compile(r"(?i)url\s*\(|@import|expression\s*\(")


def unlisted(text: str, allowed: Set[str]) -> list[str]:
    """The addresses in a text that are on no list, in the order of the text."""
    found = (match.group().rstrip(".,;:!?)]}") for match in _ADDRESS.finditer(text))
    return [address for address in dict.fromkeys(found) if address not in allowed]


class Page(HTMLParser):
    """An HTML page as a mail program sees it. `links`: where its anchors lead; `words`: its visible text."""

    def __init__(self, html: str, allowed: Set[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.links: set[str] = set()
        self.refused: list[str] = []
        self._allowed, self._texts, self._inside = allowed, list[str](), ""
        self.feed(html)
        self.close()

    @property
    def words(self) -> str:
        """The visible text, blanks made one."""
        return " ".join("".join(self._texts).split())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._inside = tag if tag in ("style", "title") else self._inside
        if tag not in _ALLOWED_TAGS:
            self.refused.append(f"the element <{tag}>")
        for name, given in attributes:
            value = given or ""
            if name in _LEADING:
                if tag == "a" and name == "href":
                    self.links.add(value)
                if value.strip() not in self._allowed:
                    self.refused.append(f"the address {value[:80]}")
            elif name.startswith("on") or name == "http-equiv":
                self.refused.append(f"the attribute {name}")
            elif name == "style" and _ACTIVE_STYLE.search(value):
                self.refused.append("a style that loads something")
        if tag in ("br", "p", "td", "tr", "div"):
            self._texts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            if _ACTIVE_STYLE.search(data):
                self.refused.append("a style that loads something")
            return
        self.refused += [f"the address {address[:80]}" for address in unlisted(data, self._allowed)]
        if self._inside != "title":
            self._texts.append(data)

    def handle_comment(self, data: str) -> None:
        # Some mail programs read what stands in a comment.
        if "<" in data or _ADDRESS.search(data):
            self.refused.append("a comment that holds markup or an address")

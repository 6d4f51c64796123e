"""Where a mail may lead: its one invitation or acceptance link, the documents that the built-in texts name, and the
`mail_links` of the connection. Both halves of a mail are read as a mail program reads them; what of a page a reader
sees is in `mail_sight`."""

from __future__ import annotations

import re
from collections.abc import Set
from html.parser import HTMLParser
from urllib.parse import urlsplit

from onboarding.people.mail_sight import Sight
from schemas.kinds.mail_domains import known_suffix

# Mail programs make links of all of these: schemes with any slashes, those that need none, and bare host names.
_ADDRESS = re.compile(
    r"(?i)(?:[a-z][a-z0-9+.-]{0,30}:[/\\]|www\.|\b(?:mailto|tel|sms|callto|skype|javascript|vbscript|data|file):(?=\S))"
    r"[^\s<>]*"
)
_BARE = re.compile(
    r"(?i)(?<![\w@.-])((?:\w[\w-]*[.\u2024\u3002\uff0e\uff61])+(?:xn--[a-z0-9-]+|[^\W\d_]{2,}))\.?((?:[:/?#\\][^\s<>]*)?)"
)
_NUMBER = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?[/?#\\][^\s<>]*")
# Signs without a shape: a link stays one when a mail program or a browser leaves them out.
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
_E_MAIL = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,255}")
_TAIL = ".,;:!?)]}\"'\u2019\u201d\u00bb"
_TAGS = """
html head meta title body table tbody thead tr td th p br a span div b strong i em u small sup sub center font
h1 h2 h3 h4 ul ol li hr img
"""
_ADDRESS_ATTRIBUTES = """
href src srcset action formaction background poster cite data longdesc usemap ping manifest xlink:href
"""
_ALLOWED_TAGS, _LEADING = frozenset(_TAGS.split()), frozenset(_ADDRESS_ATTRIBUTES.split())
_INLINE = frozenset(("a", "span", "b", "strong", "i", "em", "u", "small", "sup", "sub", "font"))
_ATTRIBUTES = r"""(?:[ \t\r\n\f]+[a-z][a-z0-9:_-]*(?:="[^"<>]*"|='[^'<>]*'|=[\w#%.-]+)?)*[ \t\r\n\f]*"""
# The markup that every program reads alike. Elsewhere a parser may see text where another one sees a link.
_MARKUP = re.compile(
    rf"(?ia)<!doctype html[^<>]*>|<!--[^<>]*?-->"
    rf"|<[a-z][a-z0-9]*{_ATTRIBUTES}/?>|</[a-z][a-z0-9]*[ \t\r\n\f]*>"
)


def unlisted(text: str, allowed: Set[str], values: str = "") -> list[str]:
    """The addresses in a text that are on no list, in the order of the text.

    ``values``: what the mail says of the customer; a company may be called like a domain ("Booking.com")."""
    text = text.translate(_UNSEEN)
    found = [match.group().rstrip(_TAIL) for match in _ADDRESS.finditer(text)]
    rest = _ADDRESS.sub(" ", _E_MAIL.sub(" ", text))
    hosts = {urlsplit(address).hostname for address in allowed}
    found += [match.group().rstrip(_TAIL) for match in _NUMBER.finditer(rest)]
    for match in _BARE.finditer(rest):
        host, path = match.groups()
        path = path.rstrip(_TAIL)
        named = host.lower() in hosts or host.lower() in values.lower()
        if (known_suffix(host.replace("\u2024", ".")) or ".xn--" in host.lower()) and (path or not named):
            found.append(host + path)
    return [address for address in dict.fromkeys(found) if address not in allowed]


class Page(HTMLParser):
    """An HTML page as a mail program sees it. `links`: where its anchors lead; `words`: its visible text."""

    def __init__(self, html: str, allowed: Set[str], values: str = "") -> None:
        super().__init__(convert_charrefs=True)
        self.links: set[str] = set()
        self.refused: list[str] = []
        self.unlisted: set[str] = set()
        self._allowed, self._values, self._texts, self._title = allowed, values, list[str](), False
        self._sight = Sight()
        self.feed(html)
        self.close()
        self._sight.close()
        # An address that is put together of several elements is still read as one.
        self._look(self.words)
        if "<" in _MARKUP.sub("", html):
            self.refused.append("markup that mail programs read in different ways")
        self.refused += self._sight.refused

    def _look(self, text: str) -> None:
        for address in unlisted(text, self._allowed, self._values):
            self._refuse(address)

    def _refuse(self, address: str) -> None:
        self.refused.append(told := f"the address {address[:80]}")
        self.unlisted.add(told)

    @property
    def words(self) -> str:
        """The visible text, blanks made one."""
        return " ".join("".join(self._texts).split())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._title = tag == "title"
        self._sight.begin(tag, attributes)
        if tag not in _ALLOWED_TAGS:
            own = " (write styles on the elements themselves)" if tag == "style" else ""
            self.refused.append(f"the element <{tag}>{own}")
        for name, given in attributes:
            value = given or ""
            if name in _LEADING:
                if tag == "a" and name == "href":
                    self.links.add(value)
                if value.strip() not in self._allowed:
                    self._refuse(value)
            elif not name.startswith("xmlns") and ("//" in value or _ADDRESS.search(value)):
                self._look(value if _ADDRESS.search(value) else f"https:{value}")
        if tag not in _INLINE:
            self._texts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._title = False
        self._sight.end(tag)
        if tag not in _INLINE:
            self._texts.append(" ")

    def handle_data(self, data: str) -> None:
        self._look(data)
        self._sight.words(data)
        if not self._title:
            self._texts.append(data)

    def handle_comment(self, data: str) -> None:
        # Some mail programs read what stands in a comment.
        if "<" in data or _ADDRESS.search(data):
            self.refused.append("a comment that holds markup or an address")

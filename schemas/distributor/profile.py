"""What texts say of a distributor: its name, the menus and labels of its console, its support.

Another distributor is another module beside `td_synnex`, and a line in `__init__`. Consoles get renamed: change a word
here and every next step follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Label:
    """A word of a console. `confidence`: `article` (the distributor's article names it), `knowledge base` (another page
    of it does), `inferred` (at most a figure shows it, and no text copy has that)."""

    text: str
    confidence: Literal["article", "knowledge base", "inferred"]


@dataclass(frozen=True, slots=True)
class Distributor:
    """name: as customers know it. product: what the command is for. console: how steps name the place where operators
    work. support: where tickets are opened. customers, providers: menu to a customer, and from there to its Cloud
    Provider rows (confidence: article). programs: menu to the approval of our own account; programs_edit: where it is
    edited. labels: name -> word, in the order of the forms."""

    name: str
    product: str
    console: str
    support: str
    customers: tuple[str, ...]
    providers: tuple[str, ...]
    programs: tuple[str, ...]
    programs_edit: tuple[str, ...]
    labels: Mapping[str, Label]

    def label(self, name: str) -> str:
        """The console's word for `name`. Raises KeyError for a name that no console has."""
        return self.labels[name].text

    def order(self, label: str) -> int:
        """Where a label stands in the forms, for values that have lost their order; unknown ones come last."""
        texts = [one.text for one in self.labels.values()]
        return texts.index(label) if label in texts else len(texts)

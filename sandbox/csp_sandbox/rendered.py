"""Pages for people, of the consoles and of Microsoft's sign-in: `console/templates` filled in."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from csp_sandbox.serving.web import Answer, Call, page

_pages = Environment(
    loader=PackageLoader("csp_sandbox.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.filters["segment"] = lambda text: quote(str(text), safe="")


def show(call: Call, template: str, status: int = 200, **values: Any) -> Answer:
    """Render a page. Every page knows the console's base path and the sandbox's time."""
    now = call.world.clock.now().strftime("%Y-%m-%d %H:%M UTC")
    text = _pages.get_template(template).render(base="/console", now=now, profile=call.world.profile, **values)
    return page(text, status)

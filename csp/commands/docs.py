"""`csp docs`: the manual, which is part of the product, at the release that runs."""

from pathlib import Path
from typing import Annotated

import typer

from csp.errors import CommandError
from csp.say import say, say_document
from schemas.kinds.nearest import nearest, quoted

NOT_FOR_USERS = ("decisions",)


def register(app: typer.Typer) -> None:
    app.command()(docs)


def manual() -> Path:
    """The folder of README.md, CHANGELOG.md and docs/: in the package, or the checkout that is installed in place."""
    packed = Path(__file__).parents[1] / "manual"
    return packed if packed.is_dir() else Path(__file__).resolve().parents[2]


def docs(page: Annotated[str, typer.Argument(help="A page, as listed. Without one: the list.")] = "") -> None:
    """List the pages of the manual, or print one."""
    root = manual()
    pages = {file.stem: file for file in sorted((root / "docs").glob("*.md")) if file.stem not in NOT_FOR_USERS}
    pages |= {name.lower(): root / f"{name}.md" for name in ("README", "CHANGELOG", "SECURITY")}
    if not page:
        say(f"in {root}:")
        for name, file in pages.items():
            with file.open(encoding="utf-8") as lines:
                say(f"  {name:26} {next(lines).lstrip('# ').strip()}")
        return
    if page not in pages:
        close = nearest(page, list(pages))
        raise CommandError(f"there is no page {quoted(page)}" + (f"; try {quoted(close)}" if close else ""), 2)
    say_document(pages[page].read_text("utf-8"))

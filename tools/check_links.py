"""Every relative link and heading anchor in the Markdown files leads somewhere.

Usage: python tools/check_links.py      exit 1 and one line per broken link.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SKIPPED_FOLDERS = {".csp", ".venv", ".git"}


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of the page's headings."""
    headings = re.findall(r"^#+\s+(.+?)\s*$", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """One line per link of the page that points to nothing."""
    found = []
    for match in LINK.finditer(FENCE.sub(lambda m: "\n" * m.group().count("\n"), page.read_text("utf-8"))):
        target = match.group(1)
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        line = page.read_text("utf-8")[: match.start()].count("\n") + 1
        where = f"{page.relative_to(ROOT)}:{line}"
        if not goal.exists():
            found.append(f"{where}: {target} does not exist")
        elif anchor and goal.suffix == ".md" and anchor not in anchors(goal):
            found.append(f"{where}: {target} has no such heading")
    return found


def main() -> int:
    pages = [p for p in sorted(ROOT.rglob("*.md")) if not SKIPPED_FOLDERS & set(p.relative_to(ROOT).parts)]
    broken = [line for page in pages for line in broken_links(page)]
    print("\n".join(broken) if broken else f"{len(pages)} pages, no broken link")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

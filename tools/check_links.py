"""Every relative link and heading anchor in the Markdown files leads somewhere, and every citation of docs/systems too.

A citation is the name of a page of docs/systems and a number: `ion.md 2.6`, `partner-center.md 14 (2)`. The number is
a heading of that page.

Usage: python tools/check_links.py      exit 1 and one line per broken link.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SYSTEMS = ROOT / "docs" / "systems"
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CITED = re.compile(r"\b(ion|partner-center|pulumi)\.md ((?:\d+(?:\.\d+)?(?: \(\d+\))?(?:, | and | to )?)+)")
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


def broken_citations(file: Path, numbers: dict[str, set[str]]) -> list[str]:
    """One line per citation of the file that names no section. `numbers`: page name -> numbers of its headings."""
    text = file.read_text("utf-8", errors="replace")
    return [
        f"{file.relative_to(ROOT)}:{text[: match.start()].count(chr(10)) + 1}: {match[1]}.md has no section {number}"
        for match in CITED.finditer(text)
        for number in re.findall(r"(?<![(\d.])\d+(?:\.\d+)?", match[2])
        if number not in numbers[match[1]]
    ]


def files(*suffixes: str) -> list[Path]:
    """All files with one of these suffixes that are not set up, built or git's."""
    return [
        path
        for suffix in suffixes
        for path in sorted(ROOT.rglob(f"*{suffix}"))
        if not SKIPPED_FOLDERS & set(path.relative_to(ROOT).parts)
    ]


def main() -> int:
    pages = files(".md")
    numbers = {
        page.stem: set(re.findall(r"^##+ (\d+(?:\.\d+)?)\.? ", page.read_text("utf-8"), re.MULTILINE))
        for page in SYSTEMS.glob("*.md")
    }
    cited = [line for file in files(".py", ".json", ".yaml", ".md") for line in broken_citations(file, numbers)]
    broken = [line for page in pages for line in broken_links(page)] + cited
    print("\n".join(broken) if broken else f"{len(pages)} pages, no broken link or citation")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

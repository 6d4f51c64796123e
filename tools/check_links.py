"""Every relative link and heading anchor in the Markdown files leads somewhere, and so does every reference in code.

A citation is the name of a page of docs/systems and a number: `ion.md 2.6`, `partner-center.md 14 (2)`. The number is
a heading of that page. In the folder of one system the number stands alone: `(2.6)`, `source="2.6"`. Files and modules
of ours that a text names (`csp/engine/moving.py`, `onboarding.drift.record` in backticks) are there.

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
ALONE = re.compile(r"""(?:\(|source=")(\d+\.\d+)(?: \(\d\))?[)",]""")
"""A number without its page. `source=` belongs to the tables of errors."""
PAGE_OF = {"ion": "ion", "partner_center": "partner-center", "entra": "partner-center"}
"""Folder of one system -> its page."""
PACKAGES = "clients|csp|drills|equipment|onboarding|providers|schemas"
PATH = re.compile(rf"(?<![\w./-])((?:{PACKAGES}|docs|tests|tools)/[\w./-]*\w\.(?:py|md|json))\b")
MODULE = re.compile(rf"`((?:{PACKAGES})(?:\.[A-Za-z_]\w*)+)`")
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


def broken_references(file: Path, numbers: dict[str, set[str]]) -> list[str]:
    """One line per number, file or module of ours that the code names and that is not there."""
    text = file.read_text("utf-8", errors="replace")
    named = [match for match in PATH.finditer(text) if not match[1].startswith("csp/manual/")]  # made with the wheel
    found = [(match, f"{match[1]} does not exist") for match in named if not (ROOT / match[1]).exists()]
    found += [(match, f"there is no {match[1]}") for match in MODULE.finditer(text) if not _is_there(match[1])]
    if (page := PAGE_OF.get(file.parent.name)) and file.parent.parent.name in ("clients", "csp_sandbox"):
        odd = [match for match in ALONE.finditer(text) if match[1] not in numbers[page]]
        found += [(match, f"{page}.md has no section {match[1]}") for match in odd]
    return [f"{file.relative_to(ROOT)}:{text[: match.start()].count(chr(10)) + 1}: {why}" for match, why in found]


def _is_there(name: str) -> bool:
    """Whether a dotted name is a package or module, or is defined in one."""
    place, (*rest,) = ROOT, name.split(".")
    while rest and (place / rest[0]).is_dir():
        place /= rest.pop(0)
    module = place / f"{rest.pop(0)}.py" if rest and (place / f"{rest[0]}.py").is_file() else place / "__init__.py"
    return not rest or (module.is_file() and re.search(rf"\b{rest[0]}\b", module.read_text("utf-8")) is not None)


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
    code = [file for file in files(".py") if "tests" not in file.relative_to(ROOT).parts]
    cited += [line for file in code for line in broken_references(file, numbers)]
    broken = [line for page in pages for line in broken_links(page)] + cited
    print("\n".join(broken) if broken else f"{len(pages)} pages, no broken link or citation")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

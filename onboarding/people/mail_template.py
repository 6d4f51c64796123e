"""Mail templates as data: the built-in ones, and the reseller's own, which a pull request may change.

A template has blocks, conditions and the values of its mail; no loops, calls, assignments or paths. So it always ends,
stays small, and can show nothing but those values: whatever else it names is refused before anything is rendered.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined, TemplateNotFound, nodes
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from schemas.read.inside import UnreadableError, read_inside

BUILT_IN = Path(__file__).parent / "mail_templates"
FRAME = "page.html.j2"
"""The HTML page around the paragraphs of a text."""
VALUES = frozenset({"name", "company", "link", "language", "we", "distributor", "agreement_text"})
FRAME_VALUES = VALUES | {"subject", "parts", "button"}
MAX_TEMPLATE, MAX_DEPTH, MAX_INCLUDES = 64 * 1024, 5, 10
MAX_PARTS = 40
"""Templates that one mail is made of, each time one is included."""
MAX_NODES, MAX_NESTING = 1500, 30
"""Size of one template once it is read: text, values, conditions; more take seconds to prepare, or Python's stack."""
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*\.(?:txt|html)\.j2")
_FILTERS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("upper", "lower", "title", "capitalize", "trim", "e", "escape"), (0,)),
    **dict.fromkeys(("default", "d"), (0, 1, 2)),
    "linked": (1,),
}
"""Filters, and how many arguments each may have: what fails on its arguments is found before a mail is made."""
_PLAIN = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.If, nodes.CondExpr, nodes.And, nodes.Or),
    *(nodes.Not, nodes.Compare, nodes.Operand, nodes.Concat, nodes.Block),
)


class UnusableError(ValueError):
    """A template that cannot be used; str() is one line that names template and line, and no value of a mail."""


class _Own(BaseLoader):
    """The reseller's own folder: flat, regular files of the project, no links. Each is checked as it is loaded."""

    def __init__(self, folder: Path, project: Path) -> None:
        self.folder, self.project = folder, project

    def get_source(self, environment: Any, template: str) -> tuple[str, str, Any]:
        path = self.folder / template
        if not _NAME.fullmatch(template) or not (path.is_symlink() or path.exists()):
            raise TemplateNotFound(template)
        if path.is_symlink() or is_linked(self.folder, self.project):
            raise UnusableError(f"{template}: it is reached by a link; only files of the folder itself are read")
        try:
            source = read_inside(path, self.project, MAX_TEMPLATE).decode("utf-8-sig")
        except UnreadableError as why:
            raise UnusableError(f"{template}: {why}") from None
        except UnicodeDecodeError:
            raise UnusableError(f"{template}: not UTF-8 text") from None
        try:
            _check(environment.parse(source, template), template)
        except (RecursionError, ValueError, OverflowError) as why:  # of the parser: brackets, or digits, without an end
            if isinstance(why, UnusableError):
                raise
            raise UnusableError(f"{template}:{_widest(source)}: nested too deeply, or a number too large") from None
        return source, str(path), lambda: True


def is_linked(folder: Path, project: Path) -> bool:
    """Whether a folder below the project is not where its name says: a link, or a path that leads out."""
    try:
        return not folder.resolve().is_relative_to(project.resolve()) or folder.resolve() != _lexical(folder, project)
    except (OSError, RuntimeError):  # a circle of links
        return True


def _lexical(folder: Path, project: Path) -> Path:
    return project.resolve() / folder.relative_to(project)


@functools.cache
def environment(own: Path | None, project: Path | None) -> SandboxedEnvironment:
    """Templates of the folder ``own`` (below ``project``) win; ``built-in/NAME`` is the built-in one of that name."""
    built_in = FileSystemLoader(BUILT_IN)
    loaders = [_Own(own, project)] if own is not None and project is not None else []
    made = SandboxedEnvironment(
        loader=ChoiceLoader([*loaders, built_in, PrefixLoader({"built-in": built_in})]),
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name) and str(name).endswith(".html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["linked"] = _linked
    return made


def is_own(name: str, own: Path | None) -> bool:
    """Whether a template of that name comes from the reseller's own folder."""
    return own is not None and (own / name).exists()


_IN_QUOTES = re.compile(r"""["']([a-z0-9][a-z0-9.-]*\.j2)["']""")


def named_inside(folder: Path, project: Path, names: list[str]) -> frozenset[str]:
    """The templates that files of the folder extend or include. What cannot be read names nothing."""
    found: set[str] = set()
    for name in filter(_NAME.fullmatch, names):
        try:
            text = read_inside(folder / name, project, MAX_TEMPLATE).decode("utf-8", "replace")
        except UnreadableError:
            continue
        found |= set(_IN_QUOTES.findall(text)) - {name}
    return frozenset(found)


def _widest(source: str) -> int:
    """The number of the longest line, where nesting without an end stands."""
    lines = source.split("\n")
    return max(range(len(lines)), key=lambda number: len(lines[number])) + 1


def check_parts(env: SandboxedEnvironment, name: str, above: tuple[str, ...] = (), count: int = 0) -> int:
    """Follow what a template extends and includes; the answer is how many parts that were, with ``count`` before it.
    Raises UnusableError for a circle, a chain that is too long or too many parts, and TemplateNotFound for a part that
    is not there."""
    if name in above or len(above) >= MAX_DEPTH:
        why = "includes itself" if name in above else f"more than {MAX_DEPTH} templates inside each other"
        raise UnusableError(f"{above[0]}: {why}, by {' -> '.join((*above, name))}")
    assert env.loader is not None
    source, file, _ = env.loader.get_source(env, name)
    plain = name.removeprefix("built-in/")
    label = f"built-in/{plain}" if Path(str(file)).parent == BUILT_IN else plain
    if label in above:
        raise UnusableError(f"{above[0]}: includes itself, by {' -> '.join((*above, label))}")
    for part in env.parse(source, name).find_all((nodes.Extends, nodes.Include)):
        if isinstance(named := getattr(part, "template", None), nodes.Const):
            count = check_parts(env, str(named.value), (*above, label), count + 1)
            if count > MAX_PARTS:
                raise UnusableError(f"{label}:{part.lineno}: more than {MAX_PARTS} templates in one mail")
    return count


_ONE_TEMPLATE = f"name one template in quotes, at most {MAX_INCLUDES} in a file"


def _check(tree: nodes.Template, template: str) -> None:
    """Raise UnusableError for the first thing that a template of the reseller may not hold."""
    frame = template.endswith(".html.j2")
    known = FRAME_VALUES | {"part"} if frame else VALUES
    includes = 0
    for count, (node, line, depth) in enumerate(_all(tree)):
        where = f"{template}:{line}"
        if depth > MAX_NESTING or count > MAX_NODES:
            what = (
                f"nested deeper than {MAX_NESTING} levels" if depth > MAX_NESTING else "too many conditions and values"
            )
            raise UnusableError(f"{where}: {what} for a mail template")
        includes += isinstance(node, nodes.Extends | nodes.Include)
        if includes > MAX_INCLUDES:
            raise UnusableError(f"{where}: {_ONE_TEMPLATE}")
        if isinstance(node, nodes.Name):
            if node.name not in known and node.name != "super":
                raise UnusableError(f"{where}: '{node.name}' is undefined; values are {', '.join(sorted(known))}")
        elif wrong := _forbidden(node, frame=frame):
            raise UnusableError(f"{where}: {wrong}")


def _forbidden(node: nodes.Node, *, frame: bool) -> str:
    """What of a node is not allowed, "" when nothing is."""
    match node:
        case nodes.Extends() | nodes.Include():
            if not isinstance(node.template, nodes.Const):
                return _ONE_TEMPLATE
            if not _NAME.fullmatch(str(node.template.value).removeprefix("built-in/")):
                return "only templates of the two folders can be included"
        case nodes.Filter():
            if node.name not in _FILTERS or (node.name == "linked" and not frame):
                return f"the filter {node.name} is not allowed in a mail template"
            if len(node.args) not in _FILTERS[node.name]:
                return f"the filter {node.name} has the wrong number of arguments"
        case nodes.Compare():
            if any(one.op not in ("eq", "ne") for one in node.ops):
                return "values are compared with == and != only"
        case nodes.Test():
            if node.name != "defined":
                return f"the test {node.name} is not allowed in a mail template"
        case nodes.For():
            return _forbidden_loop(node, frame=frame)
        case nodes.Block():
            if sum(_is_super(call) for call in node.find_all(nodes.Call)) > 1:
                return "super() at most once in a block"
        case _ if not isinstance(node, _PLAIN) and not _is_super(node):
            words = re.sub(r"(?<!^)(?=[A-Z])", " ", type(node).__name__).lower()
            return f"unsafe: {words} is not allowed in a mail template"
    return ""


def _forbidden_loop(node: nodes.For, *, frame: bool) -> str:
    """The frame repeats its paragraphs; nothing else is repeated."""
    if not (frame and isinstance(node.iter, nodes.Name) and node.iter.name == "parts" and not node.recursive):
        return "a loop is not allowed in a mail template"
    if any(node.find_all((nodes.For, nodes.Include, nodes.Block))):
        return "no loop, block or include inside the loop over the paragraphs"
    return ""


def _all(node: nodes.Node, line: int = 1, depth: int = 0) -> Iterator[tuple[nodes.Node, int, int]]:
    """Every node with its line and how deep it stands; some nodes have no line of their own."""
    line = node.lineno or next((part.lineno for part in node.find_all(nodes.Node) if part.lineno), line)
    yield node, line, depth
    for child in node.iter_child_nodes():
        yield from _all(child, line, depth + 1)


def _is_super(node: nodes.Node) -> bool:
    return (
        isinstance(node, nodes.Call)
        and isinstance(node.node, nodes.Name)
        and node.node.name == "super"
        and not (node.args or node.kwargs or node.dyn_args or node.dyn_kwargs)
    )


def _linked(part: str, url: str) -> Markup:
    """A paragraph as HTML, with one address in it made a link."""
    shown = escape(url)
    anchor = Markup('<a href="{0}" style="color:#0b5cad">{0}</a>').format(shown)
    lines = Markup("<br>").join(part.split("\n"))
    return Markup(str(lines).replace(str(shown), str(anchor)))  # noqa: S704 - both parts are escaped above

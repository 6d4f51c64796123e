"""Mail templates as data: the built-in ones, and the reseller's own, which a pull request may change.

A template has blocks, conditions and the values of its mail; no loops, calls, assignments or paths. So it always ends,
stays small, and can show nothing but those values: whatever else it names is refused before anything is rendered.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined, TemplateNotFound, nodes
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from schemas.inside import UnreadableError, read_inside

BUILT_IN = Path(__file__).parent / "mail_templates"
FRAME = "page.html.j2"
"""The HTML page around the paragraphs of a text."""
VALUES = frozenset({"name", "company", "link", "language", "we", "distributor", "agreement_text"})
FRAME_VALUES = VALUES | {"subject", "parts", "button"}
MAX_TEMPLATE, MAX_DEPTH, MAX_INCLUDES = 64 * 1024, 5, 10
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*\.(?:txt|html)\.j2")
_FILTERS = frozenset({"upper", "lower", "title", "capitalize", "trim", "default", "d", "e", "escape", "linked"})
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
        _check(environment.parse(source, template), template)
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


def check_parts(env: SandboxedEnvironment, name: str, above: tuple[str, ...] = ()) -> None:
    """Follow what a template extends and includes. Raises UnusableError for a circle or a chain that is too long, and
    TemplateNotFound for a part that is not there."""
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
            check_parts(env, str(named.value), (*above, label))


def _check(tree: nodes.Template, template: str) -> None:
    """Raise UnusableError for the first thing that a template of the reseller may not hold."""
    frame = template.endswith(".html.j2")
    known = FRAME_VALUES | {"part"} if frame else VALUES
    includes = 0
    for node in _all(tree):
        where = f"{template}:{node.lineno}"
        if isinstance(node, nodes.Name):
            if node.name not in known and node.name != "super":
                raise UnusableError(f"{where}: '{node.name}' is undefined; values are {', '.join(sorted(known))}")
        elif isinstance(node, nodes.Extends | nodes.Include):
            includes += 1
            if not isinstance(node.template, nodes.Const) or includes > MAX_INCLUDES:
                raise UnusableError(f"{where}: name one template in quotes, at most {MAX_INCLUDES} in a file")
            if not _NAME.fullmatch(str(node.template.value).removeprefix("built-in/")):
                raise UnusableError(f"{where}: only templates of the two folders can be included")
        elif isinstance(node, nodes.Filter):
            if node.name not in _FILTERS or (node.name == "linked" and not frame):
                raise UnusableError(f"{where}: the filter {node.name} is not allowed in a mail template")
        elif isinstance(node, nodes.Test):
            if node.name != "defined":
                raise UnusableError(f"{where}: the test {node.name} is not allowed in a mail template")
        elif isinstance(node, nodes.For):
            if not (frame and isinstance(node.iter, nodes.Name) and node.iter.name == "parts" and not node.recursive):
                raise UnusableError(f"{where}: a loop is not allowed in a mail template")
        elif isinstance(node, nodes.Block):
            if sum(_is_super(call) for call in node.find_all(nodes.Call)) > 1:
                raise UnusableError(f"{where}: super() at most once in a block")
        elif not isinstance(node, _PLAIN) and not _is_super(node):
            words = re.sub(r"(?<!^)(?=[A-Z])", " ", type(node).__name__).lower()
            raise UnusableError(f"{where}: unsafe: {words} is not allowed in a mail template")


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)


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

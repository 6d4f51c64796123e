"""The files of an estate's repository: templates of `files/`, filled in.

A template ends in `.j2` and lies where its file comes to lie, `__stack__` and `__connection__` replaced. Its marks are
`<@ value @>`, `<% if %>` and `<# remark #>`, because pipelines use braces themselves. Three folders: `every`
repository, the `first` stacks of a new one, `ci/SYSTEM`. `settings.md` of a system is part of the README.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from schemas.model.connection import Role

FILES = Path(__file__).with_name("files")
SCHEMAS = ("customer", "connection", "stack")
SCHEMA_FOLDER = ".schemas"
ROLES: tuple[Role, ...] = get_args(Role)
SENSITIVE = (
    "/stacks/connections/",
    "/stacks/mail/",
    "/stacks/Pulumi.*.yaml",
    "/policy/",
    "/Pulumi.yaml",
    "/__main__.py",
    "/estate.yaml",
    "/requirements*.txt",
    "/vendor/",
)
"""What code owners have to see, beside the pipeline files: paths as CODEOWNERS writes them."""
TRIAL = "trial"


@dataclass(frozen=True, slots=True)
class Answers:
    """What `csp init` was told. `role` and `country` are empty where the stacks came from elsewhere. `backend`: where
    the engine keeps state, "" for what the machine says. `source`: "vendor", or an index."""

    name: str
    ci: str
    owners: str
    stacks: tuple[str, ...]
    source: str = "vendor"
    backend: str = ""
    role: str = ""
    country: str = ""

    @property
    def first(self) -> bool:
        """Whether the first stacks are written too."""
        return bool(self.role)


def written(answers: Answers) -> dict[str, bytes]:
    """Path -> content of every file that is made of a template, and the editor's schemas."""
    made = {}
    known = _variables(answers)
    for folder in ("every", *(["first"] if answers.first else []), f"ci/{answers.ci}"):
        for template, path in _templates(folder, known):
            made[path] = _environment().get_template(template).render(known).encode()
    schemas = Path(__file__).resolve().parents[2] / "schemas"
    for name in SCHEMAS:
        made[f"{SCHEMA_FOLDER}/{name}.schema.json"] = (schemas / f"{name}.schema.json").read_bytes()
    return made


def settings(answers: Answers) -> list[str]:
    """What no file can set: a sentence or two for each page of the platform, as the README has them."""
    told = _environment().get_template(f"ci/{answers.ci}/settings.md").render(_variables(answers))
    return [" ".join(one.split()) for one in f"\n{told}".split("\n- ") if one.strip()]


def is_renewed(path: str) -> bool:
    """Whether `csp upgrade` may write a file again: not what people fill in."""
    return not path.startswith("stacks/")


def _templates(folder: str, known: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Templates of a folder, each with the path of its file."""
    for file in sorted((FILES / folder).rglob("*.j2")):
        path = file.relative_to(FILES / folder).as_posix().removesuffix(".j2")
        for word in ("stack", "connection"):
            path = path.replace(f"__{word}__", str(known.get(word, "")))
        yield file.relative_to(FILES).as_posix(), path


def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(  # noqa: S701 - no HTML
        loader=FileSystemLoader(FILES),
        undefined=StrictUndefined,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<@",
        variable_end_string="@>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _variables(answers: Answers) -> dict[str, Any]:
    known = {**asdict(answers), "first": answers.first, "vendored": answers.source == "vendor"}
    known |= {"stack": answers.stacks[0], "sensitive": list(SENSITIVE)}
    if not answers.first:
        return known
    from babel.numbers import get_territory_currencies

    from schemas.kinds.countries import countries

    country = answers.country
    currency = next(iter(get_territory_currencies(country)), "USD")
    known |= {"connection": country.lower(), "region": country.lower(), "country_name": countries()[country]}
    return known | {"currency": currency, "trial": trial(answers.role, country)}


def trial(role: str, country: str) -> dict[str, str]:
    """The sandbox account that is nearest to the real one: its profiles have US accounts, and a Canadian one of a
    provider. A partner with direct billing tries as a provider."""
    import yaml

    profile = "reseller" if role == "indirect-reseller" else "provider"
    account = "ca" if (profile, country) == ("provider", "CA") else "us"
    known: dict[str, dict[str, dict[str, str]]] = yaml.safe_load((FILES / "trials.yaml").read_text("utf-8"))
    mine = {"profile": profile, "account": account, "country": account.upper()}
    return mine | known["places"][account] | known["accounts"][f"{profile}-{account}"]

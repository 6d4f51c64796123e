"""The answers that `csp init` needs: from options, else from whoever sits at the terminal, each checked as it comes."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from csp.errors import CommandError
from csp.estate.layout import ROLES, TRIAL, Answers
from csp.review.surroundings import NAMES
from csp.say import say
from schemas.kinds.nearest import quoted

if TYPE_CHECKING:
    from csp.estate.move import Moved

NOBODY = "@your-org/csp-owners"
"""Stands where nobody was named; `csp doctor` tells."""
BACKENDS = ("azblob", "file", "gs", "https", "s3")
REVIEWERS = "Who reviews connections and pipelines (@org/team; empty: decide later)"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_STACK = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def new(
    folder: Path,
    *,
    role: str | None,
    country: str,
    ci: str | None,
    backend: str | None,
    owners: str | None,
    name: str,
    stacks: tuple[str, ...],
) -> Answers:
    """For a repository with its first stacks. Raises CommandError."""
    role = _asked(
        "--role", role, f"What are we to Partner Center ({', '.join(ROLES)})", lambda text: _one_of(text, *ROLES)
    )
    country = _asked("--country", country, "Where are our customers (a country)", _country)
    ci = _ci(ci)
    backend = _backend(_wanted(backend, "Where is state kept (azblob://..., s3://...; empty: decide later)"))
    owners = _owners(_wanted(owners, REVIEWERS))
    name = name or re.sub(r"[^A-Za-z0-9_.-]+", "-", folder.name).strip("-.")
    if not _NAME.fullmatch(name):
        raise CommandError(f"--name {quoted(name)}: letters, digits, - _ and . only, at most 100", 2)
    if len(stacks) > 1:
        raise CommandError("name one live stack with -s; more are files that you add", 2)
    stack = stacks[0] if stacks else "production"
    if not _STACK.fullmatch(stack) or stack == TRIAL:
        raise CommandError(f"-s {quoted(stack)}: small letters, digits and -, and not {TRIAL}", 2)
    return Answers(name, ci, owners, (stack,), backend=backend, role=role, country=country)


def moved(found: Moved, *, ci: str | None, owners: str | None, backend: str | None) -> Answers:
    """For stacks that come out of a checkout: project name and backend stay what they are."""
    if backend is not None and _backend(backend) != found.backend:
        raise CommandError(
            f"--backend: the stacks keep the state that they have ({found.backend or 'PULUMI_BACKEND_URL'})", 2
        )
    owners = _owners(_wanted(owners, REVIEWERS))
    return Answers(found.project, _ci(ci), owners, found.stacks, backend=found.backend)


def with_source(answers: Answers, source: str) -> Answers:
    return replace(answers, source=source)


def _ci(given: str | None) -> str:
    return _asked("--ci", given, f"Who runs the pipelines ({', '.join(NAMES)})", lambda text: _one_of(text, *NAMES))


def _one_of(value: str, *allowed: str) -> str:
    if value not in allowed:
        raise CommandError(f"{value!r} is not one of: {', '.join(allowed)}", 2)
    return value


def _asked(option: str, given: str | None, question: str, checked: Callable[[str], str]) -> str:
    """A value that must be there. At a terminal a wrong answer is told and asked again."""
    if given:
        return checked(given)
    if not _at_a_terminal():
        raise CommandError(f"{option} is missing, and there is no terminal to ask at", 2)
    while True:
        try:
            return checked(typer.prompt(question).strip())
        except CommandError as error:
            say(f"  {error}", err=True)


def _wanted(given: str | None, question: str) -> str:
    """A value that may be empty."""
    if given is not None or not _at_a_terminal():
        return given or ""
    answer: str = typer.prompt(question, default="", show_default=False)
    return answer.strip()


def _at_a_terminal() -> bool:
    return sys.stdin.isatty()


def _country(given: str) -> str:
    from schemas.kinds.countries import code_of, meant

    if code := code_of(given):
        return code
    hint = meant(given)
    raise CommandError(f"{quoted(given)} is no country" + (f"; try {hint}" if hint else ""), 2)


def _backend(url: str) -> str:
    """An address that may stand in a repository, or "". Raises CommandError."""
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in BACKENDS:
        raise CommandError(f"--backend {quoted(url)}: one of {', '.join(f'{one}://' for one in BACKENDS)}", 2)
    if parts.username or parts.password:
        raise CommandError(f"--backend: the address of {parts.hostname} holds a user or a password", 2)
    return url


def _owners(given: str) -> str:
    if given and not all(re.fullmatch(r"@[\w./-]+|[^@\s]+@[\w.-]+", one) for one in given.split()):
        raise CommandError(f"--owners {quoted(given)}: @user, @org/team or an e-mail address each", 2)
    return " ".join(given.split()) or NOBODY

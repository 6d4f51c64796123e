"""`csp comment`: a plan as one comment on its pull request, updated in place."""

import os
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from clients.redact import leaving
from csp.errors import CommandError
from csp.review import body, summary, surroundings
from csp.say import say

SAID = {
    "created": "commented on {where}",
    "updated": "updated the comment on {where}",
    "unchanged": "the comment on {where} says so already",
    "quiet": "nothing changes and nothing was said on {where} before: no comment",
    "late": "{where} has a newer commit than this plan ({commit}): its comment is left alone",
    "outdated": "marked the comment on {where} as that of an older commit",
    "none": "there is no comment of an older commit on {where}",
}


def register(app: typer.Typer) -> None:
    app.command()(comment)


def comment(
    reports: Annotated[
        list[Path] | None, typer.Argument(help="The plan as markdown, a file for each stack.", show_default=False)
    ] = None,
    on: Annotated[surroundings.Name | None, typer.Option("--on", help="The job's own platform if left out.")] = None,
    number: Annotated[str, typer.Option("--number", help="The pull request; the job's own if left out.")] = "",
    commit: Annotated[
        str, typer.Option("--commit", help="The commit that was planned; the job's own if left out.")
    ] = "",
    unchanged: Annotated[
        bool, typer.Option("--unchanged", help="The plan changes nothing: no comment where there is none yet.")
    ] = False,
    outdated: Annotated[
        bool,
        typer.Option("--outdated", help="Mark our comment as that of an older commit, before a new plan is there."),
    ] = False,
    keep: Annotated[Path, typer.Option("--keep", help="Where the whole report is written, uncut.")] = Path(
        "csp-plan.md"
    ),
) -> None:
    """Put the plan of a pull request into one comment on it, on GitHub, GitLab or Azure DevOps.

    Without a right to comment the report is on the job's page and in the file, and the command succeeds."""
    name = on or surroundings.platform_of(os.environ)
    if name is None:
        raise CommandError(
            "this is no job of GitHub, GitLab or Azure DevOps: say which with --on github|gitlab|azure", 2
        )
    job = surroundings.job(name, os.environ)
    if number and not re.fullmatch(r"[0-9]{1,18}", number):
        raise CommandError("--number is the number of a pull request: write digits alone", 2)
    if commit and not re.fullmatch(r"[0-9a-f]{7,64}", commit):
        raise CommandError("--commit is the name of a commit: write 7 to 64 hex digits", 2)
    number, commit = number or job.number, commit or job.commit
    if bool(reports) == outdated:
        raise CommandError("name the files that hold the plans as markdown, or say --outdated", 2)
    whole = ""
    if reports:
        whole = leaving(body.composed([_read(path) for path in reports], commit or "0000000"))
        _keep(keep, whole)
        where = (
            f"The whole report is an artifact of [this job]({job.page})."
            if job.page
            else f"The whole report is `{keep}`."
        )
        if line := summary.put(name, os.environ, whole, keep, where):
            # The one line that a runner must obey: it goes past `say`, which would make it harmless.
            typer.echo(line)  # noqa: TID251
    if not number or not commit:
        say(
            f"this job belongs to no pull request: the report is in {keep}"
            if reports
            else "this job belongs to no pull request"
        )
        return
    _write(name, number, commit, job, whole, quiet=unchanged)


def _write(name: str, number: str, commit: str, job: surroundings.Job, whole: str, *, quiet: bool) -> None:
    from csp.review import comment as writing
    from csp.review.azure import AzureDevOps
    from csp.review.github import GitHub
    from csp.review.gitlab import GitLab
    from csp.review.platform import Platform
    from csp.review.wire import NotAllowed, Refused

    where = f"pull request {number}" if name != "gitlab" else f"merge request {number}"
    if not job.token:
        variables = " or ".join(surroundings.TOKENS[job.name])
        say(f"no comment on {where}: there is no token in {variables}; the report is on the job's page")
        return
    try:
        made: type[Any] = {"github": GitHub, "gitlab": GitLab, "azure": AzureDevOps}[name]
        platform: Platform = made(os.environ, number, job.token)
    except KeyError as missing:
        raise CommandError(f"the variable {missing.args[0]} of the platform is not set", 2) from None
    if name == "azure" and os.environ.get("CSP_COMMENT_CHARACTERS", "").isdigit():
        platform.characters = int(os.environ["CSP_COMMENT_CHARACTERS"])
    try:
        if whole:
            told = f"The whole report is an artifact of [this job]({job.page})." if job.page else ""
            cut = body.fitted(whole, platform.characters, platform.size, told)
            done = writing.publish(platform, cut, commit, quiet=quiet)
        else:
            done = writing.supersede(platform)
    except NotAllowed as refused:
        say(f"no comment on {where}: {refused}; the report is on the job's page")
        return
    except Refused as refused:
        # A red plan job would say that the change is bad; the comment is only how it is told.
        say(f"csp: no comment on {where}: {refused}; the report is on the job's page", err=True)
        return
    finally:
        platform.close()
    say(SAID[done].format(where=where, commit=commit[:12]))


def _keep(path: Path, whole: str) -> None:
    try:
        path.write_text(whole, encoding="utf-8")
    except OSError as broken:
        raise CommandError(f"{path} cannot be written: {broken.strerror}", 1) from None


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as broken:
        raise CommandError(
            f"{path} cannot be read: {getattr(broken, 'strerror', None) or 'it is no UTF-8'}", 2
        ) from None

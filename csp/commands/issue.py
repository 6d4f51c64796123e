"""`csp issue`, `csp schedules`: what a schedule found, told where people see it; and whether it ran at all."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from clients.redact import leaving
from clients.wire import clock
from csp import exit_codes
from csp.errors import CommandError
from csp.review import surroundings
from csp.say import say, say_document
from schemas.plain import plain

SAID = {
    "opened": "opened the issue about {about}",
    "updated": "updated the issue about {about}",
    "unchanged": "the issue about {about} says so already",
    "closed": "closed the issue about {about}",
    "noted": "the issue about {about} stays open: this look could not see whether it is gone",
    "none": "there is no open issue about {about}",
}
On = Annotated[surroundings.Name | None, typer.Option("--on", help="The job's own platform if left out.")]
_ABOUT = re.compile(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*")


def register(app: typer.Typer) -> None:
    app.command()(issue)
    app.command()(schedules)


def issue(
    report: Annotated[Path, typer.Argument(help="What was found: markdown (.md), or any text.")],
    about: Annotated[str, typer.Option("--about", help="What it is about, as one word: drift-production.")],
    code: Annotated[int, typer.Option("--code", help="The exit code of the command that looked.")],
    found: Annotated[int, typer.Option("--found", help="The exit code that says it is there.")] = exit_codes.CHANGED,
    on: On = None,
) -> None:
    """Keep one issue about what a schedule looks at: open while it is there, closed after.

    In Azure DevOps it is a work item. --code 0 closes it, the code of --found opens or updates it; any other means that
    nobody could look: an open one stays open, with a note. Exit 1 where the platform does not take it."""
    from csp.review.issue import TRACKERS, State, publish
    from csp.review.wire import NotAllowed, Refused

    if not _ABOUT.fullmatch(about):
        raise CommandError(
            f"--about {about!r}: letters and digits, with one of - . _ in between, such as drift-production", 2
        )
    name, job = _job(on)
    state: State = "gone" if code == exit_codes.DONE else "found" if code == found else "unseen"
    when = f"{clock.now():%Y-%m-%d %H:%M} UTC" + (f", {job.page}" if job.page else "")
    told = {
        "found": f"Seen {when}",
        "gone": f"Gone: looked at {when}.",
        "unseen": f"Could not look at everything (exit code {code}), {when}. What is written above is older.",
    }[state]
    try:
        tracker = TRACKERS[name](os.environ, job.token)
    except KeyError as missing:
        raise CommandError(f"the variable {missing.args[0]} of the platform is not set", 2) from None
    try:
        done = publish(tracker, about, state, f"csp: {about.replace('-', ' ')}", _read(report), told)
    except (NotAllowed, Refused) as refused:
        raise CommandError(f"nothing was told about {about}: {refused}", 1) from None
    finally:
        tracker.close()
    say(SAID[done].format(about=about))


def schedules(
    pipelines: Annotated[list[str], typer.Argument(help="PIPELINE=HOURS: how old its last scheduled run may be.")],
    on: On = None,
) -> None:
    """Notice a schedule that did not run: platforms switch schedules off in silence.

    Exit 7 when one is too old or never ran, 10 when the platform does not say."""
    from csp.review.schedules import last_run
    from csp.review.wire import NotAllowed, Refused

    name, job = _job(on)
    worst, lines = exit_codes.DONE, []
    for wanted in pipelines:
        pipeline, hours = _wanted(wanted)
        try:
            last = last_run(name, os.environ, job.token, pipeline)
        except KeyError as missing:
            raise CommandError(f"the variable {missing.args[0]} of the platform is not set", 2) from None
        except (NotAllowed, Refused) as refused:
            lines.append(f"{plain(pipeline)}: not known, {refused}")
            worst = worst or exit_codes.BLIND
            continue
        late = last is None or clock.now() - last > timedelta(hours=hours)
        seen = "never ran on its schedule" if last is None else f"ran last at {last:%Y-%m-%d %H:%M} UTC"
        lines.append(f"{plain(pipeline)}: {seen}" + (f", more than {hours} hours ago" if late and last else ""))
        worst = exit_codes.CHANGED if late else worst
    say_document("\n".join(lines))
    raise typer.Exit(worst)


def _job(on: surroundings.Name | None) -> tuple[str, surroundings.Job]:
    name = on or surroundings.platform_of(os.environ)
    if name is None:
        raise CommandError(
            "this is no job of GitHub, GitLab or Azure DevOps: say which with --on github|gitlab|azure", 2
        )
    job = surroundings.job(name, os.environ)
    if not job.token:
        raise CommandError(f"there is no token in {' or '.join(surroundings.TOKENS[job.name])}", 2)
    return name, job


def _wanted(text: str) -> tuple[str, int]:
    pipeline, _, hours = text.rpartition("=")
    if not pipeline or not hours.isdigit() or not 0 < int(hours) < 10_000:
        raise CommandError(f"{text!r}: write PIPELINE=HOURS, such as drift.yml=50", 2)
    return pipeline, int(hours)


def _read(path: Path) -> str:
    """The report as markdown. What is no markdown is put into a fence that is longer than any in it."""
    try:
        text = leaving(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as broken:
        why = getattr(broken, "strerror", None) or "it is no UTF-8"
        raise CommandError(f"{path} cannot be read: {why}", 2) from None
    if path.suffix == ".md":
        return text
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}text\n{text.rstrip()}\n{fence}\n"

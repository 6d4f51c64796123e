"""The commands that run an operation: up, preview, refresh, destroy, import."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from dynamic_engine.commands.asking import confirmed, interactive
from dynamic_engine.commands.digest import Digest
from dynamic_engine.commands.parser import boolean
from dynamic_engine.commands.render import Human
from dynamic_engine.errors import EngineError, InteractionNeededError, UnexpectedChangesError, UnsupportedError
from dynamic_engine.plan.selection import Selection, protected
from dynamic_engine.plan.steps import SAME
from dynamic_engine.project.session import Session
from dynamic_engine.run.imports import read_import_file, run_import
from dynamic_engine.run.operation import Outcome, Request, Watcher, default_parallel, run

_KINDS = {"up": "update", "preview": "update", "refresh": "refresh", "destroy": "destroy"}
_QUIET = {SAME, "read"}  # operations that --expect-no-changes allows


class Display(Watcher, Protocol):
    """What prints an operation."""

    def heading(self, text: str) -> None:
        """The first line."""

    def summary(self, outcome: Outcome, *, outputs: bool) -> None:
        """The last lines."""


def operate(options: argparse.Namespace, folder: Path) -> int:
    """`up`, `preview`, `refresh` and `destroy`; the exit code."""
    session = Session(folder, options.stack)
    verb: str = options.verb
    yes, skip_preview, preview_only = _confirmation(options)
    session.require_stack()
    selection, spared = _selection(options, session)
    if selection is None:
        _tell(options, f"There were no unprotected resources to destroy. {spared}")
        return 0
    request = Request(
        kind=_KINDS[verb],
        preview=True,
        refresh=_wants_refresh(options, session),
        parallel=default_parallel() if options.parallel is None else max(options.parallel, 1),
        selection=selection,
        continue_on_error=getattr(options, "continue_on_error", False),
        clear_pending_creates=getattr(options, "clear_pending_creates", False),
        message=options.message,
        flags=options.given,
        exec_kind=options.exec_kind,
        exec_agent=options.exec_agent,
    )
    if verb == "preview" or preview_only:
        return _finish(options, _show(session, request, options))
    if not skip_preview:
        # One document for one command: the preview's is printed only when it is the end of the matter.
        outcome = _show(session, request, options, silent=options.json)
        if not outcome.ok:
            return 1
        if not yes and not confirmed(f"Do you want to perform this {verb}?"):
            raise EngineError(f"confirmation declined, {verb} is not performed")
    code = _finish(options, _show(session, replace(request, preview=False), options))
    if spared and not code:
        _tell(options, f"All unprotected resources were destroyed. {spared}")
    return code


def _selection(options: argparse.Namespace, session: Session) -> tuple[Selection | None, str]:
    """Whom the run comes to, None where ``--exclude-protected`` leaves nobody; and a sentence on how many it spares."""
    both: list[str] = getattr(options, "target_replace", [])  # `up` and `preview` have it
    excludes, spared = list(options.exclude), ""
    if getattr(options, "exclude_protected", False):  # `destroy` has it
        if options.target:
            raise EngineError("you cannot specify --target and --exclude-protected")
        states = session.snapshot().resources
        kept = protected(states)
        excludes += sorted(kept)
        count = sum(state.urn in kept for state in states)
        spared = f"There are still {count} protected resources associated with this stack." if count else ""
        if count and count == len(states):
            return None, spared
    selection = Selection(
        [*options.target, *both],
        excludes,
        [*getattr(options, "replace", []), *both],
        target_dependents=options.target_dependents,
        exclude_dependents=getattr(options, "exclude_dependents", False),  # `destroy` has no such flag
    )
    return selection, spared


def _tell(options: argparse.Namespace, text: str) -> None:
    if not options.json:
        print(text)


def _confirmation(options: argparse.Namespace) -> tuple[bool, bool, bool]:
    """Whether it is agreed to, done without a preview, or only a preview. Raises when nobody can be asked: exit code 2,
    and 1 for a refresh, as the CLI has it."""
    if options.verb == "preview":
        return False, False, True
    preview_only = getattr(options, "preview_only", False)  # `up` has no such flag
    if options.skip_preview and preview_only:
        raise EngineError("--skip-preview and --preview-only cannot be used together")
    if options.yes and preview_only:
        raise EngineError("--yes and --preview-only cannot be used together")
    if not (options.yes or options.skip_preview or preview_only) and not interactive(options):
        message = (
            "--yes or --skip-preview or --preview-only must be passed in to proceed when running in "
            "non-interactive mode"
        )
        raise EngineError(message) if options.verb == "refresh" else InteractionNeededError(message)
    return options.yes, options.skip_preview, preview_only


def _wants_refresh(options: argparse.Namespace, session: Session) -> bool:
    if options.verb == "refresh":
        return False  # the operation itself
    asked: str = options.refresh
    if not asked:
        return session.project.refresh_always
    try:
        return boolean(asked)
    except ValueError:
        raise EngineError(f"unable to determine value for --refresh: {asked!r} is neither true nor false") from None


def _display(session: Session, options: argparse.Namespace, *, preview: bool) -> Display:
    if options.json:
        return Digest(session.decrypted_config())
    return Human(preview=preview, diff=options.diff)


def _show(session: Session, request: Request, options: argparse.Namespace, *, silent: bool = False) -> Outcome:
    """Run and print. A *silent* one that went well prints nothing."""
    display = _display(session, options, preview=request.preview)
    display.heading(f"{'Previewing' if request.preview else 'Performing'} {request.kind} ({session.stack}):")
    outcome = run(session, request, display)
    if not (silent and outcome.ok):
        display.summary(outcome, outputs=request.kind == "update" and not options.suppress_outputs)
    return outcome


def _finish(options: argparse.Namespace, outcome: Outcome) -> int:
    if not outcome.ok:
        return 1
    expected = getattr(options, "expect_no_changes", False)  # `destroy` has no such flag
    if expected and any(op not in _QUIET for op in outcome.counts):
        raise UnexpectedChangesError(f"no changes were expected for {options.verb} but changes were proposed")
    return 0


def import_file(options: argparse.Namespace, folder: Path) -> int:
    """`import --file`; the exit code."""
    if not options.file:
        raise UnsupportedError("importing one resource by its id", "describe it in a file: --file")
    if options.generate_code:
        raise EngineError("the embedded engine generates no code: pass --generate-code=false")
    session = Session(folder, options.stack)
    session.require_stack()
    if not options.yes and not options.skip_preview and not options.preview_only and not interactive(options):
        raise InteractionNeededError("--yes or --skip-preview must be passed in to proceed in non-interactive mode")
    request = Request(
        kind="import",
        preview=False,
        message=options.message,
        flags=options.given,
        exec_kind=options.exec_kind,
        exec_agent=options.exec_agent,
    )
    entries = read_import_file(Path(options.file), session, protect=options.protect)
    for preview in (True, False):
        if (preview and options.skip_preview) or (not preview and options.preview_only):
            continue
        display: Display = Digest(session.decrypted_config()) if options.json else Human(preview=preview)
        display.heading(f"{'Previewing' if preview else 'Performing'} import ({session.stack}):")
        outcome = run_import(session, entries, display, preview=preview, request=request)
        display.summary(outcome, outputs=False)
        if not outcome.ok:
            return 1
        unasked = preview and not options.yes and not options.preview_only
        if unasked and not confirmed("Do you want to perform this import?"):
            raise EngineError("confirmation declined, import is not performed")
    return 0

"""The web console as a system: HTML pages below /console, for people with a browser."""

from __future__ import annotations

from csp_sandbox.ledger import OURS, rule
from csp_sandbox.rendered import show
from csp_sandbox.serving.door import TOKEN, let_browser_in, token_given
from csp_sandbox.serving.web import Call, RefusalError, System

TROUBLE = rule("console.trouble", "Pages that do not exist answer 404 with a page that says so.", source=OURS)


def trouble(call: Call, status: int, message: str) -> RefusalError:
    """A page that tells what is wrong."""
    texts = {404: "There is no such page.", 405: "This page cannot do that.", 500: "The sandbox failed; see its log."}
    text = message or texts.get(status, "The request could not be read.")
    return RefusalError(TROUBLE, show(call, "problem.html", status, title="Not possible", text=text))


def missing(call: Call, what: str) -> RefusalError:
    """A page about something that is not there."""
    return trouble(call, 404, f"There is no such {what}.")


def _before(call: Call) -> None:
    let_browser_in(call)
    if call.operation.auth == "none" or token_given(call):
        return
    if call.operation.path.startswith("/microsoft/"):  # a program that follows a customer's link
        call.world.recorder.count("links_opened_by_others")
    text = "Open the console with its address in the ready line (csp sandbox show prints it): it holds the token."
    raise RefusalError(TOKEN, show(call, "problem.html", 401, title="Not possible", text=text))


CONSOLE = System(name="console", title="Web console", base="/console", trouble=trouble, before=_before, public=False)

"""Every exit code of every command, as data: docs/exit-codes.md is made of it (`python -m csp.exit_codes`)."""

from collections.abc import Mapping

from onboarding.readiness.blind import UNOBSERVED

DONE, FAILED, WRONG, CHANGED, NOT_REVIEWED, HELD, BLIND = 0, 1, 2, 7, 8, 9, UNOBSERVED
MEANINGS: Mapping[int, str] = {
    DONE: "done, and everything that was to be looked at was looked at",
    FAILED: "failed; the last line says what and what to do",
    WRONG: "a wrong declaration, a wrong option or argument, or a stack without state: nothing was sent",
    CHANGED: "a change was found that was not expected (`--expect-no-changes`), or drift",
    NOT_REVIEWED: "what would run is not what was reviewed, or the plan is missing, changed, cut or expired: nothing "
    "was sent",
    HELD: "all that was reviewed was done, except for customers whose live values are not those that were reviewed: "
    "they were held back, each with a line",
    BLIND: "all that could be done was done, but not everything could be looked at; the first line (after a run: the "
    "last one) says what, since when, why, and what to do",
}
"""What each code means in every command; the strongest reason wins: 1, 2 and 8, then 9, then 7, then 10, then 0."""

_RUN = {FAILED: "a resource failed, the guard refused, a token is of another account, the stack is locked"}
_LOOKED = {BLIND: "some could not be looked at; everything else was done"}
COMMANDS: Mapping[str, Mapping[int, str]] = {
    "up": {
        **_RUN,
        CHANGED: "with `--expect-no-changes`",
        NOT_REVIEWED: "with `--plan`, or where the policy wants one",
        HELD: "with `--plan`",
        **_LOOKED,
    },
    "preview": {**_RUN, CHANGED: "with `--expect-no-changes`", **_LOOKED},
    "plan": {FAILED: "a run of it would be refused (the refusals stand on top), or the preview failed", **_LOOKED},
    "refresh": {**_RUN, CHANGED: "with `--expect-no-changes`", **_LOOKED},
    "destroy": {**_RUN, CHANGED: "with `--expect-no-changes`", **_LOOKED},
    "env": {},
    "validate": {WRONG: "there is at least one error; warnings alone end with 0"},
    "status": {
        FAILED: "`--fail-on blocked` or `waiting` found one; the state or the only account cannot be read",
        BLIND: "with `--fail-on` of any kind (`unobserved` alone: nothing else), or with `--live`",
    },
    "todo": {FAILED: "the state or the only account cannot be read", BLIND: "with `--live`"},
    "evidence": {FAILED: "the state cannot be read"},
    "drift": {
        FAILED: "could not begin",
        CHANGED: "a kind of `--fail-on` was found (drift, unless told otherwise), also when not everything was seen",
        BLIND: "nothing of `--fail-on` in what could be looked at",
    },
    "adopt": {FAILED: "the account cannot be read, or the import failed", BLIND: "a customer could not be looked at"},
    "confirm": {},
    "retry": {**_RUN, **_LOOKED},
    "recover": {
        **_RUN,
        FAILED: "a run is under way, the lock is of another machine, or the run that goes on failed",
        CHANGED: "the preview at the end is not quiet",
        HELD: "with `--plan`",
        **_LOOKED,
    },
    "comment": {},
    "issue": {FAILED: "the platform did not take it: nobody was told"},
    "schedules": {CHANGED: "one is too old or never ran", BLIND: "the platform does not say when one ran"},
    "stacks": {},
    "cancel": {FAILED: "the engine could not remove the lock"},
    "doctor": {FAILED: "a line fails"},
    "auth ion login": {FAILED: "refused, not reached, or not good for the account"},
    "auth ion status": {FAILED: "there is no token, or ION does not take it for the account"},
    "auth ion keepalive": {FAILED: "not renewed"},
    "auth ion try-again": {FAILED: "refused: request new credentials"},
    "auth microsoft login": {FAILED: "refused, not reached, or not good for Partner Center"},
    "auth microsoft status": {FAILED: "a line fails"},
    "handover list": {FAILED: "the store cannot be read"},
    "handover deliver": {FAILED: "not delivered"},
    "handover put": {FAILED: "not stored"},
    "handover record": {FAILED: "not recorded"},
    "handover lost": {FAILED: "not recorded"},
    "invite show": {FAILED: "the state cannot be read"},
    "invite send": {**_RUN, FAILED: "not sent, or the run failed", **_LOOKED},
    "invite renew": {**_RUN, FAILED: "not sent, or the run failed", **_LOOKED},
    "init": {FAILED: "a wheel could not be had, or a file not written"},
    "upgrade": {FAILED: "the release could not be had, or a file not written"},
    "docs": {},
    "completion": {},
    "sandbox start": {FAILED: "it did not start"},
    "sandbox stop": {FAILED: "it did not stop"},
    "sandbox show": {},
    "sandbox reset": {FAILED: "it does not run"},
    "sandbox clock": {FAILED: "it does not run"},
}
"""Command -> the codes it may end with, and what is special there. 0 and 2 belong to every command."""

HEAD = """# Exit codes

Every command of `csp`, and nothing else than these. Made by `python -m csp.exit_codes`; a test compares.

"""
TAIL = """
128 and more: ended by a signal (130 is Ctrl-C). A command whose engine ends with a code of its own ends with 1.

Who has portal access, waits or is stopped is no failure of a run: pipelines ask with `--fail-on` of `csp status`.

## Plain `pulumi`

| code | when |
|---|---|
| 0 | done; also when customers wait or are stopped |
| 1 | failed; also when the run looked and could not see |
| 6 | no such stack; `csp` says how to make it, and ends with 2 |
| 7 | `--expect-no-changes` found one |

A plain `pulumi preview` or `up` that looked and could not see fails by one last resource, `csp:LastLook`, named by
the connection, with what could not be looked at. Everything else is done before; only removals wait for the next run.
It never enters the state. `--refresh=false` and `--target` never make it fail. `pulumi refresh` runs no program, so
that it ends with 0: use `csp refresh`.
"""


def page() -> str:
    """docs/exit-codes.md."""
    lines = ["| code | meaning |", "|---|---|", *(f"| {code} | {text} |" for code, text in MEANINGS.items()), ""]
    lines += ["The strongest reason wins: 1, 2 and 8, then 9, then 7, then 10, then 0.", "", "## By command", ""]
    shown = (FAILED, CHANGED, NOT_REVIEWED, HELD, BLIND)
    lines += ["| command | 1 | 7 | 8 | 9 | 10 |", "|---|---|---|---|---|---|"]
    for name, codes in COMMANDS.items():
        lines.append(f"| `csp {name}` | " + " | ".join(codes.get(code, "") for code in shown) + " |")
    return HEAD + "\n".join(lines) + "\n" + TAIL


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - the page of docs/

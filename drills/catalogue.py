"""The catalogue: every drill, what it proves, how it is played in full, and its sample in every run of the suite.

README.md shows it (`python -m drills --write`), `make drills` and `make faults` play it. A test holds both to the
modules that there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).with_name("README.md")
START, END = "<!-- made of drills/catalogue.py by make schemas -->\n", "<!-- end of the catalogue -->\n"
TARGETS = {"faults": "make faults", "drills": "make drills"}
"""Part of the catalogue -> the command that plays it."""


@dataclass(frozen=True)
class Drill:
    """A drill is a module below `drills` with a `main`, played as a process of its own: exit code 0 says that it held.

    `full`: the argument lists that together play all of it, or as much as is worth its time, each a process.
    `counts`: what its last line counts, as in `300 cells, 0 failed`; without that figure it failed. Empty: one figure a
    line. `parts`: modules that it plays as well. `sample`: the test that plays some of it in `make test`.
    """

    module: str
    target: str
    proves: str
    sample: str
    full: tuple[tuple[str, ...], ...] = ((),)
    counts: str = ""
    parts: tuple[str, ...] = ()


_THIRDS = tuple(("--every", "3", "--first", str(n)) for n in range(3))

# The longest first, so that two processes at a time end together.
CATALOGUE = (
    Drill(
        "faults.onboarding",
        "faults",
        "Whole runs end by themselves and converge, whatever goes wrong at any one call before or after it was carried "
        "out: nothing exists or is asked for twice, no call comes before its Retry-After, no secret comes out.",
        "drills/tests/test_fault_drills.py",
        _THIRDS,
        counts="cells",
    ),
    Drill(
        "faults.wire",
        "faults",
        "The same for every call of the clients alone: the outcome is the expected one, and at most two more tries "
        "converge.",
        "tests/clients/test_fault_matrix.py",
        counts="cells",
    ),
    Drill(
        "faults.vault",
        "faults",
        "Every fault at every call to Key Vault, through Azure's own library over TLS, ends in an expected outcome in "
        "one line without a secret; the same call works afterwards.",
        "tests/clients/test_key_vault_faults.py",
        counts="cells",
    ),
    Drill(
        "faults.long_lists",
        "faults",
        "A list of 10,000 customers comes complete or is an error, whatever happens between two pages.",
        "drills/tests/test_fault_drills.py",
        counts="cells",
    ),
    Drill(
        "races.tokens",
        "faults",
        "Two processes race for one single-use refresh token under SIGKILL: the store then holds exactly one usable "
        "token, or says that the answer was lost.",
        "drills/tests/test_fault_drills.py",
        (("--races", "500", "--seed", "1"), ("--races", "500", "--seed", "2")),
        counts="races",
    ),
    Drill(
        "reading.adopt",
        "drills",
        "Accounts of 5,000 and 1,000 customers are adopted whole, a second adoption changes no byte, the next previews "
        "are empty, nothing is written remotely; a kill at any file operation is finished by the next adoption.",
        "drills/tests/test_adopt_drill.py",
        parts=("kills.adopt",),
    ),
    Drill(
        "faults.storage",
        "drills",
        "A disk that is full, read-only, forbidden, broken or gone at any file operation loses no password and no "
        "token chain, sends nothing twice, and ends a run with one line.",
        "drills/tests/test_storage_drill.py",
        (("--every", "3"),),
    ),
    Drill(
        "races.order",
        "drills",
        "Two random change sets (files and consoles) end in equal systems and an equal state in either order.",
        "drills/tests/test_crash_drills.py",
    ),
    Drill(
        "kills.runs",
        "drills",
        "A run that is killed at any boundary of any call, or whose result never reaches state, is finished by the "
        "next: nothing twice, nothing lost, quiet afterwards. Then real processes at random moments.",
        "drills/tests/test_crash_drills.py",
        parts=("kills.processes",),
    ),
    Drill(
        "reading.drift",
        "drills",
        "Of 200 random changes to 1,000 customers each one is told and nothing else, in no more calls than allowed; "
        "what no list shows is named.",
        "drills/tests/test_drift_drill.py",
    ),
    Drill(
        "races.two_pipelines",
        "drills",
        "One pipeline is held at every call while another runs on the same estate: nothing twice, a clear line for who "
        "may not wait, quiet afterwards. Then real `csp up` beside each other. All of it in one folder, and with "
        "runners that share a PostgreSQL database alone: also with locks that are lost on the way, and one reviewed "
        "plan that both carry out.",
        "drills/tests/test_crash_drills.py",
        full=((), ("--postgresql",)),
        parts=("races.two_processes",),
    ),
    Drill(
        "races.review",
        "drills",
        "Of 200 seeded changes between the review of a plan and its run each one that matters refuses the run or holds "
        "back its customer by name, and no other refuses anything; the plugin alone writes nothing of a changed file.",
        "drills/tests/test_review_drill.py",
        counts="changes",
    ),
    Drill(
        "kills.commands",
        "drills",
        "`csp handover`, `csp confirm` and `csp invite`, killed at every file operation and request: a password is "
        "delivered once, no mail leaves twice, files are whole, the command can be repeated.",
        "drills/tests/test_crash_drills.py",
        # All of them take over half an hour.
        (("--every", "4"),),
        parts=("kills.handover", "kills.invite"),
    ),
    Drill(
        "reading.readiness",
        "drills",
        "For all 2^7 combinations of the gates, in four ways of looking, the verdict is what the checkout answers, and "
        "the next step is the right one.",
        "drills/tests/test_readiness_drill.py",
    ),
)


def table() -> str:
    """The catalogue in Markdown."""
    rows = []
    for target, command in TARGETS.items():
        rows += [
            f"`{command}`:",
            "",
            "| drill | what it proves | in full | sample of `make test` |",
            "|---|---|---|---|",
        ]
        for one in CATALOGUE:
            if one.target == target:
                module = f"[`{one.module}`]({one.module.replace('.', '/')}.py)"
                parts = "".join(f", [`{part}`]({part.replace('.', '/')}.py)" for part in one.parts)
                full = ", ".join(f"`{' '.join(arguments)}`" for arguments in one.full if arguments) or "as it is"
                rows.append(f"| {module}{parts} | {one.proves} | {full} | [{one.sample}](../{one.sample}) |")
        rows.append("")
    return "\n".join(rows)


def page(text: str) -> str:
    """*text* of the README with the catalogue as it must be."""
    before, rest = text.split(START)
    return f"{before}{START}\n{table()}\n{END}{rest.split(END)[1]}"

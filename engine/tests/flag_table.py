"""What a command line means: words and variables, the exit code, and what the provider is asked. Data for test_flags.

The stack holds the things `a` and `b`, both as declared. A line leaves that as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field

BOTH = ("check a", "diff a", "check b", "diff b")
ONE = ("check a", "diff a")
OTHER = ("check b", "diff b")
READ = ("read a", "diff a", "read b", "diff b")
REFRESHED = (*READ, *BOTH)


@dataclass(frozen=True)
class Row:
    """One command. ``calls`` in any order, None: not looked at. ``refused``: the embedded engine names this and asks
    nobody anything, whatever the CLI does."""

    words: str
    code: int = 0
    calls: tuple[str, ...] | None = None
    variables: dict[str, str] = field(default_factory=dict)
    refused: str = ""
    says: str = ""


def row(words: str, code: int = 0, calls: tuple[str, ...] | None = None, **more: str) -> Row:
    """A row whose variables are written as ``OPTION_YES="true"``."""
    refused, says = more.pop("refused", ""), more.pop("says", "")
    return Row(words, code, calls, {f"PULUMI_{name}": value for name, value in more.items()}, refused, says)


ROWS = [
    # bundles and values of short flags
    row("up -yf", 0, BOTH),
    row("up -fy", 0, BOTH),
    row("up --yes -rf", 0, REFRESHED),
    row("up -rf", 0, REFRESHED),
    row("up -r=false -f", 0, BOTH),
    row("up -fr=true", 0, REFRESHED),
    row("up -yfp2", 0, BOTH),
    row("up -yfp 2", 0, BOTH),
    row("up -yfp=0", 0, BOTH),
    row("up -ft=**::a", 0, ONE),
    row("up -ft **::a", 0, ONE),
    row("up -f --target=**::a -t **::b", 0, BOTH),
    row("up -y=false", 2, ()),
    row("up -y=perhaps", 1, ()),
    row("up --yes true", 1, ()),
    row("up -yz", 1, (), says="z"),
    row("up -yt", 1, ()),
    row("preview -f", 1, ()),
    row("preview -jr", 0, REFRESHED),
    row("preview --parallel two", 1, ()),
    row("-s dev preview", 0, BOTH),
    row("preview -s=dev -r", 0, REFRESHED),
    row("preview -- ", 0, BOTH),
    row("preview -- dev", 1, ()),
    row("refresh -fy", 0, READ),
    row("refresh -ft **::a", 0, ("read a", "diff a")),
    # variables
    row("preview", 0, ONE, OPTION_TARGET="**::a"),
    row("preview", 0, BOTH, OPTION_TARGET="**::a,**::b"),
    row("preview -t **::b", 0, BOTH, OPTION_TARGET="**::a"),
    row("preview", 0, REFRESHED, OPTION_REFRESH="true"),
    row("preview --refresh=false", 0, BOTH, OPTION_REFRESH="true"),
    row("preview", 1, (), OPTION_REFRESH="sometimes"),
    row("up", 0, None, OPTION_YES="true"),
    row("up --yes=false", 2, (), OPTION_YES="true"),
    row("up", 0, None, OPTION_YES="1"),
    row("up", 0, BOTH, OPTION_SKIP_PREVIEW="true"),
    row("up", 0, None, SKIP_CONFIRMATIONS="true"),
    row("refresh --preview-only", 1, (), SKIP_CONFIRMATIONS="true"),
    row("refresh --preview-only", 1, (), OPTION_YES="true"),
    row("preview", 6, (), OPTION_STACK="nobody"),
    row("preview -s dev", 0, BOTH, OPTION_STACK="nobody"),
    row("preview", 1, (), STACK="nobody"),
    row("preview", 0, BOTH, PARALLEL="2"),
    row("preview", 0, BOTH, OPTION_SHOW_SECRETS="false"),
    row("refresh -f", 0, None, RUN_PROGRAM="true", refused="PULUMI_RUN_PROGRAM"),
    row("refresh -f --run-program=false", 0, READ, RUN_PROGRAM="true"),
    row("preview", 0, OTHER, OPTION_EXCLUDE="**::a"),
    row("preview -x **::a", 0, OTHER),
    row("preview -jx**::a -x **::b", 0, ()),
    row("preview --exclude **::a --exclude-dependents", 0, OTHER),
    row("up -f --exclude **::a", 0, OTHER),
    row("up -f -x **::a", 1, (), says="x"),
    row("up -fx **::a", 1, (), says="x"),
    row("refresh -fx **::a", 0, ("read b", "diff b")),
    row("refresh -f -x urn:pulumi:dev::nobody", 1, ()),
    row("destroy -fx **", 0, ()),
    row("destroy -f --exclude-protected -t **::a", 1, ()),
    row("preview --replace **::a", 0, ("check a", "check b", "diff b")),
    row("preview --target-replace **::a", 0, ("check a",)),
    row("preview --target-replace **::a -x **::b", 0, None),
    row("preview --replace urn:pulumi:dev::nobody", 1, ()),
    row("preview -t **::b", 1, (), OPTION_EXCLUDE="**::a"),
    row("up -f --continue-on-error=false", 0, BOTH, CONTINUE_ON_ERROR="true"),
    row("up -f", 0, BOTH, CONTINUE_ON_ERROR="true"),
    # nobody can be asked
    row("up", 2, ()),
    row("destroy", 2, ()),
    row("refresh", 1, ()),
    row("stack rm dev", 1, ()),
    row("cancel", 0, ()),
    row("cancel dev", 0, ()),
    row("cancel -y dev", 0, ()),
    row("cancel dev -s dev", 1, ()),
    # what the CLI does not have either
    row("destroy -f --expect-no-changes", 1, ()),
    row("up --preview-only", 1, ()),
    row("preview --nothing", 1, (), says="--nothing"),
    row("nothing", 1, ()),
    row("stack nothing", 1, ()),
    # about the display
    row("preview --color never -e --suppress-outputs --suppress-progress --suppress-permalink", 0, BOTH),
    row("preview --show-config --show-reads --show-replacement-steps --show-sames --urns --show-full-output", 0, BOTH),
    row("preview --suppress-permalink=true --skip-plugin-pre-install -d", 0, BOTH),
    row("preview --color pink", 1, ()),
    row("preview --non-interactive", 0, BOTH),
    row("preview", 0, BOTH, OPTION_COLOR="never"),
    # stacks and configuration
    row("stack select -c other", 0, ()),
    row("stack rm -y other", 0, ()),
    row("stack rm -y nobody", 6, ()),
    row("stack select dev", 0, ()),
    row("stack rm dev -s dev -y", 1, ()),
    row("stack rm -y dev", 1, (), says="resources"),
    row("config set label one", 0, ()),
    row("config rm label", 0, ()),
    row("config rm label", 0, ()),
    row("config get label", 1, ()),
    row("state unprotect **nothing** -y", 1, ()),
    row("state rm urn:pulumi:dev::things::pulumi:pulumi:Stack::things-dev -y", 1, ()),
    row("stack history --json", 0, ()),
]

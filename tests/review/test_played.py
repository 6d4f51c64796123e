"""Every step of the pipelines of `csp init`, in order, in a clean environment against the sandbox, on each platform: a
pull request, a fork's, a merge in each way that platforms merge, a refused plan, drift found and gone, ION down."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from equipment.workspace import Workspace
from tests.review import tracking
from tests.review.platforms import Server, serving
from tests.review.steps import Runner, jobs, steps
from tests.review.test_pipelines import SYSTEMS
from tests.review.test_touched import git

FOLDERS = {"github": ".github/workflows/", "gitlab": ".gitlab/ci/", "azure": "pipelines/"}
PULL_REQUEST = {
    "github": ("check", "plan", "comment"),
    "gitlab": ("check", "outdated", "plan provider", "comment"),
    "azure": ("check", "plan_1", "comment"),
}
MERGE = {
    "github": ("check", "plan", "apply"),
    "gitlab": ("plan merged provider", "apply provider"),
    "azure": ("plan", "apply"),
}
DRIFT = {"github": "drift", "gitlab": "drift provider", "azure": "drift_1"}
NEW, OLD = 'phone: "+1 425 555 0155" #', "phone:"


class Play:
    """One platform's pipeline over the estate of a sandbox."""

    def __init__(self, system: str, workspace: Workspace, server: Server, tmp: Path) -> None:
        self.system, self.workspace, self.server, self.tmp = system, workspace, server, tmp
        self.base = self.git("rev-parse", "main")
        variables = server.environment(tmp)
        variables |= {"STACK": "provider", "PULUMI_CONFIG_PASSPHRASE": "", "PIPELINE_WORKSPACE": str(tmp)}
        variables |= {"GITHUB_OUTPUT": str(tmp / "outputs"), "REVIEWED": str(tmp / "reviewed.json")}
        variables |= {"CI_MERGE_REQUEST_DIFF_BASE_SHA": self.base, "CI_COMMIT_BEFORE_SHA": self.base}
        variables |= {"CI_DEFAULT_BRANCH": "main", "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"}
        known = dict.fromkeys(("vars.PULUMI_BACKEND_URL", "secrets.PULUMI_CONFIG_PASSPHRASE", "PULUMI_BACKEND_URL"), "")
        known |= {"PULUMI_CONFIG_PASSPHRASE": "", "matrix.stack": "provider", "github.workspace": str(workspace.root)}
        known |= {"github.event.pull_request.base.sha": self.base, "github.event.before": self.base}
        known |= {"github.token": "t0ken", "System.AccessToken": "t0ken"}
        self.runner = Runner(workspace.root, variables, known)

    def git(self, *words: str) -> str:
        return git("-C", str(self.workspace.root), *words)

    def file(self, name: str) -> str:
        return f"{FOLDERS[self.system]}{name}.yml"

    def job(self, file: str, name: str, expect: int = 0) -> str:
        """Run a job of a file; what it printed."""
        (self.tmp / "outputs").unlink(missing_ok=True)
        found = steps(self.system, self.file(file), name)
        assert found
        code, said = self.runner.run(found)
        assert code == expect, said
        return said

    def change(self, edit: Callable[[Workspace], object]) -> None:
        """A branch with one commit."""
        self.git("checkout", "-qb", "change")
        edit(self.workspace)
        self.git("add", "-A")
        self.git("commit", "-qm", "a change")

    def pull_request(self, plan: int = 0) -> str:
        """Run its jobs; the comment. `plan`: exit code of the job that plans."""
        for name in PULL_REQUEST[self.system]:
            planning = name.startswith("plan")
            self.job("preview", name, plan if planning else 0)
            if planning:
                self._artifact()
        (comment,) = self.server.bodies()
        return comment

    def merge(self, way: str = "merge commit") -> None:
        """Bring the change to main as the platform would. The commit is another one in each way."""
        self.git("checkout", "-q", "main")
        for words in WAYS[way]:
            self.git(*words)
        self.git("fetch", "-q", "origin")
        self.runner.variables |= dict.fromkeys(("GITHUB_SHA", "CI_COMMIT_SHA"), self.git("rev-parse", "HEAD"))

    def apply(self, plan: int = 0, apply: int = 0) -> str:
        """Run the jobs of the merge until one is red; what they printed."""
        said = ""
        for name in MERGE[self.system]:
            planning = name.startswith("plan")
            expect = plan if planning else 0 if name == "check" else apply
            said += self.job("apply", name, expect)
            if planning:
                if plan:
                    return said
                self._artifact()
        return said

    def drift(self, expect: int = 0) -> str:
        return self.job("drift", DRIFT[self.system], expect)

    def _artifact(self) -> None:
        """What the platform would carry from one job to the next."""
        root = self.workspace.root
        if self.system == "github":
            (root / "plans" / "plan-provider").mkdir(parents=True, exist_ok=True)
            for name in ("plan.md", "plan.json"):
                (root / "plans" / "plan-provider" / name).write_bytes((root / name).read_bytes())
            (self.tmp / "reviewed.json").write_bytes((root / "plan.json").read_bytes())
        if self.system == "azure":
            (self.tmp / "plan-provider").mkdir(exist_ok=True)
            for file in (root / "plan").iterdir():
                (self.tmp / "plan-provider" / file.name).write_bytes(file.read_bytes())


WAYS: dict[str, list[tuple[str, ...]]] = {
    "merge commit": [("merge", "-q", "--no-ff", "-m", "merged", "change")],
    "squash": [("merge", "-q", "--squash", "change"), ("commit", "-qm", "squashed (#7)")],
    "rebase": [("checkout", "-q", "change"), ("commit", "-q", "--amend", "-m", "rebased"), ("checkout", "-q", "main"),
               ("merge", "-q", "--ff-only", "change")],
    # What comes before it in the queue is merged first; the change is tested and merged on top of that.
    "merge queue": [("commit", "-q", "--allow-empty", "-m", "another one in the queue"),
                    ("merge", "-q", "--no-ff", "-m", "merged by the queue", "change")],
}  # fmt: skip


OTHER_WAY = {"github": "merge queue", "gitlab": "rebase", "azure": "squash"}
"""Beside the merge commit. What a commit is made of decides nothing, so each way is played once."""


@pytest.fixture
def engine() -> str:
    """The steps are the same on both engines; what differs between engines is compared elsewhere."""
    return "embedded"


@contextmanager
def playing(system: str, workspace: Workspace, tmp: Path) -> Iterator[Play]:
    """The workspace as a repository of one commit, and the platform's API."""
    root = workspace.root
    ignored = ".csp/\n.venv/\nplan*\nquality*\nreadiness*\n*.md\ndoctor.txt\nreviewed/\n__pycache__/\nbegan\n"
    (root / ".gitignore").write_text(ignored, "utf-8")
    git("-C", str(root), "init", "-q", "-b", "main")
    git("-C", str(root), "add", ".")
    git("-C", str(root), "commit", "-qm", "estate")
    git("-C", str(root), "remote", "add", "origin", str(root))
    git("-C", str(root), "fetch", "-q", "origin")
    with serving(system) as server:
        yield Play(system, workspace, server, tmp)


@pytest.fixture(params=SYSTEMS)
def play(request: pytest.FixtureRequest, ready_provider: Workspace, tmp_path: Path) -> Iterator[Play]:
    with playing(request.param, ready_provider, tmp_path) as play:
        yield play


def another_phone(workspace: Workspace) -> None:
    workspace.edit("adventure", OLD, NEW)


def three_removals(workspace: Workspace) -> None:
    for file in sorted(workspace.customer_file("adventure").parent.glob("*.yaml"))[:3]:
        file.unlink()


def test_pull_request_merge_drift_found_and_drift_gone(play: Play) -> None:
    sandbox = play.workspace.sandbox
    play.change(another_phone)
    offered = {job.name for job in jobs(play.system, play.file("preview")) if play.runner.offered(job)}
    assert offered == set(PULL_REQUEST[play.system])
    before = sandbox.writes()
    assert "5550155" in play.pull_request().replace(" ", "")
    assert sandbox.writes() == before, "a pull request writes nothing"
    play.merge()
    play.apply()
    assert sandbox.writes() > before
    assert list(play.workspace.root.rglob("readiness*.html")) or play.system == "gitlab", "after_script is GitLab's own"

    play.drift()
    assert not play.server.issues
    changed = {"do": "profile", "customer": "it@adventure.example"}
    sandbox.change({**changed, "set": {"phone": "+1 206 555 0199"}})
    play.drift()
    (issue,) = tracking.open_ones(play.server)
    assert "phone" in issue["body"]
    sandbox.change({**changed, "set": {"phone": "+1 425 555 0155"}})
    play.drift()
    assert not tracking.open_ones(play.server)


def test_a_fork_is_checked_and_compared_and_nothing_else(play: Play) -> None:
    play.runner.fork = True
    play.change(another_phone)
    offered = [job for job in jobs(play.system, play.file("preview")) if play.runner.offered(job)]
    assert {job.name for job in offered} == {"check"} | ({"files alone"} if play.system == "gitlab" else set())
    for name in list(play.runner.variables):
        if re.search("TOKEN|PASSPHRASE|BACKEND", name):
            del play.runner.variables[name]
    before = play.workspace.sandbox.counters()["requests"]["total"]
    said = "".join(play.job("preview", job.name) for job in offered)
    assert "state not read" in said.lower()
    assert "5550155" in said.replace(" ", "")
    assert play.workspace.sandbox.counters()["requests"]["total"] == before, "nothing was looked at"
    assert not play.server.calls, "nobody was told"
    play.workspace.edit("adventure", NEW, "phone: none #")
    assert "phone" in play.job("preview", "check", 2), "what is wrong is red"


def test_what_was_approved_runs_whatever_the_commit_is(play: Play) -> None:
    play.change(another_phone)
    play.pull_request()
    reviewed = play.git("rev-parse", "change")
    play.merge(OTHER_WAY[play.system])
    assert play.git("rev-parse", "HEAD") != reviewed
    before = play.workspace.sandbox.writes()
    play.apply()
    assert play.workspace.sandbox.writes() > before


def test_a_refused_plan_is_red_and_told_and_runs_nowhere(play: Play) -> None:
    play.change(three_removals)
    comment = play.pull_request(plan=1)
    assert "3 of 4 customers" in comment
    assert "refused" in comment.lower()
    play.merge()
    before = play.workspace.sandbox.writes()
    assert "refused" in play.apply(plan=1).lower()
    assert play.workspace.sandbox.writes() == before


@pytest.mark.parametrize("play", ["github"], indirect=True)
def test_a_merge_that_holds_more_than_was_reviewed_is_refused(play: Play) -> None:
    """GitHub alone applies the plan of the pull request; the others ask for approval of the merge's own plan."""
    play.change(another_phone)
    play.pull_request()
    play.git("checkout", "-q", "main")
    play.workspace.edit("maplegrove", OLD, 'phone: "+1 425 555 0166" #')
    play.git("commit", "-qam", "nobody saw this beside the change")
    play.merge()
    before = play.workspace.sandbox.writes()
    assert "maplegrove" in play.apply(apply=8)
    assert play.workspace.sandbox.writes() == before


def test_with_ion_down_every_pipeline_is_red_and_nothing_is_closed(play: Play) -> None:
    sandbox = play.workspace.sandbox
    sandbox.change({"do": "profile", "customer": "it@adventure.example", "set": {"phone": "+1 206 555 0199"}})
    play.drift()
    assert len(tracking.open_ones(play.server)) == 1
    sandbox.stop()
    play.drift(10)
    assert len(tracking.open_ones(play.server)) == 1, "could not look is not no drift"
    play.change(another_phone)
    assert "could not" in play.pull_request(plan=10).lower()
    play.merge()
    play.apply(plan=10)

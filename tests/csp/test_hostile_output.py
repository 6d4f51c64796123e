"""Hostile text acts in no output of any command: in ION, in Partner Center, in answers of refusal and in files at once.

Two worlds inside this process, one for each role. Everything that somebody else can name there has a name that would
act on a terminal, in a table, in markdown, in HTML, in SARIF or on the runner of a pipeline.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt
from typer.testing import CliRunner

import schemas
from clients import session as connection
from clients.handover import make_local_recipient
from clients.session import Session
from clients.wire import clock
from csp.commands import adopt_import
from csp.diagnosis import connection as checks
from csp.engine import start as engines
from csp.errors import CommandError
from csp.main import app
from drills.harness import Pipeline, _quiet
from drills.remote import START, Remote, Wire
from equipment.workspace import ROOT
from schemas.plain import plain
from tests.csp.test_status import export_of
from tests.schemas.test_plain import HOSTILE, acts

MARK = "Zebra株"
"""In every hostile name: it must stay visible."""
REMOTE = (
    f"::error {MARK} title=a::b " + " ".join(one for one in HOSTILE if one != "\ud800") + "\n::error ::b\r\n# c\x1b[1m"
)
"""What systems say may hold anything."""
FILED = f"::error {MARK} title=a::b [/red] <img src=x onerror=y> </td>|a| `b` **c** ##[error]d @all"
"""What a file may hold: characters that can be seen."""
STACKS = {"reseller": ("reseller-us",), "provider": ("us", "ca")}


@dataclass
class World:
    """A project folder with hostile files, the systems that it is about, and the state that runs left."""

    root: Path
    pipelines: dict[str, Pipeline]
    exports: dict[str, dict[str, Any]]

    def wire(self, name: str) -> tuple[schemas.Connection, Remote]:
        for pipeline in self.pipelines.values():
            if name in pipeline.connections:
                return pipeline.connections[name], pipeline.remote
        raise KeyError(name)


def spoil(root: Path) -> None:
    """Texts for people in every customer file."""
    name = re.compile(r"^(\s+)(organization|contact_name|credentials_recipient|ref): (.+)$", re.MULTILINE)
    for file in (root / "stacks" / "customers").rglob("*.yaml"):
        text = file.read_text("utf-8")
        file.write_text(name.sub(lambda m: f"{m[1]}{m[2]}: {json.dumps(f'{FILED} {m[3]}')}", text), "utf-8")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = tmp_path_factory.mktemp("hostile")
    shutil.copy(ROOT / "Pulumi.yaml", root)
    shutil.copytree(ROOT / "stacks", root / "stacks")
    spoil(root)
    make_local_recipient(root / ".csp")
    pipelines = {}
    for stack in STACKS:
        estate = schemas.load_estate(root / "stacks" / f"Pulumi.{stack}.yaml", root, split_if_sent=True)
        fast = {
            name: one.model_copy(update={"limits": one.limits.model_copy(update={"requests_per_second": 1e6})})
            for name, one in estate.connections.items()
        }
        pipelines[stack] = made = Pipeline(Remote(stack), {c.key: c for c in estate.customers}, fast, root / ".csp")
        made.up()
        made.remote.act(made.steps())
        made.up()
        rename(made.remote)
        refuse(made.remote)
        made.up()
    return World(root, pipelines, {stack: export_of(one) for stack, one in pipelines.items()})


def rename(remote: Remote) -> None:
    """What people did in the consoles: every profile and every tenant has a hostile name, and there are strangers."""
    store = remote.world.store
    ours = {one.partner_tenant for one in store.accounts} | {one.reseller_tenant for one in store.accounts}
    tenants = [one for one in store.tenants if one.id not in ours]
    account = next(iter(store.accounts)).id
    profile = {"organization": REMOTE, "name": REMOTE, "phone": REMOTE, "address.city": REMOTE}
    billing = {"company_name": REMOTE, "email": REMOTE, "contact.last_name": REMOTE, "address.city": REMOTE}
    person = {"first_name": REMOTE, "last_name": REMOTE, "email": REMOTE, "phone": REMOTE}
    remote.admin(
        "POST",
        "changes",
        [
            *({"do": "profile", "customer": one.email, "set": profile} for one in store.customers),
            *({"do": "billing", "tenant": one.initial_domain, "set": billing} for one in tenants),
            *(
                {"do": "agreement", "tenant": one.initial_domain, "kind": "attested", "contact": person}
                for one in tenants[::2]
            ),
            *(
                {"do": "row", "customer": one.email, "set": {"pricebook": REMOTE, "provider_currency": REMOTE}}
                for one in list(store.customers)[::2]
            ),
            *({"do": "add_row", "customer": one.email, "provider_id": "7", "name": REMOTE} for one in store.customers),
        ],
    )
    strange = {"account": account, "organization": REMOTE, "name": REMOTE, "title": REMOTE, "phone": REMOTE}
    stranger = {"initial_domain": "stranger.onmicrosoft.com", "company_name": REMOTE, "contact": person}
    remote.admin(
        "POST",
        "seed",
        {
            "tenants": [stranger],
            "relationships": [{"tenant": "stranger.onmicrosoft.com", "account": account}],
            "customers": [
                {**strange, "email": "it@stranger.example", "provider_row": {"tenant": "stranger.onmicrosoft.com"}},
                {**strange, "email": f"{REMOTE}@stranger.example"},
            ],
        },
    )


def refuse(remote: Remote) -> None:
    """Refusals that say hostile things, one for each of two customers in each system."""
    said = json.dumps({"error": REMOTE, "message": REMOTE, "code": REMOTE, "description": REMOTE, "data": [REMOTE]})
    for system, operation in (
        ("ion", "ion.cloudProfiles.get"),
        ("ion", "ion.customers.get"),
        ("partner_center", "pc.customers.agreements.list"),
        ("partner_center", "pc.customers.billing"),
    ):
        order = {"system": system, "operation": operation, "kind": "status", "status": 400, "body": said, "times": 1}
        remote.admin("POST", "faults", [order])


@dataclass(frozen=True)
class Told:
    code: int
    out: str
    err: str


Run = Callable[..., Told]


@pytest.fixture
def csp(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a copy of the world's folder, as `csp.main.main` does; nothing that it says may act."""
    root = tmp_path / "project"
    shutil.copytree(world.root, root)

    class Engine:
        why = "engine: none"
        name = "none"

        def __init__(self, stack: str) -> None:
            self.export = self.export_if_there = lambda: world.exports[stack]
            self.environment: dict[str, str] = {}

    def opened(cls: type[Session], name: str, *, project_dir: Path | None = None, **_: Any) -> Session:
        declared, remote = world.wire(name)
        wire = Wire(remote, _quiet)
        home = root / ".csp"
        return cls(declared, home, {}, clock=remote, detached=False, carrier=wire, project=project_dir)

    def served(**more: Any) -> Any:
        return real(**{**more, "transport": Wire(world.pipelines["reseller"].remote, _quiet)})

    real = checks.open_client
    monkeypatch.setattr(engines, "choose", lambda _project, stack, _estate: Engine(stack))
    monkeypatch.setattr(connection.Session, "open", classmethod(opened))
    monkeypatch.setattr(checks, "open_client", served)
    monkeypatch.setattr(adopt_import, "run_import", lambda *_: None)
    monkeypatch.setattr(clock, "now", lambda: START)
    monkeypatch.chdir(root)
    monkeypatch.setenv("CSP_HOME", str(root / ".csp"))
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str, code: int | None = None) -> Told:
        result = CliRunner().invoke(app, list(arguments))
        ended, err, error = result.exit_code, result.stderr, result.exception
        if isinstance(error, CommandError):
            ended, err = error.exit_code, f"{err}{plain(f'csp: {error}')}\n"
        elif error is not None and not isinstance(error, SystemExit):
            raise error
        told = Told(ended, result.stdout, err)
        assert code is None or told.code == code, (arguments, told)
        for line in (told.out + told.err).split("\n"):
            ours = OURS[arguments[-1]].match(line) if arguments[-1] in OURS else None
            found = acts(line[ours.end() if ours else 0 :])
            if arguments[-1] == "eml":  # a file for a mail program: nothing in it may be written in another way
                found = [one for one in found if not one.lstrip().startswith(("##", "::"))]
            assert found == [], (arguments, line)
        return told

    return run


OURS = {"github": re.compile(r"::error file=[^:]*::"), "azure": re.compile(r"##vso\[task\.logissue [^\]]*\]")}
"""Formats whose lines are commands to a runner: ours, and only at the start."""
EVERYWHERE = [
    ("status",),
    ("status", "--fail-on", "waiting"),
    ("todo",),
    ("evidence",),
    ("drift",),
    ("doctor", "--renew"),
    ("handover", "list"),
    ("validate",),
    ("status", "--live"),
    ("todo", "--live"),
]
NAMES = (("todo",), ("evidence",), ("drift",), ("status", "--live"))
"""Those that show names."""


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("command", EVERYWHERE, ids=" ".join)
def test_for_people(csp: Run, command: tuple[str, ...], stack: str) -> None:
    told = csp(*command, "-s", stack)
    assert told.out
    assert command not in NAMES or MARK in told.out


@pytest.mark.parametrize("stack", STACKS)
def test_every_customer_gate_by_gate_and_as_a_ticket(world: World, csp: Run, stack: str) -> None:
    for key in world.pipelines[stack].declared:
        assert MARK in csp("status", "-s", stack, "-k", key, code=0).out
        csp("status", "-s", stack, "-k", key, "--ticket")
        assert MARK in csp("evidence", "-s", stack, "-k", key).out


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("status", "--live"),
        ("todo",),
        ("todo", "--live"),
        ("evidence",),
        ("drift",),
        ("drift", "--no-state"),
        ("doctor",),
        ("handover", "list"),
        ("validate",),
    ],
    ids=" ".join,
)
def test_json_loses_nothing(csp: Run, command: tuple[str, ...], stack: str) -> None:
    told = json.loads(csp(*command, "-s", stack, "--format", "json").out)
    texts = [one for one in leaves(told) if MARK in one]
    assert command[0] in ("doctor", "handover", "validate") or texts
    if "--live" in command and command[0] == "status":
        assert REMOTE in texts, "as ION says it"


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        for one in value:
            yield from leaves(one)
    elif isinstance(value, str):
        yield value


def test_evidence_is_yaml(csp: Run) -> None:
    told = yaml.safe_load(csp("evidence", "-s", "provider").out)
    assert any(one.startswith(FILED) for one in leaves(told))


REPORTS = [("status",), ("status", "--live")]


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("command", REPORTS, ids=" ".join)
def test_a_page_holds_only_our_elements(csp: Run, command: tuple[str, ...], stack: str) -> None:
    page = csp(*command, "-s", stack, "--format", "html").out
    ours = re.findall(r"<([a-z0-9]+)", (ROOT / "csp" / "templates" / "readiness.html.j2").read_text("utf-8"))
    found: list[tuple[str, list[tuple[str, str | None]]]] = []
    words: list[str] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attributes: found.append((tag, attributes))  # type: ignore[method-assign]
    reader.handle_data = words.append  # type: ignore[method-assign]
    reader.feed(page)
    assert {tag for tag, _ in found} <= {*ours, "code"}
    attributes = {name for _, pairs in found for name, _ in pairs}
    assert attributes <= {"lang", "charset", "name", "content", "class", "role", "href", "scope", "style", "id"}
    assert all(str(value).startswith("#") for _, pairs in found for name, value in pairs if name == "href")
    assert MARK in "".join(words)
    assert "<img src=x onerror=y>" in "".join(words)


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("command", [*REPORTS, ("drift",)], ids=" ".join)
def test_markdown_holds_only_our_marks(csp: Run, command: tuple[str, ...], stack: str) -> None:
    page = csp(*command, "-s", stack, "--format", "markdown").out
    assert MARK in page
    html, kinds = [], set()
    todo = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(page)
    while todo:
        token = todo.pop()
        kinds.add(token.type)
        if token.type in ("html_inline", "html_block"):
            html.append(token.content)
        todo += token.children or []
    assert set(html) <= {"<br>", "<!-- -->"}
    assert kinds.isdisjoint({"image", "link_open", "fence", "code_block", "ordered_list_open", "s_open"})
    assert "@everyone" not in page
    assert "@all" not in page


@pytest.mark.parametrize("stack", STACKS)
def test_sarif_of_drift(csp: Run, stack: str) -> None:
    told = json.loads(csp("drift", "-s", stack, "--format", "sarif").out)
    messages = [one["message"]["text"] for one in told["runs"][0]["results"]]
    assert any(MARK in one for one in messages)
    assert [one for one in messages if acts(one) or re.search(r"\[[^\]]*\]\(", one)] == []


def test_findings_about_hostile_files(csp: Run) -> None:
    """Keys, values and names of files that `validate` refuses."""
    folder = Path("stacks/customers/reseller")
    text = (folder / "contoso.yaml").read_text("utf-8")
    hostile = json.dumps(REMOTE)
    (folder / "contoso.yaml").write_text(f"{text}{hostile}: 1\nlifecycle: {hostile}\n", "utf-8")
    (folder / "::error [a](b).yaml").write_text(text, "utf-8")
    (folder / "wingtip.yaml").write_text((folder / "wingtip.yaml").read_text("utf-8") + "a: [\x1b\u202e\n", "utf-8")
    number = 0
    for form in ("text", "json", "sarif", "github", "gitlab", "azure"):
        told = csp("validate", "-s", "reseller", "--format", form, code=2)
        if form == "text":
            number = len(told.err.splitlines())
            assert MARK in told.err
        elif form == "json":
            assert len(json.loads(told.out)) == number
        elif form == "sarif":
            texts = [one["message"]["text"] for one in json.loads(told.out)["runs"][0]["results"]]
            assert len(texts) == number
            assert [one for one in texts if re.search(r"\[[^\]]*\]\(", one)] == []
        elif form == "gitlab":
            assert len(json.loads(told.out)) == number
        else:
            lines = told.out.splitlines()
            ours = "::error " if form == "github" else "##vso[task.logissue type=error;"
            assert len(lines) == number
            assert all(line.startswith(ours) for line in lines), "ours alone"
            assert sum(line.count("##") for line in lines) == (0 if form == "github" else number)


def test_an_account_is_adopted(csp: Run) -> None:
    """Its customers get files that `validate` takes, and nothing that it says acts."""
    for stack, name in (("reseller", "reseller-us"), ("provider", "us")):
        before = {*Path("stacks/customers").rglob("*")}
        told = csp("adopt", "-s", stack, "-c", name)
        assert "not adopted: " in told.out, "an e-mail address that is none"
        assert MARK in told.out
        csp("validate", "-s", stack, code=0)
        written = [file.read_text("utf-8") for file in {*Path("stacks/customers").rglob("*")} - before]
        assert len(written) == 1
        assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028]", "".join(written)) is None


def test_an_invitation_in_every_form(csp: Run) -> None:
    for form in ("text", "html", "eml", "json"):
        told = csp("invite", "show", "maplegrove", "-s", "provider", "--format", form, code=0)
        assert form != "html" or "<img" not in told.out
    assert MARK in csp("invite", "show", "maplegrove", "-s", "provider").out


def test_what_people_type(csp: Run) -> None:
    """Confirmations, hand-over notes, and commands about what is not there."""
    key = "fabrikam"
    csp("handover", "record", key, "-s", "reseller", "--where", REMOTE, "--by", REMOTE)
    csp("handover", "lost", key, "-s", "reseller", "--why", REMOTE, "--by", REMOTE)
    assert MARK in csp("handover", "list", "-s", "reseller").out
    assert any(
        REMOTE in one for one in leaves(json.loads(csp("handover", "list", "-s", "reseller", "--format", "json").out))
    )
    csp("confirm", "contoso", "pricebook", "-s", "reseller", "--by", FILED, "--ref", FILED)
    csp("confirm", "contoso", REMOTE, "-s", "reseller")
    for command in (("status", "-k"), ("evidence", "-k"), ("invite", "show"), ("handover", "deliver"), ("retry",)):
        csp(*command, REMOTE, "-s", "reseller")
    for command in ("status", "todo", "drift", "validate", "doctor"):
        csp(command, "-s", REMOTE)
        csp(command, "-s", "reseller", "--format", REMOTE)


@pytest.mark.parametrize("stack", STACKS)
def test_a_name_says_nothing_in_the_table_of_a_state(world: World, csp: Run, stack: str) -> None:
    assert csp("status", "-s", stack).out.count(MARK) >= len(world.pipelines[stack].declared)


ODD_STATES: list[dict[str, Any]] = [
    {"facts": "none"},
    {"facts": {"a": 1}},
    {"next_step": {"owner": "us"}},
    {"memory": [1]},
    {"unobserved": 7},
    {"unobserved": {"since": 7}},
    {"reason": [REMOTE]},
    {"since": {}},
    {"observed_at": "yesterday"},
    {"waiting_on": REMOTE, "status": REMOTE},
]


@pytest.mark.parametrize("stack", STACKS)
def test_states_that_nobody_can_read_are_lines_of_their_customers(
    world: World, csp: Run, monkeypatch: pytest.MonkeyPatch, stack: str
) -> None:
    """Whoever wrote them: the commands tell it of those customers, and the others as ever."""
    export = copy.deepcopy(world.exports[stack])
    whole, *keys = sorted(world.pipelines[stack].declared)
    odd = dict(zip(keys, ODD_STATES if stack == "reseller" else reversed(ODD_STATES), strict=False))
    for resource in export["deployment"]["resources"]:
        resource["outputs"] |= odd.get(resource["urn"].rpartition("::")[2], {})
    monkeypatch.setitem(world.exports, stack, export)
    customers = json.loads(csp("status", "-s", stack, "--format", "json").out)["customers"]
    assert [one["key"] for one in customers] == [whole, *keys]
    assert customers[0] == json.loads(csp("status", "-s", stack, "-k", whole, "--format", "json").out)["customers"][0]
    assert stack == "provider" or not any(one["can_order"] for one in customers[1:3]), "without facts nobody can order"
    for words in (("status",), ("status", "--format", "html"), ("todo",), ("evidence",), ("drift",)):
        assert csp(*words, "-s", stack).out, words
    for key in keys:
        csp("status", "-k", key, "-s", stack, code=0)

"""`csp invite send|renew`, killed with engine and plugin at every step of the mail and at every file that is written.

Part of `drills.kills.commands`. An invited customer waits for its mail; the command is killed; then the lock is
removed and the command is given again, once on the same machine and once on a runner that has the state only. Then:

- no mail has left twice;
- what is told as sent was taken by the mail server; where nobody can know, "may have been sent" is told;
- on the same machine a mail whose sending had not begun is sent now.
"""

from __future__ import annotations

import os
import shutil
import socketserver
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

from drills.kills.killing import FILES, MARK, MEMORY, kill_all
from equipment.workspace import CSP, ROOT, Workspace

KEY, STACK = "maplegrove", ("-s", "provider")
TAKEN = "text taken, not answered"
KEPT = ("state", "mail", "runs")
"""Folders of CSP_HOME that a cell begins with; a token chain only goes on."""


class Post(socketserver.ThreadingTCPServer):
    """A mail server. `taken`: the Message-IDs that it took; `steps`: what it was asked; at step `at`, a number or a
    name, it calls `act`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.taken: list[str] = []
        self.steps: list[str] = []
        self.closed = False
        self.at: int | str = 0
        self.act: Callable[[], None] = lambda: None
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def step(self, name: str) -> None:
        self.steps.append(name)
        if self.at in (len(self.steps), name):
            self.act()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A dead client hears no answer."""


class _Talk(socketserver.StreamRequestHandler):
    server: Post

    def handle(self) -> None:
        if self.server.closed:
            self.wfile.write(b"421 closed\r\n")
            return
        self.server.step("connected")
        self.wfile.write(b"220 drill\r\n")
        for line in self.rfile:
            word = line.split()[0].decode().upper()
            self.server.step(f"{word} asked")
            if word == "DATA":
                self.wfile.write(b"354 go on\r\n")
                self._take()
                self.server.step(TAKEN)
            self.wfile.write(b"250 ok\r\n")
            if word == "QUIT":
                return

    def _take(self) -> None:
        lines = list[bytes]()
        for line in self.rfile:
            if line == b".\r\n":
                self.server.step("text there, not taken")
                self.server.taken.append(str(message_from_bytes(b"".join(lines))["Message-ID"]))
                return
            lines.append(line)


@dataclass
class Scene:
    """An estate with one invited customer, whose mails go to `post`."""

    estate: Workspace
    post: Post
    copy: Path
    number: int = 0
    names: list[str] = field(default_factory=list)
    output: str = ""

    def save(self) -> None:
        for name in KEPT:
            shutil.rmtree(self.copy / name, ignore_errors=True)
            if (self.estate.home / name).is_dir():
                shutil.copytree(self.estate.home / name, self.copy / name)

    def restore(self) -> None:
        for name in KEPT:
            shutil.rmtree(self.estate.home / name, ignore_errors=True)
            if (self.copy / name).is_dir():
                shutil.copytree(self.copy / name, self.estate.home / name)
        self.post.taken.clear()

    def lose_the_runner(self) -> None:
        """Only the state, which is the backend's, outlives it."""
        for name in KEPT[1:]:
            shutil.rmtree(self.estate.home / name, ignore_errors=True)

    def invite(self, verb: str, *, step: int | str = 0, folder: str = "", operation: int = 0) -> int:
        """Give the command, to be killed at a step of the mail server or at an operation on files of a folder."""
        self.number += 1
        mark, told = f"{os.getpid()}-{self.number}", self.copy / "names"
        told.unlink(missing_ok=True)
        environment = {**self.estate.env, MARK: mark}
        if folder:
            where = self.estate.home / folder
            environment |= {FILES: f"{where} {operation} {told}", "PYTHONPATH": f"{self.copy}:{ROOT}"}
        self.post.steps, self.post.at, self.post.act = [], step, lambda: kill_all(mark)
        command = subprocess.run(
            [*CSP, "invite", verb, KEY, *STACK],
            cwd=self.estate.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=300,
        )
        self.output = command.stdout
        self.post.at = 0
        self.names = told.read_text("utf-8").splitlines() if told.exists() else []
        return command.returncode

    def marked(self) -> int:
        """How many mails this machine has a marker of."""
        return len(list((self.estate.home / "mail").glob("*.json")))

    def shown(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.estate.csp_json("invite", "show", KEY, *STACK, "--format", "json")
        return found


@contextmanager
def scene(engine: str = "embedded") -> Iterator[Scene]:
    """The customer is known, the mail server was closed: the invitation is prepared."""
    with tempfile.TemporaryDirectory(prefix="csp-drill-", dir=MEMORY) as folder:
        top, post = Path(folder), Post()
        (top / "copy").mkdir()
        (top / "copy" / "sitecustomize.py").write_text(
            f'import os\nif "{FILES}" in os.environ:\n    from drills.kills import killing\n    killing.watch()\n',
            "utf-8",
        )
        estate = Workspace.make(top, engine, "provider")
        try:
            for file in estate.customer_file(KEY).parent.iterdir():
                if file.stem != KEY:
                    file.unlink()
            connection = estate.root / "stacks" / "connections" / "ca.yaml"
            server = f"mail:\n  host: 127.0.0.1\n  port: {post.server_address[1]}\n  starttls: false\n"
            connection.write_text(connection.read_text("utf-8").replace("mail:\n", server), "utf-8")
            post.closed = True
            estate.up()
            post.closed = False
            shutil.rmtree(estate.home / "mail")
            one = Scene(estate, post, top / "copy")
            one.save()
            yield one
        finally:
            estate.close()
            post.shutdown()
            post.server_close()


def wrong(one: Scene, *, began: bool, lost: bool, again: str) -> list[str]:
    """Remove the lock, give the command `again`; what must not be. `began`: the marker of the mail was written."""
    if lost:
        one.lose_the_runner()
    one.estate.csp("cancel", *STACK, "--yes", expect=None)
    code = one.invite(again)
    now, sent = one.shown(), len(one.post.taken)
    told = [f"{count} x {mail}" for mail in set(one.post.taken) if (count := one.post.taken.count(mail)) > 1]
    if code:
        told.append(f"the next command ended with {code}")
    if now["state"] not in ("sent", "maybe"):
        told.append(f"told as {now['state']}")
    if now["state"] == "sent" and now["message_id"] not in one.post.taken:
        told.append("told as sent, and never taken")
    if not began and not lost and (now["state"], sent) != ("sent", 1):
        told.append(f"not begun, and told as {now['state']} with {sent} mails")
    if one.invite("send") or len(one.post.taken) != sent:
        told.append("a further send sent something")
    return told


@dataclass(frozen=True)
class Cell:
    """Killed at a step of the mail server (`folder` empty) or at an operation on files; what is lost with it."""

    folder: str
    at: int
    name: str
    lost: bool


def cells(one: Scene, verb: str) -> list[Cell]:
    """Every boundary of a command: what the mail server is asked (also with a runner that is lost) and every file
    operation. Of the engine's own files those that replace or remove one. A renewal writes the same files as a send."""
    found = []
    for folder in ("", "mail", "runs", "state") if verb == "send" else ("",):
        one.restore()
        assert one.invite(verb, folder=folder) == 0, one.output
        for at, name in enumerate(one.names if folder else one.post.steps, 1):
            if folder == "state" and not name.startswith(("rename", "remove")):
                continue
            found += [Cell(folder, at, name, lost) for lost in ((False,) if folder else (False, True))]
    return found


def run(every: int, report: Callable[[str], None]) -> tuple[int, int, int]:
    """Boundaries, kills and failures."""
    boundaries = played = failed = 0
    with scene() as one:
        for verb in ("send", "renew"):
            if verb == "renew":  # one was sent; a second round is ordered
                one.restore()
                assert one.invite("send") == 0, one.output
                one.save()
            all_cells = cells(one, verb)
            boundaries += len({(cell.folder, cell.at) for cell in all_cells})
            for cell in all_cells[::every]:
                told = play(one, verb, cell)
                played += 1
                if told:
                    failed += 1
                    where = f"{cell.folder or 'mail server'} {cell.at} ({cell.name}){', runner lost' * cell.lost}"
                    report(f"invite {verb}, {where}:\n  " + "\n  ".join(told))
    return boundaries, played, failed


def play(one: Scene, verb: str, cell: Cell) -> list[str]:
    """One cell; what is wrong, empty when all is well."""
    one.restore()
    marked = one.marked()
    if cell.folder:
        one.invite(verb, folder=cell.folder, operation=cell.at)
    else:
        one.invite(verb, step=cell.at)
    return wrong(one, began=one.marked() > marked, lost=cell.lost, again=verb)

"""``csp-sandbox``: start one sandbox process, or write its ledger."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from csp_sandbox import behaviours, openapi
from csp_sandbox.people import move_in
from csp_sandbox.ready import ready_line
from csp_sandbox.seeds import file as seed_file
from csp_sandbox.seeds import situation as seed
from csp_sandbox.serving.server import HOSTS, build_app
from csp_sandbox.situation.world import World
from csp_sandbox.systems import SYSTEMS

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready and ends with exit code 0 on SIGTERM and SIGINT."""

    ready: str = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            print(self.ready, flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # The original raises the signal again after the shutdown, which would make a clean stop look like a crash.
        loop = asyncio.get_running_loop()
        caught = (signal.SIGTERM, signal.SIGINT)
        for number in caught:
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in caught:
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        self.should_exit = True


@contextlib.contextmanager
def _described(line: dict[str, object], file: Path | None) -> Iterator[None]:
    """Keep the ready line and our pid in ``file`` while we run, so that others on this machine find us."""
    if file is None:
        yield
        return
    part = file.with_suffix(".part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.touch(mode=0o600)  # the line holds the simulated account's credentials: treat them like real ones
        part.write_text(json.dumps({**line, "pid": os.getpid()}), "utf-8")
        part.replace(file)
    except OSError as error:
        raise _fail(f"the ready file {file} cannot be written ({error.strerror})") from None
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


async def _serve(world: World, listeners: list[socket.socket], ready_file: Path | None) -> None:
    async with AsyncExitStack() as stack:
        for service in world.services:
            await stack.enter_async_context(service(world))
        config = uvicorn.Config(
            build_app(world, SYSTEMS),
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=2,
        )
        server = _Server(config)
        line = ready_line(world)
        server.ready = json.dumps(line)
        with _described(line, ready_file):
            await server.serve(sockets=listeners)


def _listen(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where the protocol is named; without it every answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        raise _fail(f"port {port} on 127.0.0.1 is not free ({error.strerror})") from None
    listener.listen(128)
    return listener


def _fail(message: str) -> typer.Exit:
    print(f"csp-sandbox: {message}", file=sys.stderr)
    return typer.Exit(1)


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 picks a free one.")] = 0,
    profile: Annotated[str, typer.Option(help="provider, reseller or empty: the starting situation.")] = "provider",
    seed_file: Annotated[Path | None, typer.Option(help="JSON added to the profile's situation.")] = None,
    db: Annotated[Path | None, typer.Option(help="SQLite file to keep the situation in.")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="Keep the ready line and the pid here while running.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Take the harder reading of every inferred rule.")] = False,
) -> None:
    """Start the sandbox and print one JSON line when it is ready."""
    if context.invoked_subcommand is not None:
        return
    listener = _listen(port)
    hosts = {name: _listen(0) for name in HOSTS}
    try:
        world = World(profile=profile, db=db, strict=strict, base=f"http://127.0.0.1:{listener.getsockname()[1]}")
        world.ports = {own.getsockname()[1]: name for name, own in hosts.items()}
        world.hosts = {name: f"http://127.0.0.1:{number}" for number, name in world.ports.items()}
        seed.prepare(world, seed_file)
        move_in(world)
    except sqlite3.Error as error:
        raise _fail(f"the database {db} cannot be used ({error})") from None
    except (ValueError, OSError) as error:
        raise _fail(str(error)) from None
    asyncio.run(_serve(world, [listener, *hosts.values()], ready_file))
    world.store.close()


_SEED_SCHEMA = Path(__file__).with_name("seed.schema.json")
_Check = Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when the file is out of date.")]


def _generate(text: str, output: Path, check: bool) -> None:
    """Write a generated file, or complain that it is not what it should be."""
    if not check:
        output.write_text(text, encoding="utf-8")
    elif not output.exists() or output.read_text(encoding="utf-8") != text:
        raise _fail(f"{output} is out of date; run the same command without --check")


@app.command("behaviours")
def write_behaviours(
    output: Annotated[Path, typer.Option(help="File to write.")] = Path("docs/behaviours.md"), check: _Check = False
) -> None:
    """Write the ledger page."""
    _generate(behaviours.markdown(SYSTEMS), output, check)


@app.command("seed-schema")
def write_seed_schema(
    output: Annotated[Path, typer.Option(help="File to write.")] = _SEED_SCHEMA,
    check: _Check = False,
) -> None:
    """Write the JSON Schema of seed files."""
    _generate(seed_file.dump_schema(), output, check)


@app.command("openapi")
def write_openapi() -> None:
    """Print the OpenAPI document of the simulated systems."""
    print(json.dumps(openapi.document(SYSTEMS), indent=2))


def main() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    main()

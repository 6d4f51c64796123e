"""Runs a Pulumi program in a process of its own. Started as a plain script by the project's interpreter, which need
not have this package installed: nothing here may import from it.

The first line on stdin is JSON: ``program``, ``working_dir``, ``root``, ``project``, ``stack``, ``organization``,
``address``, ``parallel``, ``preview``, ``config``, ``secret_keys``. The pipe then stays open: when it closes, the
engine is gone and this process must not stay behind.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # A script's own folder comes first on the path; modules there would shadow the standard library's.
    sys.path.pop(0)

import asyncio
import json
import logging
import os
import runpy
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

SHOWN = 32  # exit code: the message was already shown


def _watch(pipe: int) -> None:
    while os.read(pipe, 4096):
        pass
    os._exit(1)


def _settings() -> dict[str, Any]:
    pipe = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)  # the program gets no stdin
    os.close(null)
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(pipe, 1 << 16)
        if not part:
            os._exit(1)
        line += part
    threading.Thread(target=_watch, args=(pipe,), daemon=True).start()
    settings: dict[str, Any] = json.loads(line)
    return settings


def main() -> int:
    """Run the program; 0, 1 (a message is shown by the engine) or 32 (the message was logged)."""
    settings = _settings()
    try:
        import pulumi
        import pulumi.runtime
    except ImportError as error:
        print(f"the Pulumi SDK cannot be imported by the project's Python ({sys.executable}): {error}", flush=True)
        return 1
    program = settings["program"]
    sys.path.insert(0, settings["working_dir"])
    os.chdir(settings["working_dir"])
    sys.argv = [program]
    # The engine drops debug lines, and the SDK waits for an answer to each: a tenth of the time of a large program.
    pulumi.log.debug = lambda *_arguments, **_options: None
    # Those waits had been giving way to the event loop. Without them its worker threads, one a call under way, keep the
    # interpreter for the default of 5 ms each; at a tenth of it a preview of 2,000 took a sixth less time.
    sys.setswitchinterval(0.0005)
    pulumi.runtime.set_all_config(settings["config"], settings["secret_keys"])
    pulumi.runtime.reset_options(
        project=settings["project"],
        stack=settings["stack"],
        root_directory=settings["root"],
        parallel=settings["parallel"],
        engine_address=settings["address"],
        monitor_address=settings["address"],
        preview=settings["preview"],
        organization=settings["organization"],
    )
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # unfinished futures of a failed program are no news
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=max(settings["parallel"], 1) * 4)
    loop.set_default_executor(executor)

    def run() -> None:
        runpy.run_path(program, run_name="__main__")

    code = 1
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(run))
        code = 0
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
    except Exception:
        pulumi.log.error(f"Program failed with an unhandled exception:\n{_own_frames(program)}")
        code = SHOWN
    finally:
        executor.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return code


def _own_frames(program: str) -> str:
    """The traceback from the program's first frame on."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    inside = program if program.endswith(".py") else os.path.join(program, "__main__.py")  # noqa: PTH118
    for index, frame in enumerate(frames):
        if os.path.abspath(frame.filename) == inside:  # noqa: PTH100
            return traceback.format_exc(limit=-(len(frames) - index))
    return traceback.format_exc()


if __name__ == "__main__":
    sys.exit(main())

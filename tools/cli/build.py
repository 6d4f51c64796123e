"""`make cli`: the Pulumi CLI from its Go module, with what it needs to run Python programs, in .csp/cli/bin.

go.mod and go.sum beside this file name the module and everything below it. The first build takes some 12 minutes of
processor time; after that Go's build cache has it. Where there is no Go, or the module cannot be had, that is said in
one line and counts as no failure: a CLI on PATH does as well. A build that fails is one.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parents[1] / ".csp" / "cli" / "bin"
CLI = "github.com/pulumi/pulumi/pkg/v3"
SDK = "github.com/pulumi/pulumi/sdk/v3"
FROM_SDK = ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python")
"""What the SDK's module holds for Python, below its folder python/."""
NOT_HAD = re.compile(r'Get "[^"]+": |reading \w+://\S+: |GOPROXY=off|unrecognized import path')
"""How Go tells that an index or a network does not give it a module."""
TOO_OLD = re.compile(r"requires go >= \S+ \(running go \S+")


class NotHadError(Exception):
    """There is no CLI to build on this machine, for a reason that is not ours. The text says which."""


def build(target: Path = TARGET) -> str:
    """Build into *target*; the CLI's version. Raises NotHadError, or CalledProcessError for a build that fails."""
    go = shutil.which("go")
    if not go:
        raise NotHadError("there is no Go on PATH")
    _fetch(go)
    cli, sdk = (_module(go, name) for name in (CLI, SDK))
    target.mkdir(parents=True, exist_ok=True)
    version = f"-X {SDK}/go/common/version.Version={cli['Version']}"
    _go(go, "build", "-o", str(target / "pulumi"), "-ldflags", version, f"{CLI}/cmd/pulumi")
    for name in FROM_SDK:
        _put(target, Path(sdk["Dir"], "python", name).read_text("utf-8"), Path(name).name)
    _put(target, (HERE / "language_host.py").read_text("utf-8"), "language_host.py")
    host = f'#!/bin/sh\nexec "{sys.executable}" "$(dirname "$0")/language_host.py" "$@"\n'
    _put(target, host, "pulumi-language-python")
    return str(cli["Version"])


def _fetch(go: str) -> None:
    """Get the modules first, so that a missing index is told apart from a build that fails."""
    got = _go(go, "list", "-deps", f"{CLI}/cmd/pulumi", check=False)
    if got.returncode == 0:
        return
    if found := NOT_HAD.search(got.stderr) or TOO_OLD.search(got.stderr):
        line = next(line for line in got.stderr.splitlines() if found.group() in line)
        raise NotHadError(line.strip())
    sys.stderr.write(got.stderr)
    got.check_returncode()


def _module(go: str, name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(_go(go, "list", "-m", "-json", name).stdout)
    return found


def _go(go: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    # A go.work file around the checkout, or flags of the machine's own, must not change what is built.
    environment = {**os.environ, "GOWORK": "off", "GOFLAGS": "-mod=readonly"}
    keep = subprocess.PIPE if arguments[0] == "list" else None
    return subprocess.run(
        [go, *arguments], cwd=HERE, env=environment, stdout=keep, stderr=keep, text=True, encoding="utf-8", check=check
    )


def _put(folder: Path, text: str, name: str) -> None:
    file = folder / name
    file.write_text(text, "utf-8")
    file.chmod(0o755)


def main() -> int:
    began, processor = time.monotonic(), os.times()
    try:
        version = build()
    except NotHadError as error:
        print(f"make cli: no CLI is built here, the tests that need one are left out: {error}")
        return 0
    except subprocess.CalledProcessError as error:
        print(f"make cli: {' '.join(error.cmd[:2])} failed with exit code {error.returncode}", file=sys.stderr)
        return 1
    used = os.times()
    spent = used.children_user + used.children_system - processor.children_user - processor.children_system
    print(f"make cli: Pulumi {version} in {time.monotonic() - began:.0f} s, {spent:.0f} s of processor time")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The embedded engine against the Pulumi CLI on trivial resources, as ratios of one run.

    python benchmarks/engine.py [SIZE ...]      (default 500 2000 5000)

Each size is played on both engines, operation by operation in turn: up, a preview without a change, refresh, destroy.
The program registers 200 resources at a time. The CLI writes no checkpoints for `up` and `destroy`, the embedded engine
keeps every step durable. Without a CLI no ratio to it is printed. `BENCH_EARLIER` names a folder that holds an earlier
`dynamic_engine` (`git archive COMMIT engine/dynamic_engine`): then that one takes part too. `BENCH_ROUNDS` repeats all.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "1"))
POLL_SECONDS = 0.1
EMBEDDED, EARLIER, CLI = "embedded", "earlier", "pulumi"
TICKS = os.sysconf("SC_CLK_TCK")
OPERATIONS = (
    ("up", ("up", "--yes", "--skip-preview")),
    ("preview", ("preview", "--expect-no-changes")),
    ("refresh", ("refresh", "--yes", "--skip-preview")),
    ("destroy", ("destroy", "--yes", "--skip-preview")),
)
PROGRAM = """
import asyncio, os
import pulumi
from empty import Empty
async def declare():
    total = int(os.environ["BENCH_SIZE"])
    for start in range(0, total, 200):
        made = [Empty(f"r{n}", {"n": str(n), "text": "x" * 100}) for n in range(start, min(start + 200, total))]
        await asyncio.gather(*(one.urn.future() for one in made))
pulumi.run(declare)
"""
PROVIDER = """
import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult
def clean(p): return {k: v for k, v in p.items() if k != "__provider"}
class Provider(ResourceProvider):
    serialize_as_secret_always = False
    def __reduce__(self): return provider, ()
    def check(self, olds, news): return CheckResult(clean(news), [])
    def diff(self, id_, olds, news): return DiffResult(changes=clean(olds) != clean(news))
    def create(self, props): return CreateResult("id-" + props["n"], clean(props))
    def update(self, id_, olds, news): return UpdateResult(clean(news))
    def read(self, id_, props): return ReadResult(id_, clean(props), clean(props))
    def delete(self, id_, props): pass
def provider(): return Provider()
class Empty(Resource, module="bench", name="Empty"):
    def __init__(self, name, props): super().__init__(Provider(), name, props)
"""


@dataclass
class Taken:
    """Seconds by the clock, seconds of processor by kind of process, and the engine process's peak in MB."""

    wall: float
    processor: dict[str, float]
    memory: float


def measure(command: list[str], folder: Path, environment: dict[str, str]) -> Taken:
    """Run one command to its end, watching it and everything below it. Raises SystemExit when it fails."""
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    seen: dict[int, tuple[str, float]] = {}
    memory = 0.0
    with tempfile.TemporaryFile() as out:
        assert process.stdout is not None
        stream = process.stdout
        reader = threading.Thread(target=lambda: out.write(stream.read()))
        reader.start()
        while process.poll() is None:
            memory = max(memory, _peak(process.pid))
            for pid in [process.pid, *_below(process.pid)]:
                if (found := _used(pid)) is not None:
                    kind = "engine" if pid == process.pid else found[0] or seen.get(pid, ("other", 0.0))[0]
                    seen[pid] = (kind, found[1])
            time.sleep(POLL_SECONDS)
        wall = time.monotonic() - began
        reader.join()
        out.seek(0)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}\n{out.read().decode()[-2000:]}")
    processor: dict[str, float] = {}
    for kind, used in seen.values():
        processor[kind] = processor.get(kind, 0.0) + used
    return Taken(wall, processor, memory)


def _below(pid: int) -> list[int]:
    try:
        children = [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()]
        for task in Path(f"/proc/{pid}/task").iterdir():  # a program of Go starts children from any thread
            children += [int(text) for text in (task / "children").read_text("utf-8").split()]
    except OSError:
        return []
    found = sorted(set(children))
    return [*found, *(deeper for child in found for deeper in _below(child))]


def _used(pid: int) -> tuple[str, float] | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    kind = ""  # just forked, or about to be gone
    if b"runner.py" in command or b"pulumi-language-python-exec" in command:
        kind = "program"
    elif b"pulumi.dynamic" in command:
        kind = "plugin"
    return kind, (int(fields[11]) + int(fields[12])) / TICKS


def _peak(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmHWM")), 0.0)


def play(size: int, engines: list[str]) -> dict[tuple[str, str], Taken]:
    """Every operation on every engine in turn; medians of the rounds by (engine, operation)."""
    found: dict[tuple[str, str], list[Taken]] = {}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            benches = {engine: project(Path(name) / engine, size) for engine in engines}
            for engine in engines:
                measure([*_command(engine), "stack", "init", "dev"], *benches[engine])
            for operation, words in OPERATIONS:
                for engine in engines:
                    folder, environment = benches[engine]
                    if engine == EARLIER:
                        environment = {**environment, "PYTHONPATH": os.environ["BENCH_EARLIER"]}
                    if engine == CLI and operation in ("up", "destroy"):
                        environment = {**environment, "PULUMI_SKIP_CHECKPOINTS": "true"}
                    taken = measure([*_command(engine), *words], folder, environment)
                    found.setdefault((engine, operation), []).append(taken)
    return {key: sorted(rounds, key=lambda one: one.wall)[len(rounds) // 2] for key, rounds in found.items()}


def _command(engine: str) -> list[str]:
    if engine == CLI:
        return ["pulumi", "--non-interactive"]
    return [sys.executable, "-m", "dynamic_engine"]


def project(folder: Path, size: int) -> tuple[Path, dict[str, str]]:
    for name in ("state", "home", "project"):
        (folder / name).mkdir(parents=True)
    made = folder / "project"
    (made / "Pulumi.yaml").write_text(
        f"name: bench\nruntime: {{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}\n",
        "utf-8",
    )
    (made / "__main__.py").write_text(PROGRAM, "utf-8")
    (made / "empty.py").write_text(PROVIDER, "utf-8")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")},
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}", "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DISABLE_CI_DETECTION": "true", "BENCH_SIZE": str(size),
    }  # fmt: skip
    return made, environment


def tell(size: int, found: dict[tuple[str, str], Taken]) -> None:
    """What was taken, then the ratios: seconds by the clock against the CLI as it is, peak memory of the engine."""
    for (engine, operation), taken in found.items():
        parts = ", ".join(f"{kind} {used:.1f}" for kind, used in sorted(taken.processor.items()))
        print(f"{size:>5} {operation:<8} {engine:<8} {taken.wall:6.1f} s, processor {parts}; {taken.memory:.0f} MB")
    for operation, _words in OPERATIONS:
        ours = found[EMBEDDED, operation]
        share = ours.processor.get("program", 0.0) / _whole(ours)
        line = f"{size:>5} {operation:<8} program process {share:.0%} of the processor"
        for other, called in ((CLI, "the CLI"), (EARLIER, "the earlier one")):
            if (theirs := found.get((other, operation))) is not None:
                line += (
                    f"; to {called}: time {ours.wall / theirs.wall:.2f}, processor {_whole(ours) / _whole(theirs):.2f}"
                )
                line += f", memory {ours.memory / theirs.memory:.2f}"
        print(line, flush=True)


def _whole(taken: Taken) -> float:
    return max(sum(taken.processor.values()), 1 / TICKS)


def main() -> None:
    sizes = [int(text) for text in sys.argv[1:]] or [500, 2000, 5000]
    engines = [
        EMBEDDED,
        *([EARLIER] if os.environ.get("BENCH_EARLIER") else []),
        *([CLI] if shutil.which("pulumi") else []),
    ]
    if CLI not in engines:
        print("no Pulumi CLI (make cli builds one): no ratio to it is claimed")
    growth: dict[str, list[tuple[float, float]]] = {}
    for size in sizes:
        print(f"{size:>5} load of this machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        found = play(size, engines)
        tell(size, found)
        for operation, _words in OPERATIONS:
            ours = found[EMBEDDED, operation]
            growth.setdefault(operation, []).append((ours.wall / size, _whole(ours) / size))
    if len(sizes) > 1:
        for operation, each in growth.items():
            wall, processor = (last / first for last, first in zip(each[-1], each[0], strict=True))
            costs = f"{wall:.2f} of the time and {processor:.2f} of the processor of one at {sizes[0]}"
            print(f"{operation:<8} a resource at {sizes[-1]} costs {costs}")


if __name__ == "__main__":
    main()

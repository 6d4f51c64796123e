"""Loading an estate against the bare YAML parse of the same files, in one run.

    python benchmarks/load_estate.py [CUSTOMERS]      (default 1000)

Prints processor seconds of both and their ratio: what shape, meaning, positions and fleet checks cost beyond reading.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

import schemas

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3


def seconds(work: Callable[[], object]) -> float:
    """The median processor time of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return sorted(taken)[ROUNDS // 2]


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        folder = project / "stacks" / "customers" / "provider"
        folder.mkdir(parents=True)
        (project / "stacks" / "connections").mkdir()
        for file in ("Pulumi.provider.yaml", "connections/us.yaml"):
            (project / "stacks" / file).write_text((ROOT / "stacks" / file).read_text("utf-8"), "utf-8")
        text = (ROOT / "stacks" / "customers" / "provider" / "adventure.yaml").read_text("utf-8")
        for n in range(number):
            one = text.replace("it@adventure", f"it{n}@adventure").replace("adventureworks.", f"adventureworks{n}.")
            (folder / f"customer-{n}.yaml").write_text(one, "utf-8")
        stack = project / "stacks" / "Pulumi.provider.yaml"
        loaded = seconds(lambda: schemas.load_estate(stack, project))
        parsed = seconds(lambda: [yaml.load(f.read_text("utf-8"), yaml.CSafeLoader) for f in folder.iterdir()])
    print(f"customers          {number}")
    print(f"load and check     {loaded:.2f} s processor time")
    print(f"bare YAML parse    {parsed:.2f} s")
    print(f"ratio              {loaded / parsed:.1f}")


if __name__ == "__main__":
    main()

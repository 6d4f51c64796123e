"""Processor time of starting: multiples of importing what every command stands on, in one run.

    python benchmarks/start_up.py [CUSTOMERS] [CHECKOUT]      (default 5000; a checkout to compare `validate` with)

Processor seconds (user and system) of the process alone, the least of some rounds, because other work on the machine
only ever adds. The engine that `status` and `todo` start for the state is told apart. Limits: `LIMITS`.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 5
BASE = "import pydantic, yaml, typer, rich"
LIMITS = {"--help": 1.3, "validate": 2.5, "status": 2.5, "todo": 2.5, "plugin": 1.5}
MEGABYTES = 150
TELL = """
import atexit, json, os, resource, sys
def tell():
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    took = [one.ru_utime + one.ru_stime for one in (own, others)]
    with open(os.environ["TOOK"], "w") as file:
        json.dump([*took, own.ru_maxrss / 1024], file)
atexit.register(tell)
"""
COMMAND = TELL + "from csp.main import main\nsys.argv[0] = 'csp'\nmain()\n"
PLUGIN = TELL + "from providers import attestation, customer, provider_association, tenant_identity\n"
LOOKS = (
    PLUGIN
    + "import clients.session, onboarding.look.ahead\n"
    + "from onboarding.core.catalogue import RESOURCES\n"
    + "[one.thing for one in RESOURCES.values()]\n"
)
"""What the first look of a plugin loads besides, and neither the program nor a preview of the files alone."""
WORDS = "Alder Birch Cedar Dogwood Elm Fir Ginkgo Hazel Ivy Juniper Kapok Larch Maple Nutmeg Oak Pine".split()  # noqa: SIM905 - a word list


def took(code: str, *words: str, folder: Path, rounds: int = ROUNDS, codes: tuple[int, ...] = (0,)) -> list[float]:
    """Processor seconds of a process, of those that it started, and its peak in MB: the least of some rounds."""
    note = folder / ".took"
    environment = {**os.environ, "TOOK": str(note), "PYTHONPATH": str(folder), "CSP_HOME": str(folder / ".csp")}
    environment |= {"CSP_ENGINE": "embedded", "PULUMI_CONFIG_PASSPHRASE": ""}
    found = []
    for _ in range(rounds):
        ended = subprocess.run([sys.executable, "-c", code, *words], cwd=folder, env=environment, capture_output=True)
        if ended.returncode not in codes:
            raise SystemExit(ended.stderr.decode()[-2000:])
        found.append(json.loads(note.read_text("utf-8")))
    return [min(column) for column in zip(*found, strict=True)]


def project(folder: Path, checkout: Path, customers: int) -> Path:
    """A project folder with the code of a checkout and a seeded estate in which no value comes twice."""
    folder.mkdir()
    for name in ("clients", "csp", "onboarding", "providers", "schemas", "engine"):
        (folder / name).symlink_to(checkout / name)
    if (checkout / "csp_onboarding.py").exists():  # else an older checkout
        (folder / "csp_onboarding.py").symlink_to(checkout / "csp_onboarding.py")
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(checkout / name, folder)
    (folder / "stacks" / "connections").mkdir(parents=True)
    for file in ("Pulumi.provider.yaml", "connections/us.yaml"):
        shutil.copy(checkout / "stacks" / file, folder / "stacks" / file)
    files = folder / "stacks" / "customers" / "provider"
    files.mkdir(parents=True)
    chance = random.Random(12)  # noqa: S311 - a seeded estate
    for number in range(customers):
        first, last, company = (chance.choice(WORDS) for _ in range(3))
        phone = f"+1425555{number:04d}" if number < 10000 else f"+1206{number:07d}"
        person = f"{{first_name: {first}, last_name: {last}, email: {first.lower()}{number}@customer{number}.example, "
        (files / f"customer-{number}.yaml").write_text(
            f"""connection: us
profile:
  organization: {company} {number} Inc
  email: it{number}@customer{number}.example
  contact_name: {first} {last}
  phone: "{phone}"
  address: {{street: {number} {last} Way, city: Redmond, state: WA, zip: "98{chance.randint(0, 99):03d}", country: US}}
identity:
  method: existing
  domain: customer{number}.onmicrosoft.com
attestation:
  signatory: {person}phone: "{phone}"}}
""",
            "utf-8",
        )
    return folder


def main() -> int:
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    before = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory() as name:
        small = project(Path(name) / "small", ROOT, 4)
        base = took(TELL + BASE, folder=small)[0]
        pulumi = took(TELL + "import pulumi.dynamic", folder=small)[0]
        print(f"{BASE!r}: {base:.3f} s; 'import pulumi.dynamic': {pulumi:.3f} s")
        (small / ".csp" / "state").mkdir(parents=True, mode=0o700)
        subprocess.run(
            [sys.executable, "-m", "dynamic_engine", "stack", "init", "provider"],
            cwd=small,
            env={**os.environ, "PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_BACKEND_URL": (small / ".csp/state").as_uri()},
            capture_output=True,
            check=True,
        )
        late = 0
        start = 0.0
        for label, words in (
            ("--help", ("--help",)),
            ("validate", ("validate", "-s", "provider")),
            ("status", ("status", "-s", "provider")),
            ("todo", ("todo", "-s", "provider")),
        ):
            own, engine, _ = took(COMMAND, *words, folder=small)
            late += own / base > LIMITS[label]
            start = own if label == "validate" else start
            more = f", its engine {engine:.2f} s more" if engine > 0.01 else ""
            print(f"csp {label:9} {own:.3f} s  {own / base:.2f} (at most {LIMITS[label]}){more}")
        own = took(PLUGIN, folder=small)[0]
        late += own / pulumi > LIMITS["plugin"]
        looks = took(LOOKS, folder=small)[0] - own
        more = f", {looks:.2f} s more with its first look"
        print(f"a plugin      {own:.3f} s  {own / pulumi:.2f} of pulumi.dynamic (at most {LIMITS['plugin']}){more}")
        words = ("validate", "-s", "provider")
        own, _, peak = took(COMMAND, *words, folder=project(Path(name) / "large", ROOT, customers), rounds=2)
        late += peak > MEGABYTES
        print(f"validate of {customers}: {own:.2f} s, {own - start:.2f} s beyond its start, {peak:.0f} MB")
        if before is not None:
            first = took(COMMAND, *words, folder=project(Path(name) / "small2", before, 4))[0]
            then = took(COMMAND, *words, folder=project(Path(name) / "large2", before, customers), rounds=2)
            ratio = (then[0] - first) / (own - start)
            beyond = f"{then[0] - first:.2f} s beyond its start"
            print(f"{before.name}: {then[0]:.2f} s, {beyond}, {then[2]:.0f} MB: {ratio:.1f} times as long")
    return int(late > 0)


if __name__ == "__main__":
    sys.exit(main())

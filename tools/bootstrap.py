"""The first step of `make setup`: uv, as uv.lock names it, into a folder of its own, checked by its hash.

Usage: python tools/bootstrap.py FOLDER      a virtual environment with uv; needs Python 3.11 and its pip, nothing else.

pip installs exactly the version of uv.lock, only a wheel (a source package would run code of its own), and only if its
SHA-256 is one of those in uv.lock. Where packages come from is pip's configuration.
"""

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def requirement(lock: Path) -> str:
    """uv of the lock file with the hashes of all its wheels, as pip reads it. Raises SystemExit when there is none."""
    packages = tomllib.loads(lock.read_text("utf-8"))["package"]
    for package in packages:
        if package["name"] == "uv":
            hashes = [f"--hash={wheel['hash']}" for wheel in package["wheels"]]
            return " ".join((f"uv=={package['version']}", *hashes))
    raise SystemExit(f"{lock.name} names no uv")


def main(folder: Path, lock: Path = ROOT / "uv.lock") -> int:
    """Return pip's exit code."""
    wanted = requirement(lock)
    venv.create(folder, with_pip=True)
    with tempfile.TemporaryDirectory() as scratch:
        listed = Path(scratch) / "requirements.txt"
        listed.write_text(f"{wanted}\n", "utf-8")
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        checked = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(listed)]
        return subprocess.run([*pip, *checked]).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

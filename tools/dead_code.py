"""Nothing is defined that nothing uses: vulture over everything but the tests, so that what only a test calls is found.

Usage: python tools/dead_code.py      exit 1 and one line per name.

What a library calls by name is in REVIEWED, with who calls it. Annotated fields of classes are data:
pydantic, a dump or a loop over the fields reads them, so they are not judged.
"""

import ast
import sys
from fnmatch import fnmatchcase
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).resolve().parent.parent
CODE = ["__main__.py", "benchmarks", "clients", "csp", "drills", "engine/dynamic_engine", "onboarding", "providers"]
CODE += ["sandbox/csp_sandbox", "schemas", "tools"]
DECORATORS = ["@*operation*", "@*.command*", "@*.callback*", "@*_validator*", "@sort", "@sort(*", "@one_each*"]
"""Whatever they decorate is called by what they register it with."""
REVIEWED = {
    # Libraries that call by name.
    "model_config": "pydantic",
    "serialize_as_secret_always": "pulumi.dynamic",
    "configure": "pulumi.dynamic",
    "debug": "pulumi.log",
    "daemon_threads": "socketserver",
    "RequestHandlerClass": "socketserver",
    "handle_error": "socketserver",
    "client_address": "socketserver",
    "do_*": "http.server",
    "log_message": "http.server",
    "handle_DATA": "aiosmtpd",
    "handle_*": "html.parser",
    "capture_signals": "uvicorn",
    "should_exit": "uvicorn",
    "raise_for_status": "msal",
    "format_commands": "click",
    "shell_complete": "click",
    "compress_type": "zipfile",
    "external_attr": "zipfile",
    "declare_stack": "csp_onboarding, by name",
    "null_value": "protobuf",
    "Constructor": "ruamel.yaml",
    "preserve_quotes": "ruamel.yaml",
    "default_flow_style": "ruamel.yaml",
    "tracebacklimit": "Python's tracebacks",
    "__qualname__": "Python's tracebacks",
    "__getattr__": "Python",
    "__path__": "Python's import system",
    # Methods of a language host, which Pulumi calls over gRPC.
    "Handshake": "Pulumi",
    "GetPluginInfo": "Pulumi",
    "About": "Pulumi",
    "GetRequired*": "Pulumi",
    "GetProgramDependencies": "Pulumi",
    "RuntimeOptionsPrompts": "Pulumi",
    "InstallDependencies": "Pulumi",
    "RunPlugin": "Pulumi",
    "Cancel": "Pulumi",
    # Ours.
    "covered": "nobody; it keeps a stream open",
    "locked": "the sandbox's store, which shows it",
    "admin_*": "nobody; importing them registers their operations",
    "MODULES": "nobody; importing them defines every model",
    "has_trait": "tests that ask for one trait",
    "write_files": "tests that need the files of a seeded estate",
}
"""Name, or pattern of names -> who uses it."""


def data(path: Path) -> set[int]:
    """Lines of annotated fields of classes, and of the sandbox's rules: a call of `rule` puts one into the ledger."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef):
            found |= {part.lineno for part in node.body if isinstance(part, ast.AnnAssign)}
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            found |= {node.lineno} if getattr(node.value.func, "id", "") == "rule" else set()
    return found


def reviewed(name: str) -> bool:
    """Whether somebody has said who uses it."""
    return any(fnmatchcase(name, known) for known in REVIEWED)


def main() -> int:
    seeker = Vulture(ignore_decorators=DECORATORS)
    seeker.scavenge([str(ROOT / place) for place in CODE], exclude=["*/tests/*", "*/.venv/*"])
    found = []
    for item in seeker.get_unused_code():
        file = str(Path(item.filename).relative_to(ROOT))
        if not reviewed(item.name) and item.first_lineno not in data(Path(item.filename)):
            found.append(f"{file}:{item.first_lineno}: nothing uses {item.typ} {item.name}")
    print("\n".join([*found, f"dead code: {len(found)} names that nothing uses" if found else "dead code: none"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

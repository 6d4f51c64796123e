"""How a fixture of this folder was made: an estate of 100 customers, run by the release whose checkout this runs in.

    cd CHECKOUT-OF-THE-RELEASE && .venv/bin/python .../tests/upgrade/make_fixture.py provider OUT

Uses that release's own `tests` package, engine, sandbox and command, and writes OUT/stacks, OUT/state.json (the export)
and OUT/sandbox.jsonl (the sandbox's records, a line each). Needed once a release; tests only read what it wrote.
"""

import datetime as dt
import json
import shutil
import sqlite3
import sys
import sysconfig
import tempfile
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path.cwd()))

from drills.seed.estate import ACCOUNTS, generate
from equipment.workspace import Workspace

SEEDED = {"provider": 58, "reseller": 54}
ADOPTED = 8  # the last of the seeded ones have no file: csp adopt writes it
ADDRESS = """    street: {number} Pine Street, floor {number}
    city: Seattle
    state: WA
    zip: "98101"
    country: US
"""


class Maker:
    def __init__(self, profile: str, folder: Path) -> None:
        self.profile = profile
        self.account = ACCOUNTS[profile]  # type: ignore[index]
        self.at = Workspace.make(folder, "embedded", profile)
        self.number = 0

    # --- what is out there

    def seed(self, **parts: list[dict[str, Any]]) -> None:
        self.at.sandbox.admin("POST", "seed", parts)

    def tenant(self, name: str, *, related: bool) -> str:
        domain = f"{name}corp.onmicrosoft.com"
        admin = {"name": "Gail Adams", "email": f"admin@{name}.example"}
        tenant = {"initial_domain": domain, "company_name": f"{name.title()} Corp", "email": f"it@{name}.example"}
        tenant |= {"id": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.profile}/{domain}")), "global_admins": [admin]}
        self.seed(tenants=[tenant], relationships=[{"tenant": domain, "account": self.account}] if related else [])
        return domain

    def ion(self, key: str, **more: Any) -> None:
        """A profile that is in ION already, just as the file of `fresh` says."""
        customer = {"account": self.account, "organization": f"{key.title()} Corp", "email": f"it@{key}.example"}
        customer |= {"name": "Ian Tate", "phone": f"+1425555{self.number + 1:04d}", "language": "EN"}
        street = f"{self.number + 1} Pine Street, floor {self.number + 1}"
        address = {"street": street, "city": "Seattle", "state": "WA", "zip": "98101", "country": "US"}
        self.seed(customers=[customer | {"address": address} | more])

    # --- files

    def fresh(self, name: str, identity: str, *, top: str = "", row: str = "", agreement: str = "") -> None:
        """A customer file as a person writes it. `identity`, `row` and `agreement`: lines of their section."""
        self.number += 1
        ending = "\r\n" if self.number % 7 == 0 else "\n"
        text = f"# {name.title()}, ticket ONB-{1000 + self.number}\n{top}profile:\n"
        text += f"  organization: {name.title()} Corp\n  email: it@{name}.example\n  contact_name: Ian Tate\n"
        text += f'  phone: "+1 (425) 555-{self.number:04d}"\n' if self.number % 2 else ""
        text += "  address:\n" + ADDRESS.format(number=self.number)
        text += f"cloud_provider:\n{row}" if row else ""
        text += f"identity:\n{identity}"
        signatory = f"{{first_name: Sam, last_name: Roe, email: sam@{name}.example}}"
        text += f"attestation:\n{agreement}" + (f"  signatory: {signatory}\n" if "signatory" not in agreement else "")
        mark = "\ufeff" if self.number % 11 == 0 else ""
        file = self.at.customer_file(name)
        file.write_bytes((mark + text).replace("\n", ending).encode())

    def new(self, name: str, *, confirmed: bool = True, more: str = "", **rest: str) -> None:
        person = f"{{first_name: Cora, last_name: Toso, email: it@{name}.example, phone: +1 425 555 0108}}"
        prefix = f"{name}upg"
        lines = f"  method: new\n  domain_prefix: {prefix}\n  contact: {person}\n{more}"
        lines += f"  confirm_new_tenant: {prefix}\n" if confirmed else ""
        self.fresh(name, lines, **rest)

    def existing(self, name: str, *, related: bool = True, more: str = "", **rest: str) -> None:
        self.fresh(name, f"  method: existing\n  domain: {self.tenant(name, related=related)}\n{more}", **rest)

    def invite(self, name: str, more: str = "", **rest: str) -> None:
        domain = self.tenant(name, related=False)
        admin = f"{{name: Gail Adams, email: admin@{name}.example}}"
        self.fresh(name, f"  method: invite\n  domain: {domain}\n  global_admin: {admin}\n{more}", **rest)

    # --- runs

    def up(self, *more: str, expect: int | None = 0) -> None:
        print(self.at.up(*more, expect=expect)[-600:])

    def act(self) -> None:
        answer = self.at.sandbox.act(self.at.todo())
        print(f"acted {len(answer['acted'])}, refused {len(answer['refused'])}")

    def make(self, out: Path) -> None:
        self.settled()
        self.waiting()
        self.last()
        self.save(out)

    def settled(self) -> None:
        """Customers who have been there for long, others that are played to their end, and an adoption."""
        old = generate(SEEDED[self.profile], self.profile)  # type: ignore[arg-type]
        self.at.sandbox.admin("POST", "seed", dict(old.seed))
        folder = self.at.customer_file("x").parent
        old.write_files(folder)
        for one in old.customers:  # the stack's default is another one
            file = folder / f"{one.key}.yaml"
            if "portal_access" not in (text := file.read_text("utf-8")):
                file.write_text(text.replace("cloud_provider:\n", "cloud_provider:\n  portal_access: false\n"), "utf-8")
        later = old.customers[-ADOPTED:]
        for one in later:
            (folder / f"{one.key}.yaml").unlink()
        for name in ("anvil", "birch", "cedar"):
            self.new(name)
        self.new("dogwood", more="  attest_first: true\n")
        for name in ("elder", "fir"):
            self.existing(name)
        self.existing("ginkgo", agreement="  route: customer\n")
        for name in ("hazel", "ivy"):
            self.invite(name)
        self.up("--skip-preview")
        for _ in range(2):
            self.act()
            self.up("--skip-preview")
        for key, gate in (
            ("fir", "pricebook"),
            ("elder", "pricebook"),
            ("elder", "relationship"),
            ("ivy", "pricebook"),
        ):
            by = ("--by", "kim@examplereseller.example")
            print(self.at.csp("confirm", key, gate, "-s", self.profile, *by, expect=None))
        self.up("--skip-preview")
        patterns = [part for one in later for part in ("--only", one.email)]
        connection = old.connection
        print(self.at.csp("adopt", "-s", self.profile, "-c", connection, *patterns)[-1500:])

    def waiting(self) -> None:
        """Customers who are on their way, each somewhere else, and what goes wrong."""
        self.new("juniper")
        self.new("kapok", confirmed=False)
        self.new("larch", more="  attest_first: true\n")
        self.new("maple", more="  credentials_recipient: Cora Toso, by phone\n  enable_gdap: true\n")
        self.invite("nutmeg")
        self.invite("oak", "  sent_on: 2026-11-20\n")
        self.invite("pine", "  declined_on: 2026-11-18\n  sent_on: 2026-11-10\n")
        self.invite("quince", agreement="  language: de-DE\n  legal_entity: Quince Holding Inc\n")
        self.existing("rowan", related=False)
        self.existing("spruce", related=False, agreement="  route: customer\n")
        self.existing("teak", row="  portal_access: true\n")
        self.existing("upas", top="lifecycle: leaving\n", row="  portal_access: false\n")
        self.ion("viburnum", name="Somebody Else")
        self.existing("viburnum")  # ION has another name: blocked
        self.ion("willow", name="Somebody Else")
        self.existing("willow", top="adopt: true\n")
        self.ion("xylia", status="INACTIVE")
        self.existing("xylia")
        other = {"account": "10901", "email": "it@yew.example", "organization": "Yew Ltd", "name": "Y"}
        account = {"id": "10901", "key": "other", "country": "US", "currency": "USD", "role": "indirect-reseller"}
        account |= {"organization": "Another Reseller", "partner_domain": "tdsynnexus.onmicrosoft.com"}
        account |= {"reseller_domain": "anotherreseller.onmicrosoft.com", "reseller_name": "Another Reseller"}
        self.seed(accounts=[account], customers=[other])
        self.existing("yew")  # the e-mail is taken by another reseller: refused by ION
        self.existing(
            "zelkova",
            agreement="  signatory: {first_name: Ed, last_name: Li, email: ed@zelkova.example}\n"
            "  agreed_on: 2026-11-02\n",
        )
        self.existing("acacia", top="group: Acacia Family\n")
        self.invite("balsa", "  contact_copy: office@balsa.example\n")
        self.new("cypress")
        self.at.sandbox.fault("ion.customers.create", "status", status=503, times=4)
        self.up("--skip-preview", expect=None)
        self.up("--skip-preview")
        # What somebody did in a console, seen and handled: a gone profile, a linked wrong tenant, a lost agreement.
        self.at.sandbox.change({"do": "remove_row", "customer": "it@c00001.example"})
        self.up("--skip-preview")
        self.up("--skip-preview")

    def last(self) -> None:
        """The files reach 100 customers; the last look of the estate fails for some of them."""
        while (missing := 100 - len(list(self.at.customer_file("x").parent.iterdir()))) > 0:
            name = f"zz{missing:02d}"
            (self.invite if missing % 3 == 0 else self.new if missing % 3 == 1 else self.existing)(name)
        self.up("--skip-preview")
        self.up("--skip-preview")
        self.at.plain("preview", "--expect-no-changes")
        self.blind()

    def blind(self) -> None:
        """The last look fails for some customers."""
        broken = {"kind": "status", "status": 400, "times": 9, "skip": 20}
        system, operation = ("association", "association.get")
        if self.profile == "reseller":
            system, operation = ("ion", "ion.cloudProfiles.get")
        self.at.sandbox.admin("POST", "faults", [{"system": system, "operation": operation, **broken}])
        print(self.at.csp("refresh", "-s", self.profile, "--yes", "--skip-preview", expect=None)[-800:])

    def save(self, out: Path) -> None:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        state = json.loads(_export(self.at))
        (out / "state.json").write_text(_anywhere(_lines(state)), "utf-8")
        made = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        db = self.at.home / "sandbox" / f"{self.profile}.db"
        self.at.close()
        shutil.copytree(self.at.root / "stacks", out / "stacks")
        left_out = ("access_token", "replay", "device_login")
        rows = sqlite3.connect(db)
        with (out / "sandbox.jsonl").open("w", encoding="utf-8") as stream:
            for key, value in rows.execute("SELECT key, value FROM meta ORDER BY key"):
                stream.write(json.dumps({"meta": key, "value": json.loads(value)}, ensure_ascii=False) + "\n")
            for kind, body in rows.execute("SELECT kind, body FROM entity ORDER BY rowid"):
                if kind not in left_out:
                    stream.write(json.dumps({"kind": kind, "body": json.loads(body)}, ensure_ascii=False) + "\n")
        (out / "made_at").write_text(made + "\n", "utf-8")
        counts: dict[str, int] = {}
        for one in state["deployment"]["resources"]:
            status = (one.get("outputs") or {}).get("status")
            counts[status] = counts.get(status, 0) + 1
        print(counts)


def _anywhere(text: str) -> str:
    """The engine notes where each resource was declared: without the folders of the machine that made this."""
    here, python = str(Path.cwd()), sysconfig.get_path("stdlib")
    return text.replace(here, "/srv/csp-onboarding").replace(python, "/usr/lib/python3.11")


def _lines(state: dict[str, Any]) -> str:
    """The export with a resource a line."""
    resources = state["deployment"].pop("resources")
    head = json.dumps(state, indent=1, sort_keys=True)
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, sort_keys=True) for one in resources)
    state["deployment"]["resources"] = resources
    return head.replace('"deployment": {', '"deployment": {\n  "resources": [\n' + lines + "\n  ],", 1) + "\n"


def _export(at: Workspace) -> str:
    import subprocess

    return subprocess.run(
        [sys.executable, "-m", "dynamic_engine", "stack", "export", "--stack", at.stack],
        cwd=at.root,
        env=at._shell,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        maker = Maker(sys.argv[1], Path(folder))
        try:
            maker.make(Path(sys.argv[2]))
        finally:
            maker.at.close()

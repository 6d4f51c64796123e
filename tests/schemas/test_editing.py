"""What is written into a file that is there changes nothing else, byte for byte."""

import datetime as dt
import difflib
from pathlib import Path

import pytest
from ruamel.yaml.comments import CommentedMap

import schemas
from schemas.write.confirming import CannotConfirmError, note_day
from schemas.write.customer_file import write_customer
from schemas.write.editing import CannotEditError, edited, load

DAY = dt.date(2026, 11, 22)
STACK = "config:\n  csp:estate:\n    include: [customers/*.yaml]\n"
CONNECTION = """role: indirect-reseller
partner_center_region: us
ion: {account_id: "1"}
csp_credentials: X
reseller: {tenant_id: a62ef892-7ce8-516b-abfd-8d5d35120fc5, partner_id: "4847383"}
relationship_links:
  - partner_center: us
    url: https://admin.microsoft.com/Adminportal/Home?invType=IndirectResellerRelationship&partnerId=a62ef892-7ce8-516b-abfd-8d5d35120fc5&msppId=4847383&indirectCSPId=ad808210-68b6-5e62-8bff-ebcd12e35896&DAP=false
countries: [US]
currencies: [USD]
pricebooks: {US Standard: USD}
"""
BODY = """# Contoso, ticket ONB-1
profile:   # three spaces
    organization: 'Contoso   Ltd'
    email:  it@contoso.example
    contact_name: "Cora Toso"

    phone: "+1 425 555 0108"   # her desk
    address: {street: One Way, city: Redmond,   state: WA, zip: "98052", country: US}
    # a comment in the middle
cloud_provider:
    pricebook: US Standard
identity:
    method: invite
    domain: contoso.onmicrosoft.com
    global_admin: {name: Gail Adams, email: admin@contoso.example}


# about the agreement
attestation:
    signatory:
        first_name: Sam
        last_name: Roe
        email: sam@contoso.example
# the end
"""


def project(folder: Path, content: bytes) -> tuple[Path, schemas.Estate]:
    (folder / "stacks" / "customers").mkdir(parents=True)
    (folder / "stacks" / "connections").mkdir()
    (folder / "stacks" / "Pulumi.x.yaml").write_text(STACK, "utf-8")
    (folder / "stacks" / "connections" / "us.yaml").write_text(CONNECTION, "utf-8")
    file = folder / "stacks" / "customers" / "contoso.yaml"
    file.write_bytes(content.replace(b"profile:", b"connection: us\nprofile:", 1))
    return file, schemas.load_estate(folder / "stacks" / "Pulumi.x.yaml", folder, today=DAY)


SHAPES = {
    "as it is": lambda text: text.encode(),
    "Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "Windows, with a mark": lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
    "a mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "no line break at the end": lambda text: text.removesuffix("# the end\n").rstrip("\n").encode(),
    "letters that are written in two ways": lambda text: text.replace("Redmond", "Mu\u0308nchen").encode(),
}


def added_lines(before: bytes, after: bytes) -> list[bytes]:
    """The lines that came; fails when another line went or changed."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for lines in (old, new):  # behind a last line without a break another one needs it
        lines[-1] = lines[-1] if lines[-1].endswith(b"\n") else lines[-1] + b"\n"
    steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    assert {step[0] for step in steps} <= {"equal", "insert"}, steps
    return [line for tag, _, _, low, high in steps if tag == "insert" for line in new[low:high]]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("gate", ["pricebook", "relationship", "agreement"])
def test_a_confirmation_is_some_new_lines_and_nothing_else(tmp_path: Path, shape: str, gate: str) -> None:
    file, estate = project(tmp_path, SHAPES[shape](BODY))
    before = file.read_bytes()
    assert schemas.confirm(file, gate, "lee", DAY, "T-1", of=estate.customer("contoso"))
    lines = added_lines(before, file.read_bytes())
    assert lines[0].strip() == b"confirmed:"
    assert lines[0].startswith(b"    c"), "indented as the file is"
    if "Windows" in shape:
        assert all(line.endswith(b"\r\n") for line in lines)
    again = schemas.load_estate(tmp_path / "stacks" / "Pulumi.x.yaml", tmp_path, today=DAY)
    assert schemas.model.gates.confirmation_of(again.customer("contoso"), gate) is not None
    assert not schemas.confirm(file, gate, "lee", DAY, "T-1", of=again.customer("contoso"))


def test_a_day_is_one_line_and_changes_in_its_place(tmp_path: Path) -> None:
    file, _ = project(tmp_path, SHAPES["Windows, with a mark"](BODY))
    before = file.read_bytes()
    assert note_day(file, "contoso", "identity", "sent_on", DAY)
    after = file.read_bytes()
    assert added_lines(before, after) == [b"    sent_on: 2026-11-22\r\n"]
    assert note_day(file, "contoso", "identity", "sent_on", dt.date(2026, 11, 23))
    assert file.read_bytes() == after.replace(b"2026-11-22", b"2026-11-23")


def test_a_section_on_one_line_stays_on_one_line(tmp_path: Path) -> None:
    line = "identity: {method: existing,  domain: contoso.onmicrosoft.com }  # related\n"
    start = BODY.index("identity:")
    text = BODY[:start] + line + BODY[BODY.index("\n\n# about") :]
    file, estate = project(tmp_path, text.encode())
    before = file.read_bytes()
    schemas.confirm(file, "tenant", "lee", DAY, None, of=estate.customer("contoso"))
    told = ", confirmed: {fields: [tenant], by: lee, on: 2026-11-22, values: {tenant: contoso.onmicrosoft.com}} }"
    assert file.read_bytes() == before.replace(b" }  # related", f"{told}  # related".encode())


def test_adoption_changes_the_values_that_it_changes(tmp_path: Path) -> None:
    file, estate = project(tmp_path, SHAPES["Windows, with a mark"](BODY))
    one = estate.customer("contoso")
    data = one.model_dump(mode="json", exclude_unset=True, exclude={"key"})
    data["cloud_provider"] = {"pricebook": "US Standard"}  # the rest follows from the connection
    data["profile"]["phone"] = "+1 425 555 0199"
    data["profile"]["title"] = "Head of IT"
    data["profile"]["address"]["city"] = "Seattle"
    before = file.read_bytes()
    assert write_customer(schemas.Customer.model_validate(data), file)
    wanted = before.replace(b"0108", b"0199").replace(b"city: Redmond", b"city: Seattle")
    assert added_lines(wanted, file.read_bytes()) == [b"    title: Head of IT\r\n"]


def test_open_names_leave_their_list_one_by_one() -> None:
    raw = b"unknown:   # to do\r\n  - a.b   # one\r\n  - c.d   # two\r\nrest: 1\r\n"
    wanted = load(raw, "f")
    wanted["unknown"].remove("a.b")
    assert edited(raw, wanted, "f") == b"unknown:   # to do\r\n  - c.d   # two\r\nrest: 1\r\n"


def test_a_file_that_cannot_be_read_or_changed_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CannotEditError, match="f is not UTF-8 text"):
        load(b"a: \xff", "f")
    raw = b"a: |\n  long\n  text\n"
    wanted = load(raw, "f")
    wanted["a"] = "short"
    with pytest.raises(CannotEditError, match="change it by hand"):
        edited(raw, wanted, "f")
    file, estate = project(tmp_path, BODY.encode())
    file.write_bytes(b"\xff")
    with pytest.raises(CannotConfirmError, match="UTF-8"):
        schemas.confirm(file, "tenant", "lee", DAY, None, of=estate.customer("contoso"))
    assert isinstance(wanted, CommentedMap)

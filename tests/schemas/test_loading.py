"""Defaults, what follows from the connection, lifecycle, former keys, and the formats of findings."""

import datetime as dt
import json
import re
from pathlib import Path

import pytest

import schemas
from schemas import NewIdentity
from schemas.report.rules import RULES
from tests.schemas.estates import copy_base

TODAY = dt.date(2026, 11, 22)


def load(folder: Path, *changes: dict[str, str]) -> schemas.Estate:
    return schemas.load_estate(copy_base(folder, changes), folder, today=TODAY)


def test_the_key_is_the_name_of_the_file(tmp_path: Path) -> None:
    estate = load(tmp_path)
    assert estate.stack == "test"
    assert dict(estate.sources) == {
        "contoso": "stacks/customers/contoso.yaml",
        "fabrikam": "stacks/customers/fabrikam.yaml",
    }


def test_what_follows_from_the_connection_is_filled_in(tmp_path: Path) -> None:
    estate = load(tmp_path)
    contoso, fabrikam = estate.customer("contoso"), estate.customer("fabrikam")
    assert (contoso.cloud_provider.provider_currency, contoso.cloud_provider.invoice_currency) == ("USD", "USD")
    assert fabrikam.cloud_provider.pricebook == "ION Standard"
    assert isinstance(contoso.identity, NewIdentity)
    assert contoso.identity.csp_credentials == "TD SYNNEX US Commercial"
    assert estate.connection_of(fabrikam).role == "indirect-reseller"


def test_the_file_comes_before_the_defaults(tmp_path: Path) -> None:
    default = {
        "file": "Pulumi.test.yaml",
        "replace": "      profile: {language: EN}",
        "with": "      profile: {language: FR, title: CTO}\n      identity: {culture: fr-FR, domain: default.com}",
    }
    own = {
        "file": "customers/contoso.yaml",
        "replace": "  contact_name: Cora",
        "with": "  title: CEO\n  contact_name: Cora",
    }
    estate = load(tmp_path, default, own)
    contoso, fabrikam = estate.customer("contoso"), estate.customer("fabrikam")
    assert (contoso.profile.language, contoso.profile.title) == ("FR", "CEO")
    assert (fabrikam.profile.language, fabrikam.profile.title) == ("FR", "CTO")
    assert isinstance(contoso.identity, NewIdentity)
    assert contoso.identity.culture == "fr-FR"
    assert fabrikam.identity.method == "invite"
    assert fabrikam.identity.domain == "fabrikam.onmicrosoft.com"


def test_a_customer_can_change_its_key(tmp_path: Path) -> None:
    estate = load(
        tmp_path,
        {
            "file": "customers/contoso.yaml",
            "replace": "profile:",
            "with": "key: contoso-us\npreviously: [contoso]\nprofile:",
        },
    )
    assert estate.customer("contoso-us").previously == ("contoso",)


@pytest.mark.parametrize("state", ["active", "leaving", "left"])
def test_lifecycle(tmp_path: Path, state: str) -> None:
    change = {"file": "customers/contoso.yaml", "replace": "profile:", "with": f"lifecycle: {state}\nprofile:"}
    assert load(tmp_path, change).customer("contoso").lifecycle == state


def test_what_no_system_shows_may_stay_open(tmp_path: Path) -> None:
    estate = load(
        tmp_path,
        {
            "file": "customers/contoso.yaml",
            "replace": "cloud_provider:\n  pricebook: US Standard",
            "with": "unknown: [cloud_provider.pricebook, attestation.signatory]",
        },
        {
            "file": "customers/contoso.yaml",
            "replace": "attestation:\n  signatory: {first_name: Sam, last_name: Roe, email: sam@contoso.com}\n",
            "with": "",
        },
    )
    contoso = estate.customer("contoso")
    assert contoso.cloud_provider.pricebook == ""
    assert contoso.attestation.signatory is None


def test_a_date_that_the_cli_wrote_back_is_still_a_date(tmp_path: Path) -> None:
    change = {
        "file": "customers/fabrikam.yaml",
        "replace": "  method: invite",
        "with": "  method: invite\n  sent_on: 2026-11-13 00:00:00 +0000 UTC",
    }
    identity = load(tmp_path, change).customer("fabrikam").identity
    assert identity.method == "invite"
    assert identity.sent_on == dt.date(2026, 11, 13)


def test_a_connection_alone(tmp_path: Path) -> None:
    copy_base(tmp_path)
    connection = schemas.load_connection("ion", tmp_path)
    assert connection.name == "ion"
    assert not connection.calls_partner_center
    link = connection.relationship_link()
    assert link is not None
    assert link.partner_center == "us"


def test_a_connection_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(schemas.DeclarationErrors) as caught:
        schemas.load_connection("nowhere", tmp_path)
    assert str(caught.value) == (
        "stacks/connections/nowhere.yaml:1:1  (file)  CSP-YAML-007  cannot be read: No such file or directory"
    )


FINDING = schemas.Finding("a,b.yaml", 3, 5, "profile.email", "CSP-CUST-001", "100% wrong", 'try "x"')


def test_text_format() -> None:
    line = 'a,b.yaml:3:5  profile.email  CSP-CUST-001  100% wrong; try "x"'
    assert schemas.format_findings([FINDING]) == str(FINDING) == line


def test_json_format() -> None:
    (one,) = json.loads(schemas.format_findings([FINDING], "json"))
    assert one == {
        "file": "a,b.yaml",
        "line": 3,
        "column": 5,
        "path": "profile.email",
        "rule": "CSP-CUST-001",
        "message": "100% wrong",
        "suggestion": 'try "x"',
        "level": "error",
    }


def test_github_format_escapes() -> None:
    assert schemas.format_findings([FINDING], "github") == (
        '::error file=a%2Cb.yaml,line=3,col=5,title=CSP-CUST-001::profile.email: 100%25 wrong; try "x"'
    )


def test_sarif_format() -> None:
    sarif = json.loads(schemas.format_findings([FINDING], "sarif"))
    (run,) = sarif["runs"]
    assert sarif["version"] == "2.1.0"
    assert run["tool"]["driver"]["rules"] == [
        {"id": "CSP-CUST-001", "shortDescription": {"text": RULES["CSP-CUST-001"].title}}
    ]
    (result,) = run["results"]
    region = result["locations"][0]["physicalLocation"]
    assert region == {"artifactLocation": {"uri": "a,b.yaml"}, "region": {"startLine": 3, "startColumn": 5}}


def test_every_rule_id_in_the_code_is_in_the_table() -> None:
    import re

    folder = Path(schemas.__file__).parent
    used = {
        rule
        for room in ("schemas", "onboarding", "csp")
        for path in (folder.parent / room).rglob("*.py")
        if path.name != "rules.py"
        for rule in re.findall(r"CSP-[A-Z]+-\d{3}", path.read_text(encoding="utf-8"))
    }
    assert used == set(RULES)


def test_a_rule_about_what_is_sent_is_a_warning_for_what_is_not_sent(tmp_path: Path) -> None:
    """A number that no phone has is an error, unless the file says that the system holds it."""
    stack = copy_base(tmp_path)
    file = next(
        f for f in sorted((tmp_path / "stacks" / "customers").glob("**/*.yaml")) if "phone:" in f.read_text("utf-8")
    )
    text = re.sub(r"(?m)^  phone: .*$", '  phone: "12"', file.read_text("utf-8"), count=1)
    file.write_text(text, "utf-8")
    with pytest.raises(schemas.DeclarationErrors) as caught:
        schemas.load_estate(stack, tmp_path, today=TODAY)
    assert [(f.rule, f.level) for f in caught.value.findings] == [("CSP-CUST-006", "error")]
    split = schemas.load_estate(stack, tmp_path, today=TODAY, split_if_sent=True)
    assert {key: [f.rule for f in found] for key, found in split.if_sent.items()} == {file.stem: ["CSP-CUST-006"]}
    file.write_text(f"as_found: [profile.phone]\n{text}", "utf-8")
    estate = schemas.load_estate(stack, tmp_path, today=TODAY)
    assert [(f.rule, f.level, f.path) for f in estate.warnings] == [("CSP-CUST-006", "warning", "profile.phone")]
    assert "warning: " in str(estate.warnings[0])
    assert schemas.format_findings(estate.warnings, "github").startswith("::warning file=")
    assert '"level": "warning"' in schemas.format_findings(estate.warnings, "sarif")
    file.write_text(f"as_found: [profile.title]\n{text}", "utf-8")
    with pytest.raises(schemas.DeclarationErrors) as caught:
        schemas.load_estate(stack, tmp_path, today=TODAY)
    assert {f.rule for f in caught.value.findings} == {"CSP-CUST-006", "CSP-CUST-012"}


def test_a_yaml_file_that_no_stack_includes_is_named(tmp_path: Path) -> None:
    """Renamed to .yml, put beside the folder, a connection of another suffix: each would declare nothing in silence."""
    stack = copy_base(tmp_path)
    stacks = tmp_path / "stacks"
    (stacks / "customers" / "fabrikam.yaml").rename(stacks / "customers" / "fabrikam.yml")
    for name in ("new.yaml", "connections/eu.yml", "Pulumi.other.yml", "deep/er/one.YAML"):
        (stacks / name).parent.mkdir(parents=True, exist_ok=True)
        (stacks / name).write_text("a: 1\n")
    (stacks / "customers" / ".contoso.yaml.new").write_text("a: 1\n")
    (stacks / "Pulumi.second.yaml").write_text("config: {csp:estate: {include: [more/*.yml]}}\n")
    (stacks / "more").mkdir()
    (stacks / "more" / "theirs.yml").write_text("a: 1\n")
    estate = schemas.load_estate(stack, tmp_path, today=TODAY)
    told = {one.file: one.text for one in estate.warnings if one.rule == "CSP-EST-006"}
    names = ["Pulumi.other.yml", "connections/eu.yml", "customers/fabrikam.yml", "deep/er/one.YAML", "new.yaml"]
    assert sorted(told) == [f"stacks/{name}" for name in names]
    assert 'rename it to "fabrikam.yaml"' in told["stacks/customers/fabrikam.yml"]
    assert "add it to an include" in told["stacks/new.yaml"]

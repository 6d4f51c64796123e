"""The example estates, the generated files, and an estate of a thousand customers."""

import datetime as dt
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import schemas
from schemas import generate
from schemas.read.yaml_source import read
from tests.schemas.estates import copy_base

ROOT = Path(schemas.__file__).parent.parent
EXAMPLES = sorted(p for p in (ROOT / "stacks").rglob("*.yaml"))


def test_the_examples_are_valid() -> None:
    provider = schemas.load_estate(ROOT / "stacks" / "Pulumi.provider.yaml", ROOT)
    reseller = schemas.load_estate(ROOT / "stacks" / "Pulumi.reseller.yaml", ROOT)
    assert [c.key for c in provider.customers] == ["adventure", "alpine", "blueyonder", "maplegrove"]
    assert sorted(provider.connections) == ["ca", "us"]
    assert len(reseller.customers) == 8
    assert all(c.sandbox for estate in (provider, reseller) for c in estate.connections.values())


def test_what_the_engine_hands_over_loads_like_the_file() -> None:
    stack = ROOT / "stacks" / "Pulumi.provider.yaml"
    handed_over = read(stack, ROOT, stack.name).data["config"]["csp:estate"]
    from_config = schemas.load_estate(json.loads(json.dumps(handed_over)), ROOT, name="provider")
    assert from_config == schemas.load_estate(stack, ROOT)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.relative_to(ROOT / "stacks").as_posix())
def test_an_example_names_its_schema_and_fits_it(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=(.+\.schema\.json)", first)
    assert named, first
    schema_file = (path.parent / named[1]).resolve()
    assert schema_file.parent == ROOT / "schemas"
    schema = json.loads(schema_file.read_text(encoding="utf-8"))
    errors = list(Draft202012Validator(schema).iter_errors(read(path, ROOT, path.name).data))
    assert [e.message for e in errors] == []


def test_generated_files_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("path", sorted((ROOT / "schemas").glob("*.schema.json")), ids=lambda p: p.name)
def test_generated_schemas_are_schemas(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    for reference in re.findall(r'"\$ref": "#/\$defs/(\w+)"', path.read_text(encoding="utf-8")):
        assert reference in schema["$defs"]


def test_no_secret_has_a_place_in_any_file() -> None:
    def keys(node: Any) -> list[str]:
        if isinstance(node, dict):
            return [*node.get("properties", {}), *(k for value in node.values() for k in keys(value))]
        return [k for item in node for k in keys(item)] if isinstance(node, list) else []

    named = {
        key for path in (ROOT / "schemas").glob("*.schema.json") for key in keys(json.loads(path.read_text("utf-8")))
    }
    suspicious = {key for key in named if re.search(r"password|secret|token|api_key", key)}
    assert suspicious == {"token_store"}


def test_a_thousand_customers_load(tmp_path: Path) -> None:
    stack = copy_base(tmp_path)
    folder = tmp_path / "stacks" / "customers"
    text = (folder / "contoso.yaml").read_text(encoding="utf-8")
    for number in range(1000):
        one = text.replace("contosoltd", f"contoso{number}").replace("it@contoso", f"it{number}@contoso")
        (folder / f"customer-{number}.yaml").write_text(one, encoding="utf-8")
    estate = schemas.load_estate(stack, tmp_path, today=dt.date(2026, 11, 22))
    assert len(estate.customers) == 1002


EXAMPLE = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def test_the_example_of_the_customer_page_is_valid(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "customer-file.md").read_text(encoding="utf-8")
    example, existing, invite, *_ = EXAMPLE.findall(page)
    stack = copy_base(tmp_path)
    path = tmp_path / "stacks" / "customers" / "contoso.yaml"
    start, _, rest = example.partition("identity:")
    end = rest[rest.index("attestation:") :]
    for text in (example, start + existing + end, start + invite + end):
        path.write_text(text, encoding="utf-8")
        schemas.load_estate(stack, tmp_path, today=dt.date(2026, 11, 22))


def test_every_model_has_its_field_table_in_the_docs() -> None:
    pages = "".join((ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in ("customer-file", "connection-file"))
    tables = set(re.findall(r"<!-- fields: (\w+) -->", pages))
    models = {
        name
        for name, found in ((name, getattr(schemas, name)) for name in schemas.__all__)
        if isinstance(found, type) and issubclass(found, schemas.Declared) and found is not schemas.Declared
    }
    assert models <= tables


@pytest.mark.parametrize("stack", ["provider", "reseller"])
def test_the_documented_place_of_a_customer_file_works_in_both_example_stacks(stack: str, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "customer-file.md").read_text("utf-8")
    place = re.search(r"`(stacks/customers/[^`]*NAME\.yaml)`", page)
    assert place
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    customers = tmp_path / "stacks" / "customers" / stack
    existing = next(f for f in sorted(customers.iterdir()) if "method: existing" in f.read_text("utf-8"))
    text = existing.read_text("utf-8").replace(".example", "2.example").replace(".onmicrosoft", "2.onmicrosoft")
    file = tmp_path / place[1].replace("STACK", stack).replace("NAME", "contoso-two")
    file.write_text(text, "utf-8")
    estate = schemas.load_estate(tmp_path / "stacks" / f"Pulumi.{stack}.yaml", tmp_path)
    assert "contoso-two" in estate.sources
    assert estate.warnings == ()
    schema = re.search(r"\$schema=(\S+)", page)
    assert schema
    assert (ROOT / file.relative_to(tmp_path).parent / schema[1]).resolve() == ROOT / "schemas" / "customer.schema.json"
